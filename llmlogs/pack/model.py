"""What a question and its answer are. Report, CLI and tests know only these."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["fail", "warn", "info", "ok", "unknown", "error"]
VERDICTS: tuple[Verdict, ...] = ("fail", "warn", "info", "ok", "unknown", "error")
SECTIONS = ("latency", "limits", "cache", "errors", "streaming", "tokens", "outliers", "cost", "quality", "operations", "compare", "data")


@dataclass(frozen=True)
class Column:
    """How a result column is shown. `unit` is a name of llmlogs.text.UNITS."""

    name: str
    label: str
    unit: str = ""
    help: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart of one result. `options` are those of the kind (a file in llmlogs/report/charts)."""

    kind: str
    result: str = "evidence"
    title: str = ""  # a sentence template like `fails`; empty: the headline
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A variable a question reads with getvariable, its default and its meaning, parsed from the body."""

    name: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Question:
    """One .sql file: TOML header and body."""

    id: str  # section/name
    path: Path
    question: str
    passes: str
    fails: str
    why: str
    fix: str
    unknown: str = ""
    info: str = ""
    needs: tuple[str, ...] = ()
    min_calls: int = 0
    results: tuple[str, ...] = ("verdict", "evidence")
    charts: tuple[Chart, ...] = ()
    columns: dict[str, Column] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    method: str = ""
    engine: str = "portable"
    sql: str = ""  # the whole file as it stands, so that it can be shown and pasted into a shell

    @property
    def section(self) -> str:
        return self.id.split("/", 1)[0]


@dataclass(frozen=True)
class Result:
    """One named result: column names and rows of plain Python values (datetime, Decimal, float, int, str, bool, None)."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int  # before the runner cut it to its limit


@dataclass(frozen=True)
class Need:
    """One declared need as found in this database."""

    field: str  # as written: "calls.a | calls.b" for either, "calls.a where stream" for the rows it concerns
    filled: float | None  # share of the rows it concerns; None when no row is concerned
    state: Literal["answered", "partly", "missing"]
    of: int = 0  # rows it concerns


@dataclass(frozen=True)
class Answer:
    """What a question said on one database."""

    question: Question
    verdict: Verdict
    sentence: str
    values: dict[str, Any]  # the verdict row: n, value, lo, hi, basis, min_effect, p_value and whatever its sentences name
    results: dict[str, Result]
    needs: tuple[Need, ...] = ()
    adjusted_p: float | None = None  # Benjamini-Hochberg over the section
    reason: str = ""  # for unknown and error: the field to log, the number of calls that would settle it, or what broke
    seconds: float = 0.0
    parameters: dict[str, Any] = field(default_factory=dict)
