"""`llmlogs source check`: what a source makes of a file: how full each column is, what could not be read, which questions that is enough for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from llmlogs.carriers import candidates, compression
from llmlogs.carriers.base import Position, Record
from llmlogs.errors import NoInputError
from llmlogs.schema.calls import CALLS
from llmlogs.sources.base import Context, Detection, Head, Source

MOST = 100_000  # records that are looked at
PARTLY = 0.2  # a question's field must be filled for this share of the calls to be answered at all
ALWAYS = {"call_id", "cost_usd"}  # made by llmlogs itself


@dataclass
class CheckReport:
    """What the source made of the file."""

    source: str
    detection: Detection | None
    records: int = 0
    calls: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    issues: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (column, reason, type of the value found)
    rejects: Counter[str] = field(default_factory=Counter)
    first_reject: dict[str, int] = field(default_factory=dict)  # line by reason
    answerable: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)  # question -> needs that are not met

    @property
    def columns(self) -> list[tuple[str, float]]:
        """Column and the share of the calls that have it, in the order of the contract."""
        return [(name, self.filled[name] / self.calls) for name in CALLS.names if self.filled[name]]


def check(source: Source, file: Path, needs: Mapping[str, tuple[str, ...]] | None = None) -> CheckReport:
    """Read up to 100,000 records of `file` with `source`. `needs`: fields by question id, `a | b` = either of them."""
    if not file.is_file():
        raise NoInputError("no such file", str(file))
    head = compression.first_bytes(file, 1 << 16)
    for carrier in candidates(head, str(file)):
        with compression.open_plain(file) as stream:
            records = list(islice(carrier.records(stream, Position()), MOST))
        if any(not record.error for record in records):
            break
    else:
        raise NoInputError("no records found", str(file), "neither JSON, JSON Lines nor CSV", "llmlogs sources lists what can be read")
    values = tuple(record.value for record in records[:50] if not record.error)
    report = CheckReport(source.name, source.detect(Head(str(file), carrier.name, values)))
    _read(report, source, records, str(file))
    _judge(report, needs or {})
    return report


def _read(report: CheckReport, source: Source, records: list[Record], path: str) -> None:
    def good() -> Iterator[Record]:
        for record in records:
            if record.error:
                _reject(report, record.error, record.line)
            else:
                yield record

    report.records = len(records)
    for outcome in source.read(good(), Context(path, b"llmlogs source check")):
        report.records += outcome.nested
        if outcome.kind == "rejected":
            _reject(report, outcome.reason, outcome.line)
            continue
        report.kinds[outcome.kind] += 1
        report.issues.update(outcome.issues)
        if outcome.kind == "call" and outcome.call:
            report.calls += 1
            report.filled.update(name for name, value in outcome.call.items() if value is not None)


def _reject(report: CheckReport, reason: str, line: int) -> None:
    report.kinds["rejected"] += 1
    report.rejects[reason] += 1
    report.first_reject.setdefault(reason, line)


def _judge(report: CheckReport, needs: Mapping[str, tuple[str, ...]]) -> None:
    for question, fields in sorted(needs.items()):
        unmet = [need for need in fields if not any(_there(report, one.strip()) for one in need.split("|"))]
        if unmet:
            report.missing[question] = unmet
        else:
            report.answerable.append(question)


def _there(report: CheckReport, name: str) -> bool:
    table, _, column = name.rpartition(".")
    if table not in ("", "calls"):
        return False
    return column in ALWAYS or report.filled[column] >= PARTLY * max(report.calls, 1)
