"""Gateways beside LiteLLM: each trap of their formats on its own, by hand-written records."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.sources.base import Context, Head, Outcome, Record

Row = dict[str, Any]
START = "2026-03-31T12:00:00Z"


def read(source: str, *values: Any, feature_from: tuple[str, ...] = ()) -> list[Outcome]:
    context = Context("x.jsonl", secret=b"k", feature_from=feature_from)
    return list(sources.get(source).read([Record(n, 0, 0, value) for n, value in enumerate(values, 1)], context))


def call(source: str, value: Row) -> Row:
    outcome = read(source, value)[0]
    assert outcome.kind == "call", outcome
    return outcome.call or {}


def helicone(**changes: Any) -> Row:
    return {
        "request_id": "r", "response_id": "x", "request_created_at": START, "response_created_at": "2026-03-31T12:00:02Z", "response_status": 200,
        "request_properties": {}, "provider": "OPENAI", "request_model": "m", "delay_ms": 2000, "time_to_first_token": None, "prompt_tokens": 100,
        "completion_tokens": 20, "total_tokens": 120, "cost": 0.5, "cache_reference_id": "00000000-0000-0000-0000-000000000000", "cache_enabled": False,
    } | changes  # fmt: skip


def helicone_csv(**changes: Any) -> Row:
    return {
        "response_id": "x", "response_created_at": "2026-03-31 12:00:02.000", "response_status": "200", "request_created_at": "2026-03-31 12:00:00.000",
        "request_body": None, "request_properties": '{""Feature"":""faq"",""Helicone-Session-Id"":""s""}', "request_user_id": "u", "model": "gpt-x",
        "prompt_tokens": "100", "completion_tokens": "20", "latency": None, "cost": "0.5",
    } | changes  # fmt: skip


def portkey(headers: Row | None = None, body: Row | None = None, **changes: Any) -> Row:
    return {
        "id": "p", "trace_id": "t", "created_at": START, "ai_org": "openai", "ai_model": "m", "req_units": 100, "res_units": 20, "total_units": 120,
        "cost": 50, "cost_currency": "USD", "response_time": 2000, "response_status_code": 200, "metadata": {},
        "response": {"status": 200, "headers": headers or {}, "body": body or {}},
    } | changes  # fmt: skip


def generation(**changes: Any) -> Row:
    return {
        "data": {
            "id": "gen-1", "upstream_id": "chatcmpl-1", "total_cost": 0.5, "created_at": START, "model": "openai/m", "streamed": False, "cancelled": False,
            "provider_name": "OpenAI", "latency": 2000, "generation_time": 1990, "finish_reason": "stop", "tokens_prompt": 90, "tokens_completion": 19,
            "native_tokens_prompt": 100, "native_tokens_completion": 20, "native_tokens_cached": 0, "usage": 0.5, "is_byok": False, "provider_responses": None,
        } | changes
    }  # fmt: skip


def activity(**changes: Any) -> Row:
    return {
        "generation_id": "gen-1", "created_at": "2026-03-31 12:00:00", "cost_total": "0.5", "byok_usage_inference": "0", "cost_cache": "-0.1",
        "tokens_prompt": "100", "tokens_completion": "20", "tokens_reasoning": "5", "tokens_cached": "64", "model_permaslug": "openai/m",
        "provider_name": "OpenAI", "variant": "standard", "cancelled": "false", "streamed": "true", "user": "u", "finish_reason_normalized": "stop",
        "generation_time_ms": "1500", "time_to_first_token_ms": "500", "api_key_name": "k", "app_name": "faq",
    } | changes  # fmt: skip


def kong(proxy: Row | None = None, plugins: Row | None = None, **changes: Any) -> Row:
    told = {
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cost": 0.5},
        "meta": {"request_model": "m", "response_model": "m-1", "provider_name": "openai", "llm_latency": 1990},
    } | (proxy or {})
    return {
        "started_at": 1774958400000, "request": {"id": "k"}, "response": {"status": 200, "headers": {}}, "latencies": {"request": 2000, "kong": 4},
        "upstream_status": "200", "tries": [{"ip": "192.0.2.1"}], "consumer": {"username": "u"}, "ai": {"proxy": told, **(plugins or {})},
    } | changes  # fmt: skip


def cloudflare(**changes: Any) -> Row:
    return {
        "id": "01", "created_at": START, "provider": "openai", "model": "m", "duration": 2000, "status_code": 200, "success": True, "cached": False,
        "tokens_in": 100, "tokens_out": 20, "cost": 0.5, "metadata": None, "step": 0,
    } | changes  # fmt: skip


def envoy(**changes: Any) -> Row:
    return {
        "start_time": START, "response_code": 200, "response_flags": "-", "duration": 2000, "x-envoy-upstream-service-time": "1995", "x-request-id": "e",
        "gen_ai.request.model": "m", "gen_ai.response.model": "m-1", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20,
    } | changes  # fmt: skip


def apisix(**changes: Any) -> Row:
    return {
        "time_iso8601": "2026-03-31T12:00:02+00:00", "request_id": "a", "uri": "/v1/chat/completions", "status": "200", "request_time": "2.000",
        "request_type": "ai_chat", "llm_model": "m", "llm_prompt_tokens": "100", "llm_completion_tokens": "20",
    } | changes  # fmt: skip


MADE = {
    "helicone": helicone, "portkey": portkey, "openrouter": generation, "kong": kong, "cloudflare_ai_gateway": cloudflare, "envoy_ai_gateway": envoy,
    "apisix_ai_proxy": apisix,
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_a_plain_call_is_the_same_through_every_gateway(name: str) -> None:
    row = call(name, MADE[name]())
    assert {"status": "ok", "input_tokens": 100, "output_tokens": 20, "duration_ms": 2000.0, "usage_status": "reported"}.items() <= row.items()
    assert row["request_model"].endswith("m")
    if "reported_usd" in row:
        assert Decimal(row["reported_usd"]) == Decimal("0.5")
    assert row.get("ttft_ms") is None


CASES: list[tuple[str, str, Row, Row]] = [
    # source, what the case is, the record, the columns it must have (None: absent)
    ("helicone", "a stream", helicone(time_to_first_token=400), {"stream": True, "ttft_ms": 400.0}),
    (
        "helicone",
        "t2: Anthropic's cache is outside the input, as the total proves",
        helicone(
            provider="ANTHROPIC", prompt_tokens=5, prompt_cache_read_tokens=128955, prompt_cache_write_tokens=1253, completion_tokens=7, total_tokens=130220
        ),
        {"input_tokens": 130213, "cache_read_tokens": 128955, "cache_write_tokens": 1253},
    ),
    (
        "helicone",
        "t1: elsewhere it is inside",
        helicone(prompt_tokens=17903, prompt_cache_read_tokens=17817, completion_tokens=7, total_tokens=17910),
        {"input_tokens": 17903, "cache_read_tokens": 17817},
    ),
    (
        "helicone",
        "Anthropic without a total",
        helicone(provider="ANTHROPIC", prompt_tokens=5, prompt_cache_read_tokens=100, total_tokens=None),
        {"input_tokens": 105},
    ),
    ("helicone", "t20: zeros are no counts", helicone(prompt_tokens=0, completion_tokens=0, total_tokens=0), {"input_tokens": None, "usage_status": "missing"}),
    ("helicone", "billionths of a dollar", helicone(cost=1500000000), {"reported_usd": Decimal("1.5")}),
    ("helicone", "given up by the client", helicone(response_status=-3), {"status": "cancelled", "status_code": None}),
    ("helicone", "still open", helicone(response_status=-2, response_created_at=None, delay_ms=None), {"status": "unknown", "duration_ms": None}),
    (
        "helicone",
        "refused",
        helicone(response_status=429, prompt_tokens=None, completion_tokens=None, cost=0),
        {"status": "error", "error_class": "rate_limit", "reported_usd": None},
    ),
    ("helicone", "t34: a cache hit", helicone(cache_reference_id="r0", cost=0), {"app_cache": "hit", "cache_origin_id": "r0", "reported_usd": Decimal(0)}),
    ("helicone", "a real request", helicone(cache_enabled=True), {"app_cache": "miss", "cache_origin_id": None}),
    (
        "helicone",
        "the CSV: doubled quotes, no latency, times without a zone",
        helicone_csv(),
        {"duration_ms": 2000.0, "feature": "faq", "session_id": "s", "call_id": "x", "reported_usd": Decimal("0.5")},
    ),
    ("helicone", "the CSV has no cache counts for Anthropic", helicone_csv(model="claude-x"), {"usage_status": "partial"}),
    ("portkey", "cost is in cents", portkey(cost=0.15), {"reported_usd": Decimal("0.0015")}),
    ("portkey", "retries", portkey({"x-portkey-retry-attempt-count": "2"}), {"attempts": 3}),
    ("portkey", "a semantic hit", portkey({"x-portkey-cache-status": "SEMANTIC HIT"}), {"app_cache": "hit", "cache_kind": "semantic"}),
    ("portkey", "a semantic miss", portkey({"x-portkey-cache-status": "SEMANTIC MISS"}), {"app_cache": "miss", "cache_kind": None}),
    ("portkey", "no cache", portkey({"x-portkey-cache-status": "DISABLED"}), {"app_cache": "off"}),
    (
        "portkey",
        "the body's usage wins",
        portkey(body={"id": "chatcmpl-1", "usage": {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 64}}}),
        {"cache_read_tokens": 64, "response_id": "chatcmpl-1", "call_id": None},
    ),
    (
        "portkey",
        "an analytics record",
        portkey(
            response_status_code=350.0, is_success=1.0, stream_mode=0.0, retry_success_count="1", metadata={"key": ["feature", "_user"], "value": ["faq", "u"]}
        ),
        {"feature": "faq", "user_id": "u", "status": "ok", "stream": False, "attempts": 2},
    ),
    ("portkey", "a guardrail that refused", portkey(response_status_code=446), {"status": "blocked", "error_class": "content_filter"}),
    ("portkey", "a guardrail that let through", portkey(response_status_code=246), {"status": "ok"}),
    (
        "portkey",
        "the vendor's limit",
        portkey(body={"error": {"message": "slow down", "type": "rate_limit_error"}, "provider": "openai"}, response_status_code=429),
        {"status": "error", "error_class": "rate_limit", "input_tokens": None},
    ),
    (
        "portkey",
        "Portkey's own limit",
        portkey(body={"status": "failure", "message": "Rate limit exceeded"}, response_status_code=429),
        {"status": "shed", "error_class": "rate_limit"},
    ),
    (
        "portkey",
        "a log file is written at the end",
        {
            "_id": "1", "created_at": "2026-03-31T12:00:02Z", "request": {"url": "https://api.openai.com/v1/chat/completions", "body": {"model": "m"},
            "portkeyHeaders": {"x-portkey-trace-id": "t"}}, "response": {"status": 200, "headers": {"openai-processing-ms": "264"}, "responseTime": 2000},
        },
        {"duration_ms": 2000.0, "provider": "openai", "operation": "chat", "trace_id": "t", "server_ms": 264.0, "call_id": "1"},
    ),
    ("openrouter", "native counts are billed", generation(), {"input_tokens": 100, "output_tokens": 20, "response_id": "gen-1"}),
    ("openrouter", "a stream", generation(streamed=True, latency=500, generation_time=1500), {"ttft_ms": 500.0, "duration_ms": 2000.0}),
    ("openrouter", "a key of one's own", generation(is_byok=True, total_cost=0.01, upstream_inference_cost=0.2), {"reported_usd": Decimal("0.21")}),
    ("openrouter", "a stale answer of its own cache", generation(response_cache_source_id="gen-0"), {"app_cache": "hit", "cache_origin_id": "gen-0"}),
    ("openrouter", "given up", generation(cancelled=True), {"status": "cancelled"}),
    (
        "openrouter",
        "a fallback behind it",
        generation(provider_responses=[{"status": 529, "provider_name": "A", "latency": 40}, {"status": 200, "provider_name": "B", "latency": 90}]),
        {"attempts": 2, "fallback_from": "A", "status_code": 200},
    ),
    (
        "openrouter",
        "a row of the export",
        activity(),
        {"ttft_ms": 500.0, "duration_ms": 2000.0, "cache_read_tokens": 64, "reasoning_tokens": 5, "service": "faq", "reported_usd": Decimal("0.5")},
    ),
    ("openrouter", "a row under a key of one's own", activity(cost_total="0.01", byok_usage_inference="0.2"), {"reported_usd": Decimal("0.21")}),
    ("kong", "names of an older version", kong({"usage": {"prompt_token": 28, "completion_token": 20, "total_tokens": 48}}), {"input_tokens": 28}),
    ("kong", "an exact hit", kong({"cache": {"cache_status": "Hit", "fetch_latency": 21}}), {"app_cache": "hit", "cache_kind": "exact"}),
    ("kong", "a semantic hit", kong({"cache": {"cache_status": "Hit", "embeddings_model": "e", "embeddings_latency": 4}}), {"cache_kind": "semantic"}),
    ("kong", "parts of the wait", kong(), {"gateway_ms": 4.0, "server_ms": 1990.0}),
    (
        "kong",
        "Kong's own limit",
        kong(response={"status": 429, "headers": {"retry-after": "7"}}, upstream_status=None, tries=[]),
        {"status": "shed", "error_class": "rate_limit", "retry_after_ms": 7000.0},
    ),
    ("kong", "the vendor's limit", kong(response={"status": 429}, upstream_status="429"), {"status": "error", "error_class": "rate_limit"}),
    (
        "kong",
        "names with dots",
        {
            "started_at": 1774958400000, "latencies": {"request": 5}, "request": {"id": "k"}, "response": {"status": 200},
            "ai.proxy.usage.prompt_tokens": 3, "ai.proxy.usage.completion_tokens": 4, "ai.proxy.meta.request_model": "m",
        },
        {"input_tokens": 3, "request_model": "m"},
    ),
    ("cloudflare_ai_gateway", "metadata is a text", cloudflare(metadata='{"userId": "u", "feature": "faq"}'), {"user_id": "u", "feature": "faq"}),
    ("cloudflare_ai_gateway", "a stream", cloudflare(response_content_type="text/event-stream"), {"stream": True, "ttft_ms": None}),
    (
        "cloudflare_ai_gateway",
        "refused",
        cloudflare(status_code=429, success=False, tokens_in=0, tokens_out=0, cost=0),
        {"status": "error", "error_class": "rate_limit", "input_tokens": None, "reported_usd": None},
    ),
    ("cloudflare_ai_gateway", "the second provider that was asked", cloudflare(step=1), {"attempts": 2}),
    ("envoy_ai_gateway", "a stream", envoy(**{"x-envoy-upstream-service-time": "300"}), {"ttft_ms": 300.0, "stream": True, "ttft_basis": "server"}),
    ("envoy_ai_gateway", "the client went away", envoy(response_code=0, response_flags="DC"), {"status": "cancelled"}),
    ("envoy_ai_gateway", "the vendor's limit", envoy(response_code=429), {"status": "error", "error_class": "rate_limit"}),
    ("apisix_ai_proxy", "a line is written at the end", apisix(msec="1774958402.000"), {"started_at": 1774958400000000}),
    ("apisix_ai_proxy", "tries are a list", apisix(upstream_status="429, 429, 200"), {"attempts": 3}),
    ("apisix_ai_proxy", "a stream", apisix(request_type="ai_stream", llm_time_to_first_token="120"), {"ttft_ms": 120.0, "stream": True}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "record", "want"), CASES, ids=[f"{source}: {name}" for source, name, _, _ in CASES])
def test_a_record_is_read_as_it_means(source: str, name: str, record: Row, want: Row) -> None:
    row = call(source, record)
    assert {column: Decimal(row[column]) if column == "reported_usd" and row.get(column) is not None else row.get(column) for column in want} == want


def test_a_transformer_beside_a_proxy_is_a_call_of_its_own() -> None:
    other = {"usage": {"prompt_tokens": 9, "completion_tokens": 1}, "meta": {"request_model": "small", "provider_name": "openai", "llm_latency": 80}}
    first, second = read("kong", kong(plugins={"ai-request-transformer": other}))
    assert first.call and first.call["input_tokens"] == 100
    assert second.nested
    assert second.call
    assert {"input_tokens": 9, "is_internal": True, "operation_id": "k", "duration_ms": 80.0}.items() <= second.call.items()


def test_t39_every_provider_that_was_asked_is_an_attempt() -> None:
    tries = [{"status": 429, "provider_name": "A", "latency": 40}, {"status": 200, "provider_name": "B", "latency": 90}]
    [outcome] = read("openrouter", generation(provider_responses=tries))
    assert [(row["provider"], row["status_code"], row["error_class"], row["is_final"]) for row in outcome.rows["attempts"]] == [
        ("A", 429, "rate_limit", False),
        ("B", 200, None, True),
    ]


def test_failed_tries_of_the_balancer_are_attempts() -> None:
    [outcome] = read("kong", kong(tries=[{"ip": "192.0.2.1", "code": 429, "state": "failed"}, {"ip": "192.0.2.1"}]))
    assert [(row["attempt"], row["status_code"], row["error_class"]) for row in outcome.rows["attempts"]] == [(1, 429, "rate_limit"), (2, 200, None)]


def test_a_thumb_and_scores_are_feedback() -> None:
    [outcome] = read("helicone", helicone(feedback_rating=False, feedback_created_at=START, scores={"helpfulness": 80}))
    assert [(row["name"], row["value"], row["kind"]) for row in outcome.rows["feedback"]] == [("rating", 0.0, "human"), ("helpfulness", 80.0, "code")]


def test_quotas_of_the_provider_and_of_kong_are_told_apart() -> None:
    headers = {"x-ratelimit-limit-tokens": "30000", "X-RateLimit-Remaining-Minute": "4"}
    [outcome] = read("kong", kong(response={"status": 200, "headers": headers}))
    assert {row["scope"]: row["origin"] for row in outcome.rows["rate_limits"]} == {"tokens": "provider", "minute": "gateway"}


def test_guardrails_of_portkey_are_steps() -> None:
    check = {"id": "pii", "verdict": False, "execution_time": 12, "created_at": START}
    [outcome] = read("portkey", portkey(body={"hook_results": {"before_request_hooks": [check]}}))
    [row] = outcome.rows["spans"]
    assert (row["kind"], row["name"], row["status"], row["duration_ms"]) == ("guardrail", "pii", "error", 12.0)


NOT_CALLS = [
    ("kong", {"started_at": 1774958400000, "latencies": {"request": 5}, "response": {"status": 429}}, "skipped", "HTTP 429"),
    ("kong", {"x": 1}, "rejected", "no log line"),
    ("envoy_ai_gateway", {"start_time": START, "response_code": 200, "mcp.method.name": "tools/list", "gen_ai.request.model": None}, "skipped", "no model"),
    ("apisix_ai_proxy", apisix(llm_model="", request_llm_model=""), "skipped", "no model"),
    ("helicone", {"x": 1}, "rejected", "no Helicone"),
    ("portkey", {"x": 1}, "rejected", "no log of Portkey"),
    ("openrouter", {"x": 1}, "rejected", "no generation"),
    ("openrouter", {"date": "2026-03-31", "model": "m", "requests": 4, "prompt_tokens": 9, "usage": 0.1}, "rejected", "no generation"),
]


@pytest.mark.parametrize(("source", "record", "kind", "reason"), NOT_CALLS)
def test_what_is_no_call_says_what_it_is(source: str, record: Any, kind: str, reason: str) -> None:
    [outcome] = read(source, record)
    assert outcome.kind == kind
    assert reason in outcome.reason


@pytest.mark.parametrize("name", MADE)
def test_each_format_is_taken_by_its_own_source(name: str) -> None:
    record = MADE[name]()
    found = sources.find(Head("x.jsonl", "ndjson", (record, record)))
    assert found[0][0].name == name
    assert found[0][1].confidence >= 0.9


def test_a_wrapped_page_is_not_taken_for_a_record() -> None:
    assert sources.get("cloudflare_ai_gateway").detect(Head("x", "json_stream", ({"success": True, "result": [cloudflare()]},))) is None


def test_openrouters_daily_activity_is_left_to_the_bills() -> None:
    daily = {"date": "2026-03-31", "model": "m", "model_permaslug": "m", "provider_name": "A", "usage": 1.0, "requests": 4, "prompt_tokens": 9}
    assert sources.get("openrouter").detect(Head("x", "json", (daily,))) is None


def test_a_table_with_a_header_alone_is_known() -> None:
    found = sources.find(Head("x.csv", "csv", (), tuple(activity())))
    assert found[0][0].name == "openrouter"


@pytest.mark.parametrize(("source", "record"), [("cloudflare_ai_gateway", cloudflare(metadata={"product": "search"}))])
def test_a_mappings_feature_is_taken_from_where_the_user_says(source: str, record: Row) -> None:
    [outcome] = read(source, record | {"metadata": {"feature": "faq", "tier": "gold"}}, feature_from=("metadata.tier",))
    assert outcome.call
    assert (outcome.call["feature"], outcome.call["feature_basis"]) == ("gold", "config")


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
wrong = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(["helicone", "portkey", "openrouter", "kong"]), changes=st.data())
def test_wrong_types_anywhere_are_never_an_exception(name: str, changes: st.DataObject) -> None:
    record = json.loads(json.dumps(MADE[name]()))
    for holder in (record, *(value for value in record.values() if isinstance(value, dict))):
        for key in changes.draw(st.lists(st.sampled_from(sorted(holder)), max_size=4)) if holder else ():
            holder[key] = changes.draw(wrong)
    assert sum(not outcome.nested for outcome in read(name, record)) == 1
