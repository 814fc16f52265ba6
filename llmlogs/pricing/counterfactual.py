"""What calls would have cost as other calls: another model, tier or instant, other counts. The same resolver, rate rows and join as for real calls.

The rows to price are a select of calls in which columns stand swapped. Nothing of the database is written: plans and rates of the swapped tuples live in
temp tables for as long as the pricing takes, and what is kept is one temp table of the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

import duckdb

from llmlogs.pricing import plans
from llmlogs.pricing.cost import Statement, load_rates
from llmlogs.pricing.overrides import Overrides
from llmlogs.pricing.resolve import Tuple
from llmlogs.schema.ddl import quote
from llmlogs.schema.prices import PRICE_PLANS, PRICE_RATES
from llmlogs.store.database import physical_columns

Connection = duckdb.DuckDBPyConnection


def tuples(con: Connection, rows: str = "select * from calls") -> list[Tuple]:
    """Every distinct tuple a price depends on, among the rows of a select."""
    columns = ", ".join(quote(field.name) for field in fields(Tuple))
    return [Tuple(*row) for row in con.execute(f"select distinct {columns} from ({rows})").fetchall()]


def price(con: Connection, into: str, rows: str, select: str, prices: Overrides | None = None, swapped: frozenset[str] = frozenset()) -> None:
    """Fill the temp table `into` with a select over the priced rows.

    `rows`: a select of all columns of the view calls, those of `swapped` replaced; plans are found in the installed book and `prices`.
    `select`: columns and sums over these rows and new_usd [USD, for the one call, NULL = no price], new_status (as calls.cost_status, NULL = plainly
    priced); columns beside sums are what is grouped by.
    """
    with _rates(con, rows, prices) as timed:
        statement = Statement(physical_columns(con) | swapped)
        con.execute(
            f"""create or replace temp table {quote(into)} as
            select {select} from (
                select c.*, {statement.cost()} as new_usd, {statement.status()} as new_status from ({rows}) c join pricing_rates r on {statement.match(timed)})
            group by all"""
        )


def installed_book_priced(con: Connection, prices: Overrides | None = None) -> bool:
    """All plans of the database come from the installed book and these own prices: what a call costs as itself is then its cost_usd."""
    from llmlogs.pricing import book

    known = {(source, sha256) for source, sha256 in con.execute("select source, sha256 from price_books").fetchall()}
    return known == {(book.SOURCE, book.identity()[1])} | ({("own file", prices.sha256)} if prices else set())


@contextmanager
def _rates(con: Connection, rows: str, prices: Overrides | None) -> Iterator[bool]:
    """`pricing_rates` for the tuples of the rows: temp tables that stand before those of the database by their names, and go when it is done."""
    from llmlogs.pricing import own

    with _hidden_behind(con, PRICE_PLANS.name, PRICE_RATES.name):
        plans.add(con, [own.plan_for(key, prices) for key in tuples(con, rows)], 0, None)
        timed = load_rates(con, "cost", None)
    try:
        yield timed
    finally:
        con.execute("drop table if exists temp.pricing_rates")


@contextmanager
def _hidden_behind(con: Connection, *names: str) -> Iterator[None]:
    for name in names:
        con.execute(f"create temp table {quote(name)} as select * from {quote(name)} where false")
    try:
        yield
    finally:
        for name in names:
            con.execute(f"drop table temp.{quote(name)}")
