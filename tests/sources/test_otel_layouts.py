"""Every layout gives the same spans; what is none of OpenTelemetry's is left to others; nothing corrupt stops a file."""

from __future__ import annotations

import base64
import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.carriers.base import Head, Record
from llmlogs.ingest.unread import Watch, Watched
from llmlogs.sources import get
from llmlogs.sources.base import Context
from llmlogs.sources.otel.values import identity, nanos, plain
from tests.sources.otel_helpers import START, TRACE, attributes, calls, chat, export, read, rows, span


def b64(written: str) -> str:
    return base64.b64encode(bytes.fromhex(written)).decode()


HEX, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
IDS = [
    (HEX, HEX), (HEX.upper(), HEX), (b64(HEX), HEX), (b64(SPAN), SPAN), ("0x" + HEX, HEX), ({"type": "Buffer", "data": list(bytes.fromhex(SPAN))}, SPAN),
    (list(bytes.fromhex(SPAN)), SPAN), ({str(n): b for n, b in enumerate(bytes.fromhex(SPAN))}, SPAN),
    ("0000000000000000", ""), ("", ""), (None, ""),
    (255, "00000000000000ff"), (True, ""), ({"data": "x"}, ""), ([300], ""),
    ("!" * 24, "!" * 24), ("short", "short"), ("AAAAAAAAAAA=", ""),
]  # fmt: skip


@pytest.mark.parametrize(("written", "want"), IDS, ids=[str(n) for n in range(len(IDS))])
def test_ids_have_one_form(written: Any, want: str) -> None:
    assert identity(written) == want


TIMES = [
    (str(START), START), (START, START), ([START // 10**9, 5000], START + 5000), ("2026-03-02T10:00:00.000000Z", START), (START // 10**9, START),
    ({"low": START & 0xFFFFFFFF, "high": START >> 32, "unsigned": True}, START), ("2026-03-02T10:00:00+00:00", START),
    ({"low": (START & 0xFFFFFFFF) - 2**32, "high": START >> 32, "unsigned": True}, START),
    ("", None), ("0", None), (None, None), (True, None), ("soon", None), (-5, None), ([1], None), ({"low": "x"}, None), (10**30, None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "want"), TIMES, ids=[str(n) for n in range(len(TIMES))])
def test_times_have_one_form(written: Any, want: int | None) -> None:
    assert nanos(written) == want


VALUES = [
    ({"stringValue": "x"}, "x"), ({"intValue": "7"}, "7"), ({"intValue": 7}, 7), ({"doubleValue": 0.5}, 0.5), ({"boolValue": False}, False),
    ({"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": 1}]}}, ["x", 1]), ({"arrayValue": {}}, None),
    ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}, {"a": "1"}),
    ({"array_value": None, "bool_value": None, "int_value": 7, "string_value": None}, 7), ({"stringValue": None}, None), ({}, None),
    ({"intValue": {"low": 7, "high": 0, "unsigned": False}}, 7), ({"value": {"case": "stringValue", "value": "x"}}, "x"),
    ({"Value": {"StringValue": "x"}}, "x"), ({"bytesValue": "AAA="}, None), ("bare", "bare"), (5, 5), ({"other": 1}, {"other": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("written", "want"), VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_values_have_one_form(written: Any, want: Any) -> None:
    assert plain(written) == want


RESOURCE = {"service.name": "lampshop"}
OWN = "a".rjust(16, "0")
SECOND = START // 10**9


def otlp() -> dict[str, Any]:
    return export(("sdk", [span("a", "r", a=chat(9, 2, "chatcmpl-1"), name="chat")]), resource=RESOURCE)


def snake(value: Any) -> Any:
    """The layout of a dump that writes every branch."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    branches = {"string_value": None, "int_value": None, "bool_value": None, "double_value": None, "array_value": None}
    filled = branches if any(key.endswith("Value") for key in value) else {}
    return filled | {"".join("_" + c.lower() if c.isupper() else c for c in key): snake(item) for key, item in value.items()}


def protojson() -> dict[str, Any]:
    line = otlp()
    (one,) = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    one |= {"traceId": base64.b64encode(bytes.fromhex(TRACE)).decode(), "spanId": base64.b64encode(bytes.fromhex(OWN)).decode()}
    one |= {
        "kind": "SPAN_KIND_CLIENT",
        "status": {"code": "STATUS_CODE_OK"},
        "parentSpanId": base64.b64encode(bytes.fromhex("r".replace("r", "c").rjust(16, "0"))).decode(),
    }
    return line


def lone(**more: Any) -> dict[str, Any]:
    return {"name": "chat", "attributes": chat(9, 2, "chatcmpl-1"), "resource": {"attributes": RESOURCE}} | more


CONTEXT = {"trace_id": "0x" + TRACE, "span_id": "0x" + OWN, "trace_state": "[]"}
LAYOUTS = {
    "OTLP": otlp(),
    "snake_case with null branches": snake(otlp()),
    "protojson": protojson(),
    "one ResourceSpans": otlp()["resourceSpans"][0],
    "one object instead of a list": {"resourceSpans": otlp()["resourceSpans"][0]},
    "old scopes": {"resourceSpans": [{"resource": otlp()["resourceSpans"][0]["resource"], "instrumentationLibrarySpans": [
        {"instrumentationLibrary": {"name": "sdk"}, "spans": otlp()["resourceSpans"][0]["scopeSpans"][0]["spans"]}]}]},
    "Python's console": lone(context=CONTEXT, kind="SpanKind.CLIENT", parent_id=None, start_time="2026-03-02T10:00:00.000000Z",
                             end_time="2026-03-02T10:00:01.000000Z", status={"status_code": "OK"}, events=[], links=[]),
    "JavaScript's file": lone(type="span", traceId=TRACE, spanId=OWN, startTime=[SECOND, 0], endTime=[SECOND + 1, 0], status={"code": 0}),
    "JavaScript, duration only": lone(spanContext={"traceId": TRACE, "spanId": OWN}, parentSpanContext={"spanId": "r"}, startTime=[SECOND, 0],
                                      duration=[1, 0], instrumentationScope={"name": "sdk"}),
    "logfire's records": lone(trace_id=TRACE, span_id=OWN, parent_span_id=None, span_name="chat", kind="span", start_timestamp="2026-03-02T10:00:00Z",
                              end_timestamp="2026-03-02T10:00:01Z", duration=1.0, otel_status_code="OK", otel_scope_name="sdk",
                              service_name="lampshop", otel_events=[]),
    "Tempo's answer": {"trace": {"resourceSpans": otlp()["resourceSpans"]}},
    "Tempo's old answer": {"batches": protojson()["resourceSpans"]},
    "a page of an API": {"data": [snake(span("a", a=chat(9, 2, "chatcmpl-1")))], "next_cursor": None},
    "numbers as numbers": {"resourceSpans": [{"resource": {"attributes": attributes(RESOURCE)}, "scopeSpans": [{"spans": [
        span("a", a=chat(9, 2, "chatcmpl-1")) | {"startTimeUnixNano": START, "endTimeUnixNano": START + 10**9}]}]}]},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_says_the_same(layout: str) -> None:
    (call,) = calls(LAYOUTS[layout])
    want = {
        "response_id": "chatcmpl-1",
        "trace_id": TRACE,
        "span_id": OWN,
        "input_tokens": 9,
        "output_tokens": 2,
        "duration_ms": 1000.0,
        "status": "ok",
    }
    assert {name: call.get(name) for name in want} == want
    assert call["started_at"] == START // 1000
    if layout != "a page of an API":
        assert call["service"] == "lampshop"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_watched_record_says_the_same(layout: str) -> None:
    """The first records of a file are handed over as dicts of a kind of their own."""
    assert calls(Watched(LAYOUTS[layout])) == calls(LAYOUTS[layout])


def test_attributes_nobody_reads_are_told() -> None:
    watch = Watch()
    value = copy.deepcopy(LAYOUTS["JavaScript's file"]) | {"attributes": chat(9, 2) | {"gen_ai.new": 1}}
    list(get("otel").read([watch.over(Record(1, 0, 0, value))], Context("x")))
    assert [row["path"] for row in watch.unread() if "gen_ai" in row["path"]] == ["attributes.gen_ai.new"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_known_as_ours(layout: str) -> None:
    head = Head("spans.json", "json", (copy.deepcopy(LAYOUTS[layout]),))
    found = sources.find(head)
    assert found
    assert (found[0][0].name, found[0][1].confidence >= 0.9) == ("otel", True)


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ({"resourceMetrics": []}, "skipped", "metrics: sums over calls, no calls"),
        ({"type": "metric", "name": "gen_ai.client.token.usage"}, "skipped", "metrics: sums over calls, no calls"),
        ({"resourceSpans": []}, "skipped", "an export without spans"),
        ({"resourceSpans": [{"scopeSpans": [{"spans": ["x"]}]}]}, "rejected", "span is not an object"),
        ({"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}, "rejected", "a span without id, name and times"),
        ({"resourceSpans": [5]}, "rejected", "span is not an object"),
        ({"resourceSpans": [{"scopeSpans": [5]}]}, "rejected", "span is not an object"),
        ({"data": [LAYOUTS["JavaScript's file"]] * 5 + [5]}, "rejected", "span is not an object"),
        ({"resourceLogs": [{"scopeLogs": [{"logRecords": [5]}]}]}, "rejected", "log record is not an object"),
        ({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "started"}}]}]}]}, "skipped", "log: no call"),
        ({"hello": 1}, "rejected", "nothing of OpenTelemetry's: neither spans nor logs nor metrics"),
        ([1], "rejected", "nothing of OpenTelemetry's: neither spans nor logs nor metrics"),
    ],
)
def test_what_holds_no_call(value: Any, kind: str, reason: str) -> None:
    assert [(outcome.kind, outcome.reason) for outcome in read(value)][:1] == [(kind, reason)]


NEIGHBOURS: list[dict[str, Any]] = [
    {"id": "x", "trace_id": "y", "run_type": "llm", "dotted_order": "z", "name": "ChatOpenAI", "start_time": "2026-03-02T10:00:00", "attributes": {}},
    {"id": "x", "traceId": "y", "type": "GENERATION", "name": "g", "startTime": "2026-03-02T10:00:00Z", "usageDetails": {"input": 1}},
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [],
        "model": "gpt-5",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    },
    {"timestamp": "2026-03-02T10:00:00Z", "model": "gpt-5", "input_tokens": 1, "trace_id": "y", "span_id": "z", "name": "x"},
    {"type": "assistant", "sessionId": "s", "uuid": "u", "message": {"model": "claude-sonnet-4-5", "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"op_name": "weave:///x", "trace_id": "y", "id": "z", "started_at": "2026-03-02T10:00:00Z", "attributes": {}},
]


@pytest.mark.parametrize("value", NEIGHBOURS, ids=[str(n) for n in range(len(NEIGHBOURS))])
def test_other_formats_are_left_to_others(value: dict[str, Any]) -> None:
    assert get("otel").detect(Head("x", "ndjson", (value,))) is None  # type: ignore[attr-defined]


def test_spans_of_phoenix_are_left_to_who_knows_them_better() -> None:
    value = {"name": "ChatCompletion", "span_kind": "LLM", "status_code": "ERROR", "status_message": "Error code: 429 - slow down", "parent_id": None,
             "context": {"trace_id": TRACE, "span_id": OWN}, "start_time": "2026-03-02T10:00:00Z", "end_time": "2026-03-02T10:00:01Z",
             "attributes": {"openinference.span.kind": "LLM", "llm.model_name": "gpt-5"}}  # fmt: skip
    found = get("otel").detect(Head("x", "json", (value,)))  # type: ignore[attr-defined]
    assert (found.confidence, [call["status_code"] for call in calls(value)]) == (0.6, [429])


def test_rows_of_logfire_that_are_pending() -> None:
    row = LAYOUTS["logfire's records"]
    assert [call["status"] for call in calls(row | {"kind": "pending_span", "end_timestamp": None, "duration": None})] == ["unknown"]
    assert [(call["input_tokens"], call["status"]) for call in calls(row | {"kind": "pending_span"}, row)] == [(9, "ok")]


def test_records_are_spans() -> None:
    """Each span of a line is a record of its own: the first is the line's, the others are inside it."""
    line = export(("x", [span("a", a=chat(1, 1)), span("b", a={"openinference.span.kind": "TOOL"}), span("c", begin=5000, end=6000, a=chat(2, 2))]))
    outcomes = read(line)
    assert sum(not outcome.nested for outcome in outcomes) == 1
    assert Counter(outcome.kind for outcome in outcomes) == {"call": 2, "other": 1}


def log(name: str, **more: Any) -> dict[str, Any]:
    record = {"timeUnixNano": str(START), "eventName": name, "traceId": TRACE, "spanId": OWN, "attributes": attributes(more)}
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {"name": "events"}, "logRecords": [record]}]}]}


def test_an_evaluation_is_feedback() -> None:
    told = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "ok",
        "gen_ai.response.id": "chatcmpl-1",
    }
    (row,) = rows("feedback", read(log("gen_ai.evaluation.result", **told)))
    assert row == {
        "trace_id": TRACE,
        "call_id": "chatcmpl-1",
        "at": START // 1000,
        "name": "relevance",
        "value": 0.5,
        "label": "ok",
        "kind": "judge",
        "source": "otel",
    }


def test_an_event_that_tells_the_whole_call_is_one_call_with_its_span() -> None:
    alone = calls(log("gen_ai.client.inference.operation.details", **chat(9, 2)))
    assert [(call["call_id"], call["input_tokens"], "duration_ms" in call) for call in alone] == [(f"{TRACE}:{'a'.rjust(16, '0')}", 9, False)]
    both = calls(export(("sdk", [span("a", a=chat(9, 2))])), log("gen_ai.client.inference.operation.details", **chat(9, 2)))
    assert [(call["call_id"], call["input_tokens"], call["duration_ms"]) for call in both] == [(f"{TRACE}:{'a'.rjust(16, '0')}", 9, 1000.0)]


def test_requests_of_a_coding_agent_in_its_log() -> None:
    told = {"model": "claude-sonnet-4-5", "input_tokens": 3, "output_tokens": 7, "cache_read_tokens": 100, "cache_creation_tokens": 20, "cost_usd": 0.25,
            "duration_ms": 1500, "session.id": "s-1"}  # fmt: skip
    (call,) = calls(log("claude_code.api_request", **told))
    assert (call["input_tokens"], call["cache_read_tokens"], call["duration_ms"], str(call["reported_usd"]), call["session_id"], call["provider"]) == (
        123, 100, 1500.0, "0.250000000000", "s-1", "anthropic",
    )  # fmt: skip


NAMES = ["key", "value", "stringValue", "intValue", "arrayValue", "values", "attributes", "code", "name", "data", "low", "seconds"]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


def broken(value: Any, path: list[int], put: Any) -> Any:
    """A copy with one member somewhere replaced."""
    value = copy.deepcopy(value)
    node = value
    for step in path:
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not keys:
            break
        key = keys[step % len(keys)]
        if step == path[-1] or not isinstance(node[key], (dict, list)):
            node[key] = put
            break
        node = node[key]
    return value


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(LAYOUTS)), st.lists(st.integers(0, 20), min_size=1, max_size=9), junk)
def test_nothing_corrupt_stops_a_file(layout: str, path: list[int], put: Any) -> None:
    good = export(("x", [span("z", trace="e" * 32, a=chat(1, 1))]))
    outcomes = read(broken(LAYOUTS[layout], path, put), good)
    assert sum(not outcome.nested for outcome in outcomes) == 2
    assert any(outcome.call and outcome.call.get("trace_id") == "e" * 32 for outcome in outcomes)
    assert all(outcome.kind in ("call", "other", "merged", "skipped", "rejected") for outcome in outcomes)


@settings(max_examples=80, deadline=None)
@given(junk, junk, junk)
def test_wrong_types_everywhere(one: Any, two: Any, three: Any) -> None:
    told = span("a", a=chat(9, 2)) | {
        "events": one,
        "status": two,
        "attributes": [{"key": "gen_ai.usage.input_tokens", "value": three}, *attributes(chat(None, 2))],
    }
    outcomes = read({"resourceSpans": [{"resource": one, "scopeSpans": [{"scope": two, "spans": [told, three]}]}]})
    assert len(outcomes) == 2


def test_loops_of_parents_end() -> None:
    line = export(("x", [span("a", "b", a=chat(1, 1)), span("b", "a", a=chat(2, 2)), span("c", "c", a=chat(3, 3)), span("d", "e"), span("e", "d")]))
    assert sorted(call["input_tokens"] for call in calls(line)) == [1, 2, 3]
