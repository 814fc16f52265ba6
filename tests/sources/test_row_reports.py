"""Daily sums of OpenRouter, Cursor, DeepSeek and LiteLLM."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import Bills, broken, by_kind, outcomes, rows

from llmlogs import sources
from llmlogs.sources.base import Head
from llmlogs.sources.cursor_usage import SOURCE as CURSOR
from llmlogs.sources.deepseek_usage import SOURCE as DEEPSEEK
from llmlogs.sources.litellm_daily import SOURCE as LITELLM
from llmlogs.sources.openrouter_activity import SOURCE as OPENROUTER

EVENT: dict[str, Any] = {
    "Date": "2026-01-05T10:00:00.123Z", "Kind": "On-Demand", "Model": "claude-4.5-sonnet", "Max Mode": "Yes", "Input (w/ Cache Write)": "1,200",
    "Input (w/o Cache Write)": "10", "Cache Read": "5000", "Output Tokens": "300", "Total Tokens": "6510", "Cost": "$0.12",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "want", "issues"),
    [
        ({}, {"input": 10, "cache_write": 1200, "cache_read": 5000, "output": 300}, 0),  # the written ones alone
        ({"Total Tokens": "6500"}, {"input": 10, "cache_write": 1190, "cache_read": 5000, "output": 300}, 0),  # all uncached ones
        ({"Total Tokens": "5310"}, {"input": 10, "cache_read": 5000, "output": 300}, 1),  # the total leaves the written ones out
        ({"Total Tokens": "1"}, {"input": 10, "cache_write": 1200, "cache_read": 5000, "output": 300}, 1),
        ({"Total Tokens": None}, {"input": 10, "cache_write": 1200, "cache_read": 5000, "output": 300}, 0),
    ],
)
def test_cursor_the_total_tells_what_its_columns_hold(change: dict[str, Any], want: dict[str, int], issues: int) -> None:
    (outcome,) = outcomes(CURSOR, [EVENT | change])
    assert by_kind(outcome.rows["usage_buckets"]) == want
    assert len(outcome.issues) == issues


@pytest.mark.parametrize(
    ("change", "amount", "charge"),
    [
        ({}, Decimal("0.12"), None),
        ({"Kind": "Included", "Cost": "0.49"}, Decimal("0.49"), "included"),
        ({"Kind": "Included", "Cost": "Included"}, None, "included"),
        ({"Kind": "Errored, No Charge", "Cost": "Free"}, None, "included"),
        ({"Cost": None}, None, None),
        ({"Cost": "0"}, Decimal(0), None),
    ],
)
def test_cursor_a_cost_may_be_a_word(change: dict[str, Any], amount: Decimal | None, charge: str | None) -> None:
    found = rows(CURSOR, EVENT | change)
    assert [row["amount_usd"] for row in found if "amount_usd" in row] == ([] if amount is None else [amount])
    assert {row.get("charge") for row in found} == {charge}


DAY = {"Date": "2026-05-12 00:00:00", "Slug": "anthropic/claude-opus-4.7", "Usage": "43.07", "BYOK Usage": "1.5", "Requests": "41", "Prompt Tokens": "700",
       "Completion Tokens": "300", "Reasoning Tokens": "120"}  # fmt: skip
API_DAY = {"date": "2026-05-12", "model": "anthropic/claude-opus-4.7", "model_permaslug": "anthropic/claude-4.7-opus-20260401", "endpoint_id": "e1",
           "provider_name": "Anthropic", "usage": 43.07, "byok_usage_inference": 0, "requests": 41, "prompt_tokens": 700, "completion_tokens": 300,
           "reasoning_tokens": 120}  # fmt: skip


def test_openrouter_reasoning_is_within_the_output_and_own_keys_cost_apart() -> None:
    found = rows(OPENROUTER, DAY)
    assert by_kind(found) == {"input": 700, "output": 300}
    assert by_kind(found, "requests") == {None: 41}
    assert [(row.get("amount_usd"), row.get("list_usd"), row.get("charge")) for row in found if row["kind"] == "cost"] == [
        (Decimal("43.07"), None, None),
        (None, Decimal("1.5"), "byok"),
    ]
    assert {(row["bucket_start"], row["bucket_end"]) for row in found} == {(datetime(2026, 5, 12), datetime(2026, 5, 13))}
    page = outcomes(OPENROUTER, [{"data": [API_DAY, API_DAY | {"endpoint_id": "e2"}]}])
    assert [(outcome.kind, outcome.nested) for outcome in page] == [("other", False), ("other", True)]
    assert len({row["bucket_id"] for outcome in page for row in outcome.rows["usage_buckets"]}) == 2


def deepseek(kind: str, amount: str) -> dict[str, Any]:
    return {"user_id": "u", "start_time_iso": "2026-01-05T00:00:00Z", "end_time_iso": "2026-01-05T01:00:00Z", "model": "deepseek-chat", "api_key_name": "mine",
            "api_key": "sk-***abc", "type": kind, "price": "0.0000002", "amount": amount}  # fmt: skip


def test_deepseek_is_long_and_adds_up(tmp_path: Path) -> None:
    kinds = {"input_cache_hit_tokens": 70, "input_cache_miss_tokens": 30, "output_tokens": 9, "request_count": 2}
    lines = [deepseek(kind, str(amount)) for kind, amount in kinds.items()]
    text = "\ufeff" + "\r\n".join([",".join(lines[0]), *(",".join(line.values()) for line in lines)]) + "\r\n"
    cost = "\ufeffutc_date,model,wallet_type,cost,currency\r\n2026-01-05,deepseek-chat,topped-up,0.5,CNY\r\n2026-01-05,deepseek-chat,granted,0.25,USD\r\n"
    bills = Bills(tmp_path)
    report = bills.ingest(bills.write("amount-2026-1.csv", text), bills.write("cost-2026-1.csv", cost))
    assert {file.source for file in report.files} == {"deepseek_usage"}
    assert bills.ask("select token_kind, tokens, requests from usage_buckets where kind = 'usage' order by all") == [
        ("cache_read", 70, None),
        ("input", 30, None),
        ("output", 9, None),
        (None, None, 2),
    ]
    assert bills.ask("select amount_usd::double, amount::double, currency from usage_buckets where kind = 'cost' order by all") == [
        (0.25, None, None),
        (None, 0.5, "CNY"),
    ]
    assert bills.ask("select count(*) from usage_buckets where bucket_end - bucket_start = interval 1 hour") == [(4,)]


SUMS = {"id": "1", "user_id": "u", "date": "2026-01-05", "api_key": "k", "model": "gpt-5-mini", "model_group": "chat",
        "custom_llm_provider": "openai",
        "prompt_tokens": 900, "completion_tokens": 100, "cache_read_input_tokens": 400, "cache_creation_input_tokens": 50,
        "spend": 0.01, "api_requests": 3}  # fmt: skip


def test_litellm_prompt_tokens_include_the_cache() -> None:
    found = rows(LITELLM, SUMS)
    assert by_kind(found) == {"input": 450, "cache_read": 400, "cache_write": 50, "output": 100}
    assert by_kind(found, "requests") == {None: 3}
    assert {row["report"] for row in found} == {"litellm.daily_user_spend"}
    assert {row["report"] for row in rows(LITELLM, SUMS | {"team_id": "t"})} == {"litellm.daily_team_spend"}


ALL = [(CURSOR, EVENT), (OPENROUTER, DAY), (OPENROUTER, API_DAY), (DEEPSEEK, deepseek("output_tokens", "1")), (LITELLM, SUMS)]


@pytest.mark.parametrize(("source", "record"), ALL)
def test_detection_and_nonsense(source: Any, record: dict[str, Any]) -> None:
    assert sources.find(Head("x", "csv", (record,), tuple(record)))[0][0] is source
    assert sources.find(Head("x", "ndjson", (record,)))[0][0] is source
    outcomes(source, broken(record))
    outcomes(source, [None, 3, "x", [], {}, {"data": None}, {"data": []}])


def test_generations_are_not_daily_sums() -> None:
    columns = ("generation_id", "created_at", "cost_total", "tokens_prompt", "tokens_completion", "model_permaslug")
    assert OPENROUTER.detect(Head("x.csv", "csv", (), columns)) is None


@pytest.mark.parametrize(
    "name", ["openai_bills", "anthropic_bills", "focus", "aws_cur", "openrouter_activity", "cursor_usage", "deepseek_usage", "litellm_daily"]
)
def test_samples_are_read_as_they_say(name: str) -> None:
    source = sources.get(name)
    assert source.samples
    for sample in source.samples:
        record = json.loads(sample.lines)
        assert Counter(outcome.kind for outcome in outcomes(source, [record])) == sample.counts
        assert sources.find(Head("x", "ndjson", (record,)))[0][0].name == name


@pytest.mark.shared
def test_the_reports_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/provider/billing"
    bills = Bills(tmp_path)
    bills.ingest(str(folder / "cursor_usage_events.csv"), str(folder / "openrouter_daily_activity.csv"))
    for name, report, wanted in (
        ("cursor_usage_events.csv", "cursor.usage", {"tokens": ("Total Tokens",), "amount_usd": ("Cost",)}),
        (
            "openrouter_daily_activity.csv",
            "openrouter.activity",
            {"tokens": ("Prompt Tokens", "Completion Tokens"), "requests": ("Requests",), "amount_usd": ("Usage",)},
        ),
    ):
        with (folder / name).open() as file:
            listed = list(csv.DictReader(file))
        for measure, columns in wanted.items():
            want = sum(Decimal(row[column]) for row in listed for column in columns)
            assert bills.ask(f"select sum({measure}) from usage_buckets where report = '{report}'") == [(want,)], (name, measure)
