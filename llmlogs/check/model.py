"""What is asked of a check, and what it found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from llmlogs.errors import Exit, UsageError
from llmlogs.goals import Entry
from llmlogs.pack.settings import Tables

Kind = Literal["verdict", "threshold", "sql", "coverage"]
Gate = Literal["fail", "warn", "unknown"]
ALARMS: dict[str, frozenset[str]] = {
    "fail": frozenset({"fail", "error"}),  # a question that broke is not clean
    "warn": frozenset({"fail", "error", "warn"}),
    "unknown": frozenset({"fail", "error", "warn", "unknown"}),
}
BOUND = re.compile(r"(?P<question>[^./=\s]+/[^./=\s]+)(?:\.(?P<result>\w+)(?=\.\w))?(?:\.(?P<column>\w+))?\s*=\s*(?P<value>\S+)\Z")


@dataclass(frozen=True)
class Threshold:
    """One bound: on a column of a question's result, or on what SQL gives. `level` is what an alarm of it is."""

    name: str
    question: str = ""
    result: str = "verdict"
    column: str = "value"
    sql: str = ""
    most: Decimal | None = None
    least: Decimal | None = None
    min_calls: int = 0
    level: Literal["fail", "warn"] = "fail"

    @property
    def said(self) -> str:
        """`at most 0.2`, for people."""
        parts = (f"at most {self.most}" if self.most is not None else "", f"at least {self.least}" if self.least is not None else "")
        return " and ".join(filter(None, parts)) or "no rows"


@dataclass(frozen=True)
class Wanted:
    """What is to be checked. `names` are ids, sections or globs; `entries` the [[check]] tables; `bounds` those of the command line."""

    names: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    bounds: tuple[Threshold, ...] = ()
    fail_on: Gate = "fail"
    priced_floor: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tables: Tables = field(default_factory=dict)
    timeout_s: float = 300.0


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `alarm`: it makes the check fail."""

    name: str
    kind: Kind
    verdict: str
    alarm: bool
    sentence: str
    fix: str = ""
    value: float | None = None
    bound: str = ""
    n: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """All findings, in the order they were asked for."""

    findings: tuple[Finding, ...]

    @property
    def alarms(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.alarm)

    @property
    def code(self) -> Exit:
        return Exit.ALARM if self.alarms else Exit.DONE

    def count(self, verdict: str) -> int:
        """Findings with that verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)


def of_entry(entry: Entry) -> Threshold | None:
    """The threshold of a [[check]]; None where it only says from which verdict on a question alarms."""
    if entry["max"] is None and entry["min"] is None and not entry["sql"]:
        return None
    return Threshold(
        name=entry["name"] or _name(entry["question"], entry["result"], entry["column"]),
        question=entry["question"] or "",
        result=entry["result"],
        column=entry["column"],
        sql=entry["sql"] or "",
        most=entry["max"],
        least=entry["min"],
        min_calls=entry["min_calls"] or 0,
        level=entry["level"],
    )


def of_options(most: Iterable[str], least: Iterable[str]) -> tuple[Threshold, ...]:
    """Thresholds of `--max cost/by_feature.value=0.2` and `--min`. UsageError for what is none."""
    return tuple(_of_option(text, "most") for text in most) + tuple(_of_option(text, "least") for text in least)


def _of_option(text: str, side: Literal["most", "least"]) -> Threshold:
    match = BOUND.match(text)
    number = _number(match["value"]) if match else None
    if match is None or number is None:
        form = "SECTION/NAME=NUMBER for its value, SECTION/NAME.COLUMN=NUMBER, or SECTION/NAME.evidence.COLUMN=NUMBER for every row"
        raise UsageError(f"not a bound for --{'max' if side == 'most' else 'min'}", text[:80], form, "for instance errors/by_class=0.02")
    question, result, column = match["question"], match["result"] or "verdict", match["column"] or "value"
    name = _name(question, result, column)
    return Threshold(name, question, result, column, most=number) if side == "most" else Threshold(name, question, result, column, least=number)


def _name(question: str, result: str, column: str) -> str:
    return ".".join((question, column) if result == "verdict" else (question, result, column))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
