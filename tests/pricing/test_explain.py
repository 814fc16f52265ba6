"""The bill of a call adds up to its cost and says where every number comes from."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from random_calls import USAGE, rows

from llmlogs.errors import UsageError
from llmlogs.pricing import explain, load_overrides, price_calls
from llmlogs.pricing.explain import plans, render

BOTH = {"input_tokens": 1000, "output_tokens": 100}
CLAUDE = {"provider": "anthropic", "request_model": "claude-sonnet-4-5", "response_model": "claude-sonnet-4-5-20250929", "input_tokens": 250_000}


def test_the_lines_of_every_bill_add_up_to_the_cost(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    load(*rows(300, seed=7))
    price_calls(con, 1)
    ids = [row[0] for row in con.execute("select call_id from calls where cost_usd is not null").fetchall()]
    assert len(ids) > 100
    for call_id in ids:
        found = explain(con, call_id)
        assert abs(sum((line.usd for line in found.charges), Decimal(0)) - found.call["cost_usd"]) < Decimal("1e-12")
        assert all(line.count > 0 for line in found.charges)
    assert {line.unit for call_id in ids for line in explain(con, call_id).charges} >= {"input", "cache_read", "cache_write", "output", "web_search"}
    assert USAGE


def test_a_price_is_told_from_the_logged_name_to_the_total(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    load(CLAUDE | {"cache_read_tokens": 100_000, "output_tokens": 1000, "reported_usd": Decimal("0.5"), "call_id": "c"})
    price_calls(con, 1)
    sha = con.execute("select sha256[:12] from price_books").fetchall()[0][0]
    assert render(explain(con, "c")) == [
        "call      c at 2026-05-01 12:00:00Z",
        "as logged provider anthropic, asked for claude-sonnet-4-5, answered by claude-sonnet-4-5-20250929",
        "matched   claude-sonnet-4-5-20250929 -> anthropic/claude-sonnet-4-5 (as logged, own)",
        f"book      genai-prices 0.2.3 ({sha})",
        "rate      3: from 2026-05-01, for more than 200,000 input tokens",
        "source    https://www.anthropic.com/pricing#api",
        "in doubt  above 200,000 input tokens the book has twice the price, right until the long-context beta ended on 2026-04-30; "
        "litellm has one price for all sizes (https://platform.claude.com/docs/en/about-claude/pricing)",
        "                     input      150,000 x         6 USD per 1,000,000 = 0.9 USD",
        "                cache read      100,000 x       0.6 USD per 1,000,000 = 0.06 USD",
        "                    output        1,000 x      22.5 USD per 1,000,000 = 0.0225 USD",
        "cost      0.9825 USD [priced: all that was counted has a price in the book or in your own prices]",
        "stated    0.5 USD by the log itself",
    ]


X = {"provider": "x", "request_model": "y"}
STEPS = '[[discount]]\nprovider = "openai"\ngraduated = [[0, 10]]\nreason = "frame contract"\n'
FREE_SEARCHES = '[[allowance]]\nprovider = "openai"\nunit = "web_searches"\nfree = 1\nper = "day"\n'
GPUS = '[[capacity]]\nprovider = "x"\nkind = "gpu"\nunits = 8\nusd_per_unit_hour = 2.5\nconcurrency = 4\n'
XPRICE = '[[price]]\nprovider = "x"\nmodel = "y"\ninput_mtok = 1\noutput_mtok = 1\nreason = "card"\n'
TOLD: list[tuple[dict[str, Any], str, str]] = [
    ({"provider": "openai", "request_model": "nope"} | BOTH, "", "the book does not know the model"),
    ({"provider": "openai", "request_model": "nope"} | BOTH, "", "logged    input_tokens 1,000, output_tokens 100"),
    ({"provider": "openai", "request_model": "gpt-5"}, "", "logged    no usage"),
    (BOTH, "", "as logged neither provider nor model"),
    ({"provider": "openai", "request_model": "gpt-5.6-sol"} | BOTH, "", "rate      1: until 2026-08-21, up to 272,000 input tokens"),
    (
        {"provider": "deepseek", "response_model": "deepseek-v4-flash", "started_at": "2026-12-01 02:00:00"} | BOTH,
        "",
        "between 01:00 and 04:00 UTC, on mon, tue",
    ),
    ({"provider": "openai", "response_model": "gpt-5.6-sol", "service_tier": "batch", "started_at": "2026-12-01"} | BOTH, "", "tier batch"),
    (X | BOTH, XPRICE, "card"),
    (X | BOTH, XPRICE, "own file  own.toml ("),
    ({"provider": "openai", "request_model": "gpt-5"} | BOTH, STEPS, "agreed    -0.000225 USD by graduated discount of line 1 (frame contract)"),
    ({"provider": "openai", "request_model": "gpt-5", "web_searches": 2} | BOTH, FREE_SEARCHES, "agreed    -0.01 USD by free allowance of line 1"),
    (X | BOTH | {"duration_ms": 90_000.0}, GPUS, "agreed    0.125 USD by capacity by busy seconds of line 1"),
    ({"provider": "mistral", "request_model": "mistral-large-latest"} | BOTH, "", "in doubt  the book has 2 and 6 USD"),
    ({"provider": "openai", "request_model": "gpt-5"} | BOTH, '[[discount]]\nprovider = "openai"\npercent = 10\n', "all rates times 0.9"),
    ({"provider": "openai", "request_model": "gpt-5"} | BOTH, '[[discount]]\nprovider = "openai"\npercent = 10\n', "list      0.00225 USD by the book"),
    ({"app_cache": "hit", "provider": "openai", "request_model": "gpt-5"} | BOTH, "", "cost      0 USD [app_cache_hit"),
    ({"provider": "openai", "request_model": "evil\x1b[31m\u202e"} | BOTH, "", "asked for evil\\u202e"),
    ({"provider": "cohere", "request_model": "command-r-plus", "billed_input_tokens": 10} | BOTH, "", "10 x"),
    (X | BOTH, XPRICE + "requests_kcount = 5\n", "request            1 x"),
]


@pytest.mark.parametrize(("row", "own", "told"), TOLD, ids=[case[2][:30] for case in TOLD])
def test_what_matters_is_told(con: duckdb.DuckDBPyConnection, load: Callable[..., None], tmp_path: Path, row: dict[str, Any], own: str, told: str) -> None:
    load(row | {"call_id": "c"})
    file = tmp_path / "own.toml"
    file.write_text(own, encoding="utf-8")
    price_calls(con, 1, load_overrides(file) if own else None)
    lines = render(explain(con, "c"))
    assert any(told in line for line in lines), lines


@pytest.mark.parametrize(("call_id", "told"), [("other", "no such call"), ("c", "not priced yet")])
def test_a_call_that_cannot_be_explained_is_told(con: duckdb.DuckDBPyConnection, load: Callable[..., None], call_id: str, told: str) -> None:
    load(BOTH | {"call_id": "c"})
    with pytest.raises(UsageError, match=told):
        explain(con, call_id)


def test_plans_are_listed_with_the_calls_they_stand_for(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    load(*[{"provider": "openai", "request_model": "gpt-5"} | BOTH] * 3, {"provider": "openai", "request_model": "nope"} | BOTH)
    price_calls(con, 1)
    found = plans(con).fetchall()
    assert [(row[1], row[3], row[8], row[9], row[11]) for row in found] == [
        ("gpt-5", "priced", 3, 3000, Decimal("0.00675")),
        ("nope", "unknown_model", 1, 1000, None),
    ]
