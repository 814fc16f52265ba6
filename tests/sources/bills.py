"""What the tests of bills share: records into outcomes and rows, files into a database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.ingest.engine import run
from llmlogs.sources.base import Context, Outcome, Record, Source


def outcomes(source: Source, values: Iterable[Any]) -> list[Outcome]:
    records = [Record(n, 0, 0, value) for n, value in enumerate(values, 1)]
    found = list(source.read(records, Context("bill", b"secret")))
    assert {outcome.line for outcome in found} == {record.line for record in records}
    assert sum(not outcome.nested for outcome in found) == len(records)
    assert all(outcome.kind in ("other", "skipped", "rejected") for outcome in found), "a call was made from a sum"
    return found


def rows(source: Source, *values: Any) -> list[dict[str, Any]]:
    return [row for outcome in outcomes(source, values) for row in outcome.rows.get("usage_buckets", ())]


def by_kind(found: list[dict[str, Any]], measure: str = "tokens") -> dict[str | None, Any]:
    """Token kind -> count; each kind once."""
    told = [(row.get("token_kind"), row[measure]) for row in found if measure in row]
    assert len(told) == len(dict(told)), told
    return dict(told)


class Bills:
    """A folder with a database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "out.duckdb"

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def ingest(self, *paths: str, **options: Any) -> Any:
        from llmlogs.ingest.options import IngestOptions

        report = run(list(paths), self.db, IngestOptions(**options))
        assert not report.errors and not report.unknown, (report.errors, report.unknown)
        assert report.total.balanced
        return report

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.db), read_only=True) as con:
            return con.execute(sql).fetchall()


NONSENSE: tuple[Any, ...] = (None, True, -1, 0, 1.5, "", "x", [], [1], {}, {"a": {"b": 1}}, "9" * 400, 1e300, "2026-01-01", [[]], [None, "x", {}])


def broken(value: Any) -> Iterable[Any]:
    """The record with every field, however deep, replaced by every kind of nonsense, and left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield {k: v for k, v in value.items() if k != key}
            for other in NONSENSE:
                yield {**value, key: other}
            for inner in broken(item):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for inner in broken(value[0]) if value else ():
            yield [inner, *value[1:]]
