"""Rows of a case, written compactly: one table of the case file stands for many rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from llmlogs.errors import UsageError
from llmlogs.schema import ddl
from llmlogs.schema.contract import Table
from llmlogs.store.database import SETTINGS, ensure_columns

GOLDEN_RATIO = 0.6180339887498949  # its multiples, mod 1, fill an interval evenly in any number of steps
START = dt.datetime(2026, 1, 5)  # a Monday; the contract's times are UTC without a zone
READ = dt.datetime(2100, 1, 1)  # when a case's rows were read: after all of them
COMMANDS = ("repeat", "step_s")


def database() -> duckdb.DuckDBPyConnection:
    """An empty database in memory, without the comments a person would read."""
    con = duckdb.connect()
    for name, value in SETTINGS.items():
        con.execute(f"set {name} = {value}")
    for statement in ddl.create_all():
        if not statement.startswith("comment on"):
            con.execute(statement)
    con.execute("insert into ingests (ingest_id, run_id, started_at, finished_at) values (1, 'case', $1, $2)", [START, READ])
    return con


def insert(con: duckdb.DuckDBPyConnection, name: str, compact: list[dict[str, Any]]) -> None:
    """Fill a table of the contract. A column it does not have is a UsageError."""
    table = next((t for t in ddl.TABLES if t.name == name), None)
    if table is None:
        raise UsageError("a case fills no such table", name)
    defaults = {"started_at": START} if name == "calls" else {}
    rows = [row for block in compact for row in expand(defaults | block)]
    columns = {column for row in rows for column in row}
    unknown = sorted(columns - set(table.names))
    if unknown:
        raise UsageError("a case fills columns the contract lacks", f"{name}: {', '.join(unknown)}")
    if name == "calls":
        rows = [_call(row, number) for number, row in enumerate(rows, 1)]
        columns |= {"call_id", "source", "ingest_id", "file_id", "line"}
        ensure_columns(con, columns)
    _load(con, table, sorted(columns), rows)


def expand(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one compact row.

    `repeat` = how many; `step_s` = seconds from one to the next, for every time in the row. A value that is a list is taken in turn;
    `{from, to}` climbs evenly; `{low, high}` jumps about evenly between the two, the same in every run; `{id = "c"}` counts c-1, c-2 ...
    """
    count = block.get("repeat", 1)
    for i in range(count):
        row = {key: _value(value, i, count) for key, value in block.items() if key not in COMMANDS}
        yield {key: _shift(value, i * block.get("step_s", 0)) for key, value in row.items() if value is not None and value != ""}


def _value(value: Any, i: int, count: int) -> Any:
    if isinstance(value, list):
        return _time(value[i % len(value)])
    if not isinstance(value, dict):
        return _time(value)
    if set(value) == {"from", "to"}:
        return _number(value["from"], value["to"], i / max(count - 1, 1))
    if set(value) == {"low", "high"}:
        return _number(value["low"], value["high"], (0.5 + i * GOLDEN_RATIO) % 1)
    if set(value) == {"id"}:
        return f"{value['id']}-{i + 1}"
    raise UsageError("not a value of a case", str(value)[:80], "a scalar, a list, {from, to}, {low, high} or {id}")


def _number(low: Any, high: Any, share: float) -> Any:
    """Between two numbers; whole where both are."""
    number = low + (high - low) * share
    return round(number) if isinstance(low, int) and isinstance(high, int) else number


def _time(value: Any) -> Any:
    """Times of TOML, or written as text, as naive UTC."""
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] in "T ":
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


def _shift(value: Any, seconds: float) -> Any:
    return value + dt.timedelta(seconds=seconds) if isinstance(value, dt.datetime) else value


def _call(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {"call_id": f"call-{number}", "source": "case", "ingest_id": 1, "file_id": 1, "line": number} | row


def _load(con: duckdb.DuckDBPyConnection, table: Table, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """One statement for all rows: a case of ten thousand calls takes milliseconds."""
    if not rows:
        return
    shape = json.dumps([{name: table.column(name).type for name in columns}])
    target = "call_rows" if table.name == "calls" else table.name
    names = ", ".join(ddl.quote(name) for name in columns)
    statement = f"insert into {ddl.quote(target)} ({names}) select unnest(from_json($1, {ddl.literal(shape)}), max_depth := 2)"
    con.execute(statement, [json.dumps(rows, default=str)])
