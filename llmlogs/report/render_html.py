"""One self-contained page: no network, no script that its content security policy does not name by hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from llmlogs.report import figures, layout, library, sparkline
from llmlogs.report.model import ICONS, WORDS, Card, Report, Table, headline
from llmlogs.text import exact, plural, right_aligned, show

if TYPE_CHECKING:
    from jinja2 import Environment

LARGEST = 2_500_000  # bytes
# What is embedded, from all that is useful down to what always fits: rows a table, charts or not, SQL or not.
PLANS = ((50, True, True), (25, True, True), (10, True, True), (10, True, False), (10, False, True), (5, False, False), (1, False, False))


@dataclass(frozen=True)
class Plan:
    """How much of the report the page carries."""

    rows: int
    charts: bool
    sql: bool

    @property
    def dropped(self) -> str:
        """What the page leaves out to stay small, in words; empty when nothing."""
        left = [] if self.rows == PLANS[0][0] else [f"tables show {self.rows} {'row' if self.rows == 1 else 'rows'}"]
        left += [] if self.charts else ["charts are left out"]
        left += [] if self.sql else ["SQL is left out"]
        return ", ".join(left)


def render(report: Report, order: layout.Layout | None = None) -> str:
    """The page, never larger than LARGEST: what had to be dropped is said on it."""
    env = _environment(order or layout.load())
    drawn = figures.of_report(report)
    page = ""
    for plan in (Plan(*p) for p in PLANS):
        page = _page(env, report, plan, drawn)
        if len(page.encode("utf-8")) <= LARGEST:
            break
    return page


def _page(env: Environment, report: Report, plan: Plan, drawn: tuple[dict[str, list[figures.Place]], dict[str, Any]]) -> str:
    places, built = drawn if plan.charts else ({}, {})
    script = env.get_template("report.js").render()
    bundle = library.load() if built else None
    hashes = [library.sha256(script.encode("utf-8")), *([bundle.hash] if bundle else [])]
    policy = f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    return env.get_template("report.html.j2").render(
        report=report,
        plan=plan,
        places=places,
        policy=policy,
        library=bundle.packed if bundle else "",
        figures=library.pack(orjson.dumps(built)) if built else "",
    )


def _environment(order: layout.Layout) -> Environment:
    """Everything is escaped, an unknown name is an error, and a template from somebody's project folder cannot reach Python.

    Script and style come in as templates too: a template's own text is not escaped.
    """
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(place) for place in order.folders]), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters |= {"show": show, "exact": exact, "spark": sparkline.draw, "raw": raw, "prose": prose, "plural": plural}
    env.globals |= {"right_aligned": right_aligned, "WORDS": WORDS, "ICONS": ICONS, "headline": headline, "shown": shown}
    return env


def raw(value: Any) -> str:
    """What a cell is sorted and copied by, where that is not the text it shows."""
    return "" if value is None else str(value)


def prose(text: str) -> list[list[tuple[str, str]]]:
    """Paragraphs of a question's own text, in pieces: ('code', x) between backticks, ('', x) elsewhere."""
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n|\n(?=\s*(?:\d+[.)]|-)\s)", text) if p.strip()]
    return [[("code" if i % 2 else "", piece) for i, piece in enumerate(p.split("`")) if piece] for p in paragraphs]


def shown(card: Card, *, charted: bool) -> list[Table]:
    """The tables that stand open, or, with `charted`, the long ones that a chart above already shows."""
    drawn = {chart.table for chart in card.charts if chart.kind.endswith("over-time") or chart.table != "evidence"}
    return [table for table in card.tables if table.rows and (table.name in drawn and len(table.rows) > 6) == charted]
