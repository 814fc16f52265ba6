"""T29: results of batch APIs are billed as batches, stay out of latency, and what never ran is no call."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from provider_helpers import read, subset

from llmlogs.carriers.base import Head
from llmlogs.ingest import engine
from llmlogs.sources.provider_responses import SOURCE

CHAT = {
    "id": "chatcmpl-b1",
    "object": "chat.completion",
    "created": 1774958400,
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "queue_time": 0.1, "prompt_time": 0.1, "completion_time": 0.1, "total_time": 0.2},
    "service_tier": "default",
}
MESSAGE = {
    "type": "message",
    "id": "msg_bdrk_b2",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 20, "output_tokens": 5},
}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "4"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 13, "candidatesTokenCount": 1, "totalTokenCount": 57, "thoughtsTokenCount": 43, "serviceTier": "standard"},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "b3",
}
OK = {"service_tier": "batch", "status": "ok"}
BAD = {"service_tier": "batch", "status": "error", "input_tokens": None}

LINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "openai": (
        {"id": "batch_req_1", "custom_id": "a-7", "response": {"status_code": 200, "request_id": "r", "body": CHAT}, "error": None},
        OK | {"input_tokens": 3, "output_tokens": 2, "started_at": "2026-03-31T12:00:00", "tags": '{"custom_id":"a-7"}', "response_id": "chatcmpl-b1"},
    ),
    "openai, refused": (
        {"custom_id": "a", "response": {"status_code": 400, "body": {"error": {"message": "too long", "code": "context_length_exceeded"}}}, "error": None},
        BAD | {"error_class": "context_length", "status_code": 400},
    ),
    "anthropic": ({"custom_id": "a", "result": {"type": "succeeded", "message": MESSAGE}}, OK | {"input_tokens": 20, "started_at": None}),
    "anthropic, refused": (
        {"custom_id": "a", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}}},
        BAD | {"error_class": "bad_request"},
    ),
    "anthropic, overloaded": (
        {"custom_id": "a", "result": {"type": "errored", "error": {"type": "overloaded_error", "message": "Overloaded"}}},
        BAD | {"error_class": "overloaded"},
    ),
    "gemini": ({"key": "k", "response": GEMINI}, OK | {"input_tokens": 13, "output_tokens": 44, "provider": "gcp.gemini"}),
    "gemini, refused": ({"key": "k", "error": {"code": 8, "message": "busy"}}, BAD | {"error_class": "rate_limit"}),
    "vertex": (
        {"status": "", "processed_time": "2026-03-31T12:00:00Z", "request": {"contents": []}, "response": GEMINI},
        OK | {"output_tokens": 44, "provider": "gcp.vertex_ai"},
    ),
    "vertex, refused": (
        {"status": 'Bad Request: {"error": 1}', "processed_time": "2026-03-31T12:00:00Z", "request": {}, "response": {}},
        BAD | {"error_class": "bad_request"},
    ),
    "bedrock": (
        {"recordId": "R1", "modelInput": {"max_tokens": 5, "messages": []}, "modelOutput": MESSAGE},
        OK | {"input_tokens": 20, "provider": "aws.bedrock", "max_tokens": 5},
    ),
    "bedrock, refused": ({"recordId": "R1", "modelInput": {}, "error": {"errorCode": 400, "errorMessage": "no"}}, BAD | {"error_class": "bad_request"}),
    "xai, a line": ({"batch_request_id": "0", "batch_result": {"response": {"chat_get_completion": CHAT}}}, OK | {"input_tokens": 3}),
}


@pytest.mark.parametrize("name", LINES)
def test_t29_a_result_is_a_call_billed_as_a_batch_that_nobody_waited_for(name: str) -> None:
    value, want = LINES[name]
    [outcome] = read(value)
    assert outcome.kind == "call"
    assert subset(outcome.call, want) == want
    assert not {"duration_ms", "ttft_ms", "server_ms", "queue_ms", "prefill_ms", "generation_ms", "network_ms"} & outcome.call.keys()


SKIPPED = {
    "batch request expired": [
        {"custom_id": "a", "result": {"type": "expired"}},
        {"custom_id": "a", "response": None, "error": {"code": "batch_expired", "message": "the window is over"}},
    ],
    "batch request cancelled": [
        {"custom_id": "a", "result": {"type": "canceled"}},
        {"custom_id": "a", "response": None, "error": {"code": "batch_cancelled", "message": "stopped"}},
    ],
    "batch request, not its result": [
        {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o", "messages": []}},
        {"custom_id": "a", "params": {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": []}},
        {"key": "a", "request": {"contents": [{"parts": [{"text": "x"}]}]}},
        {"recordId": "1", "modelInput": {"messages": []}},
    ],
    "batch": [
        {"id": "batch_1", "object": "batch", "status": "completed", "request_counts": {"total": 3}},
        {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended"},
        {"name": "batches/1", "metadata": {"state": "BATCH_STATE_RUNNING"}},
    ],
}


@pytest.mark.parametrize(("reason", "value"), [(reason, value) for reason, values in SKIPPED.items() for value in values])
def test_t29_what_never_ran_is_no_call(reason: str, value: Any) -> None:
    assert [(outcome.kind, outcome.reason) for outcome in read(value)] == [("skipped", reason)]


XAI = {"results": [{"batch_request_id": "0", "batch_result": {"response": {"chat_get_completion": CHAT}}}], "pagination_token": None}
INLINED = {
    "name": "batches/1",
    "metadata": {"output": {"inlinedResponses": {"inlinedResponses": [{"response": GEMINI, "metadata": {"key": "0"}}]}}},
    "done": True,
}


@pytest.mark.parametrize("value", [XAI, INLINED, {"dest": {"inlinedResponses": [{"response": GEMINI}]}}])
@pytest.mark.parametrize("times", [1, 3])
def test_t29_a_document_of_results_is_as_many_calls_as_it_holds(value: Any, times: int) -> None:
    text = json.dumps(value)
    key = "results" if "results" in value else "inlinedResponses"
    many = json.loads(text, object_hook=lambda node: {k: v * times if k == key and isinstance(v, list) else v for k, v in node.items()})
    outcomes = read(many)
    assert [outcome.kind for outcome in outcomes] == ["skipped"] + ["call"] * times
    assert all(outcome.nested and outcome.call["service_tier"] == "batch" for outcome in outcomes[1:])


@pytest.mark.parametrize(
    "body", [json.dumps(XAI), "\n".join(json.dumps({"custom_id": str(n), "result": {"type": "succeeded", "message": MESSAGE}}) for n in range(2)), INLINED]
)
def test_t29_results_in_a_recorded_answer(body: Any) -> None:
    url = "https://api.test/v1/messages/batches/b/results"
    outcomes = read({"request": {"method": "GET", "uri": url}, "response": {"status": {"code": 200}, "body": body}})
    assert {outcome.call["service_tier"] for outcome in outcomes[1:]} == {"batch"}
    assert outcomes[0].reason == "wrapping of a batch's results"


@pytest.mark.parametrize("values", [[value for value, _ in LINES.values()], SKIPPED["batch request expired"], [XAI], [INLINED]])
def test_files_of_results_are_recognised(values: list[Any]) -> None:
    found = SOURCE.detect(Head("x.jsonl", "ndjson", tuple(values)))
    assert found is not None
    assert found.confidence >= 0.9


DAMAGED = [
    {"custom_id": 5, "response": 5},
    {"custom_id": None, "result": []},
    {"results": [{"batch_request_id": []}]},
    {"key": 1, "error": {"code": [], "message": {}}},
    {"inlinedResponses": [5, None, {"response": "x"}]},
    {"recordId": {}, "modelInput": 1, "modelOutput": []},
]


@pytest.mark.parametrize("value", DAMAGED)
def test_damaged_results_upset_nothing(value: Any) -> None:
    assert {outcome.kind for outcome in read(value)} <= {"call", "skipped", "rejected"}


@pytest.mark.shared
def test_t29_real_results_cost_a_batchs_price_and_no_latency(shared: Path, tmp_path: Path) -> None:
    """Half of the standard price by the book's own rates; xAI says itself what each call cost."""
    engine.run([str(shared / "corpus/provider/batch_results")], tmp_path / "t.duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        rows = con.execute("select provider, response_model, input_tokens, output_tokens, cost_usd, reported_usd from calls").fetchall()
        waits = con.execute("select count(*), count(duration_ms), count(server_ms), count(queue_ms), count(ttft_ms) from calls").fetchall()
        assert con.execute("select distinct service_tier from calls").fetchall() == [("batch",)]
    assert waits == [(11, 0, 0, 0, 0)]
    half = {"claude-haiku-4-5-20251001": (0.5, 2.5), "gpt-5-nano-2025-08-07": (0.025, 0.2), "gemini-2.5-flash": (0.15, 1.25)}  # USD a million tokens
    for provider, model, sent, made, cost, reported in rows:
        if model in half:
            assert float(cost) == pytest.approx((sent * half[model][0] + made * half[model][1]) / 1e6)
        if provider == "x-ai":
            assert cost == reported
