"""Scenarios against genai-prices, called row by row with counts made in plain Python."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest
from genai_prices import Usage, calc_price

from llmlogs.pack import rows
from llmlogs.pricing import price_calls
from llmlogs.stats import Inputs, tier_prices, what_if

MODELS = (("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"))
AT = datetime(2026, 11, 20, 12)  # by then the book lists batch prices
Call = dict[str, Any]


def some_calls(seed: int, count: int) -> list[Call]:
    """Calls of three vendors, with parts of every kind and prompts around the long-context bracket."""
    draw, made = random.Random(seed), []
    for _ in range(count):
        provider, model = draw.choice(MODELS)
        whole, answer = draw.choice([draw.randrange(1200, 30_000), draw.randrange(190_000, 215_000)]), draw.randrange(2000)
        read = draw.choice([0, draw.randrange(whole // 2)])
        write = draw.choice([0, draw.randrange(whole // 3)]) if provider == "anthropic" else 0
        call = {
            "provider": provider,
            "request_model": model,
            "input_tokens": whole,
            "output_tokens": answer,
            "cache_read_tokens": read,
            "cache_write_tokens": write,
        }
        made.append(call | {"reasoning_tokens": draw.choice([0, answer // 3]), "started_at": AT, "feature": "f", "sample_weight": draw.choice([1.0, 2.0])})
    return made


def genai(call: Call, provider: str, model: str, counts: dict[str, int], tier: dict[str, str] | None = None) -> Decimal:
    names = {
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_tokens": "cache_read_tokens",
        "cache_write_tokens": "cache_write_tokens",
    }
    usage = Usage(**{name: (call | counts)[column] for column, name in names.items()})
    return calc_price(usage, model, provider_id=provider, genai_request_timestamp=call["started_at"].replace(tzinfo=UTC), price_context=tier or {}).total_price


def rounded(number: float) -> int:
    return int(Decimal(repr(number)).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return some_calls(5, 400)


@pytest.fixture(scope="module")
def con(calls: list[Call], tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("without own prices"))
    connection = rows.database()
    rows.insert(connection, "calls", calls)
    price_calls(connection)
    yield connection
    connection.close()
    patch.undo()


def asked(con: duckdb.DuckDBPyConnection, **scenario: Any) -> list[dict[str, Any]]:
    for name in what_if.NAMES:
        con.execute(f"reset variable {name}")
    for name, value in scenario.items():
        con.execute(f"set variable {name} = $1", [value])
    what_if.compute(con, Inputs())
    found = con.execute("from stat_what_if")
    return [dict(zip([c[0] for c in found.description], row, strict=True)) for row in found.fetchall()]


def total(found: list[dict[str, Any]], name: str) -> float:
    return sum(row[name] for row in found)


@pytest.mark.parametrize(("factor", "level"), [(1.05, "low"), (1.2, "base"), (1.35, "high")])
def test_another_model_with_shorter_answers_costs_what_its_own_tokens_cost_there(
    con: duckdb.DuckDBPyConnection, calls: list[Call], factor: float, level: str
) -> None:
    """gpt-4o to Claude: the lowest guess of tokens keeps the cache, the highest has none."""
    found = asked(con, models="gpt-4o=anthropic/claude-haiku-4-5", output_factor=0.8)
    think = {"low": 0.5, "base": 1.0, "high": 2.0}[level]
    expected, fits = 0.0, 0.0
    for call in (call for call in calls if call["request_model"] == "gpt-4o"):
        base = rounded(call["input_tokens"] * 1.2) + rounded(call["output_tokens"] * 1.2 * 0.8)
        if base > 200_000:
            continue
        whole, text = rounded(call["input_tokens"] * factor), call["output_tokens"] - call["reasoning_tokens"]
        read = 0 if level == "high" or whole < 4096 else rounded(call["cache_read_tokens"] * factor)
        answer = rounded(text * factor * 0.8) + rounded(call["reasoning_tokens"] * factor * think * 0.8)
        counts = {"input_tokens": whole, "cache_read_tokens": read, "cache_write_tokens": 0, "output_tokens": answer}
        expected += call["sample_weight"] * float(genai(call, "anthropic", "claude-haiku-4-5", counts))
        fits += call["sample_weight"]
    assert (len(found), total(found, "fits_n")) == (1, fits)
    assert 0 < fits < total(found, "n")
    assert total(found, f"{level}_usd") == pytest.approx(expected, rel=2e-6)  # halves may round either way


def test_without_a_cache_each_call_costs_its_tokens_at_the_plain_rate(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    found = asked(con, cache="none")
    plain = {"cache_read_tokens": 0, "cache_write_tokens": 0}
    expected = sum(call["sample_weight"] * float(genai(call, call["provider"], call["request_model"], plain)) for call in calls)
    assert total(found, "base_usd") == total(found, "low_usd") == pytest.approx(expected, rel=1e-9)
    saved = con.execute("select sum(read_n * (r_in - r_read) - write_n * (r_write - r_in) - hour_n * (r_hour - r_in)) from call_charges").fetchall()[0][0]
    assert total(found, "base_usd") - total(found, "now_usd") == pytest.approx(saved, rel=1e-9)


def test_nothing_changed_costs_the_same_and_nothing_asked_is_no_row(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    assert asked(con) == []
    paid = sum(call["sample_weight"] * float(genai(call, call["provider"], call["request_model"], {})) for call in calls)
    same = asked(con, models="gpt-4o=openai/gpt-4o")
    assert total(same, "base_usd") == total(same, "now_usd")
    assert total(asked(con, tier="default"), "now_usd") == pytest.approx(paid, rel=1e-9)


def test_shorter_prompts_cross_back_under_the_long_context_bracket(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    """All alike: cached and fresh tokens shrink by the same share."""
    expected = 0.0
    for call in calls:
        whole = rounded(call["input_tokens"] * 0.9)
        share = whole / call["input_tokens"]
        read = rounded(call["cache_read_tokens"] * share)
        write = rounded(min(call["cache_write_tokens"] * share, whole - read))
        counts = {"input_tokens": whole, "cache_read_tokens": read, "cache_write_tokens": write}
        expected += call["sample_weight"] * float(genai(call, call["provider"], call["request_model"], counts))
    found = asked(con, input_factor=0.9)
    assert total(found, "base_usd") == pytest.approx(expected, rel=2e-6)
    assert total(found, "low_usd") <= total(found, "base_usd") <= total(found, "high_usd") <= total(found, "now_usd")


def test_batch_prices_are_the_books(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    tier_prices.compute(con, Inputs())
    ((found, priced, every),) = con.execute("select sum(new_usd), sum(priced_n), sum(n) from stat_tiers where tier = 'batch'").fetchall()
    assert priced == every == sum(call["sample_weight"] for call in calls)
    batch = sum(call["sample_weight"] * float(genai(call, call["provider"], call["request_model"], {}, {"processing": "batch"})) for call in calls)
    assert found == pytest.approx(batch, rel=1e-9)
