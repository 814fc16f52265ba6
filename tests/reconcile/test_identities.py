"""Whatever is on the bill and in the log, the causes add up to the whole difference; and both providers' units of money come out right."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlogs.ingest import engine
from llmlogs.ingest.options import IngestOptions
from llmlogs.pack import rows
from llmlogs.stats import Inputs, reconciliation
from llmlogs.store.database import open_for_read

START = dt.datetime(2026, 11, 2)
MODELS = ("gpt-5", "gpt-4.1", "my-model")
counts = st.integers(0, 20_000)
CALL = {
    "started_at": st.integers(0, 4 * 1440 - 1).map(lambda minute: START + dt.timedelta(minutes=minute)),
    "provider": st.sampled_from(("openai", "openai", "anthropic")),
    "request_model": st.sampled_from(MODELS),
    "service_tier": st.sampled_from((None, "batch", "default")),
    "input_tokens": st.one_of(st.none(), counts.map(lambda n: n + 20_000)),
    "cache_read_tokens": st.one_of(st.none(), counts),
    "output_tokens": counts,
    "status": st.sampled_from(("ok", "error", "cancelled")),
    "sample_weight": st.sampled_from((1.0, 1.0, 10.0)),
    "rate_id": st.sampled_from((1, None)),
}
BUCKET = {
    "day": st.integers(-1, 4),
    "provider": st.sampled_from(("openai", "openai", "anthropic", "azure")),
    "model": st.sampled_from((*MODELS, "gpt-4o", None)),
    "token_kind": st.sampled_from(("input", "cache_read", "cache_write_5m", "output", None, "other")),
    "service_tier": st.sampled_from((None, "batch")),
    "money": st.booleans(),
    "n": counts,
    "charge": st.sampled_from((None, None, "usage", "credit", "tax")),
}
calls = st.lists(st.fixed_dictionaries(CALL), max_size=40)
buckets = st.lists(st.fixed_dictionaries(BUCKET), min_size=1, max_size=40)


def _call(given: dict[str, Any]) -> dict[str, Any]:
    cost = (given["input_tokens"] or 0) * 2e-6 + given["output_tokens"] * 8e-6
    return given | ({"cost_usd": cost} if given["rate_id"] else {})


def _bucket(given: dict[str, Any]) -> dict[str, Any]:
    start = START + dt.timedelta(days=given["day"])
    row = {
        "bucket_start": start,
        "bucket_end": start + dt.timedelta(days=1),
        **{name: given[name] for name in ("provider", "model", "token_kind", "service_tier")},
    }
    if given["money"]:
        return row | {"report": f"{given['provider']}.costs", "kind": "cost", "amount_usd": given["n"] / 1e5, "charge": given["charge"]}
    return row | {"report": f"{given['provider']}.usage", "kind": "usage", "tokens": given["n"]}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls, buckets)
def test_causes_add_up_to_the_difference(logged: list[dict[str, Any]], billed: list[dict[str, Any]]) -> None:
    _adds_up(logged, billed)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls, buckets)
def test_causes_always_add_up(logged: list[dict[str, Any]], billed: list[dict[str, Any]]) -> None:
    _adds_up(logged, billed)


def _adds_up(logged: list[dict[str, Any]], billed: list[dict[str, Any]]) -> None:
    con = rows.database()
    try:
        rows.insert(con, "price_rates", [{"rate_id": 1, "input_rate": 2e-6, "output_rate": 8e-6}])
        rows.insert(con, "calls", [_call(call) for call in logged])
        rows.insert(con, "usage_buckets", [_bucket(bucket) for bucket in billed])
        reconciliation.compute(con, Inputs())
        told = con.execute(
            """select b.*, coalesce(tokens, 0), coalesce(usd, 0)
            from (select seller, coalesce(log_tokens, 0), coalesce(bill_tokens, 0), coalesce(log_usd, 0), coalesce(bill_usd, 0) from stat_reconcile_bills) b
            left join (select seller, sum(tokens) as tokens, sum(usd) as usd from stat_reconcile group by seller) using (seller)"""
        ).fetchall()
        for seller, log_tokens, bill_tokens, log_usd, bill_usd, tokens, usd in told:
            assert tokens == pytest.approx(bill_tokens - log_tokens, abs=1e-3), seller
            assert usd == pytest.approx(bill_usd - log_usd, abs=1e-6), seller
    finally:
        con.close()


def _read(folder: Path, log: list[dict[str, Any]], pages: dict[str, Any]) -> dict[str, Any]:
    (folder / "calls.jsonl").write_text("\n".join(json.dumps({"format": "llmlogs/1"} | line) for line in log))
    for name, page in pages.items():
        (folder / name).write_text(json.dumps(page))
    engine.run([str(folder)], folder / "x.duckdb", IngestOptions())
    con = open_for_read(folder / "x.duckdb")
    try:
        reconciliation.compute(con, Inputs())
        row = con.execute("select bill_usd, log_usd from stat_reconcile_bills").fetchall()[0]
        return dict(zip(("bill_usd", "log_usd"), row, strict=True))
    finally:
        con.close()


def test_anthropic_states_cents(tmp_path: Path) -> None:
    """`845.72` beside tokens worth $8.4572 is $8.4572."""
    day = {"starting_at": "2026-11-03T00:00:00Z", "ending_at": "2026-11-04T00:00:00Z"}
    usage = {"uncached_input_tokens": 1_000_000, "cache_read_input_tokens": 0, "output_tokens": 363_813, "model": "claude-sonnet-4-5-20250929"}
    costs = [
        {"amount": "300.00", "currency": "USD", "token_type": "uncached_input_tokens", "cost_type": "tokens", "model": "claude-sonnet-4-5-20250929"},
        {"amount": "545.72", "currency": "USD", "token_type": "output_tokens", "cost_type": "tokens", "model": "claude-sonnet-4-5-20250929"},
    ]
    line = {"provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 100_000}
    log = [line | {"timestamp": f"2026-11-03T{hour:02}:00:00Z", "output_tokens": 36_381 + 3 * (hour == 0)} for hour in range(10)]
    found = _read(tmp_path, log, {"usage.json": {"data": [day | {"results": [usage]}]}, "costs.json": {"data": [day | {"results": costs}]}})
    assert float(found["bill_usd"]) == pytest.approx(8.4572)
    assert float(found["log_usd"]) == pytest.approx(8.4572, abs=1e-4)


def test_openai_states_dollars(tmp_path: Path) -> None:
    day = {"object": "bucket", "start_time": 1793664000, "end_time": 1793750400}
    usage = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1_000_000,
        "input_cached_tokens": 0,
        "output_tokens": 100_000,
        "model": "gpt-5-2025-08-07",
    }
    costs = [
        {"object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, "line_item": f"gpt-5-2025-08-07, {kind}"}
        for kind, value in (("input", 1.25), ("output", 1.0))
    ]
    line = {"timestamp": "2026-11-03T10:00:00Z", "provider": "openai", "model": "gpt-5", "input_tokens": 1_000_000, "output_tokens": 100_000}
    pages = {"usage.json": {"object": "page", "data": [day | {"results": [usage]}]}, "costs.json": {"object": "page", "data": [day | {"results": costs}]}}
    found = _read(tmp_path, [line], pages)
    assert (float(found["bill_usd"]), float(found["log_usd"])) == (pytest.approx(2.25), pytest.approx(2.25))
