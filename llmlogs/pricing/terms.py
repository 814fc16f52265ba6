"""Own prices that go over many calls: graduated discounts, free allowances, capacity counted in busy seconds.

Calls take their place in a month or day in the order they are priced, within one pricing by time: a call that is priced keeps its cost, and the sum over
the period is what the contract says whatever came first. The contract of a graduated discount is F, piecewise linear: a call pays F(before + list) - F(before).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import duckdb

from llmlogs.pricing import own, plans
from llmlogs.pricing.cost import Statement
from llmlogs.pricing.overrides import Entry, Overrides
from llmlogs.pricing.resolve import Plan, Tuple
from llmlogs.pricing.units import BY_NAME, children
from llmlogs.schema.ddl import literal, quote
from llmlogs.schema.prices import PRICE_TERMS
from llmlogs.store.database import physical_columns

MONEY = "decimal(38,12)"


def goes_over_calls(prices: Overrides | None) -> bool:
    """Whether the file has anything that a rate per token cannot say."""
    return bool(prices and any(entry.steps or entry.kind == "allowance" or entry.concurrency for entry in prices.entries))


def keep(con: duckdb.DuckDBPyConnection, prices: Overrides, own_book: int) -> None:
    """Write the file's terms down, once a file."""
    if con.execute("select count(*) from price_terms where own_book_id = $1", [own_book]).fetchall()[0][0]:
        return
    rows = [_row(entry) | {"own_book_id": own_book} for entry in prices.entries if entry.steps or entry.kind in ("allowance", "capacity", "fx")]
    if rows:
        plans.insert(con, PRICE_TERMS, rows)


def mark(con: duckdb.DuckDBPyConnection, where: str) -> None:
    """Remember the calls about to be priced, in the temp table pricing_fresh."""
    con.execute(f"create or replace temp table pricing_fresh as select c.rowid as row from call_rows c where {where}")


def apply(con: duckdb.DuckDBPyConnection, prices: Overrides, own_book: int) -> None:
    """Change the cost of the marked calls, which have their price per token by now."""
    for entry in (entry for entry in prices.of("capacity") if entry.concurrency):
        _busy_seconds(con, entry, own_book)
    for kind, change in CHANGES.items():
        for entry in (entry for entry in prices.of(kind) if entry.steps or kind == "allowance"):
            con.execute("create or replace temp table pricing_fitting (rate_id bigint)")
            con.execute("insert into pricing_fitting select unnest($1)", [_rates(con, entry)])
            con.execute(change(Statement(physical_columns(con)), entry))
    con.execute("drop table if exists temp.pricing_fresh")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "line": entry.line,
        "kind": "graduated" if entry.steps else entry.kind,
        "provider": entry.provider,
        "model": entry.model,
        "account": entry.account,
        "valid_from": entry.valid_from and entry.valid_from.strftime("%Y-%m-%d %H:%M:%S"),
        "valid_to": entry.valid_to and entry.valid_to.strftime("%Y-%m-%d %H:%M:%S"),
        "unit": _counted_in(entry) if entry.kind == "capacity" else entry.unit,
        "per": "month" if entry.steps else entry.per,
        "free": entry.free,
        "steps": json.dumps([[str(start), str(off)] for start, off in entry.steps]) if entry.steps else None,
        "usd_per_hour": entry.units * entry.usd_per_unit_hour if entry.kind == "capacity" else None,
        "concurrency": entry.concurrency,
        "currency": entry.currency,
        "usd_per_unit": entry.usd_per_unit,
        "reason": entry.reason,
    }


def _counted_in(entry: Entry) -> str | None:
    """What the use of a capacity is counted in."""
    return "busy seconds" if entry.concurrency else "tokens" if entry.tokens_per_minute else None


def _rates(con: duckdb.DuckDBPyConnection, entry: Entry) -> list[int]:
    """Rate rows of the book (an own price has no discount) for which the entry is meant."""
    names = ", ".join(f"p.{quote(column)}" for column in plans.KEYS.values())
    found = con.execute(
        f"""select {names}, p.price_provider, p.price_model, list(r.rate_id) from price_plans p join price_rates r using (plan_id)
        where r.own_line is null and r.kind = 'cost' group by all"""
    ).fetchall()
    fitting = [ids for *key, provider, model, ids in found if own.fits(entry, Plan(Tuple(*key), "", [], price_provider=provider, price_model=model))]
    return [rate_id for ids in fitting for rate_id in ids]


def _busy_seconds(con: duckdb.DuckDBPyConnection, entry: Entry, own_book: int) -> None:
    """A call's share of the hour: its seconds of all those the capacity can serve at a time."""
    have = physical_columns(con)
    per_ms = entry.units * entry.usd_per_unit_hour / (entry.concurrency or 1) / 3_600_000
    con.execute(
        f"""update call_rows c set cost_usd = try_cast({Statement(have).column("duration_ms")} * {per_ms:.24f} as decimal(18,12)),
            cost_status = case when {Statement(have).column("duration_ms")} is null then 'partial_usage' else c.cost_status end
        from pricing_fresh f, price_rates r, price_plans p
        where f.row = c.rowid and r.rate_id = c.rate_id and p.plan_id = r.plan_id and c.cost_status = 'capacity'
            and r.own_line = {entry.line} and p.own_book_id = {own_book}"""
    )


def _calls(statement: Statement, entry: Entry, period: str, amount: str) -> str:
    """The fresh calls, each with the `amount` [weighted] of its period that was there before it: of all calls priced earlier, and of fresh ones by time."""
    instant = statement.instant()
    tests = [f"{instant} >= timestamp {literal(str(entry.valid_from)[:19])}" if entry.valid_from else "", f"{instant} is not null"]
    tests.append(f"{instant} < timestamp {literal(str(entry.valid_to)[:19])}" if entry.valid_to else "")
    tests.append(f"json_extract_string({statement.column('tags')}, '$.account') glob {literal(entry.account)}" if entry.account else "")
    where = " and ".join(filter(None, tests))
    weight = f"coalesce({statement.column('sample_weight')}, 1)"
    return f"""with those as (
            select c.rowid as row, c.call_id, date_trunc('{period}', {instant}) as period, {instant} as instant, {amount} as amount, f.row is not null as fresh,
                {weight} as weight, c.cost_usd as cost, r.*
            from call_rows c join price_rates r using (rate_id) left join pricing_fresh f on f.row = c.rowid
            where c.rate_id in (select rate_id from pricing_fitting) and c.cost_usd is not null and {where}
        ),
        weighed as (select *, case when weight = 1 then amount else amount * weight::decimal(18,6) end as whole from those),
        earlier as (select period, sum(whole) filter (not fresh) as used from weighed group by period having count(*) filter (fresh) > 0),
        placed as (
            select w.*, coalesce(e.used, 0) + sum(whole) over (partition by w.period order by instant, call_id, w.row) - whole as before
            from weighed w join earlier e on e.period = w.period where fresh
        )"""


def _graduated(statement: Statement, entry: Entry) -> str:
    base = f"coalesce({statement.column('list_usd')}, c.cost_usd)::{MONEY}"
    paid = f"({_contract(entry, f'(before + whole)::{MONEY}')} - {_contract(entry, f'before::{MONEY}')})"
    return f"""{_calls(statement, entry, "month", base)}
        update call_rows c set cost_usd = case when p.weight = 1 and p.amount = p.cost then {paid}::decimal(18,12)
            when p.whole > 0 then try_cast(p.cost::double * {paid}::double / p.whole::double as decimal(18,12)) else p.cost end
        from placed p where p.row = c.rowid"""


def _contract(entry: Entry, spend: str) -> str:
    """What a month's list spend costs: every step's part of it, less its percentage. Rounded as a sum, so that the calls of a month add up exactly."""
    edges = [*entry.steps, (None, Decimal(0))]
    parts = []
    for (start, off), (end, _) in pairwise(edges):
        upto = spend if end is None else f"least({spend}, {end}::{MONEY})"
        parts.append(f"greatest(0, {upto} - {start}::{MONEY})::decimal(30,12) * {1 - off / 100}::decimal(8,6)")
    return f"({' + '.join(parts)})::{MONEY}"


def _allowance(statement: Statement, entry: Entry) -> str:
    unit = BY_NAME[entry.unit or ""]
    apart = " - ".join(f"case when r.{quote(part.rate)} is null then 0 else coalesce({statement.count(part)}, 0) end" for part in children(unit.name))
    counted = f"coalesce({statement.count(unit)}, 0)" if unit.column else "1"
    amount = f"greatest({counted}{' - ' + apart if apart else ''}, 0)::decimal(30,6)"
    freed = f"(p.whole - (greatest(0, p.before + p.whole - {entry.free}) - greatest(0, p.before - {entry.free})))"
    less = f"({freed}::decimal(20,6) * p.{quote(unit.rate)}::decimal(18,12))"
    cost = f"greatest(0, case when p.weight = 1 then p.cost - {less} else p.cost - {less}::double / p.weight end)::decimal(18,12)"
    return f"""{_calls(statement, entry, entry.per or "day", amount)}
        update call_rows c set cost_usd = {cost}, cost_status = case when p.cost > 0 and {cost} = 0 then 'free' else c.cost_status end
        from placed p where p.row = c.rowid and p.{quote(unit.rate)} is not null"""


CHANGES: dict[str, Callable[[Statement, Entry], str]] = {"allowance": _allowance, "discount": _graduated}
