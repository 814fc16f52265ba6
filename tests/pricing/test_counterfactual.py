"""A call priced as another call costs what genai-prices says that other call costs."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from priced_database import insert
from random_calls import COLUMNS, rows, want

from llmlogs.pricing import counterfactual, load_overrides, price_calls
from llmlogs.pricing.resolve import Tuple
from llmlogs.schema.calls import CALLS
from llmlogs.store import database

SWAP = ("provider", "request_model", "service_tier")
ROWS = f"select c.* exclude ({', '.join(SWAP)}), {', '.join(f's.{name}' for name in SWAP)} from calls c join swaps s on c.call_id = s.call_id"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sample() -> Rows:
    return rows(1500, 11)


@pytest.fixture(scope="module")
def priced(sample: Rows) -> Iterator[duckdb.DuckDBPyConnection]:
    con = database.open_for_write(Path(":memory:"))
    database.ensure_columns(con, set(COLUMNS))
    con.execute(f"create temp table given ({', '.join(f'{name} {CALLS.column(name).type}' for name in COLUMNS)})")
    con.executemany(f"insert into given values ({', '.join('?' * len(COLUMNS))})", [[row[name] for name in COLUMNS] for row in sample])
    con.execute("insert into call_rows by name select *, 1 as ingest_id from given")
    con.execute("insert into ingests (ingest_id, finished_at) values (1, now())")
    price_calls(con, 1)
    yield con
    con.close()


def same(one: Decimal | None, other: Decimal | None) -> bool:
    return one is other if one is None or other is None else abs(one - other) <= Decimal("1e-12")


def test_calls_at_another_model_and_tier_cost_what_they_would_have_cost_there(priced: duckdb.DuckDBPyConnection, sample: Rows) -> None:
    others = rows(len(sample), 12)
    random.Random(3).shuffle(others)
    swapped = [row | {name: other[name] for name in SWAP} for row, other in zip(sample, others, strict=True)]
    priced.execute("create or replace temp table swaps (call_id varchar, provider varchar, request_model varchar, service_tier varchar)")
    priced.executemany("insert into swaps values (?, ?, ?, ?)", [[row["call_id"], *(row[name] for name in SWAP)] for row in swapped])
    counterfactual.price(priced, "stat_there", ROWS, "call_id, new_usd, coalesce(new_status, 'priced') as new_status")
    found = {call_id: (usd, status) for call_id, usd, status in priced.execute("from stat_there").fetchall()}
    expected = {row["call_id"]: want(row) for row in swapped}
    wrong = [(row, expected[row["call_id"]], found[row["call_id"]]) for row in swapped if not same(expected[row["call_id"]].cost, found[row["call_id"]][0])]
    assert wrong == []
    assert {name: status for name, (_, status) in found.items()} == {name: one.status for name, one in expected.items()}
    assert sum(one.cost is not None for one in expected.values()) > 500


def test_calls_as_themselves_cost_what_they_cost(priced: duckdb.DuckDBPyConnection) -> None:
    counterfactual.price(
        priced, "stat_same", "select * from calls", "count(*) filter (where new_usd is distinct from cost_usd) as wrong, count(new_usd) as priced"
    )
    (wrong, count), *_ = priced.execute("from stat_same").fetchall()
    assert (wrong, count > 500) == (0, True)


def test_the_plans_and_rates_of_the_database_stay_as_they_are(priced: duckdb.DuckDBPyConnection) -> None:
    before = [priced.execute(f"select count(*), max({key}) from {name}").fetchall() for name, key in (("price_plans", "plan_id"), ("price_rates", "rate_id"))]
    counterfactual.price(
        priced, "stat_x", "select * exclude (request_model), 'gpt-4o' as request_model from calls", "sum(new_usd) as usd", None, frozenset({"request_model"})
    )
    after = [priced.execute(f"select count(*), max({key}) from {name}").fetchall() for name, key in (("price_plans", "plan_id"), ("price_rates", "rate_id"))]
    assert after == before
    assert priced.execute(
        "select count(*) from duckdb_tables() where temporary and table_name in ('price_plans', 'price_rates', 'pricing_rates')"
    ).fetchall() == [(0,)]


def test_own_prices_hold_for_what_might_have_been_too(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "llmlogs.prices.toml"
    file.write_text('[[discount]]\nprovider = "openai"\npercent = "10"\n[[price]]\nprovider = "vllm"\nmodel = "mine"\ninput_mtok = "1"\noutput_mtok = "2"\n')
    insert(con, [{"provider": "openai", "request_model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 1_000_000}], 1)
    own = load_overrides(file)
    price_calls(con, 1, own)
    swap = "select * exclude (provider, request_model), 'vllm' as provider, 'mine' as request_model from calls"
    counterfactual.price(con, "stat_mine", swap, "sum(cost_usd) as was, sum(new_usd) as usd", own, frozenset({"provider", "request_model"}))
    assert con.execute("from stat_mine").fetchall() == [(Decimal("11.25"), Decimal(3))]
    assert (counterfactual.installed_book_priced(con, own), counterfactual.installed_book_priced(con)) == (True, False)
    assert counterfactual.tuples(con) == [Tuple("openai", "gpt-4o")]
