"""What the tests of trace exports share: reading records, the whole way into a database, damage."""

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from llmlogs.ingest.engine import run
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import IngestReport
from llmlogs.sources.base import Context, Outcome, Record, Source

JUNK = (None, True, -1, 10**400, 1e308, "", "x", "\0", "[[[", '{"a": 1}', [], [None, 3], [["a"]], {}, {"a": None}, {"": {"": []}})


def read(source: Source, *values: Any, context: Context | None = None) -> list[Outcome]:
    """Outcomes of records, one a line."""
    return list(source.read([Record(line, 0, 1, value) for line, value in enumerate(values, 1)], context or Context("log.jsonl", secret=b"k")))


def calls(source: Source, *values: Any, context: Context | None = None) -> list[dict[str, Any]]:
    """The calls of records, in the order of their lines."""
    found = sorted((outcome for outcome in read(source, *values, context=context) if outcome.kind == "call"), key=lambda outcome: outcome.line)
    return [outcome.call or {} for outcome in found]


def rows(source: Source, table: str, *values: Any) -> list[dict[str, Any]]:
    """Rows of another table."""
    return [row for outcome in read(source, *values) for row in outcome.rows.get(table, [])]


def closes(outcomes: list[Outcome], records: int) -> None:
    """Every record has a main outcome of its own."""
    assert [outcome.line for outcome in sorted(outcomes, key=lambda o: o.line) if not outcome.nested] == list(range(1, records + 1))
    assert all(outcome.kind in ("call", "other", "merged", "skipped", "rejected") for outcome in outcomes)


class Db:
    """A database made from files, through the whole engine."""

    def __init__(self, folder: Path, *paths: Path | str, **options: Any) -> None:
        self.path = folder / "out.duckdb"
        self.report: IngestReport = run([str(path) for path in paths], self.path, IngestOptions(**options))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as con:
            return con.execute(sql).fetchall()

    def one(self, sql: str) -> tuple[Any, ...]:
        (row,) = self.ask(sql)
        return row

    def calls(self, order: str = "started_at, call_id") -> list[dict[str, Any]]:
        with duckdb.connect(str(self.path), read_only=True) as con:
            found = con.execute(f"select * from calls order by {order}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@st.composite
def damaged(draw: st.DrawFn, good: tuple[Any, ...]) -> list[Any]:
    """Some of the good records in any order and number, with members replaced by junk or gone."""
    values = [copy.deepcopy(draw(st.sampled_from(good))) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, 6))):
        index = draw(st.integers(0, len(values) - 1))
        values[index] = _broken(draw, values[index])
    return values


def _broken(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 6)) == 0:
            del value[key]
        else:
            value[key] = _broken(draw, value[key])
        return value
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        value[index] = _broken(draw, value[index])
        return value
    return copy.deepcopy(draw(st.sampled_from(JUNK)))


def records_of(*samples: str) -> tuple[Any, ...]:
    """The records of hand-written samples."""
    return tuple(json.loads(line) for sample in samples for line in sample.strip().splitlines())
