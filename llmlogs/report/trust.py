"""The trust header after an ingest: what was read, what it is, what is priced, and the next step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from llmlogs import __version__, text
from llmlogs.report.header import read_header
from llmlogs.report.model import Header
from llmlogs.store.database import open_for_read

if TYPE_CHECKING:
    from llmlogs.ingest.report import IngestReport

LISTED = 6


def lines_after_ingest(report: IngestReport, path: Path) -> list[str]:
    """Lines for a person: this run's counters first, then what the database holds now."""
    con = open_for_read(path)
    try:
        header = read_header(con, __version__, bounded=False)
    finally:
        con.close()
    rows = [("read", _read(report)), ("records", _records(report)), *_reasons(report), *_database(header), ("next", _next(header, path))]
    return [f"{label:9}{line}" for label, line in rows if line]


def _read(report: IngestReport) -> str:
    files = text.show(len(report.files), "int")
    known = f", {text.show(report.already_ingested, 'int')} already ingested" if report.already_ingested else ""
    return f"{files} {'file' if len(report.files) == 1 else 'files'}{known}; {text.show(report.bytes, 'bytes')} in {text.show(report.seconds * 1000, 'ms')}"


def _records(report: IngestReport) -> str:
    total = report.total
    parts = [f"{text.show(getattr(total, name), 'int')} {name}" for name in ("calls", "other", "merged", "skipped", "rejected")]
    waiting = f"; {text.show(total.pending_bytes, 'bytes')} of an unfinished last line wait" if total.pending_bytes else ""
    return f"{text.show(total.records, 'int')} = {' + '.join(parts)}{waiting}"


def _reasons(report: IngestReport) -> list[tuple[str, str]]:
    rejected, skipped, sources, issues = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for file in report.files:
        rejected.update(file.reject_reasons)
        skipped.update(file.skip_kinds)
        issues.update(file.notes)
        sources.update({f"{file.source} ({file.carrier})": 1} if file.source else {})
    return [("read as", _counted(sources)), ("skipped", _counted(skipped)), ("rejected", _counted(rejected)), ("values", _values(issues))]


def _values(issues: Counter[str]) -> str:
    """Values that could not be read or contradict each other; a suspicious unit comes first, it spoils a column."""
    suspicious = sorted(what for what in issues if "unit_suspicious" in what)
    others = Counter({what: count for what, count in issues.items() if what not in suspicious})
    return "; ".join(filter(None, [", ".join(map(text.plain, suspicious)), _counted(others)]))


def _database(header: Header) -> list[tuple[str, str]]:
    span = f"{text.show(header.first_at, 'time')} – {text.show(header.last_at, 'time')}" if header.first_at else ""
    models = _counted(Counter({group.name: group.calls for group in header.models}))
    return [
        ("calls", f"{text.show(header.calls, 'int')} in the database"),
        ("span", span),
        ("models", models),
        ("priced", _priced(header)),
        ("bills", header.billed),
    ]


def _priced(header: Header) -> str:
    if not header.calls:
        return ""
    return f"{text.show(header.spend_usd, 'usd')}: {header.priced}" + (f" ({header.price_book})" if header.price_book else "")


def _counted(counts: Counter[str]) -> str:
    shown = [f"{text.plain(text.clip(name, 60))} {text.show(count, 'int')}" for name, count in counts.most_common(LISTED)]
    return ", ".join(shown) + (f" and {len(counts) - LISTED} more" if len(counts) > LISTED else "")


def _next(header: Header, path: Path) -> str:
    named = "" if path.name == "llmlogs.duckdb" and path.parent == Path.cwd() else f" --db {text.plain(str(path))}"
    if header.bills and not header.calls:
        return "llmlogs ingest the logs of the calls too; the reports stand in the table usage_buckets"
    return f"llmlogs report{named} --open" if header.calls else "llmlogs sources   (what can be read)"
