"""Anthropic's usage and cost reports: cents, uncached input, two spellings of a model."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import Bills, broken, by_kind, outcomes, rows

from llmlogs import sources
from llmlogs.sources.anthropic_bills import SOURCE
from llmlogs.sources.anthropic_bills.console import model_id
from llmlogs.sources.base import Head

MESSAGES: dict[str, Any] = {
    "uncached_input_tokens": 1500, "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500}, "cache_read_input_tokens": 200,
    "output_tokens": 700, "server_tool_use": {"web_search_requests": 4}, "api_key_id": "apikey_made_up", "workspace_id": "wrkspc_made_up",
    "model": "claude-opus-4-6", "service_tier": "standard", "context_window": "0-200k", "inference_geo": "not_available",
}  # fmt: skip
COST: dict[str, Any] = {
    "amount": "845.72", "currency": "USD", "cost_type": "tokens", "token_type": "cache_creation.ephemeral_5m_input_tokens", "model": "claude-opus-4-6",
    "description": "Claude Opus 4.6 Usage", "service_tier": "batch", "context_window": "200k-1M", "workspace_id": None,
}  # fmt: skip
CODE_DAY: dict[str, Any] = {
    "date": "2026-01-05T00:00:00Z", "actor": {"type": "user_actor", "email_address": "someone@example.com"}, "organization_id": "org", "customer_type": "api",
    "terminal_type": "vscode", "core_metrics": {"num_sessions": 3},
    "model_breakdown": [
        {"model": "claude-sonnet-4-5", "tokens": {"input": 100, "output": 35, "cache_read": 10, "cache_creation": 5},
         "estimated_cost": {"currency": "USD", "amount": 1025}},
        {"model": "claude-haiku-4-5", "tokens": {"input": 1, "output": 2, "cache_read": 0, "cache_creation": 0}, "estimated_cost": {"amount": 3}},
    ],
}  # fmt: skip


def bucket(*results: Any, start: str = "2026-01-01T00:00:00Z", end: str = "2026-01-02T00:00:00Z") -> dict[str, Any]:
    return {"starting_at": start, "ending_at": end, "results": list(results)}


def page(*buckets: Any) -> dict[str, Any]:
    return {"data": list(buckets), "has_more": False, "next_page": None}


def test_messages_count_each_kind_once() -> None:
    found = rows(SOURCE, page(bucket(MESSAGES)))
    want = {"input": 1500, "cache_read": 200, "cache_write_5m": 500, "cache_write_1h": 1000, "output": 700}
    assert by_kind(found) == want
    assert [(row["quantity"], row["unit"]) for row in found if "quantity" in row] == [(4.0, "web_searches")]
    assert not any("requests" in row for row in found)  # the report has none
    assert {(row.get("region"), row["project"], row["context_window"]) for row in found} == {(None, "wrkspc_made_up", "0-200k")}


def test_t35_the_cost_report_is_in_cents() -> None:
    """845.72 for 2,255,253 tokens of five-minute cache writes: at $3.75 a million that is $8.4572, and $845.72 would be a hundred times the price."""
    (row,) = rows(SOURCE, page(bucket(COST)))
    assert row["amount_usd"] == Decimal("8.4572")
    by_tokens = Decimal(2_255_253) * Decimal("3.75") / 10**6
    assert abs(row["amount_usd"] - by_tokens) < Decimal("0.0001")
    assert (row["kind"], row["token_kind"], row["service_tier"], row["context_window"]) == ("cost", "cache_write_5m", "batch", "200k-1M")


def test_claude_code_is_an_estimate_of_cents_a_model() -> None:
    found = rows(SOURCE, page(CODE_DAY))
    assert [(row["model"], row["list_usd"], row.get("amount_usd")) for row in found if row["kind"] == "cost"] == [
        ("claude-sonnet-4-5", Decimal("10.25"), None),
        ("claude-haiku-4-5", Decimal("0.03"), None),
    ]
    assert by_kind([row for row in found if row["model"] == "claude-sonnet-4-5"]) == {"input": 100, "cache_read": 10, "cache_write": 5, "output": 35}
    assert {(row["bucket_start"], row["bucket_end"]) for row in found} == {(datetime(2026, 1, 5), datetime(2026, 1, 6))}
    assert len({row["bucket_id"] for row in rows(SOURCE, page(CODE_DAY, CODE_DAY | {"terminal_type": "iTerm"}))}) == 4


TOKENS_CSV = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed\n"
    "2026-03-31 02:00,claude-haiku-4-5-20251001,mine,Default,standard,≤ 200k,900,20,3,4000,70,2,not_available,\n"
    "2026-03-31,claude-opus-4-6,mine,Default,batch,> 200k,1,0,0,0,2,0,us,fast\n"
)
OLD_TOKENS_CSV = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\n2025-09-01,claude-sonnet-4-20250514,mine,Default,standard,5,0,0,0,6\n"
)
COST_CSV = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed\n"
    "2026-03-31,Claude Opus 4.6,Default,mine,message,≤ 200k,input_cache_read,1.50,2.00,token,global,\n"
    "2026-03-31,,Default,mine,message,,,0.04,0.04,web_search,global,\n"
)


def test_console_exports(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    report = bills.ingest(bills.write("tokens.csv", TOKENS_CSV), bills.write("old.csv", OLD_TOKENS_CSV), bills.write("cost.csv", COST_CSV))
    assert {file.source for file in report.files} == {"anthropic_bills"}
    hours = "select bucket_start, epoch(bucket_end - bucket_start) / 3600, model, service_tier, context_window, region, sum(tokens)::int "
    assert bills.ask(hours + "from usage_buckets where kind = 'usage' group by all order by all") == [
        (datetime(2025, 9, 1), 24, "claude-sonnet-4-20250514", "standard", None, None, 11),
        (datetime(2026, 3, 31), 24, "claude-opus-4-6", "fast", "200k-1M", "us", 3),
        (datetime(2026, 3, 31, 2), 1, "claude-haiku-4-5-20251001", "standard", "0-200k", None, 4993),
    ]
    assert bills.ask("select model, token_kind, amount_usd::double, list_usd::double from usage_buckets where kind = 'cost' order by all") == [
        ("claude-opus-4-6", "cache_read", 1.5, 2.0),
        (None, "other", 0.04, 0.04),
    ]
    assert bills.ask("select count(*) from usage_buckets where api_key_hash = 'mine' or api_key_hash is null") == [(0,)]


@pytest.mark.parametrize(
    ("shown", "want"),
    [
        ("Claude Opus 4.6", "claude-opus-4-6"),
        ("Claude Sonnet 4", "claude-sonnet-4"),
        ("Claude Sonnet 3.7", "claude-3-7-sonnet"),
        ("Claude 3.5 Haiku", "claude-3-5-haiku"),
        ("claude-opus-4-6", "claude-opus-4-6"),
        ("Something New", "Something New"),
        (None, None),
    ],
)
def test_both_spellings_of_a_model(shown: str | None, want: str | None) -> None:
    assert model_id(shown) == want


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(page(bucket(MESSAGES), bucket(MESSAGES, start="2026-01-02T00:00:00Z", end="2026-01-03T00:00:00Z")), indent=1),
        json.dumps([bucket(MESSAGES), bucket(MESSAGES, start="2026-01-02T00:00:00Z", end="2026-01-03T00:00:00Z")]),
        json.dumps(page(bucket(MESSAGES))) + "\n" + json.dumps(page(bucket(MESSAGES, start="2026-01-02T00:00:00Z", end="2026-01-03T00:00:00Z"))),
    ],
    ids=["a page", "an array", "pages, one a line"],
)
def test_however_the_pages_are_kept(content: str, tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    report = bills.ingest(bills.write("usage.json", content))
    assert (report.files[0].source, report.total.records, report.total.other) == ("anthropic_bills", 2, 2)
    assert bills.ask("select sum(tokens)::int, count(distinct bucket_id) from usage_buckets") == [(7800, 2)]


def test_nonsense_never_stops_the_file() -> None:
    for record in (page(bucket(MESSAGES)), page(bucket(COST)), page(CODE_DAY), CODE_DAY, *csv.DictReader(TOKENS_CSV.splitlines())):
        outcomes(SOURCE, broken(record))
    outcomes(SOURCE, [None, 3, "x", [], {}, {"data": None}, {"data": [None, 3]}])


def test_detection() -> None:
    for record in (page(bucket(MESSAGES)), bucket(COST), page(CODE_DAY), CODE_DAY, page(bucket())):
        assert sources.find(Head("x.json", "json_stream", (record,)))[0][0] is SOURCE
    for other in ({"data": [], "has_more": False}, {"data": [{"id": "msgbatch_1", "type": "message_batch"}]}, {"id": "msg_1", "type": "message", "usage": {}}):
        assert SOURCE.detect(Head("x.json", "json_stream", (other,))) is None


@pytest.mark.shared
def test_the_reports_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/provider/billing"
    bills = Bills(tmp_path)
    report = bills.ingest(*(str(path) for path in sorted(folder.glob("anthropic_*"))))
    assert {file.source for file in report.files} == {"anthropic_bills"}
    with (folder / "anthropic_console_tokens.csv").open() as file:
        listed = list(csv.DictReader(file))
    want = sum(int(row[name]) for row in listed for name in row if name.startswith("usage_") and name.endswith(("cache", "_5m", "_1h", "_read", "_tokens")))
    assert bills.ask("select sum(tokens)::int from usage_buckets where report = 'anthropic.console.tokens'") == [(want,)]
    with (folder / "anthropic_console_cost.csv").open() as file:
        spent = sum(Decimal(row["cost_usd"]) for row in csv.DictReader(file))
    assert bills.ask("select sum(amount_usd) from usage_buckets where report = 'anthropic.console.cost'") == [(spent,)]
    cents = json.loads((folder / "anthropic_cost_report.json").read_text())["data"][0]["results"][0]["amount"]
    assert bills.ask("select sum(amount_usd) from usage_buckets where report = 'anthropic.cost_report'") == [(Decimal(cents) / 100,)]
    result = json.loads((folder / "anthropic_usage_report_messages.json").read_text())["data"][0]["results"][0]
    total = sum(result[n] for n in ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")) + sum(result["cache_creation"].values())
    assert bills.ask("select sum(tokens)::int from usage_buckets where report = 'anthropic.usage_report.messages'") == [(total,)]
