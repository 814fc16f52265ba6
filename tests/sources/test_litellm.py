"""LiteLLM: payloads of its callbacks, rows of SpendLogs and ErrorLogs, each trap on its own."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs.ingest.engine import run
from llmlogs.ingest.options import IngestOptions
from llmlogs.sources import find
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.litellm import SOURCE

CALL = "0a000000-0000-4000-8000-000000000001"
NOON = 1774958400.0  # 2026-03-31 12:00:00 UTC
Row = dict[str, Any]


def payload(**changes: Any) -> Row:
    """A payload of a call that went well; `changes` replace members, None removes one."""
    base = {
        "id": "chatcmpl-1", "litellm_call_id": CALL, "trace_id": "0b000000-0000-4000-8000-000000000001", "session_id": "", "call_type": "acompletion",
        "stream": None, "status": "success", "custom_llm_provider": "openai", "saved_cache_cost": 0.0, "startTime": NOON, "endTime": NOON + 2,
        "completionStartTime": NOON + 2, "response_time": 2.0, "model": "openai/gpt-4o", "model_group": "gpt-4o", "response_cost": 0.25,
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "metadata": {}, "hidden_params": {}, "model_parameters": {}, "request_tags": [],
        "error_information": {"error_code": "", "error_class": ""},
    }  # fmt: skip
    return {name: value for name, value in (base | changes).items() if value != "gone"}


def failure(**error: Any) -> Row:
    information = {"error_code": "429", "error_class": "RateLimitError", "llm_provider": "openai", "error_message": "Rate limit reached"} | error
    return payload(
        id=CALL, status="failure", prompt_tokens=0, completion_tokens=0, total_tokens=0, response_cost=0.0, cache_hit=False, error_information=information
    )


def spend(meta: Row | None = None, **changes: Any) -> Row:
    base = {
        "request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": "hash", "spend": 0.25, "prompt_tokens": 100, "completion_tokens": 20,
        "total_tokens": 120, "startTime": "2026-03-31T12:00:00Z", "endTime": "2026-03-31T12:00:02Z", "completionStartTime": "2026-03-31T12:00:02Z",
        "model": "openai/gpt-4o", "custom_llm_provider": "openai", "cache_hit": "None", "cache_key": "Cache OFF", "status": "success",
        "metadata": json.dumps({"litellm_call_id": CALL, "attempted_retries": 0} | (meta or {})),
    }  # fmt: skip
    return base | changes


def read(*values: Any, context: Context = Context("x.jsonl", secret=b"k")) -> list[Outcome]:  # noqa: B008 # frozen
    return list(SOURCE.read([Record(n, 0, 0, value) for n, value in enumerate(values, 1)], context))


def call(value: Row, context: Context = Context("x.jsonl", secret=b"k")) -> Row:  # noqa: B008 # frozen
    [outcome] = read(value, context=context)
    assert outcome.kind == "call", outcome
    return outcome.call or {}


def usage(**counts: Any) -> Row:
    return {"usage_object": counts}


CASES: list[tuple[str, Row, Row]] = [
    # what the case is, the record, the columns it must have (None: absent)
    ("a whole answer has no first token", payload(), {"stream": False, "ttft_ms": None, "duration_ms": 2000.0, "first_token_at": None}),
    ("a stream's first token", payload(stream=True, completionStartTime=NOON + 0.5, response_time=0.5), {"ttft_ms": 500.0, "duration_ms": 2000.0}),
    ("a stream whose first token is not known", payload(stream=True), {"stream": True, "ttft_ms": None}),
    ("naive local texts", payload(startTime="2026-03-31 12:00:00.25", endTime="2026-03-31 12:00:01.25"), {"duration_ms": 1000.0}),
    ("the provider's prefix is no part of the model", payload(), {"request_model": "gpt-4o", "provider": "openai"}),
    (
        "a model's own slashes stay",
        payload(model="openrouter/meta-llama/x", custom_llm_provider="openrouter"),
        {"request_model": "meta-llama/x", "provider": "openrouter"},
    ),
    ("providers get the contract's ids", payload(model="vertex_ai/gemini-x", custom_llm_provider="vertex_ai"), {"provider": "gcp.vertex_ai"}),
    (
        "the version that answered",
        payload(response={"object": "chat.completion", "choices": [], "model": "gpt-4o-2024-08-06"}),
        {"response_model": "gpt-4o-2024-08-06"},
    ),
    (
        "the public name in an answer is no model",
        payload(model_group="fast", response={"object": "chat.completion", "choices": [], "model": "fast"}),
        {"response_model": None},
    ),
    (
        "nor is it where it begins like the model",
        payload(model="openai/gpt-4o-mini", model_group="gpt-4o", response={"object": "chat.completion", "choices": [], "model": "gpt-4o"}),
        {"request_model": "gpt-4o-mini", "response_model": None},
    ),
    (
        "a deployment of Azure has a name of its own",
        payload(model="azure/prod-chat", custom_llm_provider="azure", response={"object": "chat.completion", "choices": [], "model": "gpt-4o-2024-08-06"}),
        {"request_model": "prod-chat", "response_model": "gpt-4o-2024-08-06", "provider": "azure"},
    ),
    ("the public name is a label where it differs", payload(model_group="fast"), {"tags": '{"model_group":"fast"}'}),
    (
        "cache reads and writes are inside the input",
        payload(
            prompt_tokens=2150,
            metadata=usage(
                prompt_tokens=2150, completion_tokens=40, total_tokens=2190, prompt_tokens_details={"cached_tokens": 1800, "cache_creation_tokens": 300}
            ),
        ),
        {"input_tokens": 2150, "cache_read_tokens": 1800, "cache_write_tokens": 300, "output_tokens": 40},
    ),
    (
        "versions that left the cache out of the input are repaired",
        payload(
            prompt_tokens=50,
            metadata=usage(prompt_tokens=50, completion_tokens=40, total_tokens=90, cache_read_input_tokens=1800, cache_creation_input_tokens=300),
        ),
        {"input_tokens": 2150, "cache_read_tokens": 1800, "usage_status": "partial"},
    ),
    (
        "an hour's cache",
        payload(
            metadata=usage(
                prompt_tokens=100,
                completion_tokens=2,
                prompt_tokens_details={"cache_creation_tokens": 60, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 50}},
            )
        ),
        {"cache_write_tokens": 60, "cache_write_1h_tokens": 50},
    ),
    (
        "reasoning is inside the output",
        payload(metadata=usage(prompt_tokens=9, completion_tokens=40, completion_tokens_details={"reasoning_tokens": 32})),
        {"reasoning_tokens": 32, "output_tokens": 40},
    ),
    (
        "t20: zeros of a stream without usage are no counts",
        payload(stream=True, prompt_tokens=0, completion_tokens=0, total_tokens=0),
        {"input_tokens": None, "usage_status": "missing"},
    ),
    (
        "t19: an embedding made no output, and that is a zero",
        payload(call_type="aembedding", id=CALL, prompt_tokens=21, completion_tokens=0, total_tokens=21),
        {"output_tokens": 0, "operation": "embeddings", "response_id": None, "call_id": CALL},
    ),
    ("a price of zero is a price", payload(response_cost=0.0), {"reported_usd": Decimal(0)}),
    ("a missing price is none", payload(response_cost=0.0, response_cost_failure_debug_info={"error_str": "unmapped"}), {"reported_usd": None}),
    ("so is one that is diagnosed", payload(response_cost=0.0, zero_cost_diagnostic={"reason": "x"}), {"reported_usd": None}),
    (
        "t34: a hit names what it repeats and has no id of its own",
        payload(id="chatcmpl-1_cache_hit1774958500.123", cache_hit=True, response_cost=0.0, cache_key="k", cost_breakdown={"total_cost": 0.25}),
        {"call_id": CALL, "response_id": None, "cache_origin_id": "chatcmpl-1", "app_cache": "hit", "reported_usd": Decimal(0), "input_tokens": 100},
    ),
    ("a key without a hit is a miss", payload(cache_key="k"), {"app_cache": "miss"}),
    ("no key says nothing of the cache", payload(cache_hit=False), {"app_cache": None}),
    (
        "tags that LiteLLM adds are dropped",
        payload(request_tags=["feature:chat", "env:prod", "beta", "User-Agent: curl", "User-Agent: curl/8"]),
        {"feature": "chat", "feature_basis": "tags", "environment": "prod", "tags": '{"env":"prod","beta":true}'},
    ),
    ("a feature in the client's metadata", payload(metadata={"requester_metadata": {"feature": "faq"}}), {"feature": "faq", "feature_basis": "logged"}),
    ("the client's session", payload(trace_id="s-1", metadata={"requester_metadata": {"session_id": "s-1"}}), {"session_id": "s-1", "trace_id": None}),
    ("a trace that is no session", payload(), {"session_id": None, "trace_id": "0b000000-0000-4000-8000-000000000001"}),
    ("the end user comes before the key's owner", payload(end_user="u", metadata={"user_api_key_user_id": "owner"}), {"user_id": "u"}),
    ("the default user is nobody", payload(metadata={"user_api_key_user_id": "default_user_id"}), {"user_id": None}),
    ("the tier that served", payload(response={"id": "x", "object": "chat.completion", "choices": [], "service_tier": "flex"}), {"service_tier": "flex"}),
    (
        "the answer is measured, not kept",
        payload(response={"object": "chat.completion", "choices": [{"finish_reason": "stop", "message": {"content": "Hello."}}]}),
        {"finish_reason": "stop", "completion_chars": 6},
    ),
    (
        "redacted texts have no length",
        payload(
            messages="redacted-by-litellm",
            response={"object": "chat.completion", "choices": [{"finish_reason": "stop", "message": {"content": "redacted-by-litellm"}}]},
        ),
        {"prompt_chars": None, "completion_chars": None, "finish_reason": "stop"},
    ),
    ("the prompt is measured", payload(messages=[{"role": "user", "content": "Hello"}]), {"prompt_chars": 5}),
    ("overhead", payload(hidden_params={"litellm_overhead_time_ms": 12.5}), {"gateway_ms": 12.5}),
    (
        "overhead of a retried call is not the gateway's",
        payload(hidden_params={"litellm_overhead_time_ms": 1900.0, "additional_headers": {"x-litellm-attempted-retries": 2}}),
        {"gateway_ms": None, "attempts": 3},
    ),
    (
        "calls of the proxy itself",
        payload(metadata={"internal_call_origin": "autorouter_classifier"}),
        {"is_internal": True},
    ),
    ("a refused call", failure(), {"status": "error", "status_code": 429, "error_class": "rate_limit", "call_id": CALL, "input_tokens": None}),
    (
        "the proxy's own limit never reached the provider",
        failure(error_rate_limit_category="litellm_rate_limit", error_rate_limit_type="requests", llm_provider=""),
        {"status": "shed", "error_class": "rate_limit", "error_type": "litellm_rate_limit"},
    ),
    (
        "the vendor's limit did",
        failure(error_rate_limit_category="vendor_rate_limit"),
        {"status": "error", "error_class": "rate_limit", "error_type": "RateLimitError"},
    ),
    (
        "an older proxy's own limit",
        failure(llm_provider="", error_class="HTTPException", error_message="Crossed TPM / RPM / Max Parallel Request Limit"),
        {"status": "shed"},
    ),
    (
        "a spent budget",
        failure(error_rate_limit_category="litellm_rate_limit", error_rate_limit_type="budget", error_class="BudgetExceededError"),
        {"status": "shed", "error_class": "quota"},
    ),
    (
        "a timeout",
        failure(error_code="408", error_class="Timeout", error_message="Request timed out."),
        {"status": "timeout", "status_code": 408, "error_class": "timeout"},
    ),
    (
        "t21: a stream that broke off is charged, its counts are estimates",
        payload(
            id=CALL, status="failure", prompt_tokens=22, completion_tokens=6, response_cost=0.01, model_parameters={"stream": True},
            error_information={"error_code": "", "error_class": "ReadError", "error_message": "Response payload is not completed"},
        ),
        {
            "input_tokens": None, "usage_status": "estimated", "extra": '{"estimated_input_tokens":22,"estimated_output_tokens":6}', "stream": True,
            "reported_usd": Decimal("0.01"), "status_code": None, "error_class": "truncated_stream",
        },
    ),
    (
        "a model nobody knows",
        failure(error_code="400", error_class="ProxyModelNotFoundError", error_message="Invalid model name") | {"model": "nope", "model_group": ""},
        {"request_model": None, "error_class": "not_found"},
    ),
    ("a guardrail that stepped in", failure() | {"status_fields": {"guardrail_status": "guardrail_intervened"}}, {"status": "blocked"}),
    ("a poll that brings the usage is its call", payload(id="resp_1", call_type="aget_responses"), {"response_id": "resp_1", "input_tokens": 100}),
    ("a payload inside a custom callback's line", {"at": 1, "standard_logging_object": payload()}, {"response_id": "chatcmpl-1"}),
    ("SpendLogs: a row", spend(), {"response_id": "chatcmpl-1", "operation_id": CALL, "app_cache": "off", "stream": False, "attempts": 1}),
    ("SpendLogs: a stream shows by its first chunk", spend(completionStartTime="2026-03-31T12:00:00.5Z"), {"stream": True, "ttft_ms": 500.0}),
    ("SpendLogs: texts of a CSV", {k: str(v) for k, v in spend().items()}, {"input_tokens": 100, "reported_usd": Decimal("0.25"), "duration_ms": 2000.0}),
    ("SpendLogs: metadata packed twice", spend(metadata=json.dumps(json.dumps({"litellm_call_id": CALL}))), {"operation_id": CALL}),
    ("SpendLogs: names in lower case", {k.lower(): v for k, v in spend().items()}, {"duration_ms": 2000.0}),
    ("SpendLogs: an older failure has only its own id", spend(metadata="{}", request_id=CALL, status="failure"), {"call_id": CALL, "operation_id": CALL}),
    (
        "SpendLogs: an estimated prompt, and a charge for a timeout",
        spend({"error_information": {"error_code": "408", "error_class": "Timeout"}}, request_id=CALL, status="failure", completion_tokens=0, spend=0.001),
        {"status": "timeout", "input_tokens": None, "usage_status": "estimated", "reported_usd": Decimal("0.001")},
    ),
    ("SpendLogs: a failure that cost nothing states no cost", spend(request_id=CALL, status="failure", spend=0.0), {"reported_usd": None}),
    (
        "SpendLogs: a fallback",
        spend({"attempted_fallbacks": 1, "original_model_group": "first"}),
        {"fallback_from": "first", "attempts": 2},
    ),
    (
        "ErrorLogs: a failed try of a known call",
        {
            "request_id": f"{CALL}:dep-1:1774958402.000", "startTime": "2026-03-31 12:00:00", "endTime": "2026-03-31 12:00:02", "model_group": "g",
            "litellm_model_name": "openai/gpt-4o", "model_id": "dep-1", "exception_type": "RateLimitError", "exception_string": "slow down",
            "status_code": "429", "request_kwargs": '{"custom_llm_provider": "openai", "retry_after_seconds": 3.5}',
        },
        {"operation_id": CALL, "merge_yields": True, "status_code": 429, "retry_after_ms": 3500.0, "request_model": "gpt-4o", "error_class": "rate_limit"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "record", "want"), CASES, ids=[name for name, _, _ in CASES])
def test_a_record_is_read_as_it_means(name: str, record: Row, want: Row) -> None:
    row = call(record)
    assert {column: row.get(column) for column in want} == want


def test_the_feature_is_taken_from_where_the_user_says() -> None:
    context = Context("x", secret=b"k", feature_from=("tags.product",))
    row = call(payload(request_tags=["feature:chat", "product:search"]), context)
    assert (row["feature"], row["feature_basis"]) == ("search", "config")


def test_local_times_are_in_the_zone_the_user_says() -> None:
    row = call(payload(startTime="2026-03-31 14:00:00", endTime="2026-03-31 14:00:01"), Context("x", timezone="Europe/Berlin"))
    assert row["started_at"] == datetime(2026, 3, 31, 12)


def test_quotas_come_from_the_providers_headers_once() -> None:
    headers = {
        "x_ratelimit_limit_requests": 500, "x_ratelimit_remaining_requests": 499, "llm_provider-x-ratelimit-limit-requests": "500",
        "llm_provider-x-ratelimit-remaining-requests": "499", "llm_provider-x-ratelimit-reset-requests": "120ms",
    }  # fmt: skip
    [outcome] = read(payload(hidden_params={"additional_headers": headers}))
    [row] = outcome.rows["rate_limits"]
    assert (row["scope"], row["limit_value"], row["remaining"], row["reset_ms"]) == ("requests", 500.0, 499.0, 120.0)


def test_a_refused_call_tells_the_wait_it_was_asked_for() -> None:
    row = call(failure() | {"hidden_params": {"additional_headers": {"retry-after": "1", "retry-after-ms": "350"}}})
    assert row["retry_after_ms"] == 350.0


def test_t39_tries_that_only_a_counter_knows_are_inferred() -> None:
    [outcome] = read(spend({"attempted_retries": 2}))
    assert [(row["attempt"], row["origin"], row["is_final"]) for row in outcome.rows["attempts"]] == [
        (1, "inferred", False),
        (2, "inferred", False),
        (3, "inferred", True),
    ]


def test_steps_the_proxy_ran_are_spans() -> None:
    guard = {"guardrail_name": "pii", "guardrail_status": "success", "start_time": NOON, "end_time": NOON + 0.25}
    search = {"vector_store_id": "kb", "start_time": NOON, "end_time": NOON + 0.5, "vector_store_search_response": {"data": [{}, {}]}}
    record = payload(guardrail_information=[guard], metadata={"vector_store_request_metadata": [search], "mcp_tool_call_metadata": {"name": "lookup"}})
    [outcome] = read(record)
    assert [(s["kind"], s["name"], s.get("duration_ms"), s["status"], s.get("document_count")) for s in outcome.rows["spans"]] == [
        ("guardrail", "pii", 250.0, "ok", None),
        ("retrieval", "kb", 500.0, "ok", 2),
        ("tool", "lookup", None, "unknown", None),
    ]


NOT_CALLS = [
    ({"date": "2026-03-31", "spend": 1.0, "api_requests": 4, "custom_llm_provider": "openai", "model": "m"}, "skipped", "daily sum"),
    ({"startTime": "2026-03-31", "spend": 1.0, "users": {}, "models": {}}, "skipped", "daily sum"),
    (payload(call_type="acreate_file", prompt_tokens=0, completion_tokens=0, total_tokens=0, response_cost=0), "skipped", "asks no model"),
    (payload(call_type="amoderation", total_tokens=0, response_cost=0.0), "skipped", "asks no model"),
    ({"message": '1.2.3.4:5 - "POST /v1/chat/completions HTTP/1.1" 429', "level": "INFO", "timestamp": "2026-03-31"}, "skipped", "HTTP 429"),
    ({"message": "Started", "level": "INFO", "timestamp": "2026-03-31"}, "skipped", "own log"),
    ({"x": 1}, "rejected", "neither"),
    (payload(startTime=None, endTime=None, model=None), "rejected", "no time"),
    ([1], "rejected", "not an object"),
]


@pytest.mark.parametrize(("record", "kind", "reason"), NOT_CALLS)
def test_what_is_no_call_says_what_it_is(record: Any, kind: str, reason: str) -> None:
    [outcome] = read(record)
    assert outcome.kind == kind
    assert reason in outcome.reason


def test_an_mcp_tool_call_is_a_step() -> None:
    [outcome] = read(spend({"mcp_tool_call_metadata": {"name": "lookup"}}, call_type="call_mcp_tool"))
    assert outcome.kind == "other"
    assert outcome.rows["spans"][0]["name"] == "lookup"


def test_t25_a_batch_jobs_sum_is_a_bucket_and_no_call() -> None:
    [outcome] = read(spend({"batch_successful_requests": 40}, call_type="aretrieve_batch", total_tokens=5000))
    assert outcome.kind == "other"
    assert [(row["kind"], row.get("tokens"), row.get("amount_usd"), row.get("requests")) for row in outcome.rows["usage_buckets"]] == [
        ("usage", 100, None, None),
        ("usage", 20, None, None),
        ("cost", None, Decimal("0.25"), 40),
    ]


DETECTED = [
    ([payload()], 0.95),
    ([payload(litellm_call_id="gone", trace_id=None)], 0.95),  # before it was logged
    ([{"id": "x", "call_type": "c", "startTime": 1.0, "endTime": 2.0, "model_map_information": {}, "response_cost": 0.1, "hidden_params": {}}], 0.95),
    ([spend()], 0.95),
    ([{"request_id": "r", "spend": 0.1, "startTime": "2026-03-31", "model": "m"}], 0.95),
    ([{"message": "litellm.proxy started", "level": "INFO", "timestamp": "t"}], 0.9),
]


@pytest.mark.parametrize(("records", "least"), DETECTED)
def test_every_version_is_known_and_nobody_elses(records: list[Row], least: float) -> None:
    source, found = find(Head("a.jsonl", "ndjson", tuple(records)))[0]
    assert (source.name, found.confidence >= least) == ("litellm", True)


@pytest.mark.parametrize(
    "record",
    [
        {"request_id": "r", "timestamp": "2026-03-31T12:00:00Z", "model": "m", "latency_ms": 3, "spend": 1},
        {"message": "hello", "level": "INFO", "timestamp": "2026-03-31"},
        {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
    ],
)
def test_neighbours_are_left_alone(record: Row) -> None:
    assert SOURCE.detect(Head("a", "ndjson", (record,))) is None


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
wrong = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(base=st.sampled_from([payload(), failure(), spend()]), changes=st.data())
def test_wrong_types_anywhere_are_never_an_exception(base: Row, changes: st.DataObject) -> None:
    names = changes.draw(st.lists(st.sampled_from([*base, "response", "messages", "cache_key", "guardrail_information"]), max_size=6))
    record = base | {name: changes.draw(wrong) for name in names}
    inner = changes.draw(st.sampled_from(["metadata", "hidden_params", "none"]))
    if isinstance(record.get(inner), dict):
        keys = ["usage_object", "requester_metadata", "additional_headers", "error_information", "attempted_retries", "vector_store_request_metadata"]
        record[inner] = {key: changes.draw(wrong) for key in keys}
    assert len(read(record)) == 1


# ---- the same requests of one proxy, from its files and from what the servers and the clients saw ----


def ingest(folder: Path, *paths: Path) -> duckdb.DuckDBPyConnection:
    run([str(path) for path in paths], folder / "x.duckdb", IngestOptions())
    return duckdb.connect(str(folder / "x.duckdb"), read_only=True)


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def proxy(shared: Path) -> Path:
    return shared / "corpus/app/litellm/run1"


def spread(folder: Path, path: Path) -> list[Path]:
    """One payload a file, as object stores have them."""
    files = [folder / f"{n:02}.json" for n, _ in enumerate(lines(path))]
    for file, record in zip(files, lines(path), strict=True):
        file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return files


def as_csv(folder: Path, path: Path) -> list[Path]:
    """SpendLogs as Postgres exports them."""
    rows = lines(path)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (folder / "spend.csv").write_text(text.getvalue(), encoding="utf-8")
    return [folder / "spend.csv"]


def paged(folder: Path, path: Path) -> list[Path]:
    """The answer of /spend/logs/ui: JSON columns are objects there."""
    rows = [row | {"metadata": json.loads(row["metadata"]), "request_tags": json.loads(row["request_tags"])} for row in lines(path)]
    (folder / "page.json").write_text(json.dumps({"data": rows, "total": len(rows), "page": 1}), encoding="utf-8")
    return [folder / "page.json"]


LAYOUTS = ["payloads", "one payload a file", "an array of payloads", "SpendLogs", "SpendLogs as CSV", "SpendLogs as a page", "both"]


def laid_out(layout: str, folder: Path, proxy: Path) -> list[Path]:
    slp, rows = proxy / "standard_logging_payload.jsonl", proxy / "spend_logs_rows.jsonl"
    array = folder / "array.json"
    array.write_text(json.dumps(lines(slp)), encoding="utf-8")
    made = {"one payload a file": spread, "SpendLogs as CSV": as_csv, "SpendLogs as a page": paged}
    plain = {"payloads": [slp], "an array of payloads": [array], "SpendLogs": [rows], "both": [slp, rows]}
    return made[layout](folder, slp if "payload" in layout else rows) if layout in made else plain[layout]


@pytest.mark.shared
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_file_alone_and_both_together_hold_the_requests_of_the_clients(layout: str, proxy: Path, tmp_path: Path) -> None:
    con = ingest(tmp_path, *laid_out(layout, tmp_path, proxy))
    ledger = lines(proxy / "upstream_ledger.jsonl")
    served = [row for row in ledger if row["status"] == 200 and row.get("usage") and row["t_end"] - row["t_start"] < 3]  # the proxy gave up on one after 3 s
    told = [row["usage"] for row in served]
    counted = (sum(u.get("prompt_tokens", 0) for u in told), sum(u.get("completion_tokens", 0) for u in told))
    anthropic = [u for u in told if "input_tokens" in u]
    extra = [u["input_tokens"] + u.get("cache_read_input_tokens", 0) + u.get("cache_creation_input_tokens", 0) for u in anthropic]
    truth = (counted[0] + sum(extra), counted[1] + sum(u["output_tokens"] for u in anthropic))
    sums = "select sum(input_tokens)::bigint, sum(output_tokens)::bigint from calls where app_cache is distinct from 'hit'"
    assert con.execute(sums).fetchall() == [truth]
    unpriced = "select count(*) from calls where status = 'ok' and cost_usd is null"
    assert con.execute(unpriced).fetchall() == [(0,)]
    clients = {row["call_id"]: row for row in json.loads((proxy / "client_log.json").read_text(encoding="utf-8"))}
    rows = {row[0]: row[1:] for row in con.execute("select operation_id, status, status_code, attempts, fallback_from from calls").fetchall()}
    assert len(rows) == con.execute("select count(*) from calls").fetchall()[0][0] == len(clients) + 3  # three requests were not logged by the client
    failed = {name for name, row in clients.items() if row["status"] != 200}
    dropped = {row["call_id"] for row in clients.values() if row["name"] == "stream-drop"}
    assert {name for name, row in rows.items() if row[0] != "ok"} >= failed | dropped
    assert {name for name, row in rows.items() if row[0] != "ok" and name in clients} == failed | dropped
    assert {rows[name][1] for name in failed} == {row["status"] for row in clients.values()} - {200}
    assert {name for name, row in rows.items() if row[3]} == {name for name, row in clients.items() if row["hdr"].get("x-litellm-attempted-fallbacks") == "1"}


@pytest.mark.shared
@pytest.mark.parametrize("layout", LAYOUTS)
def test_refusals_are_counted_from_below_and_never_twice(layout: str, proxy: Path, tmp_path: Path) -> None:
    """Payloads show the first failure of each model, SpendLogs a counter: the guide counts 12 and 16 of 19 that happened, the fallback makes one more."""
    con = ingest(tmp_path, *laid_out(layout, tmp_path, proxy))
    ledger = Counter(row["status"] for row in lines(proxy / "upstream_ledger.jsonl"))
    seen = "select count(*) from attempts a where not is_final or (is_final and status_code in (429, 500))"
    alone = "select count(*) from calls c where status_code in (429, 500) and not exists (select 1 from attempts a where a.call_id = c.call_id and is_final)"
    dropped = "select count(*) from calls where status_code = 500 and error_class = 'truncated_stream'"
    told = sum(con.execute(query).fetchall()[0][0] for query in (seen, alone)) - con.execute(dropped).fetchall()[0][0]
    if layout == "both" or layout.startswith("SpendLogs"):
        assert told == 17
    else:
        assert told == 13
    assert told <= ledger[429] + ledger[500]


@pytest.mark.shared
def test_waits_are_what_the_clients_measured(proxy: Path, tmp_path: Path) -> None:
    con = ingest(tmp_path, proxy / "standard_logging_payload.jsonl", proxy / "spend_logs_rows.jsonl")
    waited = dict(con.execute("select operation_id, duration_ms from calls").fetchall())
    clients = json.loads((proxy / "client_log.json").read_text(encoding="utf-8"))
    far = {row["name"]: (row["dur"] * 1000, waited[row["call_id"]]) for row in clients if not -20 < row["dur"] * 1000 - waited[row["call_id"]] < 350}
    assert not far


@pytest.mark.shared
def test_first_tokens_are_what_the_servers_sent(proxy: Path, tmp_path: Path) -> None:
    con = ingest(tmp_path, proxy / "standard_logging_payload.jsonl")
    rows = dict(con.execute("select response_id, epoch_us(first_token_at) / 1e6 from calls where stream and response_id is not null").fetchall())
    sent = {row["id"]: row["t_first"] for row in lines(proxy / "upstream_ledger.jsonl") if row.get("stream") and row.get("t_first") and row.get("id")}
    both = rows.keys() & sent.keys()
    assert len(both) >= 16
    late = {name: rows[name] - sent[name] for name in both if not -0.002 < rows[name] - sent[name] < 0.1}
    assert not late


@pytest.mark.shared
def test_any_order_of_ingests_gives_the_same_calls(proxy: Path, tmp_path: Path) -> None:
    slp, rows = proxy / "standard_logging_payload.jsonl", proxy / "spend_logs_rows.jsonl"
    columns = "call_id, operation_id, status, input_tokens, output_tokens, attempts, started_at, ended_at, duration_ms, reported_usd"
    told = []
    for n, order in enumerate([[slp, rows], [rows, slp], [rows, slp, slp]]):
        (tmp_path / str(n)).mkdir()
        for path in order[:-1]:
            ingest(tmp_path / str(n), path).close()
        con = ingest(tmp_path / str(n), order[-1])
        told.append(
            (
                con.execute(f"select {columns} from calls order by all").fetchall(),
                con.execute("select call_id, attempt, origin, status_code from attempts order by all").fetchall(),
            )
        )
        con.close()
    assert told[0] == told[1] == told[2]


def test_payloads_among_a_programs_other_output_are_found(tmp_path: Path) -> None:
    """What the proxy prints when it is told to print its payloads: indented, between lines of the server's own."""
    line = 'INFO:     192.0.2.1:5 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n'
    printed = "".join(json.dumps(payload(id=f"chatcmpl-{n}", litellm_call_id=f"{CALL[:-1]}{n}"), indent=4) + "\n" + line for n in range(3))
    (tmp_path / "out.log").write_text("INFO:     Started server process\n" + printed, encoding="utf-8")
    con = ingest(tmp_path, tmp_path / "out.log")
    assert con.execute("select source, calls, rejected from files").fetchall() == [("litellm", 3, 4)]


@pytest.mark.shared
def test_the_proxys_access_log_is_known_and_holds_no_calls(proxy: Path, tmp_path: Path) -> None:
    con = ingest(tmp_path, proxy / "proxy_json_access_log.jsonl")
    assert con.execute("select source, calls, rejected from files").fetchall() == [("litellm", 0, 0)]
    refused = sum(line.count('" 429"') for line in (proxy / "proxy_json_access_log.jsonl").read_text(encoding="utf-8").splitlines())
    assert con.execute("select records from skips where kind = 'access line, HTTP 429'").fetchall() == [(refused,)]
