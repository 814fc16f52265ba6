"""What a report says: plain frozen data. `report.json` is exactly this; HTML, Markdown and terminal only render it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from llmlogs.pack.model import Column, Verdict
from llmlogs.text import plural, show

SCHEMA_VERSION = 1
# What a badge says. The icon differs too: never colour alone.
WORDS: dict[Verdict, str] = {"fail": "Problem", "warn": "Warning", "error": "Error", "info": "Info", "ok": "OK", "unknown": "Unknown"}
ICONS: dict[Verdict, str] = {"fail": "✖", "warn": "▲", "error": "!", "info": "●", "ok": "✔", "unknown": "?"}
ALARMS: tuple[Verdict, ...] = ("fail", "warn", "error")
WORST_FIRST: tuple[Verdict, ...] = ("fail", "warn", "error", "info", "ok", "unknown")


BILLS_SHOWN = 2  # a masthead has no room for more


@dataclass(frozen=True)
class Group:
    """Calls and money of one source or model."""

    name: str
    calls: int
    cost_usd: Decimal | None = None


@dataclass(frozen=True)
class Reject:
    """A record that was not understood: where it stands and why, never what it holds."""

    path: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class Trend:
    """Equal buckets over the span of the log. None is a gap."""

    label: str
    bucket: str  # width of one bucket in words
    unit: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Bill:
    """One of the provider's own usage or cost reports: how far it reaches and what it sums to."""

    report: str
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    amount_usd: Decimal | None


@dataclass(frozen=True)
class Header:
    """The trust header: what was read, what became of it, and how much of it carries a price."""

    llmlogs_version: str
    files: int
    lines: int
    records: int
    calls: int
    call_records: int
    other: int
    merged: int
    skipped: int
    rejected: int
    pending_bytes: int
    weighted_calls: float | None  # calls the rows stand for, where the log is a sample
    first_at: datetime | None
    last_at: datetime | None
    untimed: int
    sources: tuple[Group, ...]
    models: tuple[Group, ...]
    models_total: int
    spend_usd: Decimal | None
    priced_calls: float | None  # of the calls that can have cost something: a refused call is billed nothing
    priced_tokens: float | None
    price_book: str
    rejects: tuple[Reject, ...]
    lower_bounds: float | None = None  # of the priced calls: their price is only a lower bound, what they used was not fully counted
    trends: tuple[Trend, ...] = ()
    timezone: str = "UTC"
    bills: tuple[Bill, ...] = ()
    spend_high: Decimal | None = None  # at most, without the calls that nothing bounds
    unbounded: float | None = None  # calls that nothing bounds
    idle_usd: float | None = None  # capacity paid by the hour that no call used, or whose use nobody counts: in no call's cost

    @property
    def billed(self) -> str:
        """The provider's own reports beside the calls, those with money first and a few of them; nothing where there are none."""
        first = sorted(self.bills, key=lambda b: (-(b.amount_usd or 0), b.report))[:BILLS_SHOWN]
        told = [
            f"{b.report} {show(b.first_at, 'date')} to {show(b.last_at, 'date')}" + (f" {show(b.amount_usd, 'usd')}" if b.amount_usd is not None else "")
            for b in first
        ]
        return "; ".join(told) + (f" and {len(self.bills) - BILLS_SHOWN} more in usage_buckets" if len(self.bills) > BILLS_SHOWN else "")

    @property
    def priced(self) -> str:
        """How much of the log carries a price; without it a total says nothing."""
        tokens = f"{show(self.priced_tokens, 'pct1')} of tokens" if self.priced_tokens is not None else "no tokens recorded"
        calls = f"{show(self.priced_calls, 'pct1')} of calls priced" if self.priced_calls is not None else "no call to price"
        bound = f"; a lower bound for {show(self.lower_bounds, 'pct1')} of them, whose usage was not fully logged" if self.lower_bounds else ""
        idle = f"; beside it {show(self.idle_usd, 'usd')} of capacity that no call carries" if self.idle_usd else ""
        return f"{calls}, {tokens}{bound}{self._at_most()}{idle}"

    def _at_most(self) -> str:
        """The upper end of the spend, where it is not exact: an unknown is a range."""
        known, high = self.spend_usd or 0, self.spend_high or 0
        most = f"; at most {show(high, 'usd')}" if high > known and show(high, "usd") != show(known, "usd") else ""
        beside = (
            f"{' without' if most else '; nothing bounds'} {show(self.unbounded, 'int')} {'call' if self.unbounded == 1 else 'calls'}" if self.unbounded else ""
        )
        return most + beside + (" that nothing bounds" if most and beside else "")

    @property
    def balanced(self) -> bool:
        """Every record ended in exactly one place."""
        return self.records == self.call_records + self.other + self.merged + self.skipped + self.rejected


@dataclass(frozen=True)
class Table:
    """One result of a question. `total_rows` counts what was there before any cut."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int

    def column(self, name: str) -> list[Any]:
        """All values of a column; KeyError when the table has none of that name."""
        found = next((i for i, c in enumerate(self.columns) if c.name == name), None)
        if found is None:
            raise KeyError(name)
        return [row[found] for row in self.rows]


@dataclass(frozen=True)
class Chart:
    """A chart of one table. `title` is the finding."""

    kind: str
    table: str
    title: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One question and its answer with everything that supports it."""

    id: str
    verdict: Verdict
    sentence: str
    question: str
    why: str
    fix: str
    values: dict[str, Any]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    sql: str
    parameters: dict[str, str]
    adjusted_p: float | None = None
    reason: str = ""

    @property
    def anchor(self) -> str:
        return self.id.replace("/", "-")

    @property
    def command(self) -> str:
        return f"llmlogs query {self.id}"


@dataclass(frozen=True)
class StripItem:
    """One line of the first screen: a section in one sentence."""

    section: str
    title: str
    asks: str
    verdict: Verdict
    sentence: str
    more: str  # "and 2 more problems", or empty
    target: str  # anchor it leads to
    trend: Trend | None = None


@dataclass(frozen=True)
class Section:
    """Cards of one topic, worst first. Passed and unanswered questions are only named here; their cards stand at the end."""

    id: str
    title: str
    asks: str
    cards: tuple[Card, ...]
    passed: tuple[Card, ...]
    unanswered: tuple[Card, ...]


@dataclass(frozen=True)
class Gap:
    """What keeps questions from being answered: fields nobody logs, or calls that are too few."""

    fields: tuple[str, ...]
    reason: str
    questions: tuple[tuple[str, str], ...]  # id, question


@dataclass(frozen=True)
class Coverage:
    """How many rows of a source have a column, among those it concerns."""

    source: str
    table: str
    column: str
    filled: int
    of: int
    condition: str


@dataclass(frozen=True)
class Clock:
    """All that differs when the same report is made twice, in one place."""

    generated_at: datetime
    seconds: dict[str, float]  # run time of each question


@dataclass(frozen=True)
class Report:
    """Everything every surface shows."""

    title: str
    header: Header
    strip: tuple[StripItem, ...]
    sections: tuple[Section, ...]
    gaps: tuple[Gap, ...]
    coverage: tuple[Coverage, ...]
    clock: Clock
    schema_version: int = SCHEMA_VERSION

    @property
    def empty(self) -> bool:
        return self.header.calls == 0

    @property
    def counts(self) -> dict[str, int]:
        """How many questions got each verdict, worst first."""
        every = [c.verdict for s in self.sections for c in (*s.cards, *s.passed, *s.unanswered)]
        return {verdict: every.count(verdict) for verdict in WORST_FIRST if verdict in every}


def headline(report: Report) -> str:
    """The whole report in one line: what is wrong, or that nothing is."""
    counts = report.counts
    alarms = [plural(counts[v], WORDS[v].lower()) for v in ALARMS if v in counts]
    answered = sum(counts.get(v, 0) for v in ("info", "ok"))
    rest = (
        [f"{answered} answered without alarm" if alarms else f"Nothing wrong found in {answered} answered question{'s' if answered != 1 else ''}"]
        if answered
        else []
    )
    unknown = [f"{counts['unknown']} not measurable"] if "unknown" in counts else []
    return ", ".join([*alarms, *rest, *unknown]) or "No question was run"
