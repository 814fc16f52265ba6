"""Price the calls of an ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from llmlogs.pricing import plans
from llmlogs.pricing.cost import Statement, load_rates
from llmlogs.pricing.overrides import Overrides
from llmlogs.store.database import ensure_columns, physical_columns

FRESH = "cost_usd is null and cost_status is null"


@dataclass(frozen=True)
class PricingSummary:
    """What was priced: calls by status (`priced` is the plain one), their cost, and how many new names the book was asked for."""

    by_status: Mapping[str, int]
    usd: Decimal
    new_plans: int

    @property
    def calls(self) -> int:
        return sum(self.by_status.values())


def price_calls(con: duckdb.DuckDBPyConnection, ingest_id: int | None = None, prices: Overrides | None = None) -> PricingSummary:
    """Give every call of the ingest (of the database, without one) that has neither cost nor status its cost, or the reason why it has none.

    Calls that are priced already keep their price, and a name that was resolved before keeps its plan, whatever book is installed now.
    To have a call priced again, set its cost_usd, cost_status and rate_id to NULL.
    """
    fresh = FRESH if ingest_id is None else f"{FRESH} and ingest_id = {int(ingest_id)}"
    own_book = plans.book_id(con, "own file", lambda: (prices.path.name, prices.sha256), None) if prices else None
    new = _complete_plans(con, fresh, prices, own_book)
    _price_lists(con, fresh, own_book)
    timed = load_rates(con, "cost", own_book)
    con.execute(Statement(physical_columns(con)).update(fresh, timed))
    return _summary(con, ingest_id, new)


def reprice(con: duckdb.DuckDBPyConnection, prices: Overrides | None = None) -> PricingSummary:
    """Forget every price and plan and price all calls anew, with the installed book and the own prices given."""
    con.execute("update call_rows set cost_usd = null, cost_status = null, rate_id = null")
    con.execute("delete from price_rates")
    con.execute("delete from price_plans")
    return price_calls(con, None, prices)


def _complete_plans(con: duckdb.DuckDBPyConnection, fresh: str, prices: Overrides | None, own_book: int | None) -> int:
    """Resolve tuples that have no plan. The book is not even imported when there are none."""
    tuples = plans.missing(con, fresh, physical_columns(con), own_book)
    if not tuples:
        return 0
    from llmlogs.pricing import book, own

    number = plans.book_id(con, book.SOURCE, book.identity, book.LICENSE)
    plans.add(con, [own.plan_for(key, prices) for key in tuples], number, own_book)
    return len(tuples)


def _price_lists(con: duckdb.DuckDBPyConnection, fresh: str, own_book: int | None) -> None:
    """The book's price beside the own one. Stored from the first own price on, and then for every call: one column, one meaning."""
    if "list_usd" not in physical_columns(con):
        if not con.execute("select count(*) from price_rates where kind = 'list'").fetchall()[0][0]:
            return
        ensure_columns(con, {"list_usd"})
        con.execute("update call_rows set list_usd = cost_usd where cost_usd is not null")
    timed = load_rates(con, "list", own_book)
    con.execute(Statement(physical_columns(con)).list_update(fresh, timed))


def _summary(con: duckdb.DuckDBPyConnection, ingest_id: int | None, new: int) -> PricingSummary:
    where = "" if ingest_id is None else f"where ingest_id = {int(ingest_id)}"
    status = "coalesce(cost_status, case when cost_usd is null then 'not priced yet' else 'priced' end)"
    rows = con.execute(f"select {status}, count(*), sum(cost_usd) from call_rows {where} group by 1 order by 2 desc, 1").fetchall()
    return PricingSummary({status: n for status, n, _ in rows}, sum((usd for *_, usd in rows if usd is not None), Decimal(0)), new)
