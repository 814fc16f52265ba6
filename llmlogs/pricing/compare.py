"""What another price book would change: name by name, before anything is priced with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from llmlogs.pricing import own, plans
from llmlogs.pricing.overrides import Overrides
from llmlogs.pricing.resolve import Plan, Tuple
from llmlogs.pricing.units import FEE, OVERLAPS, UNITS, UNSEEN_OUTPUT
from llmlogs.schema.prices import PRICE_RATES

Row = Mapping[str, Any]
PRICE = [name for name in PRICE_RATES.names if name not in ("rate_id", "plan_id", "kind", "src_url", "src_note", "disputed", "own_line")]

MATTERS = {*OVERLAPS, *UNSEEN_OUTPUT, FEE}  # of what no log counts, what a price cannot do without


@dataclass(frozen=True)
class Change:
    """A name of the log whose price another book has otherwise. calls, cost_usd: what the log has at the price it has."""

    provider: str | None
    model: str | None
    service_tier: str | None
    calls: int
    cost_usd: Decimal | None
    change: str


def changes(con: duckdb.DuckDBPyConnection, prices: Overrides | None) -> list[Change]:
    """Names whose plan in force is not what the book in use and these own prices give, those with the most money first."""
    found = _rows(con, f"select * from price_plans where plan_id in ({_NEWEST})")
    money = {row["plan_id"]: row for row in _rows(con, _MONEY)}
    told = []
    for plan in found:
        new = own.plan_for(Tuple(*(plan[column] for column in plans.KEYS.values())), prices)
        old_rates = _rows(con, "select * from price_rates where kind = 'cost' and plan_id = $1", [plan["plan_id"]])
        what = _what(plan, old_rates, new)
        if what:
            spent = money.get(plan["plan_id"], {"calls": 0, "usd": None})
            model = plan["response_model"] or plan["request_model"] or plan["deployment"]
            told.append(Change(plan["provider_raw"], model, plan["service_tier"], spent["calls"], spent["usd"], what))
    return sorted(told, key=lambda change: (-(change.cost_usd or 0), -change.calls, str(change.model)))


_MONEY = "select plan_id, count(*) as calls, sum(cost_usd) as usd from calls join price_rates using (rate_id) group by 1"
# One plan for each tuple: under the newest own file, where there were several.
_NEWEST = f"""select arg_max(plan_id, coalesce(own_book_id, 0)) from price_plans where superseded_at is null group by {", ".join(plans.KEYS.values())}"""


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
    found = con.execute(sql, values or [])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _what(old: Row, old_rates: list[dict[str, Any]], new: Plan) -> str:
    if old["status"] != new.status:
        return f"{old['status']} -> {new.status}"
    if (old["price_provider"], old["price_model"]) != (new.price_provider, new.price_model):
        return f"{old['price_provider']}/{old['price_model']} -> {new.price_provider}/{new.price_model}"
    before = [_plain(row) for row in old_rates]
    after = [_plain(plans.rate_row(cell, "cost", new)) for cell in new.cells]
    gone, come = [row for row in before if row not in after], [row for row in after if row not in before]
    return _difference(gone, come) if gone or come else ""


def _plain(row: Row) -> dict[str, Any]:
    """A rate row as comparable values: NULL as no price, times as text."""
    seen = {name: _value(row[name]) for name in PRICE if row.get(name) is not None}
    unseen = [key for key in str(seen.pop("unseen", "")).split(", ") if key in MATTERS]
    return seen | ({"unseen": unseen} if unseen else {})


def _value(value: Any) -> Any:
    return round(value, 24).normalize() if isinstance(value, Decimal) else str(value)  # as many decimals as the column


def _difference(gone: list[dict[str, Any]], come: list[dict[str, Any]]) -> str:
    """In words: the rates that differ in the newest row on each side, or else that dates and sizes do."""
    old, new = (max(rows, key=lambda row: row.get("valid_from", ""), default={}) for rows in (gone, come))
    units = [unit for unit in UNITS if old.get(unit.rate) != new.get(unit.rate)]
    parts = [f"{unit.name.replace('_', ' ')} {_price(old.get(unit.rate), unit.per)} -> {_price(new.get(unit.rate), unit.per)}" for unit in units]
    since = f" from {new['valid_from'][:10]}" if parts and new.get("valid_from") else ""
    return (", ".join(parts) + since) if parts else "other dates, hours or sizes"


def _price(rate: Decimal | None, per: int) -> str:
    return "none" if rate is None else f"{(rate * per).normalize():f}"
