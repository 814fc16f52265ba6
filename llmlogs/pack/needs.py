"""How far a database carries the fields a question needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import duckdb

from llmlogs.pack.model import Need
from llmlogs.pack.parse import QuestionError
from llmlogs.schema.ddl import TABLES

ANSWERED = 0.9  # at least this share of the rows it concerns: answered
PARTLY = 0.2  # at least this: answered for those rows, and said so
FORM = re.compile(
    r"\s*(?P<fields>\w+\.\w+(?:\s*\|\s*\w+\.\w+)*)(?:\s+where\s+(?P<where>.+?))?(?:\s+--\s*(?P<words>\S.*?))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)


def fields_of(need: str) -> tuple[tuple[str, str], ...]:
    """(table, column) pairs, one of which suffices. QuestionError when the contract has no such column."""
    pairs = [(part.strip().split(".")[0], part.strip().split(".")[1]) for part in _parts(need)["fields"].split("|")]
    tables = {table.name: table for table in TABLES}
    for table, column in pairs:
        if table not in tables or column not in tables[table].names:
            raise QuestionError("a need names no column of the contract", f"{table}.{column}")
    return tuple(pairs)


def said(need: str) -> str:
    """`calls.ttft_ms | calls.first_token_at where stream -- on streamed calls` as a reader hears it: `ttft_ms or first_token_at on streamed calls`."""
    parts = _parts(need)
    fields = " or ".join(part.strip().removeprefix("calls.") for part in parts["fields"].split("|"))
    condition = parts["words"] or (f"(where {parts['where']})" if parts["where"] else "")
    return f"{fields} {condition}".strip()


def _parts(need: str) -> re.Match[str]:
    match = FORM.match(need)
    if not match:
        form = "table.column, a.x | a.y for either, then where a condition, then -- its words, where there is one"
        raise QuestionError("not a need", need[:120], form)
    return match


class Coverage:
    """Fill of needs in one database, each asked once."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._known: dict[str, Need] = {}

    def of(self, need: str) -> Need:
        """The need as found."""
        if need not in self._known:
            self._known[need] = self._measure(need)
        return self._known[need]

    def _measure(self, need: str) -> Need:
        """The best of the alternatives' tables; alternatives in one table may complement each other row by row."""
        pairs = fields_of(need)
        condition = _parts(need)["where"] or ""
        by_table: dict[str, list[str]] = {}
        for table, column in pairs:
            by_table.setdefault(table, []).append(column)
        found = [self._fill(table, columns, condition) for table, columns in by_table.items()]
        filled, of = max(found, key=lambda pair: pair[0] / pair[1] if pair[1] else -1.0)
        return Need(need, filled / of if of else None, _state(filled, of, conditional=bool(condition)), of)

    def by_source(self, needs: Iterable[str]) -> dict[tuple[str, str], str]:
        """State of every (source with calls, need), by one scan a table. Tables that no source can be told of are left out."""
        asked = sorted(set(needs))
        sources = {str(row[0]) for row in self._cursor.execute("select distinct source from calls where source is not null").fetchall()}
        best: dict[tuple[str, str], tuple[int, int]] = {(source, need): (0, 0) for source in sources for need in asked}
        for table, wanted in _by_table(asked).items():
            for source, *counts in self._fill_by_source(table, [(columns, _parts(need)["where"] or "") for need, columns in wanted]):
                for (need, _), filled, of in zip(wanted, counts[::2], counts[1::2], strict=True):
                    best[source, need] = max(best.get((source, need), (0, 0)), (filled, of), key=lambda pair: pair[0] / pair[1] if pair[1] else -1.0)
        return {(source, need): _state(*pair, conditional=bool(_parts(need)["where"])) for (source, need), pair in best.items() if source in sources}

    def _fill_by_source(self, table: str, wanted: Sequence[tuple[list[str], str]]) -> list[tuple[Any, ...]]:
        names = next(t.names for t in TABLES if t.name == table)
        if "source" not in names and "file_id" not in names:
            return []
        rows = f'"{table}"' if "source" in names else f'(select t.*, f.source from "{table}" t join files f on t.file_id = f.file_id)'
        counts = []
        for columns, condition in wanted:
            has_one = " or ".join(f'"{column}" is not null' for column in columns)
            counts += [f"count(*) filter (where ({condition or 'true'}) and ({has_one}))", f"count(*) filter (where {condition or 'true'})"]
        return self._cursor.execute(f"select source, {', '.join(counts)} from {rows} where source is not null group by source").fetchall()

    def _fill(self, table: str, columns: list[str], condition: str) -> tuple[int, int]:
        has_one = " or ".join(f'"{column}" is not null' for column in columns)
        where = f" where {condition}" if condition else ""
        row = self._cursor.execute(f'select count(*) filter (where {has_one}), count(*) from "{table}"{where}').fetchall()[0]
        return int(row[0]), int(row[1])


def _by_table(needs: Iterable[str]) -> dict[str, list[tuple[str, list[str]]]]:
    """The needs of each table, with the columns of it that will do."""
    tables: dict[str, list[tuple[str, list[str]]]] = {}
    for need in needs:
        pairs = fields_of(need)
        for table in dict.fromkeys(table for table, _ in pairs):
            tables.setdefault(table, []).append((need, [column for name, column in pairs if name == table]))
    return tables


def _state(filled: int, of: int, *, conditional: bool) -> Literal["answered", "partly", "missing"]:
    """No row concerned: under a condition nothing is missing; without one the table is empty, so everything is."""
    if not of:
        return "answered" if conditional else "missing"
    share = filled / of
    return "answered" if share >= ANSWERED else "partly" if share >= PARTLY else "missing"
