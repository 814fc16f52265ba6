"""price_books, price_plans and price_rates: what is in the database, and what is added when a log brings a new tuple."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from llmlogs.pricing.rates import DAY, EVERY_DAY, Cell
from llmlogs.pricing.resolve import Plan, Tuple
from llmlogs.pricing.units import UNITS
from llmlogs.schema.contract import Table
from llmlogs.schema.ddl import quote
from llmlogs.schema.prices import PRICE_BOOKS, PRICE_PLANS, PRICE_RATES

# Columns of calls that make the tuple, and the columns of price_plans that keep them.
KEYS = {
    "provider": "provider_raw",
    "request_model": "request_model",
    "response_model": "response_model",
    "deployment": "deployment",
    "service_tier": "service_tier",
    "region": "region",
}


def missing(con: duckdb.DuckDBPyConnection, fresh: str, have: set[str], own_book: int | None) -> list[Tuple]:
    """Tuples of the fresh calls that have no plan in force yet."""
    wanted = ", ".join(quote(name) if name in have else f"null::varchar as {quote(name)}" for name in KEYS)
    same = " and ".join(f"c.{quote(a)} is not distinct from p.{quote(b)}" for a, b in KEYS.items())
    sql = f"""with c as (select distinct {wanted} from call_rows c where {fresh})
        select * from c where not exists (select 1 from price_plans p where {same} and p.superseded_at is null and p.own_book_id is not distinct from $own)"""
    return [Tuple(*row) for row in con.execute(sql, {"own": own_book}).fetchall()]


def supersede(con: duckdb.DuckDBPyConnection, where: str, have: set[str]) -> None:
    """Plans of these calls' tuples are no longer in force: the next pricing resolves the tuples anew. Calls that keep their price keep its plan."""
    wanted = ", ".join(quote(name) if name in have else f"null::varchar as {quote(name)}" for name in KEYS)
    same = " and ".join(f"c.{quote(a)} is not distinct from p.{quote(b)}" for a, b in KEYS.items())
    con.execute(
        f"""update price_plans p set superseded_at = $1 from (select distinct {wanted} from call_rows c where {where}) c
        where p.superseded_at is null and {same}""",
        [_now()],
    )


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Remove superseded plans that no call refers to any more."""
    gone = """select plan_id from price_plans where superseded_at is not null and plan_id not in
        (select plan_id from price_rates where rate_id in (select distinct rate_id from call_rows where rate_id is not null))"""
    con.execute(f"create or replace temp table pricing_gone as {gone}")
    for table in ("price_rates", "price_plans"):
        con.execute(f"delete from {table} where plan_id in (select plan_id from pricing_gone)")


def book_id(con: duckdb.DuckDBPyConnection, source: str, identity: Callable[[], tuple[str, str]], license_name: str | None, data: str | None = None) -> int:
    """The id of a book of this database, which is entered when it is new. `data` is kept for a book that no package brings."""
    version, sha256 = identity()
    known = con.execute("select book_id from price_books where source = $1 and version = $2 and sha256 = $3", [source, version, sha256]).fetchall()
    if known:
        return int(known[0][0])
    number = next_number(con, "price_books", "book_id")
    con.execute("insert into price_books values ($1, $2, $3, $4, $5, $6, $7)", [number, source, version, sha256, _now(), license_name, data])
    return number


def add(con: duckdb.DuckDBPyConnection, plans: Sequence[Plan], book: int, own_book: int | None) -> None:
    """Write new plans with their rates."""
    first = next_number(con, "price_plans", "plan_id")
    numbered = list(enumerate(plans, first))
    insert(con, PRICE_PLANS, [_plan_row(plan, number) | {"book_id": book, "own_book_id": own_book} for number, plan in numbered])
    parts = [(number, plan, kind, cell) for number, plan in numbered for kind, cells in _lists(plan) for cell in cells]
    rate = next_number(con, "price_rates", "rate_id")
    insert(con, PRICE_RATES, [rate_row(cell, kind, plan) | {"rate_id": rate + i, "plan_id": n} for i, (n, plan, kind, cell) in enumerate(parts)])


def _lists(plan: Plan) -> Iterable[tuple[str, list[Cell]]]:
    return ("cost", plan.cells), ("list", plan.list_cells)


def _plan_row(plan: Plan, number: int) -> dict[str, Any]:
    key = {column: getattr(plan.key, name) for name, column in KEYS.items()}
    told = ("status", "model_raw", "price_provider", "price_model", "match_rule", "via", "ctx_applied", "ctx_ignored")
    return {"plan_id": number} | key | {name: getattr(plan, name) for name in told}


def rate_row(cell: Cell, kind: str, plan: Plan) -> dict[str, Any]:
    """A cell as a row of price_rates, without its ids."""
    rates = {unit.rate: cell.rates.get(unit.name) for unit in UNITS}
    whole_day = cell.tod_from == 0 and cell.tod_to == DAY
    return rates | {
        "kind": kind,
        "status": cell.status,
        "valid_from": cell.valid_from and cell.valid_from.strftime("%Y-%m-%d %H:%M:%S"),
        "valid_to": cell.valid_to and cell.valid_to.strftime("%Y-%m-%d %H:%M:%S"),
        "tod_from": None if whole_day else cell.tod_from,
        "tod_to": None if whole_day else cell.tod_to,
        "dow_mask": None if cell.days == EVERY_DAY else cell.days,
        "in_gt": cell.in_gt,
        "in_le": cell.in_le,
        "unseen": ", ".join(cell.unseen) or None,
        "factor": cell.factor,
        "src_url": plan.src_url,
        "src_note": cell.note,
        "own_line": cell.own_line,
        "disputed": cell.disputed,
    }


def next_number(con: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """The first free id of a table."""
    return int(con.execute(f"select coalesce(max({quote(column)}), 0) + 1 from {quote(table)}").fetchall()[0][0])


def insert(con: duckdb.DuckDBPyConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows; a column that a row does not name is NULL. One statement for all, bound as
    JSON text: a statement a row costs a millisecond each, and numbers as text stay exact."""
    text = [{name: None if row.get(name) is None else _text(row[name]) for name in table.names} for row in rows]
    shape = json.dumps([dict.fromkeys(table.names, "VARCHAR")])
    columns = ", ".join(f"r.{quote(c.name)}::{c.type} as {quote(c.name)}" for c in table.columns)
    con.execute(f"insert into {quote(table.name)} by name select {columns} from (select unnest(from_json($1, '{shape}')) as r)", [json.dumps(text)])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _text(value: Any) -> str:
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)


__all__ = ["KEYS", "PRICE_BOOKS", "add", "book_id", "forget", "insert", "missing", "next_number", "rate_row", "supersede"]
