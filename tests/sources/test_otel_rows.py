"""What a call's row says: waits, errors, labels, models, money, texts."""

from __future__ import annotations

from typing import Any

import pytest

from llmlogs.sources.base import Context
from tests.sources.otel_helpers import START, calls, chat, export, read, rows, span

FIRST = [
    ("seconds", {"gen_ai.response.time_to_first_chunk": 0.25}, (), (250.0, "client", True)),
    ("milliseconds", {"ai.response.msToFirstChunk": 250.0}, (), (250.0, "client", True)),
    ("seconds of a server", {"gen_ai.server.time_to_first_token": 0.25, "gen_ai.request.stream": True}, (), (250.0, "client", True)),
    ("milliseconds under the same name", {"gen_ai.server.time_to_first_token": 250, "gen_ai.request.stream": True}, (), (250.0, "client", True)),
    ("OpenInference's event", {}, [("First Token Stream Event", 250, {})], (250.0, "event", True)),
    ("OpenLLMetry's chunks", {}, [("gen_ai.content.completion.chunk", at, {}) for at in (250, 260, 500)], (250.0, "event", True)),
    ("Langfuse's instant", {"langfuse.observation.completion_start_time": '"2026-03-02T10:00:00.250000Z"'}, (), (250.0, "client", True)),
    ("not streamed", {"gen_ai.request.stream": False, "gen_ai.response.time_to_first_chunk": 0.25}, (), (None, None, True)),
    ("no number", {"gen_ai.response.time_to_first_chunk": "soon"}, (), (None, None, True)),
    ("longer than the call", {"gen_ai.response.time_to_first_chunk": 9.0}, (), (None, None, True)),
    ("nothing told", {}, (), (None, None, None)),
]


@pytest.mark.parametrize(("what", "told", "events", "want"), FIRST, ids=[case[0] for case in FIRST])
def test_time_to_first_token(what: str, told: dict[str, Any], events: Any, want: tuple[Any, ...]) -> None:
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told, events=events)])))
    assert (call.get("ttft_ms"), call.get("ttft_basis")) == want[:2]
    if what == "OpenLLMetry's chunks":
        assert call["max_gap_ms"] == 240.0


ERRORS = [
    ({"error.type": "RateLimitError"}, "Error code: 429 - slow down", ("error", 429, "rate_limit", "RateLimitError")),
    ({}, "status_code: 503, model_name: x, body: overloaded", ("error", 503, "overloaded", None)),
    ({"error.type": "rate_limit_error", "http.response.status_code": 429}, None, ("error", 429, "rate_limit", "rate_limit_error")),
    ({"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "Error code: 500 - oh"}, None, ("error", 500, "server_error", None)),
    ({"error.type": "APIConnectionError"}, "Connection error.", ("error", None, "connection", "APIConnectionError")),
    ({"error.type": "timeout"}, "Request timed out.", ("timeout", None, "timeout", "timeout")),
    ({"error.type": "CancelledError"}, "", ("cancelled", None, "client_cancel", "CancelledError")),
    ({"http.response.status_code": 404}, None, ("error", 404, "not_found", None)),
    ({"gen_ai.response.finish_reasons": ["content_filter"]}, None, ("blocked", None, None, None)),
    ({}, None, ("ok", None, None, None)),
]


@pytest.mark.parametrize(("told", "message", "want"), ERRORS, ids=[str(n) for n in range(len(ERRORS))])
def test_errors(told: dict[str, Any], message: str | None, want: tuple[Any, ...]) -> None:
    more = {} if message is None else {"error": message}
    (call,) = calls(export(("x", [span("a", a=chat() | told, **more)])))
    assert tuple(call.get(name) for name in ("status", "status_code", "error_class", "error_type")) == want


def test_an_exception_event_names_the_error() -> None:
    event = (
        "exception",
        900,
        {"exception.type": "openai.RateLimitError", "exception.message": "Error code: 429 - Limit 500, key sk-abc", "exception.stacktrace": "secret"},
    )
    (call,) = calls(export(("x", [span("a", a=chat(), error="RateLimitError", events=[event])])))
    assert (call["error_type"], call["status_code"], call["error_class"]) == ("RateLimitError", 429, "rate_limit")
    assert "sk-abc" not in str(call)
    assert "secret" not in str(call)


@pytest.mark.parametrize(
    ("told", "exception", "status"),
    [
        ({"gen_ai.is_streaming": True}, "openai.APIConnectionError", "error"),
        ({"gen_ai.is_streaming": True}, "ValueError", "ok"),
        ({"gen_ai.is_streaming": True, "gen_ai.response.finish_reasons": ["stop"]}, "openai.APIConnectionError", "ok"),
        ({"gen_ai.is_streaming": False}, "openai.APIConnectionError", "ok"),
    ],
)
def test_a_stream_without_an_end_under_a_broken_caller_failed(told: dict[str, Any], exception: str, status: str) -> None:
    """OpenLLMetry calls it good; its counts stay unknown either way."""
    event = ("exception", 990, {"exception.type": exception, "exception.message": "oh"})
    (call,) = calls(export(("x", [span("p", a={}, events=[event]), span("a", "p", a=chat() | told)])))
    assert (call["status"], call["usage_status"]) == (status, "missing")


def test_a_stream_without_an_end_under_a_calm_caller_is_as_its_span_says() -> None:
    (call,) = calls(export(("x", [span("p"), span("a", "p", a=chat() | {"gen_ai.is_streaming": True})])))
    assert call["status"] == "ok"


def test_t42_labels_come_from_the_enclosing_spans() -> None:
    line = export(
        ("x", [
            span("r", a={"app.feature": "faq", "user.id": "u-1", "session.id": "s-1"}),
            span("m", "r", a={"gen_ai.operation.name": "invoke_agent", "session.id": "s-2"}), span("a", "m", a=chat(9, 2)),
        ]),
        resource={"service.name": "shop", "service.version": "1.2", "deployment.environment": "prod"},
    )  # fmt: skip
    (call,) = calls(line)
    assert {name: call.get(name) for name in ("feature", "feature_basis", "user_id", "session_id", "service", "release", "environment")} == {
        "feature": "faq", "feature_basis": "trace", "user_id": "u-1", "session_id": "s-2", "service": "shop", "release": "1.2", "environment": "prod",
    }  # fmt: skip


FEATURES: list[tuple[dict[str, Any], tuple[str, ...], tuple[str | None, str | None]]] = [
    ({"ai.telemetry.metadata.feature": "x", "ai.telemetry.functionId": "y"}, (), ("x", "logged")),
    ({"ai.telemetry.functionId": "y"}, (), ("y", "logged")),
    ({"langfuse.trace.name": '"quoted"'}, (), ("quoted", "logged")),
    ({"langfuse.trace.tags": ["beta", "feature:x"]}, (), ("x", "tags")),
    ({"langfuse.trace.tags": ["beta", 5], "ai.telemetry.functionId": "y"}, (), ("y", "logged")),
    ({"metadata": "[1]", "gen_ai.workflow.name": "w"}, (), ("w", "logged")),
    ({"metadata": '{"feature": {"a": 1}}'}, (), (None, None)),
    ({"traceloop.association.properties.feature": "x", "traceloop.workflow.name": "w"}, (), ("x", "logged")),
    ({"metadata": '{"feature": "x", "note": "n"}'}, (), ("x", "logged")),
    ({"gen_ai.agent.name": "helper"}, (), ("helper", "agent")),
    ({"app.feature": "x", "ai.telemetry.metadata.product": "p"}, ("tags.product",), ("p", "config")),
    ({"app.feature": "x", "product": "p"}, ("product",), ("p", "config")),
    ({"app.feature": "x", "langfuse.trace.tags": ["product:p"]}, ("tags.product",), ("p", "config")),
    ({"app.feature": "x", "user.id": "u"}, ("user.id",), ("u", "config")),
    ({"app.feature": "x"}, ("tags.product",), ("x", "logged")),
    ({}, (), (None, None)),
]


@pytest.mark.parametrize(("told", "wanted", "want"), FEATURES, ids=[str(n) for n in range(len(FEATURES))])
def test_where_a_feature_is_taken_from(told: dict[str, Any], wanted: tuple[str, ...], want: tuple[Any, ...]) -> None:
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])), context=Context("x", feature_from=wanted))
    assert (call.get("feature"), call.get("feature_basis")) == want


def test_labels_of_the_application_are_tags_and_texts_are_none() -> None:
    told = {
        "ai.telemetry.metadata.plan": "gold",
        "ai.telemetry.metadata.note": "x" * 200,
        "ai.telemetry.metadata.userId": "u-1",
        "langfuse.trace.metadata.tier": '"pro"',
    }
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])))
    assert (call["tags"], call["user_id"]) == ('{"plan":"gold","tier":"\\"pro\\""}', "u-1")


MODELS = [
    ({"llm.model_name": "gpt-5-2026-01-01", "llm.invocation_parameters": '{"model": "gpt-5", "stream": true}', "openinference.span.kind": "LLM"},
     ("gpt-5", "gpt-5-2026-01-01", True)),
    ({"openinference.span.kind": "LLM", "llm.model_name": "gpt-5"}, ("gpt-5", None, None)),
    ({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.response.model": "gpt-5-x"}, ("gpt-5", "gpt-5-x", None)),
    ({"ai.operationId": "ai.streamText.doStream", "ai.model.id": "gpt-5"}, ("gpt-5", None, True)),
]  # fmt: skip


@pytest.mark.parametrize(("told", "want"), MODELS, ids=[str(n) for n in range(len(MODELS))])
def test_models_and_streams(told: dict[str, Any], want: tuple[Any, ...]) -> None:
    (call,) = calls(export(("x", [span("a", a=told | {"gen_ai.usage.input_tokens": 1})])))
    assert (call["request_model"], call.get("response_model"), call.get("stream"), call["provider"]) == (*want, "openai")


@pytest.mark.parametrize("made_up", ["aitxt-abc", "run-1-2", "lc_run--9"])
def test_ids_that_frameworks_make_up_are_no_providers_ids(made_up: str) -> None:
    (call,) = calls(export(("ai", [span("a", a=chat(9, 2, made_up))])))
    assert ("response_id" in call, call["call_id"]) == (False, "a" * 32 + ":" + "a".rjust(16, "0"))


@pytest.mark.parametrize(
    ("told", "want"),
    [
        ({"operation.cost": 0.0125}, "0.012500000000"),
        ({"llm.cost.total": "0.5"}, "0.500000000000"),
        ({"langfuse.observation.cost_details": '{"input": 0.25, "output": 0.5}'}, "0.750000000000"),
        ({"gen_ai.usage.cost": "dear"}, None),
        ({"github.copilot.cost": 1}, None),  # premium requests, no dollars
    ],
)
def test_cost_as_logged(told: dict[str, Any], want: str | None) -> None:
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])))
    assert call.get("reported_usd") == want or str(call.get("reported_usd")) == want


def test_no_cost_is_told_where_nothing_was_counted() -> None:
    (call,) = calls(export(("x", [span("a", a=chat(**{"langfuse.observation.cost_details": '{"total": 0}'}), error="Error code: 500")])))
    assert "reported_usd" not in call


def test_texts_become_lengths_and_hashes() -> None:
    messages = '[{"role":"system","content":"be kind"},{"role":"user","content":"hello there"}]'
    told = {"gen_ai.input.messages": messages, "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"hi"}]}]'}
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])), context=Context("x", b"k" * 32))
    assert (call["prompt_chars"], call["completion_chars"], len(call["prompt_hash"]), len(call["prefix_hash"])) == (18, 2, 16, 16)
    assert "hello" not in str(call)
    (kept,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])), context=Context("x", store_text="full"))
    assert kept["prompt_text"] == messages


def test_children_of_a_merged_span_hang_on_the_call() -> None:
    line = export(
        ("x", [span("a", a=chat(9, 2, "msg_1"))]),
        ("y", [span("b", "a", 10, 990, a=chat(9, 2, "msg_1"))]),
        ("z", [span("h", "b", a={"http.request.method": "POST"})]),
    )
    (row,) = rows("spans", read(line))
    assert row["parent_span_id"] == "a".rjust(16, "0")


def test_a_clock_that_ran_backwards_is_an_issue() -> None:
    (outcome,) = read(export(("x", [span("a", begin=1000, end=0, a=chat(9, 2))])))
    assert outcome.call is not None
    assert (outcome.call["started_at"], "duration_ms" in outcome.call, outcome.issues) == (START // 1000 + 10**6, False, [("ended_at", "clock", "int")])


def test_an_evaluation_written_as_an_event_of_a_span_is_feedback() -> None:
    event = ("gen_ai.evaluation.result", 1000, {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.5})
    (row,) = rows("feedback", read(export(("x", [span("a", a=chat(9, 2), events=[event])]))))
    assert row == {"trace_id": "a" * 32, "at": START // 1000 + 10**6, "name": "relevance", "value": 0.5, "kind": "judge", "source": "otel"}


def test_a_failed_step_has_a_class() -> None:
    tool = span("t", a={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}, error="Request timed out.")
    (row,) = rows("spans", read(export(("x", [tool, span("a", a=chat(9, 2))]))))
    assert (row["name"], row["status"], row["error_class"]) == ("search", "error", "timeout")


@pytest.mark.parametrize(("told", "want"), [("true", True), ("False", False), ("maybe", None), (1, None)])
def test_a_stream_flag_written_as_text(told: Any, want: bool | None) -> None:
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | {"llm.is_streaming": told})])))
    assert call.get("stream") == want


def test_a_chunk_without_a_time_tells_nothing() -> None:
    one = span("a", a=chat(9, 2), events=[("gen_ai.content.completion.chunk", 250, {})])
    one["events"].append({"name": "gen_ai.content.completion.chunk"})
    (call,) = calls(export(("x", [one])))
    assert call["ttft_ms"] == 250.0


def test_an_exception_without_an_answer_is_an_error_even_where_the_status_is_not_set() -> None:
    event = ("exception", 900, {"exception.type": "openai.InternalServerError", "exception.message": "Error code: 500 - oh"})
    assert [call["status"] for call in calls(export(("x", [span("a", a=chat(), events=[event])])))] == ["error"]
    assert [call["status"] for call in calls(export(("x", [span("a", a=chat(9, 2), events=[event])])))] == ["ok"]


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ('{"id": "chatcmpl-1"}', "chatcmpl-1"), ('{"response": {"id": "resp_1"}}', "resp_1"), ('{"llm_output": {"id": "chatcmpl-2"}}', "chatcmpl-2"),
        ('{"generations": [[{"message": {"kwargs": {"id": "chatcmpl-3"}}}]]}', "chatcmpl-3"), ('{"generations": [[]]}', None), ('{"id": "run-9"}', None),
        ('{"id": 5}', None), ("[1]", None), ("text", None), ("{broken", None),
    ],
)  # fmt: skip
def test_the_providers_id_inside_an_answer(body: str, want: str | None) -> None:
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | {"output.value": body})])))
    assert call.get("response_id") == want


def test_tools_and_instructions_are_a_prompts_beginning() -> None:
    told = {"gen_ai.system_instructions": '[{"type":"text","content":"be kind"}]', "gen_ai.tool.definitions": '[{"name":"search"}]',
            "gen_ai.input.messages": '[{"role":"user","content":"hello"}]', "ai.response.toolCalls": '[{"toolName":"search"}]',
            "gen_ai.output.messages": "hi"}  # fmt: skip
    (call,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])))
    (kept,) = calls(export(("x", [span("a", a=chat(9, 2) | told)])), context=Context("x", store_text="full"))
    assert (call["prompt_chars"], call["completion_chars"], call["tool_calls"], len(call["prefix_hash"])) == (12, 2, 1, 16)
    assert (kept["prompt_text"], kept["completion_text"]) == ('[{"role":"user","content":"hello"}]', "hi")


ROOTS: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    ({"app.feature": "faq", "user.id": "u-1", "ai.telemetry.metadata.plan": "gold"}, {"feature": "faq", "user_id": "u-1", "tags": '{"plan":"gold"}'}),
    ({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper"}, None),  # an agent's name is a guess, not what the trace is for
    ({"http.request.method": "POST"}, None),
]


@pytest.mark.parametrize(("told", "want"), ROOTS, ids=[str(n) for n in range(len(ROOTS))])
def test_what_a_root_says_of_its_trace(told: dict[str, Any], want: dict[str, Any] | None) -> None:
    facts = rows("trace_facts", read(export(("x", [span("r", a=told), span("s", "r", a=told)]))))
    more = {"trace_id": "a" * 32, "source": "otel", "updated_at": START // 1000}
    assert facts == ([] if want is None else [want | more])
