"""Price calls: those of an ingest, or again those that have a price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from llmlogs.pricing import plans, terms
from llmlogs.pricing.cost import Statement, load_rates
from llmlogs.pricing.overrides import Overrides
from llmlogs.schema.ddl import literal
from llmlogs.schema.prices import PRICING_RUNS
from llmlogs.store.database import ensure_columns, physical_columns

FRESH = "c.cost_usd is null and c.cost_status is null"
STEP = 1_000_000  # rows priced in one statement, so that a long repricing can say how far it is


@dataclass(frozen=True)
class PricingSummary:
    """What was priced: calls by status (`priced` is the plain one), their cost, and how many new names the book was asked for."""

    by_status: Mapping[str, int]
    usd: Decimal
    new_plans: int

    @property
    def calls(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True)
class Scope:
    """The calls a repricing is for; without anything, all. `provider` and `model` are lower-case globs, `model` as asked or as answered."""

    since: date | None = None
    provider: str | None = None
    model: str | None = None

    def __str__(self) -> str:
        told = (f"from {self.since}" if self.since else "", f"provider {self.provider}" if self.provider else "", f"model {self.model}" if self.model else "")
        return ", ".join(filter(None, told))

    def where(self, have: set[str]) -> str:
        """As a condition on call_rows c."""
        tests = ["true"]
        column = Statement(have).column
        if self.since:
            tests.append(f"{Statement(have).instant()} >= timestamp {literal(str(self.since))}")
        if self.provider:
            tests.append(f"lower({column('provider')}) glob {literal(self.provider)}")
        if self.model:
            tests.append(f"(lower({column('request_model')}) glob {literal(self.model)} or lower({column('response_model')}) glob {literal(self.model)})")
        return " and ".join(tests)


def price_calls(con: duckdb.DuckDBPyConnection, ingest_id: int | None = None, prices: Overrides | None = None) -> PricingSummary:
    """Give every call of the ingest (of the database, without one) that has neither cost nor status its cost, or the reason why it has none.

    Calls that are priced already keep their price, and a name that was resolved before keeps its plan, whatever book is installed now.
    """
    fresh = FRESH if ingest_id is None else f"{FRESH} and c.ingest_id = {int(ingest_id)}"
    new, own_book = _price(con, fresh, prices, lambda _: None, whole=True)
    summary = _summary(con, "true" if ingest_id is None else f"ingest_id = {int(ingest_id)}", new)
    _record(con, "ingest", own_book, {"ingest_id": ingest_id, "calls": summary.calls, "changed_calls": 0, "usd_after": summary.usd})
    return summary


def reprice(
    con: duckdb.DuckDBPyConnection, prices: Overrides | None = None, scope: Scope | None = None, told: Callable[[float], None] = lambda _: None
) -> PricingSummary:
    """Price the calls of the scope anew with the book in use and the own prices given; call within a transaction.

    Names of these calls are looked up again, for calls to come too; calls out of the scope keep their price and its plan. What changed stands in the
    temp table pricing_changes until the next repricing. `told` gets the share that is done.
    """
    scope = scope or Scope()
    where = scope.where(physical_columns(con))
    con.execute(f"create or replace temp table pricing_before as select c.rowid as row, c.cost_usd as usd from call_rows c where {where}")
    plans.supersede(con, where, physical_columns(con))
    new, own_book = _price(con, where, prices, told, whole=False)
    plans.forget(con)
    con.execute(_changes(physical_columns(con)))
    summary = _summary(con, where, new)
    ((changed, before),) = con.execute("select coalesce(sum(changed_calls), 0), sum(old_usd) from pricing_changes").fetchall()
    facts = {"scope": str(scope) or None, "calls": summary.calls, "changed_calls": changed, "usd_before": before, "usd_after": summary.usd}
    _record(con, "reprice", own_book, facts)
    return summary


def _price(con: duckdb.DuckDBPyConnection, where: str, prices: Overrides | None, told: Callable[[float], None], *, whole: bool) -> tuple[int, int | None]:
    """Price the calls of a condition; how many names were looked up, and the own file's id."""
    own_book = plans.book_id(con, "own file", lambda: (prices.path.name, prices.sha256), None) if prices else None
    new = _complete_plans(con, where, prices, own_book)
    parts = ["true"] if whole else _parts(con)
    over_calls = terms.goes_over_calls(prices)
    if prices and own_book is not None:
        terms.keep(con, prices, own_book)
    if over_calls:
        terms.mark(con, where)
    lists = _with_lists(con, over_calls)
    for done, part in enumerate(parts):
        told(done / len(parts))
        kinds = ("list", "cost") if lists else ("cost",)  # the cost last: it makes a call priced
        for kind in kinds:
            timed, statement = load_rates(con, kind, own_book), Statement(physical_columns(con))
            con.execute((statement.update if kind == "cost" else statement.list_update)(f"{where} and {part}", timed))
    if over_calls and prices and own_book is not None:
        terms.apply(con, prices, own_book)
    return new, own_book


def _parts(con: duckdb.DuckDBPyConnection) -> list[str]:
    last = con.execute("select coalesce(max(rowid), 0) from call_rows").fetchall()[0][0]
    return [f"c.rowid >= {first} and c.rowid < {first + STEP}" for first in range(0, last + 1, STEP)]


def _complete_plans(con: duckdb.DuckDBPyConnection, fresh: str, prices: Overrides | None, own_book: int | None) -> int:
    """Resolve tuples that have no plan. The book is not even imported when there are none."""
    tuples = plans.missing(con, fresh, physical_columns(con), own_book)
    if not tuples:
        return 0
    from llmlogs.pricing import own, pinned

    number = pinned.open_book(con)
    plans.add(con, [own.plan_for(key, prices) for key in tuples], number, own_book)
    return len(tuples)


def _with_lists(con: duckdb.DuckDBPyConnection, needed: bool) -> bool:
    """The book's price beside the own one. Stored from the first own price on, and then for every call: one column, one meaning."""
    if "list_usd" in physical_columns(con):
        return True
    if not needed and not con.execute("select count(*) from price_rates where kind = 'list'").fetchall()[0][0]:
        return False
    ensure_columns(con, {"list_usd"})
    con.execute("update call_rows set list_usd = cost_usd where cost_usd is not null")
    return True


def _summary(con: duckdb.DuckDBPyConnection, where: str, new: int) -> PricingSummary:
    status = "coalesce(cost_status, case when cost_usd is null then 'not priced yet' else 'priced' end)"
    rows = con.execute(f"select {status}, count(*), sum(cost_usd) from call_rows c where {where} group by 1 order by 2 desc, 1").fetchall()
    return PricingSummary({status: n for status, n, _ in rows}, sum((usd for *_, usd in rows if usd is not None), Decimal(0)), new)


def _changes(have: set[str]) -> str:
    statement = Statement(have)
    model = f"coalesce({statement.column('response_model')}, {statement.column('request_model')})"
    return f"""create or replace temp table pricing_changes as
        select {statement.column("provider")} as provider, {model} as model, strftime({statement.instant()}, '%Y-%m') as month, count(*) as calls,
            count(*) filter (b.usd is distinct from c.cost_usd) as changed_calls, sum(b.usd) as old_usd, sum(c.cost_usd) as new_usd,
            count(b.usd) as old_priced, count(c.cost_usd) as new_priced
        from pricing_before b join call_rows c on c.rowid = b.row group by all"""


def _record(con: duckdb.DuckDBPyConnection, command: str, own_book: int | None, facts: dict[str, object]) -> None:
    """Write the pricing down, unless there was nothing to price."""
    if not facts["calls"]:
        return
    book = con.execute("select max(book_id) from price_plans where superseded_at is null").fetchall()[0][0]
    at = datetime.now(UTC).replace(tzinfo=None)
    row = {"run_no": plans.next_number(con, "pricing_runs", "run_no"), "priced_at": at, "command": command, "book_id": book, "own_book_id": own_book}
    plans.insert(con, PRICING_RUNS, [row | facts])
