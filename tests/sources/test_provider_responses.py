"""Whole records of the provider-response source: envelopes, streams, errors, what is no call."""

import copy
import itertools
import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlogs.schema.calls import CALLS, HIDDEN
from llmlogs.schema.ddl import TABLES
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.open_streams import UNREADABLE
from llmlogs.sources.provider_responses import SOURCE

SHARED = Path(os.environ.get("LLMLOGS_SHARED") or Path(__file__).parents[2].parent / "shared")
RESPONSES = SHARED / "corpus/provider/vcr_responses/vcr_responses_dev.jsonl"
NOON = datetime(2026, 3, 31, 12)
EPOCH_NOON = 1774958400


def read(*values: object) -> list[Outcome]:
    records = [Record(line, 0, 0, orjson.loads(orjson.dumps(value))) for line, value in enumerate(values, 1)]
    return list(SOURCE.read(records, Context("log.jsonl", secret=b"k")))


def call(value: object) -> dict:
    [outcome] = read(value)
    assert outcome.kind == "call", outcome
    return outcome.call


def subset(row: dict, want: dict) -> dict:
    return {name: row.get(name) for name in want}


CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": EPOCH_NOON,
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello", "tool_calls": [{"id": "c"}]}, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50, "prompt_tokens_details": {"cached_tokens": 10}},
}
CHAT_ROW = {
    "response_id": "chatcmpl-1",
    "response_model": "gpt-4o-2024-08-06",
    "provider": "openai",
    "operation": "chat",
    "service_tier": "default",
    "input_tokens": 30,
    "output_tokens": 20,
    "cache_read_tokens": 10,
    "tool_calls": 1,
    "finish_reason": "tool_calls",
    "completion_chars": 5,
    "usage_status": "reported",
    "status": "ok",
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "hi"}, {"type": "tool_use", "id": "t"}],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "output_tokens": 9,
        "service_tier": "standard",
        "inference_geo": "us",
    },
}
MESSAGE_ROW = {
    "response_id": "msg_1",
    "provider": "anthropic",
    "input_tokens": 125,
    "cache_read_tokens": 100,
    "cache_write_tokens": 20,
    "output_tokens": 9,
    "tool_calls": 1,
    "service_tier": "standard",
    "region": "us",
    "finish_reason": "tool_use",
}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "a"}, {"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 200, "thoughtsTokenCount": 5000, "totalTokenCount": 5210},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
}
GEMINI_ROW = {
    "response_id": "r1",
    "provider": "gcp.gemini",
    "input_tokens": 10,
    "output_tokens": 5200,
    "reasoning_tokens": 5000,
    "tool_calls": 1,
    "finish_reason": "STOP",
}

BARE = {
    "openai chat": (CHAT, CHAT_ROW),
    "anthropic": (MESSAGE, MESSAGE_ROW),
    "gemini": (GEMINI, GEMINI_ROW),
    "openai completions": (
        {
            "id": "cmpl-1",
            "object": "text_completion",
            "model": "davinci-002",
            "choices": [{"text": "abc", "finish_reason": "length"}],
            "usage": {"prompt_tokens": 8, "completion_tokens": 16, "total_tokens": 24},
        },
        {"operation": "text_completion", "input_tokens": 8, "output_tokens": 16, "completion_chars": 3, "finish_reason": "length"},
    ),
    "openai responses": (
        {
            "id": "resp_1",
            "object": "response",
            "created_at": EPOCH_NOON,
            "status": "completed",
            "model": "gpt-5",
            "error": None,
            "output": [{"type": "web_search_call"}, {"type": "function_call"}, {"type": "message", "content": [{"type": "output_text", "text": "ok"}]}],
            "usage": {
                "input_tokens": 7,
                "input_tokens_details": {"cached_tokens": 3},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 4},
                "total_tokens": 12,
            },
        },
        {
            "response_id": "resp_1",
            "started_at": NOON,
            "input_tokens": 7,
            "cache_read_tokens": 3,
            "reasoning_tokens": 4,
            "tool_calls": 1,
            "web_searches": 1,
            "finish_reason": "stop",
            "status": "ok",
        },
    ),
    "openai responses failed": (
        {
            "id": "resp_2",
            "object": "response",
            "status": "failed",
            "model": "gpt-5",
            "output": [],
            "usage": None,
            "error": {"code": "server_error", "message": "An error occurred"},
        },
        {"status": "error", "error_class": "server_error", "error_type": "server_error", "input_tokens": None, "usage_status": "missing"},
    ),
    "openai responses cut": (
        {
            "id": "resp_3",
            "object": "response",
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "model": "gpt-5",
            "output": [],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        },
        {"status": "ok", "finish_reason": "max_output_tokens", "output_tokens": 2},
    ),
    "openai embeddings": (
        {
            "object": "list",
            "data": [{"object": "embedding", "embedding": [0.1]}],
            "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": 2, "total_tokens": 2},
        },
        {"operation": "embeddings", "input_tokens": 2, "output_tokens": 0, "provider": "openai"},
    ),
    "voyage rerank": (
        {"object": "list", "data": [{"relevance_score": 0.5, "index": 0}], "model": "rerank-2", "usage": {"total_tokens": 43}},
        {"operation": "rerank", "input_tokens": 43, "output_tokens": 0},
    ),
    "bedrock converse": (
        {
            "metrics": {"latencyMs": 189},
            "output": {"message": {"role": "assistant", "content": [{"text": "x"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 25, "outputTokens": 4, "totalTokens": 29},
        },
        {"provider": "aws.bedrock", "input_tokens": 25, "output_tokens": 4, "server_ms": 189, "finish_reason": "end_turn"},
    ),
    "bedrock llama": (
        {"generation": "abc", "prompt_token_count": 5, "generation_token_count": 9, "stop_reason": "stop"},
        {"provider": "aws.bedrock", "input_tokens": 5, "output_tokens": 9, "finish_reason": "stop"},
    ),
    "bedrock titan": (
        {"inputTextTokenCount": 5, "results": [{"tokenCount": 9, "outputText": "abc", "completionReason": "FINISH"}]},
        {"input_tokens": 5, "output_tokens": 9, "finish_reason": "FINISH"},
    ),
    "cohere v2": (
        {
            "id": "c2",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "x"}]},
            "finish_reason": "COMPLETE",
            "usage": {"billed_units": {"input_tokens": 25, "output_tokens": 9}, "tokens": {"input_tokens": 91, "output_tokens": 11}},
        },
        {"provider": "cohere", "input_tokens": 91, "output_tokens": 11, "billed_input_tokens": 25, "billed_output_tokens": 9},
    ),
    "cohere v1": (
        {
            "response_id": "c1",
            "generation_id": "g",
            "text": "abc",
            "finish_reason": "COMPLETE",
            "meta": {"tokens": {"input_tokens": 69, "output_tokens": 119}, "billed_units": {"input_tokens": 58, "output_tokens": 119}},
        },
        {"provider": "cohere", "input_tokens": 69, "output_tokens": 119, "completion_chars": 3},
    ),
    "cohere rerank": (
        {"id": "x", "results": [{"index": 3, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}},
        {"operation": "rerank", "input_tokens": None, "extra": '{"billed_search_units":1}'},
    ),
    "groq": (
        CHAT
        | {
            "model": "llama",
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "total_tokens": 5,
                "queue_time": 0.02,
                "prompt_time": 0.005,
                "completion_time": 0.02,
                "total_time": 0.025,
            },
        },
        {"queue_ms": 20, "prefill_ms": 5, "generation_ms": 20, "server_ms": 45, "input_tokens": 3},
    ),
    "cerebras": (
        CHAT | {"time_info": {"queue_time": 0.02, "prompt_time": 0.01, "completion_time": 0.01, "total_time": 0.05, "created": 1.0}},
        {"queue_ms": 20, "server_ms": 50},
    ),
    "openrouter": (
        CHAT | {"id": "gen-1", "provider": "WandB", "usage": CHAT["usage"] | {"cost": 0.25, "is_byok": False}},
        {"provider": "openrouter", "gateway": "openrouter", "reported_usd": Decimal("0.25")},
    ),
    "xai": (CHAT | {"model": "grok-4.3", "usage": CHAT["usage"] | {"cost_in_usd_ticks": 10_000_000_000}}, {"provider": "x-ai", "reported_usd": Decimal(1)}),
    "ollama": (
        {
            "model": "llama3",
            "created_at": "2026-03-31T12:00:02Z",
            "message": {"role": "assistant", "content": "abc"},
            "done": True,
            "done_reason": "stop",
            "total_duration": 2_000_000_000,
            "eval_count": 79,
            "eval_duration": 1_500_000_000,
        },
        {
            "provider": "ollama",
            "input_tokens": None,
            "output_tokens": 79,
            "started_at": NOON,
            "server_ms": 2000,
            "generation_ms": 1500,
            "usage_status": "partial",
        },
    ),
    "gemini blocked": (
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 12, "totalTokenCount": 12}, "modelVersion": "gemini-2.5-flash"},
        {"status": "blocked", "finish_reason": "SAFETY", "input_tokens": 12, "output_tokens": 0},
    ),
    "gemini interaction": (
        {
            "id": "i1",
            "object": "interaction",
            "status": "completed",
            "model": "gemini-3",
            "usage": {"total_input_tokens": 9, "total_output_tokens": 13, "total_thought_tokens": 207, "total_tokens": 229},
        },
        {"provider": "gcp.gemini", "input_tokens": 9, "output_tokens": 220},
    ),
    "an audio transcript": (
        {
            "text": "abc",
            "usage": {"type": "tokens", "input_tokens": 37, "output_tokens": 144, "total_tokens": 181, "input_token_details": {"audio_tokens": 37}},
        },
        {"operation": "audio", "input_tokens": 37, "audio_input_tokens": 37},
    ),
    "explicit zeros": (
        CHAT | {"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}},
        {"input_tokens": 0, "output_tokens": 0, "usage_status": "reported"},
    ),
    "no usage": (
        {name: value for name, value in CHAT.items() if name != "usage"},
        {"input_tokens": None, "output_tokens": None, "usage_status": "missing", "status": "ok"},
    ),
    "an error in a 200 body": (
        {"id": "gen-2", "object": "chat.completion", "choices": [], "error": {"code": 502, "message": "upstream"}},
        {"status": "error", "error_class": "server_error"},
    ),
    "Anthropic's error alone": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"status": "error", "error_class": "overloaded", "error_type": "overloaded_error", "input_tokens": None},
    ),
}


@pytest.mark.parametrize("case", BARE, ids=list(BARE))
def test_a_bare_body(case):
    body, want = BARE[case]
    row = call(body)
    assert subset(row, want) == want


def test_every_bare_body_is_detected():
    for body, _ in BARE.values():
        assert SOURCE.detect(Head("x", "ndjson", (body,))).confidence >= 0.5


REQUEST = {"model": "gpt-4o", "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}], "max_tokens": 100}
HEADERS = {"content-type": "application/json", "openai-processing-ms": "570", "x-ratelimit-remaining-requests": "99", "date": "Tue, 31 Mar 2026 12:00:01 GMT"}
ENVELOPES = {
    "flat": {"ts": "2026-03-31T12:00:00Z", "latency_ms": 812, "request": REQUEST, "response": CHAT, "headers": HEADERS, "status": 200},
    "other names": {"timestamp": "2026-03-31T12:00:00Z", "req": REQUEST, "resp": CHAT, "http": {"status": 200, "headers": HEADERS}, "duration_ms": 812},
    "bodies as text": {
        "time": EPOCH_NOON,
        "request": {"url": "https://api.openai.com/v1/chat/completions", "method": "POST", "body": json.dumps(REQUEST)},
        "response": {"status_code": 200, "headers": HEADERS, "body": json.dumps(CHAT)},
        "elapsed": 0.812,
    },
    "deep": {
        "event": {
            "payload": {
                "started_at": "2026-03-31T12:00:00Z",
                "timing": {"total_ms": 812},
                "exchange": {"request": {"json": REQUEST}, "response": {"status": 200, "headers": HEADERS, "json": CHAT}},
            }
        }
    },
    "latency object": {
        "started_at": EPOCH_NOON * 1000,
        "latency_ms": {"total": 812},
        "input": REQUEST,
        "output": CHAT,
        "response_headers": HEADERS,
        "status_code": "200",
    },
    "HAR": {
        "startedDateTime": "2026-03-31T14:00:00.000+02:00",
        "time": 812,
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 812, "receive": 0},
        "request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "headers": [], "postData": {"text": json.dumps(REQUEST)}},
        "response": {
            "status": 200,
            "headers": [{"name": name, "value": value} for name, value in HEADERS.items()],
            "content": {"text": json.dumps(CHAT), "mimeType": "application/json"},
        },
    },
    "cassette": {
        "recorded_at": "2026-03-31T12:00:00Z",
        "duration": "812ms",
        "request": {"method": "post", "uri": "https://api.openai.com/v1/chat/completions", "body": {"string": json.dumps(REQUEST)}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {name: [value] for name, value in HEADERS.items()},
            "body": {"string": json.dumps(CHAT)},
        },
    },
}
ENVELOPE_ROW = {
    **CHAT_ROW,
    "request_model": "gpt-4o",
    "status_code": 200,
    "max_tokens": 100,
    "prompt_chars": 9,
    "started_at": NOON,
    "duration_ms": 812,
    "server_ms": 570,
    "network_ms": 242,
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope(name):
    [outcome] = read(ENVELOPES[name])
    assert subset(outcome.call, ENVELOPE_ROW) == ENVELOPE_ROW
    assert [row["remaining"] for row in outcome.rows["rate_limits"]] == [99]
    assert outcome.call["prompt_hash"] == call(ENVELOPES["flat"])["prompt_hash"]


@given(
    st.lists(st.sampled_from(["event", "payload", "log", "record", "exchange", "llm", "attributes", "detail"]), max_size=4),
    st.permutations(list(ENVELOPES["flat"])),
)
def test_any_nesting_and_order_gives_the_same_call(steps, order):
    value = {name: ENVELOPES["flat"][name] for name in order}
    for step in steps:
        value = {step: value}
    assert call(value) == call(ENVELOPES["flat"])


LABELS = {"user_id": "u1", "feature": "search", "session_id": "s1", "trace_id": "t1", "team": "core", "environment": "prod", "prompt_version": "v3"}


def test_labels_beside_an_exchange():
    row = call(ENVELOPES["flat"] | {"metadata": LABELS})
    assert subset(row, LABELS) == LABELS
    assert row["feature_basis"] == "logged"


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://api.openai.com/v1/chat/completions", {"provider": "openai", "endpoint": "chat.completions"}),
        ("https://x.openai.azure.com/openai/deployments/my-dep/chat/completions?api-version=1", {"provider": "azure", "deployment": "my-dep"}),
        (
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-micro-v1%3A0/converse",
            {"provider": "aws.bedrock", "request_model": "us.amazon.nova-micro-v1:0", "region": "us-east-1"},
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
            {"provider": "gcp.gemini", "request_model": "gemini-2.5-pro"},
        ),
        (
            "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent",
            {"provider": "gcp.vertex_ai", "request_model": "gemini-2.5-pro", "region": "us-central1"},
        ),
        ("http://127.0.0.1:11434/api/chat", {"provider": "ollama"}),
        ("/v1/messages", {"endpoint": "messages", "provider": "openai"}),
        ("not a url [", {"provider": "openai"}),
    ],
)
def test_what_a_url_tells(url, want):
    assert subset(call({"url": url, "response": CHAT}), want) == want


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"url": "https://api.anthropic.com/v1/messages/count_tokens", "response": {"input_tokens": 5}}, "token_count"),
        ({"url": "https://api.openai.com/v1/batches/b1", "method": "GET", "response": {"object": "batch", "usage": {"input_tokens": 5}}}, "batch_job"),
        (
            {
                "url": "https://generativelanguage.googleapis.com/v1beta/cachedContents",
                "response": {"name": "cachedContents/x", "usageMetadata": {"totalTokenCount": 5}},
            },
            "cached_content",
        ),
        ({"url": "https://api.openai.com/v1/files", "method": "POST", "status": 200, "response": {"object": "file"}}, "file"),
        (
            {
                "method": "GET",
                "url": "https://api.openai.com/v1/responses/r",
                "response": {"object": "response", "status": "in_progress", "id": "r", "output": []},
            },
            "poll",
        ),
        ({"object": "thread.run", "id": "run_1", "status": "queued", "usage": None}, "thread run without usage"),
        ({"object": "vector_store", "id": "vs"}, "vector_store"),
        ({"custom_id": "a", "result": {"type": "expired"}}, "batch request expired"),
    ],
)
def test_no_call_is_skipped_by_kind(record, kind):
    [outcome] = read(record)
    assert (outcome.kind, outcome.reason, outcome.call) == ("skipped", kind, None)


@pytest.mark.parametrize("record", [{"foo": 1}, {}, [], "text", 7, None, {"message": "user logged in"}, {"level": "error", "msg": "disk full"}])
def test_what_is_not_understood_is_rejected(record):
    [outcome] = read(record)
    assert outcome.kind == "rejected"


@pytest.mark.parametrize(
    ("record", "want"),
    [
        (
            {
                "ts": EPOCH_NOON,
                "request": REQUEST,
                "response": {"error": {"message": "Rate limit reached for gpt-4o", "code": "rate_limit_exceeded"}},
                "http": {"status": 429, "headers": {"retry-after": "12"}},
            },
            {
                "status": "error",
                "status_code": 429,
                "error_class": "rate_limit",
                "retry_after_ms": 12000,
                "request_model": "gpt-4o",
                "provider": "openai",
                "started_at": NOON,
            },
        ),
        (
            {"url": "https://api.openai.com/v1/chat/completions", "error": "Request timed out."},
            {"status": "timeout", "error_class": "timeout", "usage_status": "missing"},
        ),
        ({"request": REQUEST, "error": {"name": "APIConnectionError", "message": "Connection error."}}, {"status": "error", "error_class": "connection"}),
        ({"request": REQUEST, "error": {"type": "CancelledError", "message": ""}}, {"status": "cancelled", "error_class": "client_cancel"}),
        (
            {
                "url": "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/invoke",
                "status": 429,
                "headers": {"x-amzn-errortype": "ThrottlingException:http://a/", "content-type": "x"},
                "response": {"message": "Too many"},
            },
            {"error_class": "rate_limit", "error_type": "ThrottlingException", "provider": "aws.bedrock", "region": "eu-west-1"},
        ),
        (
            {"url": "https://api.cohere.com/v2/chat", "status": 400, "response": {"error_type": "TOO_MANY_TOKENS", "id": "x", "message": "too many tokens"}},
            {"error_class": "context_length"},
        ),
        (
            {"url": "http://localhost:11434/api/chat", "status": 404, "response": {"error": "model 'x' not found"}},
            {"error_class": "not_found", "provider": "ollama"},
        ),
        ({"url": "https://api.x.ai/v1/responses", "status": 500, "response": "<html>Bad gateway</html>"}, {"error_class": "server_error", "status": "error"}),
        (
            {"url": "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent", "status": 404, "stream_events": []},
            {"error_class": "not_found", "status_code": 404},
        ),
        ({"request": {"url": "https://api.openai.com/v1/responses"}, "response": {"status": 0}}, {"status": "cancelled"}),
        (
            {"model": "m", "provider": "p", "error_code": "429", "error_message": "slow down", "request": REQUEST},
            {"error_class": "rate_limit", "status": "error"},
        ),
        (
            {"custom_id": "b", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "bad"}}}},
            {"status": "error", "error_class": "bad_request", "error_type": "invalid_request_error", "service_tier": "batch"},
        ),
    ],
)
def test_an_error_is_a_call_without_tokens(record, want):
    row = call(record)
    assert subset(row, want) == want
    assert not [name for name in row if name.endswith("_tokens") and name != "max_tokens"]


def test_retry_after_on_a_good_answer_is_no_429():
    row = call({"response": MESSAGE, "headers": {"retry-after": "43", "content-type": "application/json"}, "status": 200})
    assert (row["status"], row["retry_after_ms"], row.get("error_class")) == ("ok", 43000, None)


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, "none", {"code": None, "message": ""}])
def test_an_empty_error_is_none(nothing):
    assert call({"response": CHAT, "error": nothing})["status"] == "ok"


CHAT_CHUNKS = [
    {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": EPOCH_NOON,
        "model": "gpt-4o-2024",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        "usage": None,
    },
    {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": EPOCH_NOON,
        "model": "gpt-4o-2024",
        "choices": [{"index": 0, "delta": {"content": "abc"}, "finish_reason": None}],
    },
    {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": EPOCH_NOON,
        "model": "gpt-4o-2024",
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}, "finish_reason": "tool_calls"}],
    },
    {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": EPOCH_NOON,
        "model": "gpt-4o-2024",
        "choices": [],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    },
]
MESSAGE_EVENTS = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_2",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": [],
            "usage": {"input_tokens": 43, "output_tokens": 1, "cache_read_input_tokens": 8},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "abc"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 61, "output_tokens": 2000}},
    {"type": "message_stop"},
]
STREAMS = {
    "openai": (
        CHAT_CHUNKS,
        {"response_id": "s1", "input_tokens": 5, "output_tokens": 2, "tool_calls": 1, "completion_chars": 3, "finish_reason": "tool_calls", "started_at": NOON},
    ),
    "T20 openai without include_usage": (CHAT_CHUNKS[:3], {"input_tokens": None, "output_tokens": None, "usage_status": "missing", "status": "ok"}),
    "T13 anthropic, the delta replaces": (
        MESSAGE_EVENTS,
        {"response_id": "msg_2", "input_tokens": 69, "cache_read_tokens": 8, "output_tokens": 2000, "completion_chars": 3, "finish_reason": "end_turn"},
    ),
    "T14 anthropic cut: the placeholder is no count": (MESSAGE_EVENTS[:3], {"input_tokens": 51, "output_tokens": None, "usage_status": "partial"}),
    "an error event after 200": (
        [MESSAGE_EVENTS[0], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}],
        {"status": "error", "error_class": "overloaded"},
    ),
    "T12 gemini, cumulative": (
        [
            {
                "candidates": [{"content": {"parts": [{"text": "a"}]}}],
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": n, "totalTokenCount": 9 + n},
                "responseId": "g1",
                "modelVersion": "gemini-3",
            }
            for n in (1, 5)
        ]
        + [
            {
                "candidates": [{"finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 20, "totalTokenCount": 29},
                "responseId": "g1",
            }
        ],
        {"response_id": "g1", "input_tokens": 9, "output_tokens": 20, "completion_chars": 2, "finish_reason": "STOP"},
    ),
    "responses": (
        [
            {
                "type": "response.created",
                "response": {"id": "resp_9", "object": "response", "status": "in_progress", "model": "gpt-5", "usage": None, "output": []},
            },
            {"type": "response.output_item.done", "item": {"type": "function_call"}},
            {
                "type": "response.completed",
                "response": {
                    "id": "resp_9",
                    "object": "response",
                    "status": "completed",
                    "model": "gpt-5-2025",
                    "output": [],
                    "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
                },
            },
        ],
        {"response_id": "resp_9", "response_model": "gpt-5-2025", "input_tokens": 3, "output_tokens": 4, "tool_calls": 1, "finish_reason": "stop"},
    ),
    "cohere v2": (
        [
            {"type": "message-start", "id": "co1"},
            {"type": "message-end", "id": "co1", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 5, "output_tokens": 6}}}},
        ],
        {"response_id": "co1", "provider": "cohere", "input_tokens": 5, "output_tokens": 6},
    ),
    "converse": (
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "ab"}}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}, "metrics": {"latencyMs": 99}}},
        ],
        {"provider": "aws.bedrock", "input_tokens": 5, "output_tokens": 6, "server_ms": 99, "finish_reason": "end_turn", "completion_chars": 2},
    ),
    "bedrock invoke": (
        [
            *MESSAGE_EVENTS[:-1],
            MESSAGE_EVENTS[-1]
            | {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 61, "outputTokenCount": 2000, "invocationLatency": 900, "firstByteLatency": 300}},
        ],
        {"output_tokens": 2000, "server_ms": 900, "ttft_ms": 300, "ttft_basis": "server"},
    ),
    "groq": (
        [
            CHAT_CHUNKS[0] | {"x_groq": {"id": "r"}},
            CHAT_CHUNKS[2] | {"x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "queue_time": 0.1, "total_time": 0.2}}},
        ],
        {"input_tokens": 5, "queue_ms": 100, "server_ms": 300},
    ),
    "ollama": (
        [
            {"model": "l", "created_at": "2026-03-31T12:00:00Z", "message": {"content": "a"}, "done": False},
            {
                "model": "l",
                "created_at": "2026-03-31T12:00:02Z",
                "message": {"content": ""},
                "done": True,
                "total_duration": 2_000_000_000,
                "prompt_eval_count": 3,
                "eval_count": 4,
            },
        ],
        {"input_tokens": 3, "output_tokens": 4, "started_at": NOON, "provider": "ollama"},
    ),
}


def wrappings(events):
    """The ways one stream is logged in one record."""
    return {
        "list": {"stream": True, "chunks": events},
        "sse events": {"stream_events": [{"event": event.get("type"), "data": event} for event in events] + [{"event": None, "data": "[DONE]"}]},
        "sse text": {"response": {"status": 200, "body": "".join(f"event: e\ndata: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"}},
        "sse lines": {"lines": [f"data: {json.dumps(event)}" for event in events]},
        "timed": {"events": [{"ts": EPOCH_NOON + n, "chunk": event} for n, event in enumerate(events)]},
    }


@pytest.mark.parametrize("wrapping", wrappings([]))
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_in_one_record(name, wrapping):
    events, want = STREAMS[name]
    row = call(wrappings(events)[wrapping])
    assert subset(row, want) == want
    assert row["stream"] is True


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("wrap", [lambda event: event, lambda event: {"ts": EPOCH_NOON, "data": event}], ids=["bare", "wrapped"])
def test_a_stream_one_event_a_line(name, wrap):
    events, want = STREAMS[name]
    outcomes = read(*(wrap(event) for event in events))
    rows = [outcome.call for outcome in outcomes if outcome.kind == "call"]
    want = {key: value for key, value in want.items() if key not in ("started_at",)}
    assert [subset(row, want) for row in rows] == [want]
    assert sorted(outcome.line for outcome in outcomes) == list(range(1, len(events) + 1))
    assert {outcome.reason for outcome in outcomes if outcome.kind == "merged"} <= {"part"}
    assert {outcome.merged_into for outcome in outcomes if outcome.kind == "merged"} == {rows[0].get("call_id") or rows[0]["response_id"]}


def test_streams_that_interleave_are_kept_apart():
    other = [chunk | {"id": "s2"} for chunk in CHAT_CHUNKS[:3]]
    mixed = [*itertools.chain.from_iterable(zip(CHAT_CHUNKS, other, strict=False)), CHAT_CHUNKS[3]]
    rows = {outcome.call["response_id"]: outcome.call for outcome in read(*mixed) if outcome.kind == "call"}
    assert (rows["s1"]["input_tokens"], rows["s2"].get("input_tokens")) == (5, None)


def test_a_new_start_ends_an_unfinished_stream():
    outcomes = read(*MESSAGE_EVENTS[:2], *MESSAGE_EVENTS)
    assert [outcome.call.get("output_tokens") for outcome in outcomes if outcome.kind == "call"] == [None, 2000]


def test_the_first_token_of_timed_events():
    row = call({"started_at": EPOCH_NOON, "events": [{"ts": EPOCH_NOON + at, "chunk": chunk} for at, chunk in zip((1, 2, 6, 7), CHAT_CHUNKS, strict=True)]})
    assert (row["ttft_ms"], row["ttft_basis"], row["max_gap_ms"]) == (2000, "event", 4000)


def test_a_header_of_a_stream_is_no_server_time():
    row = call({"headers": HEADERS, "chunks": CHAT_CHUNKS, "duration_ms": 4000})
    assert (row.get("server_ms"), row.get("network_ms"), row["ttft_ms"], row["ttft_basis"]) == (None, None, 570, "server")


def test_a_list_of_exchanges_in_one_record():
    outcomes = read(
        {
            "log": {
                "entries": [
                    ENVELOPES["HAR"],
                    {"request": {"url": "https://api.openai.com/v1/models"}, "response": {"status": 200, "content": {}}},
                    ENVELOPES["HAR"],
                ]
            }
        }
    )
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("skipped", False), ("call", True), ("skipped", True), ("call", True)]


def test_results_of_a_batch_are_billed_as_one():
    assert call({"custom_id": "a", "response": {"status_code": 200, "body": CHAT}, "error": None})["service_tier"] == "batch"
    rows = [
        outcome.call
        for outcome in read(
            {"metadata": {"output": {"inlinedResponses": {"inlinedResponses": [{"response": GEMINI}, {"response": GEMINI | {"responseId": "r2"}}]}}}}
        )
        if outcome.call
    ]
    assert [(row["response_id"], row["service_tier"]) for row in rows] == [("r1", "batch"), ("r2", "batch")]


@pytest.mark.parametrize(
    "record",
    [
        {"run_type": "llm", "outputs": CHAT},
        {"resourceSpans": []},
        {"data": [{"span_kind": "LLM", "attributes": {}}], "x": CHAT},
    ],
)
def test_records_of_tracing_systems_are_left_to_their_own_formats(record):
    assert SOURCE.detect(Head("x", "ndjson", (record,))) is None


def test_a_session_line_is_left_to_the_coding_agents_format():
    assert SOURCE.detect(Head("x", "ndjson", ({"sessionId": "s", "message": MESSAGE},))).confidence < 0.6


def test_no_text_of_prompt_answer_error_or_header_is_kept():
    secret = "zebra-crossing-secret"
    record = copy.deepcopy(ENVELOPES["flat"]) | {"prompt": secret, "error": {"message": f'failed on "{secret}"', "code": "x"}}
    record["request"]["messages"][1]["content"] = secret
    record["response"]["choices"][0]["message"]["content"] = secret
    record["headers"] = HEADERS | {"x-request-note": secret}
    record["request_headers"] = {"authorization": f"Bearer {secret}", "content-type": "x"}
    [outcome] = read(record)
    assert secret not in repr(outcome)
    assert len(outcome.call["api_key_hash"]) == 16


COLUMNS = {column.name for column in CALLS.columns} | set(HIDDEN)
LIMITS = {column.name for table in TABLES if table.name == "rate_limits" for column in table.columns}


def check(outcomes, lines):
    assert {outcome.line for outcome in outcomes} == set(range(1, lines + 1))
    for outcome in outcomes:
        assert outcome.kind in ("call", "merged", "skipped", "rejected")
        assert (outcome.call is not None) == (outcome.kind == "call")
        assert outcome.reason or outcome.kind == "call"
        assert set(outcome.call or {}) <= COLUMNS
        assert all(value is not None for value in (outcome.call or {}).values())
        assert all(set(row) <= LIMITS for row in outcome.rows.get("rate_limits", ()))


SEEDS = [body for body, _ in BARE.values()] + list(ENVELOPES.values()) + [event for events, _ in STREAMS.values() for event in events]
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda x: st.one_of(st.lists(x, max_size=3), st.dictionaries(st.text(max_size=8), x, max_size=3)),
)


@st.composite
def broken(draw):
    """A good record with some of its members replaced, removed, or turned around."""
    value = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        node = value
        while isinstance(node, (dict, list)) and node:
            key = draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
            if draw(st.booleans()) or not isinstance(node[key], (dict, list)):
                node[key] = draw(JUNK)
                break
            node = node[key]
    return value


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.one_of(broken(), JUNK), max_size=5))
def test_no_record_raises_and_each_has_its_outcome(values):
    outcomes = read(*values)
    check(outcomes, len(values))
    assert not [outcome for outcome in outcomes if outcome.reason.startswith(UNREADABLE)]
    assert outcomes == read(*values)


def test_a_bottomless_record_is_rejected_or_read():
    deep: object = CHAT
    for _ in range(400):
        deep = [deep]
    text = "[" * 900 + "]" * 900
    records = [Record(line, 0, 0, value) for line, value in enumerate(({"response": deep}, {"body": text}, {"a": json.loads(text)}), 1)]
    check(list(SOURCE.read(records, Context("x"))), 3)


@pytest.mark.shared
def test_every_recorded_response_finds_its_place():
    """4,731 recorded exchanges: none raises, none is lost, and no tokens appear where the provider answered with an error."""
    if not RESPONSES.exists():
        pytest.skip(f"{RESPONSES} is absent")
    records = [Record(line, 0, 0, orjson.loads(text)) for line, text in enumerate(RESPONSES.read_bytes().splitlines(), 1)]
    outcomes = list(SOURCE.read(records, Context("x")))
    check(outcomes, len(records))
    assert not [outcome.line for outcome in outcomes if outcome.kind == "rejected"]
    assert len([outcome for outcome in outcomes if outcome.kind == "call"]) > 0.98 * len(records)


EXPECTED = SHARED / "oracle/expected_usage_dev.jsonl"
# Where two independent readers agree and are wrong together: the total proves audio beside the prompt (Mistral) and unlisted thinking (Gemini's
# OpenAI-compatible URL); see `usage.settle`.
PROVED_BY_TOTAL = {("mistral", "audio"), ("mistral", "chat.completions"), ("gemini", "chat.completions")}


@pytest.mark.shared
def test_recorded_usage_is_what_two_other_readers_read():
    if not EXPECTED.exists():
        pytest.skip(f"{EXPECTED} is absent")
    records = [Record(line, 0, 0, orjson.loads(text)) for line, text in enumerate(RESPONSES.read_bytes().splitlines(), 1)]
    calls = {outcome.line: outcome.call for outcome in SOURCE.read(records, Context("x")) if outcome.kind == "call"}
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    wanted = [row for row in map(json.loads, EXPECTED.read_text().splitlines()) if row["basis"] == "two_agree"]
    wrong = [row for row in wanted if [calls[row["line"]].get(name) or 0 for name in names] != [row[name] for name in names]]
    assert len(wanted) > 4000
    assert {(row["provider"], row["api_flavor"]) for row in wrong} <= PROVED_BY_TOTAL
    assert len(wrong) < 10
