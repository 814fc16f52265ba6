"""Cases from real bugs of other tools, by their number: what it costs. The prices are those of the book that is named here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.cases.log import Logs

BOOK = "0.2.3"
CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-4-5-20250929"}


@pytest.fixture(autouse=True)
def book(logs: Logs) -> Any:
    """After each case: the price book is the one the numbers are of."""
    yield
    if logs.db.exists():
        assert {version for (version,) in logs.ask("select version from price_books where source = 'genai-prices'")} <= {BOOK}


def call(at: str = "2026-06-01T10:00:00Z", **columns: Any) -> dict[str, Any]:
    return {"format": "llmlogs/1", "timestamp": at, "input_tokens": 1000, "output_tokens": 100} | columns


def cost(logs: Logs, **columns: Any) -> Decimal | None:
    """What one call costs, from a log in llmlogs' own format."""
    logs.read(call(**columns))
    found: Decimal | None = logs.ask("select cost_usd from calls order by ingest_id desc limit 1")[0][0]
    return found


def test_t03_cache_writes_are_paid_once(logs: Logs) -> None:
    paid = cost(logs, provider="anthropic", model="claude-3-7-sonnet-20250219", input_tokens=12_307, cache_write_tokens=12_304, output_tokens=550)
    assert paid == Decimal("0.054399")


def test_t04_exclusive_input_of_bedrock_is_never_negative(logs: Logs) -> None:
    """3 of input, 25 written, 13,216 read, 12 of output, in a region: a tenth above the world's price."""
    usage = {"inputTokens": 3, "outputTokens": 12, "totalTokens": 13_256, "cacheReadInputTokens": 13_216, "cacheWriteInputTokens": 25}
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "done"}]}},
        "stopReason": "end_turn",
        "usage": usage,
        "metrics": {"latencyMs": 800},
    }
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    logs.read({"ts": "2026-06-01T10:00:00Z", "request": {"url": url, "method": "POST"}, "response": body, "status": 200})
    assert logs.one("input_tokens, cost_usd") == (13_244, Decimal("0.004672305"))


def test_t05_hot_costs_less_than_cold(logs: Logs) -> None:
    cold = cost(logs, provider="openai", model="gpt-5.4-mini", input_tokens=2422, output_tokens=4, call_id="cold")
    hot = cost(logs, provider="openai", model="gpt-5.4-mini", input_tokens=2422, cache_read_tokens=2304, output_tokens=4, call_id="hot")
    assert (cold, hot) == (Decimal("0.0018345"), Decimal("0.0002793"))


def test_t24_the_tier_goes_by_the_whole_prompt(logs: Logs) -> None:
    """150,000 sent and 100,000 read from the cache are above 200,000: all of it at the higher price."""
    assert cost(logs, **CLAUDE, input_tokens=250_000, cache_read_tokens=100_000, output_tokens=1000) == Decimal("0.9825")


def test_t25_a_sum_of_small_calls_pays_no_tier(logs: Logs) -> None:
    """40 calls of 50,000 tokens, each priced alone: not one of 2,000,000."""
    logs.read(*[call(f"2026-06-01T10:00:{n:02d}Z", **CLAUDE, input_tokens=50_000, output_tokens=0) for n in range(40)])
    assert logs.ask("select sum(cost_usd) from calls") == [(Decimal(6),)]


@pytest.mark.parametrize(("at", "expected"), [("2026-03-12T23:59:59Z", 3), ("2026-03-13T00:00:00Z", Decimal("1.5"))])
def test_t26_the_surcharge_ends_on_its_day(logs: Logs, at: str, expected: Decimal) -> None:
    assert cost(logs, at=at, provider="anthropic", model="claude-opus-4-6", input_tokens=300_000, output_tokens=0) == expected


@pytest.mark.parametrize("at", ["2026-08-31T23:59:59Z", "2026-09-01T00:00:00Z"])
def test_t27_sonnet_5_kept_its_first_price(logs: Logs, at: str) -> None:
    """The rise to 3 and 15 dollars that was announced for September 2026 was cancelled; the book has 2 and 10 on both days."""
    assert cost(logs, at=at, provider="anthropic", model="claude-sonnet-5") == Decimal("0.003")


@pytest.mark.parametrize(("at", "expected"), [("2026-08-20T23:00:00Z", "0.00575"), ("2026-08-21T00:00:00Z", "0.0042")])
def test_t28_a_price_cut_holds_from_its_day(logs: Logs, at: str, expected: str) -> None:
    assert cost(logs, at=at, provider="openai", model="gpt-5.6-sol", cache_read_tokens=500) == Decimal(expected)


@pytest.mark.parametrize(("tier", "factor"), [("default", "1"), ("batch", "0.5"), ("flex", "0.5"), ("priority", "2")])
def test_t29_a_tier_has_a_price_of_its_own(logs: Logs, tier: str, factor: str) -> None:
    """gpt-5.6-sol in November 2026: half in batch and flex, twice with priority."""
    standard = Decimal("1000") * 4 / 10**6 + Decimal("100") * 20 / 10**6
    assert cost(logs, at="2026-11-01T10:00:00Z", provider="openai", model="gpt-5.6-sol", service_tier=tier) == standard * Decimal(factor)


def test_t30_the_tier_that_served_wins_over_the_one_that_was_asked_for(logs: Logs) -> None:
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_793_527_200, "model": "gpt-5.6-sol", "service_tier": "default",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done"}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }  # fmt: skip
    request = {"url": "https://api.openai.com/v1/chat/completions", "body": {"model": "gpt-5.6-sol", "service_tier": "flex", "messages": []}}
    logs.read({"ts": "2026-11-01T10:00:00Z", "request": request, "response": body, "status": 200})
    assert logs.one("service_tier, cost_usd") == ("default", Decimal("0.006"))


def test_t31_web_searches_are_paid_by_the_search(logs: Logs) -> None:
    assert cost(logs, **CLAUDE, web_searches=100) == Decimal("0.0045") + 1


@pytest.mark.parametrize("model", ["gpt-5.4-mini-of-the-future-9", "my-own-finetune"])
def test_t32_an_unknown_model_has_no_price_and_is_listed(logs: Logs, model: str) -> None:
    assert cost(logs, provider="openai", model=model) is None
    assert logs.one("cost_status") == "unknown_model"
    assert logs.ask("select request_model, status from price_plans") == [(model, "unknown_model")]


def test_t34_an_answer_of_ones_own_cache_costs_nothing(logs: Logs) -> None:
    assert cost(logs, **CLAUDE, app_cache="hit") == 0
    assert logs.one("cost_status, input_tokens, output_tokens") == ("app_cache_hit", 1000, 100)


def test_t35_a_cost_report_of_anthropic_is_in_cents(logs: Logs) -> None:
    row = {"currency": "USD", "amount": "845.72", "workspace_id": None, "description": "Claude Sonnet 4.5 Usage - Input Tokens", "cost_type": "tokens"}
    row |= {"context_window": "0-200k", "model": "claude-sonnet-4-5-20250929", "service_tier": "standard", "token_type": "uncached_input_tokens"}
    day = {"starting_at": "2026-06-01T00:00:00Z", "ending_at": "2026-06-02T00:00:00Z", "results": [row]}
    logs.read({"data": [day], "has_more": False, "next_page": None}, name="logs/cost_report.json")
    assert logs.ask("select sum(amount_usd) from usage_buckets") == [(Decimal("8.4572"),)]
    assert logs.ask("select count(*) from calls") == [(0,)]
