"""Price the calls of an ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from llmlogs.pricing import plans
from llmlogs.pricing.cost import Statement, load_rates
from llmlogs.store.database import physical_columns

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


def price_calls(con: duckdb.DuckDBPyConnection, ingest_id: int | None = None) -> PricingSummary:
    """Give every call of the ingest (of the database, without one) that has neither cost nor status its cost and the reason where it has none.

    Calls that are priced already keep their price. To have a call priced again, set its cost_usd, cost_status and rate_id to NULL.
    """
    fresh = FRESH if ingest_id is None else f"{FRESH} and ingest_id = {int(ingest_id)}"
    have = physical_columns(con)
    new = _complete_plans(con, fresh, have, None)
    timed = load_rates(con, "cost", None)
    con.execute(Statement(have).update(fresh, timed))
    return _summary(con, ingest_id, new)


def _complete_plans(con: duckdb.DuckDBPyConnection, fresh: str, have: set[str], own_book: int | None) -> int:
    """Resolve tuples that have no plan. The book is not even imported when there are none."""
    tuples = plans.missing(con, fresh, have, own_book)
    if not tuples:
        return 0
    from llmlogs.pricing import book, resolve

    number = plans.book_id(con, book.SOURCE, book.identity, book.LICENSE)
    plans.add(con, [resolve.by_the_book(key) for key in tuples], number, own_book)
    return len(tuples)


def _summary(con: duckdb.DuckDBPyConnection, ingest_id: int | None, new: int) -> PricingSummary:
    where = "" if ingest_id is None else f"where ingest_id = {int(ingest_id)}"
    rows = con.execute(f"select coalesce(cost_status, 'priced'), count(*), sum(cost_usd) from call_rows {where} group by 1 order by 2 desc, 1").fetchall()
    return PricingSummary({status: n for status, n, _ in rows}, sum((usd for *_, usd in rows if usd is not None), Decimal(0)), new)
