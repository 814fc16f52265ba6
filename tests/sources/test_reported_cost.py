"""Money that providers themselves state for real calls, against our price of the same tokens. What differs is explained by kind, from the raw answer."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.ingest import engine

KINDS = tomllib.loads((Path(__file__).parent / "fixtures/reported_cost_kinds.toml").read_text(encoding="utf-8"))["kind"]
BOOKLESS = ("unknown_model", "unpriced_model", "unknown_provider", "context_unpriced")


def sub(node: Any, *path: str) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def usage_of(record: dict[str, Any]) -> dict[str, Any]:
    body = record.get("response") or record.get("final") or {}
    found = sub(body, "usage") or sub(body, "x_groq", "usage") or sub(body, "usageMetadata")
    if found:
        return dict(found)
    for event in reversed(record.get("stream_events") or []):
        data = sub(event, "data")
        found = sub(data, "usage") or sub(data, "response", "usage")
        if found:
            return dict(found)
    return dict(body) if isinstance(body, dict) else {}


def kind_of(record: dict[str, Any], usage: dict[str, Any], row: dict[str, Any]) -> str:
    sent = next((usage[name] for name in ("prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount") if usage.get(name) is not None), None)
    if sent is None and usage.get("total_tokens") is None:
        return "no tokens"
    if sub(usage, "completion_tokens_details", "image_tokens"):
        return "picture tokens"
    tools = (usage.get("server_tool_use_details") or {}) | (usage.get("server_side_tool_usage_details") or {}) | (usage.get("server_tool_use") or {})
    if any(count for count in tools.values() if isinstance(count, int)):
        return "server tools"
    if record["provider"] == "perplexity" and row["cost"] is None:
        return "request fee"
    details = usage.get("prompt_tokens_details") or {}
    if (details.get("cached_tokens") or 0) + (details.get("cache_write_tokens") or 0) > (sent or 0):
        return "contradiction"
    if row["cost"] is None and row["plan"] in BOOKLESS:
        return "not in the book"
    return _by_the_bill(record, usage, row)


def _by_the_bill(record: dict[str, Any], usage: dict[str, Any], row: dict[str, Any]) -> str:
    if row["cost"] is not None and abs(row["cost"] - row["reported"]) <= row["reported"] / 1000:
        return "tokens"
    parts = [sub(usage, "cost_details", name) for name in ("upstream_inference_prompt_cost", "upstream_inference_completions_cost")]
    if all(part is not None for part in parts):
        return "routed" if abs(sum(parts) - row["reported"]) <= row["reported"] / 1000 else "hidden fee"
    return "routed" if record["provider"] == "openrouter" else "tokens"


@pytest.fixture
def priced(shared: Path, tmp_path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each response that states its cost, with our call."""
    log = shared / "corpus/provider/vcr_responses/vcr_responses_dev.jsonl"
    engine.run([str(log)], tmp_path / "t.duckdb", engine.IngestOptions(merge=False))
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        rows = con.execute(
            """select c.line, c.cost_usd::double, c.reported_usd::double, c.cost_status, p.status
            from calls c left join price_plans p on c.provider is not distinct from p.provider_raw and c.request_model is not distinct from p.request_model
                and c.response_model is not distinct from p.response_model and c.deployment is not distinct from p.deployment
                and c.service_tier is not distinct from p.service_tier and c.region is not distinct from p.region
            where c.reported_usd > 0"""
        ).fetchall()
    records = [json.loads(line) for line in log.read_bytes().splitlines()]
    return [(records[row[0] - 1], dict(zip(("line", "cost", "reported", "status", "plan"), row, strict=True))) for row in rows]


@pytest.mark.shared
def test_our_price_is_what_providers_state_and_the_rest_is_explained_by_kind(priced: list[tuple[dict[str, Any], dict[str, Any]]], shared: Path) -> None:
    sums: dict[str, float] = defaultdict(float)
    agree = 0.0
    for record, row in priced:
        kind = kind_of(record, usage_of(record), row)
        sums[kind] += row["reported"]
        agree += row["reported"] * (kind == "tokens" and row["cost"] is not None and abs(row["cost"] - row["reported"]) <= row["reported"] / 1000)
    covered = {kind["name"]: kind["covered"] for kind in KINDS}
    assert set(sums) <= set(covered), "a kind without an explanation"
    billed_by_tokens = sum(usd for kind, usd in sums.items() if covered[kind])
    assert agree / billed_by_tokens >= 0.9
    assert sums["tokens"] == pytest.approx(agree), "plain tokens that differ, and nothing explains it"
    stated = [json.loads(line) for line in (shared / "corpus/provider/oracles/provider_reported_cost.jsonl").read_bytes().splitlines()]
    assert sum(sums.values()) >= 0.99 * sum(line["reported_cost_usd"] or 0 for line in stated if line["split"] == "dev"), "stated money was not read"


@pytest.mark.shared
def test_what_our_price_does_not_cover_says_so(priced: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    covered = {kind["name"]: kind["covered"] for kind in KINDS}
    for record, row in priced:
        kind = kind_of(record, usage_of(record), row)
        if not covered[kind]:
            assert row["cost"] is None or row["status"] == "lower_bound", (kind, row)
            assert row["cost"] is None or row["cost"] <= row["reported"] * 1.5, (kind, row)  # a bound from below, but for a router's other upstream


@pytest.mark.shared
def test_behind_the_fees_of_server_tools_the_tokens_cost_what_we_say(priced: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """OpenRouter states the upstream's cost of prompt and answer apart; xAI's searches cost half a cent each."""
    checked = 0
    for record, row in priced:
        usage = usage_of(record)
        if kind_of(record, usage, row) != "server tools" or "deepseek" in str(record["model"]):  # sold by another upstream
            continue
        parts = [sub(usage, "cost_details", name) for name in ("upstream_inference_prompt_cost", "upstream_inference_completions_cost")]
        searches = sub(usage, "server_side_tool_usage_details", "web_search_calls") or 0
        tokens = sum(parts) if all(parts) else row["reported"] - searches * 0.005
        assert row["cost"] == pytest.approx(tokens, rel=1e-3), row
        checked += 1
    assert checked >= 5
