"""What a call costs: cases that other tools got wrong, with the price book they are computed from, and what is refused."""

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from priced_database import insert

from llmlogs.pricing import price_calls
from llmlogs.pricing.status import MEANING
from llmlogs.store import database

BOOK = "0.2.3"
Price = Callable[..., tuple[Decimal | None, str]]
GPT5 = {"provider": "openai", "request_model": "gpt-5"}
CLAUDE = {"provider": "anthropic", "response_model": "claude-sonnet-4-5"}
BOTH = {"input_tokens": 1000, "output_tokens": 100}


def test_the_numbers_here_are_of_this_book(con: duckdb.DuckDBPyConnection, price: Price) -> None:
    price(GPT5 | BOTH)
    assert con.execute("select source, version, length(sha256) from price_books").fetchall() == [("genai-prices", BOOK, 64)]


CASES = {
    "cache write of Claude 3.7": (
        {"provider": "anthropic", "response_model": "claude-3-7-sonnet-20250219", "input_tokens": 12_307, "cache_write_tokens": 12_304, "output_tokens": 550},
        "0.054399",  # 3 x 3 + 12304 x 3.75 + 550 x 15, not the cache writes twice
    ),
    "Bedrock in a region": (
        {"provider": "aws.bedrock", "request_model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "response_model": "claude-sonnet-4-5-20250929"}
        | {"input_tokens": 13_244, "cache_write_tokens": 25, "cache_read_tokens": 13_216, "output_tokens": 12},
        "0.004672305",  # 1.1 x (3 x 3 + 25 x 3.75 + 13216 x 0.3 + 12 x 15)
    ),
    "Bedrock everywhere": (
        {"provider": "aws.bedrock", "request_model": "global.anthropic.claude-sonnet-4-5-20250929-v1:0"}
        | {"input_tokens": 13_244, "cache_write_tokens": 25, "cache_read_tokens": 13_216, "output_tokens": 12},
        "0.00424755",
    ),
    "cold prompt": ({"provider": "openai", "request_model": "gpt-5.4-mini", "input_tokens": 2422, "output_tokens": 4}, "0.0018345"),
    "hot prompt costs less": (
        {"provider": "openai", "request_model": "gpt-5.4-mini", "input_tokens": 2422, "cache_read_tokens": 2304, "output_tokens": 4},
        "0.0002793",
    ),
    "the tier is by the whole prompt": (CLAUDE | {"input_tokens": 250_000, "cache_read_tokens": 100_000, "output_tokens": 1000}, "0.9825"),
    "at the edge of the tier": (CLAUDE | {"input_tokens": 200_000, "output_tokens": 1000}, "0.615"),
    "one above the edge": (CLAUDE | {"input_tokens": 200_001, "output_tokens": 1000}, "1.222506"),
    "surcharge until 2026-03-12": (
        {"provider": "anthropic", "response_model": "claude-opus-4-6", "started_at": "2026-03-12 23:59:59", "input_tokens": 300_000, "output_tokens": 0},
        "3",
    ),
    "none from 2026-03-13": (
        {"provider": "anthropic", "response_model": "claude-opus-4-6", "started_at": "2026-03-13 00:00:00", "input_tokens": 300_000, "output_tokens": 0},
        "1.5",
    ),
    "Sonnet 5 kept its first price": ({"provider": "anthropic", "response_model": "claude-sonnet-5", "started_at": "2026-09-01 00:00:00"} | BOTH, "0.003"),
    "Sol before its cut": (
        {"provider": "openai", "response_model": "gpt-5.6-sol", "started_at": "2026-08-20 23:00:00", "cache_read_tokens": 500} | BOTH,
        "0.00575",
    ),
    "Sol after its cut": (
        {"provider": "openai", "response_model": "gpt-5.6-sol", "started_at": "2026-08-21 00:00:00", "cache_read_tokens": 500} | BOTH,
        "0.0042",
    ),
    "a hundred web searches": (CLAUDE | BOTH | {"web_searches": 100}, "1.0045"),
    "US-only inference": ({"provider": "anthropic", "response_model": "claude-opus-4-6", "region": "us", "web_searches": 1} | BOTH, "0.01825"),
    "an older model has no US price": (CLAUDE | BOTH | {"region": "us"}, "0.0045"),
    "one hour cache writes": (CLAUDE | {"input_tokens": 1000, "cache_write_tokens": 1000, "cache_write_1h_tokens": 400, "output_tokens": 0}, "0.00465"),
    "explicit zeros are a price": (GPT5 | {"input_tokens": 0, "output_tokens": 0}, "0"),
    "billed counts are what is paid": (GPT5 | BOTH | {"billed_input_tokens": 500, "billed_output_tokens": 50}, "0.001125"),
    "no time, and one price for ever": (GPT5 | BOTH | {"started_at": None}, "0.00225"),
    "no start, but an end": (GPT5 | BOTH | {"started_at": None, "ended_at": "2026-05-01 12:00:00"}, "0.00225"),
}


def test_prices(price: Any) -> None:
    found = price({name: row for name, (row, _) in CASES.items()})
    assert found == {name: (Decimal(usd), "priced") for name, (_, usd) in CASES.items()}


CONTEXTS = [  # gpt-5.6-sol, input 300,000 and output 1,000, on 2026-11-01
    (None, "2.43"),
    ("default", "2.43"),
    ("batch", "1.215"),
    ("flex", "1.215"),
    ("SERVICE_TIER_PRIORITY", "4.86"),
    ("standard+fast", "4.86"),
]


def test_a_tier_and_a_large_prompt_multiply(price: Any) -> None:
    row = {"provider": "openai", "response_model": "gpt-5.6-sol", "started_at": "2026-11-01", "input_tokens": 300_000, "output_tokens": 1000}
    found = price({str(tier): row | {"service_tier": tier} for tier, _ in CONTEXTS})
    assert found == {str(tier): (Decimal(usd), "priced") for tier, usd in CONTEXTS}


SOL = {"provider": "openrouter", "response_model": "openai/gpt-5.6-sol", "input_tokens": 4020, "output_tokens": 5}
PASSED_ON = {  # costs that OpenRouter itself stated for such calls in July 2026
    "written to the cache": (SOL | {"started_at": "2026-07-17 11:05:12", "cache_write_tokens": 4012}, "0.025265"),
    "read from it": (SOL | {"started_at": "2026-07-17 11:05:13", "cache_read_tokens": 4012}, "0.002196"),
    "a large prompt, at OpenAI's price for those": (SOL | {"started_at": "2026-07-17", "input_tokens": 300_000}, "3.000225"),
    "today at OpenRouter's own": (SOL | {"started_at": "2026-11-01"}, "0.01618"),
}


def test_t28_a_price_that_a_router_passed_on_is_its_makers_price_of_that_day(price: Any) -> None:
    found = price({name: row for name, (row, _) in PASSED_ON.items()})
    assert found == {name: (Decimal(usd), "priced") for name, (_, usd) in PASSED_ON.items()}


BATCHES = {  # before the day the book lists them; t29
    "OpenAI, half": (GPT5 | BOTH | {"service_tier": "batch", "started_at": "2025-09-01"}, "0.001125"),
    "Anthropic, half, cache and all": (
        {"provider": "anthropic", "request_model": "claude-haiku-4-5", "service_tier": "batch", "started_at": "2026-01-01"}
        | {"input_tokens": 3000, "cache_read_tokens": 1000, "cache_write_tokens": 1000, "output_tokens": 100},
        "0.001425",
    ),
    "Gemini, half": ({"provider": "gcp.gemini", "request_model": "gemini-2.5-flash", "service_tier": "batch", "started_at": "2026-06-01"} | BOTH, "0.000275"),
    "xAI, four fifths: 12 + 192 cached + 83, as a real one was billed": (
        {"provider": "x-ai", "request_model": "grok-4.3", "service_tier": "batch", "started_at": "2026-08-10"}
        | {"input_tokens": 204, "cache_read_tokens": 192, "output_tokens": 83},
        "0.00020872",
    ),
    "at the price of that day": (
        {"provider": "openai", "request_model": "gpt-5.6-sol", "service_tier": "batch", "started_at": "2026-08-20 23:00:00"} | BOTH,
        "0.004",
    ),
    "a search costs the same": (CLAUDE | BOTH | {"service_tier": "batch", "web_searches": 1}, "0.01225"),
    "without a time, where the price never changed": (GPT5 | BOTH | {"service_tier": "batch", "started_at": None}, "0.001125"),
}


def test_t29_batches_before_the_book_lists_them_cost_what_they_did(price: Any) -> None:
    found = price({name: row for name, (row, _) in BATCHES.items()})
    assert found == {name: (Decimal(usd), "priced") for name, (_, usd) in BATCHES.items()}


REFUSED = {
    "unknown model": ({"provider": "openai", "request_model": "gpt-5.4-mini-2031-01-01"} | BOTH, "unknown_model"),
    "a name like a known one": ({"provider": "openai", "request_model": "gpt-5-foo"} | BOTH, "unknown_model"),
    "a fine-tuned model is not its base": ({"provider": "openai", "request_model": "ft:gpt-4o:acme::x"} | BOTH, "unknown_model"),
    "a placeholder for no model": ({"provider": "anthropic", "response_model": "<synthetic>"} | BOTH, "unknown_model"),
    "no model": ({"provider": "openai"} | BOTH, "unknown_model"),
    "unknown provider": ({"provider": "vllm", "request_model": "gpt-5"} | BOTH, "unknown_provider"),
    "a server that only speaks OpenAI": ({"provider": "openai-compatible", "request_model": "gpt-5"} | BOTH, "unknown_provider"),
    "open weights without a provider": ({"request_model": "llama-3.3-70b"} | BOTH, "unknown_provider"),
    "nothing at all": (BOTH, "unknown_model"),
    "a model without prices": ({"provider": "google", "request_model": "gemma-3"} | BOTH, "unpriced_model"),
    "a tier without a price then": (GPT5 | BOTH | {"service_tier": "flex", "started_at": "2026-01-01"}, "context_unpriced"),
    "batches of a model that has none": (
        {"provider": "openai", "request_model": "text-embedding-3-small", "service_tier": "batch", "input_tokens": 5, "output_tokens": 0},
        "context_unpriced",
    ),
    "a tier nobody knows": (GPT5 | BOTH | {"service_tier": "ludicrous"}, "context_unpriced"),
    "capacity": (GPT5 | BOTH | {"service_tier": "PROVISIONED_THROUGHPUT"}, "capacity"),
    "capacity by its name": ({"provider": "aws", "request_model": "arn:aws:bedrock:us-east-1:1:provisioned-model/abcd"} | BOTH, "capacity"),
    "no usage": (GPT5, "usage_missing"),
    "no usage of an unknown model": ({"provider": "openai", "request_model": "nope"}, "usage_missing"),
    "a search is no usage": (GPT5 | {"web_searches": 1}, "usage_missing"),
    "no output count": (GPT5 | {"input_tokens": 10}, "partial_usage"),
    "no input count": (GPT5 | {"output_tokens": 10}, "partial_usage"),
    "cached without input": (GPT5 | {"cache_read_tokens": 10, "output_tokens": 1}, "partial_usage"),
    "image split unknown": ({"provider": "google", "request_model": "gemini-2.5-flash-image"} | BOTH, "partial_usage"),
    "audio split unknown": ({"provider": "openai", "request_model": "gpt-realtime"} | BOTH, "partial_usage"),
    "video is not counted": ({"provider": "google", "request_model": "gemini-omni-flash-preview"} | BOTH, "partial_usage"),
    "negative": (GPT5 | {"input_tokens": -1, "output_tokens": 1}, "invalid_usage"),
    "more than a call can have": (GPT5 | {"input_tokens": 10**12, "output_tokens": 1}, "invalid_usage"),
    "more money than the column holds": (GPT5 | {"input_tokens": 10**12 - 1, "output_tokens": 1}, "invalid_usage"),
    "cached more than sent": (GPT5 | BOTH | {"cache_read_tokens": 1001}, "invalid_usage"),
    "read and written more than sent": (CLAUDE | BOTH | {"cache_read_tokens": 600, "cache_write_tokens": 600}, "invalid_usage"),
    "one hour writes without writes": (CLAUDE | BOTH | {"cache_write_1h_tokens": 5}, "invalid_usage"),
    "overlap of cached and audio unknown": (
        {"provider": "google", "request_model": "gemini-2.5-flash"} | BOTH | {"cache_read_tokens": 5, "audio_input_tokens": 5},
        "invalid_usage",
    ),
    "a fee that depends on the search": ({"provider": "perplexity", "request_model": "sonar"} | BOTH, "partial_usage"),
    "no time, and a price that changed": ({"provider": "openai", "request_model": "gpt-5.6-sol", "started_at": None} | BOTH, "time_missing"),
    "no time, and a price by the hour": ({"provider": "deepseek", "request_model": "deepseek-chat", "started_at": None} | BOTH, "time_missing"),
}


def test_no_price_is_null_with_a_reason(price: Any) -> None:
    found = price({name: row for name, (row, _) in REFUSED.items()})
    assert found == {name: (None, status) for name, (_, status) in REFUSED.items()}


def test_a_stated_cost_is_kept_beside_and_never_taken_for_ours(con: duckdb.DuckDBPyConnection, price: Any) -> None:
    found = price({name: row | {"reported_usd": Decimal("0.5")} for name, (row, _) in REFUSED.items()})
    assert found == {name: (None, status if status == "invalid_usage" else "reported_only") for name, (_, status) in REFUSED.items()}
    assert con.execute("select distinct reported_usd from calls").fetchall() == [(Decimal("0.5"),)]


def test_a_stated_cost_does_not_replace_a_price(price: Price) -> None:
    assert price(GPT5 | BOTH | {"reported_usd": Decimal("0.5")}) == (Decimal("0.00225"), "priced")


LOWER_BOUNDS: list[tuple[dict[str, Any], str]] = [  # counts that are not final; a search the book has no price for
    (GPT5 | BOTH | {"usage_status": "partial"}, "0.00225"),
    ({"provider": "deepseek", "request_model": "deepseek-chat", "web_searches": 2} | BOTH, "0.00038"),
    ({"provider": "openrouter", "request_model": "google/gemini-2.5-pro", "image_output_tokens": 50} | BOTH, "0.00225"),
]


@pytest.mark.parametrize(("row", "usd"), LOWER_BOUNDS)
def test_what_is_not_all_is_marked(price: Price, row: dict[str, Any], usd: str) -> None:
    assert price(row) == (Decimal(usd), "lower_bound")


CACHE_HITS = [
    ({"app_cache": "hit"}, "app_cache_hit"),
    ({"app_cache": "hit", "cache_kind": "semantic"}, "app_cache_hit"),
    ({"app_cache": "hit", "cache_kind": "embedding", "operation": "embeddings"}, "app_cache_hit"),
    ({"app_cache": "hit", "cache_kind": "embedding", "operation": "chat"}, "priced"),
    ({"app_cache": "hit", "cache_kind": "retrieval"}, "priced"),
    ({"app_cache": "miss"}, "priced"),
    ({"app_cache": None}, "priced"),
]


def test_an_answer_from_the_own_cache_costs_nothing(price: Any) -> None:
    found = price({str(i): GPT5 | BOTH | cache for i, (cache, _) in enumerate(CACHE_HITS)})
    usd = {"app_cache_hit": Decimal(0), "priced": Decimal("0.00225")}
    assert found == {str(i): (usd[status], status) for i, (_, status) in enumerate(CACHE_HITS)}


def test_a_cache_hit_without_usage_or_model_costs_nothing_too(price: Price) -> None:
    assert price({"app_cache": "hit"}) == (Decimal(0), "app_cache_hit")


def test_an_embedding_needs_no_output_count(price: Price) -> None:
    assert price({"provider": "openai", "request_model": "text-embedding-3-small", "input_tokens": 1000}) == (Decimal("0.00002"), "priced")


def test_the_exact_price_survives_more_than_twelve_decimals(price: Price) -> None:
    """A third of a unit per million: 1,000,000 cache writes at 0.08333... are 0.0833333333333, not 0.083333."""
    row = {
        "provider": "openrouter",
        "request_model": "google/gemini-2.5-flash-lite",
        "input_tokens": 1_000_000,
        "cache_write_tokens": 1_000_000,
        "output_tokens": 0,
    }
    usd, status = price(row)
    assert status == "priced"
    assert usd is not None
    assert str(usd).startswith("0.08333333333")


def test_a_later_ingest_prices_only_its_own_calls_and_reuses_plans(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    load(GPT5 | BOTH)
    assert price_calls(con, 1).new_plans == 1
    con.execute("update price_rates set input_rate = 1")  # a plan that is there is pinned, whatever the installed book says
    load(GPT5 | BOTH, GPT5 | BOTH | {"call_id": "other"}, ingest_id=2)
    summary = price_calls(con, 2)
    assert (summary.new_plans, summary.calls, summary.by_status) == (0, 2, {"priced": 2})
    assert con.execute("select cost_usd from calls order by ingest_id").fetchall() == [(Decimal("0.00225"),), (Decimal("1000.001"),), (Decimal("1000.001"),)]


def test_calls_whose_price_was_taken_away_are_priced_again(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    load(GPT5 | BOTH)
    price_calls(con)
    con.execute("update call_rows set cost_usd = null, rate_id = null, input_tokens = 2000")
    assert price_calls(con).usd == Decimal("0.0035")


def test_the_price_book_is_not_loaded_when_every_name_has_its_plan(tmp_path: Path) -> None:
    """Half a second of every ingest."""
    con = database.open_for_write(tmp_path / "calls.duckdb")
    insert(con, [GPT5 | BOTH], 1)
    price_calls(con, 1)
    con.execute("update call_rows set cost_usd = null")
    con.close()
    lines = (
        "import sys; from pathlib import Path; from llmlogs.store import database; from llmlogs.pricing import price_calls",
        "con = database.open_for_write(Path(sys.argv[1])); summary = price_calls(con); con.close()",
        "print(summary.by_status, 'genai_prices' in sys.modules)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines), str(tmp_path / "calls.duckdb")], capture_output=True, text=True, check=True)
    assert done.stdout == "{'priced': 1} False\n"


def test_an_empty_database_has_nothing_to_price(con: duckdb.DuckDBPyConnection) -> None:
    summary = price_calls(con)
    assert (summary.calls, summary.usd, summary.new_plans) == (0, Decimal(0), 0)


def test_pricing_is_part_of_the_transaction_it_runs_in(con: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> None:
    con.execute("begin")
    load(GPT5 | BOTH)
    price_calls(con, 1)
    con.execute("rollback")
    assert con.execute("select (select count(*) from call_rows), (select count(*) from price_plans), (select count(*) from price_rates)").fetchall() == [
        (0, 0, 0)
    ]


def test_an_hour_ends_at_its_last_microsecond(price: Any) -> None:
    """DeepSeek's peak hours end at 04:00 UTC."""
    row = {"provider": "deepseek", "response_model": "deepseek-v4-flash", "input_tokens": 1_000_000, "output_tokens": 0}
    times = {"last of peak": "03:59:59.999999", "first after": "04:00:00", "in peak": "02:00:00", "noon": "12:00:00"}
    found = price({name: row | {"started_at": f"2026-12-31 {clock}"} for name, clock in times.items()})
    assert found["last of peak"] == found["in peak"] != found["first after"] == found["noon"]


DEEPSEEK = [  # a million tokens of input: what V4 Flash cost by the hour, over its changes
    ("2026-08-15 02:00:00", "0.14"),
    ("2026-08-17 02:00:00", "0.44"),
    ("2026-08-17 05:00:00", "0.22"),
    ("2026-08-22 09:59:59.999999", "0.44"),  # a Saturday before weekends were free of peaks
    ("2026-08-23 02:00:00", "0.22"),  # a Sunday
    ("2026-08-24 02:00:00", "0.44"),
    ("2026-09-10 02:00:00", "0.3"),
    ("2026-09-12 02:00:00", "0.15"),
    ("2026-09-14 12:00:00", "0.15"),
]


def test_peak_hours_are_for_some_days_and_not_for_the_time_before_them(price: Any) -> None:
    row = {"provider": "deepseek", "response_model": "deepseek-v4-flash", "input_tokens": 1_000_000, "output_tokens": 0}
    found = price({instant: row | {"started_at": instant} for instant, _ in DEEPSEEK})
    assert found == {instant: (Decimal(usd), "priced") for instant, usd in DEEPSEEK}


def test_every_status_is_explained() -> None:
    """Statuses of the cases above are in the table people read."""
    used = {status for _, status in REFUSED.values()} | {"priced", "lower_bound", "app_cache_hit", "reported_only", "free", "out_of_book_dates"}
    assert used == set(MEANING)
