"""Calls are the innermost model spans: sums, repetitions, tries and parts of a call add none."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import Any

import pytest

from llmlogs.sources import get
from llmlogs.sources.base import Context
from llmlogs.sources.otel import layouts
from llmlogs.sources.otel.traces import Traces
from tests.sources.otel_helpers import CHAT, calls, chat, export, read, rows, span

OI = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-5-mini"}


def test_samples_hold() -> None:
    for sample in get("otel").samples:
        outcomes = read(*(json.loads(line) for line in sample.lines.split("\n") if line))
        found = [outcome.call for outcome in outcomes if outcome.call is not None]
        assert [{name: call.get(name) for name in want} for call, want in zip(found, sample.want, strict=True)] == list(sample.want), sample.note
        kinds = Counter(outcome.kind for outcome in outcomes)
        told = {"records": len(outcomes), "calls": kinds["call"], **{kind: kinds[kind] for kind in ("other", "merged", "skipped", "rejected")}}
        assert told == sample.counts, sample.note


def tokens(found: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return sorted((call.get("input_tokens"), call.get("output_tokens")) for call in found)


def test_t22_an_agents_sum_is_no_call() -> None:
    """Also where the sum stands two levels up, and where a span in between has none."""
    line = export(
        ("agents", [
            span("a", a=chat(300, 30)),
            span("b", "a", a={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "x", "gen_ai.usage.input_tokens": 300}),
            span("c", "b", 0, 400, a=chat(100, 10, "chatcmpl-1")),
            span("d", "b", 500, 900, a=chat(200, 20, "chatcmpl-2")),
        ]),
    )  # fmt: skip
    assert tokens(calls(line)) == [(100, 10), (200, 20)]


def test_t22_sums_of_sums() -> None:
    line = export(
        ("agents", [
            span("a", a=chat(300, 30)), span("b", "a", a=chat(300, 30)),
            span("c", "b", 0, 400, a=chat(100, 10)), span("d", "b", 500, 900, a=chat(200, 20)),
        ]),
    )  # fmt: skip
    assert tokens(calls(line)) == [(100, 10), (200, 20)]


def test_t23_a_wrapper_with_usage_and_no_model() -> None:
    wrapper = {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 300, "llm.token_count.completion": 30}
    line = export(("oi", [span("a", a=wrapper), span("b", "a", a=OI | {"llm.token_count.prompt": 300, "llm.token_count.completion": 30})]))
    (call,) = calls(line)
    assert (call["request_model"], call["input_tokens"]) == ("gpt-5-mini", 300)


def test_a_sum_beside_a_call_without_usage_is_still_a_sum() -> None:
    line = export(("x", [span("a", a=chat(300, 30)), span("b", "a", 0, 400, a=chat(200, 20)), span("c", "a", 500, 900, a=chat())]))
    assert tokens([call for call in calls(line) if "input_tokens" in call]) == [(200, 20)]
    assert len(calls(line)) == 2


def test_a_call_inside_a_call_of_another_model_is_a_call() -> None:
    """A sampling request of a tool inside a framework's span: neither repeats the other."""
    line = export(("x", [span("a", a=chat(300, 30, "chatcmpl-1")), span("b", "a", 100, 200, a=chat(50, 5, "chatcmpl-2", **{"gen_ai.request.model": "gpt-5"}))]))
    assert tokens(calls(line)) == [(50, 5), (300, 30)]


def test_a_failed_call_around_a_good_one_of_another_model_is_a_call() -> None:
    inner = span("b", "a", 100, 200, a=chat(50, 5, **{"gen_ai.request.model": "omni-moderation"}))
    line = export(("x", [span("a", a=chat(), error="Error code: 500 - oh"), inner]))
    assert sorted(call["status"] for call in calls(line)) == ["error", "ok"]


def test_a_wrapper_without_counts_of_its_own_is_no_call() -> None:
    """A router that names the model it was asked for, around the one that answered."""
    inner = span("b", "a", 100, 900, a=chat(50, 5, **{"gen_ai.request.model": "claude-sonnet-4-5"}))
    assert tokens(calls(export(("x", [span("a", a=chat()), inner])))) == [(50, 5)]


def test_a_call_with_an_id_of_its_own_is_no_sum_of_an_equal_one_inside() -> None:
    line = export(("x", [span("a", a=chat(50, 5, "chatcmpl-1")), span("b", "a", 100, 200, a=chat(50, 5, "chatcmpl-2"))]))
    assert len(calls(line)) == 2


def test_the_same_emitter_inside_itself() -> None:
    """An instrumentation that wraps a function and the one it calls: one request when the inner fills the outer."""
    failed = {"error": "Error code: 429 - slow down"}
    assert len(calls(export(("x", [span("a", a=chat(), **failed), span("b", "a", 5, 995, a=chat(), **failed)])))) == 1
    assert len(calls(export(("x", [span("a", a=chat(9, 1)), span("b", "a", 5, 995, a=chat(9, 1))])))) == 1


def test_an_embedding_is_not_the_chat_at_the_same_moment() -> None:
    embedding = {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 9}
    assert len(calls(export(("x", [span("a", "r", a=chat(9))]), ("y", [span("b", "r", a=embedding)])))) == 2


def test_spans_without_times_are_calls_and_nobodys_twins() -> None:
    line = export(("x", [span("a", a=chat(9, 1))]), ("y", [span("b", a=chat(9, 1))]))
    for group in line["resourceSpans"][0]["scopeSpans"]:
        group["spans"][0].pop("startTimeUnixNano")
    assert [call.get("started_at") for call in calls(line)] == [None, None]
    inner = export(("x", [span("a", a=chat(9, 1)), span("b", "a", a=chat(9, 1, "chatcmpl-1"))]))
    inner["resourceSpans"][0]["scopeSpans"][0]["spans"][1].pop("startTimeUnixNano")
    assert tokens(calls(inner)) == [(9, 1)]  # a sum of one


def test_money_told_by_one_of_two_emitters_is_kept() -> None:
    one, other = span("a", a=chat(9, 1, "msg_1", **{"operation.cost": 0.5})), span("b", "a", a=chat(9, 1, "msg_1", **{"operation.cost": 0.25}))
    (call,) = calls(export(("x", [one]), ("y", [other])))
    assert str(call["reported_usd"]) == "0.500000000000"


def test_counts_that_differ_are_told() -> None:
    (outcome, _) = read(export(("x", [span("a", a=chat(9, 1, "msg_1"))]), ("y", [span("b", "a", a=chat(9, 3, "msg_1"))])))
    assert outcome.call is not None
    assert (outcome.call["output_tokens"], outcome.issues) == (3, [("output_tokens", "inconsistent", "int")])


MERGES = [
    ("same id, parent and child", ("a", ""), ("b", "a"), chat(9, 1, "msg_1"), chat(9, 1, "msg_1"), "same_response_id"),
    ("same id, siblings", ("a", "r"), ("b", "r"), chat(9, 1, "msg_1"), chat(9, 2, "msg_1"), "same_response_id"),
    ("no id, equal counts, siblings", ("a", "r"), ("b", "r"), chat(9, 1), chat(9, 1), "duplicate"),
    ("no id, one without counts, parent and child", ("a", ""), ("b", "a"), chat(), chat(9, 1), "duplicate"),
    ("both failed, siblings", ("a", "r"), ("b", "r"), chat(**{"error.type": "RateLimitError"}), chat(**{"error.type": "rate_limit_error"}), "duplicate"),
]


@pytest.mark.parametrize(("what", "one", "other", "first", "second", "why"), MERGES, ids=[case[0] for case in MERGES])
def test_one_call_told_by_two_emitters(what: str, one: tuple[str, str], other: tuple[str, str], first: Any, second: Any, why: str) -> None:
    for order in itertools.permutations((("framework", [span(*one, 0, 1000, a=first)]), ("sdk", [span(*other, 50, 950, a=second)]))):
        outcomes = read(export(*order))
        assert Counter(outcome.kind for outcome in outcomes) == {"call": 1, "merged": 1}
        (merged,) = (outcome for outcome in outcomes if outcome.kind == "merged")
        (call,) = (outcome.call for outcome in outcomes if outcome.call is not None)
        assert merged.reason == why
        assert merged.merged_into == call.get("response_id", call.get("call_id"))
        assert call["duration_ms"] == 1000.0


NOT_MERGED = [
    ("two calls at once of one emitter", "x", chat(9, 1), "x", chat(9, 1), 0),
    ("different ids", "x", chat(9, 1, "chatcmpl-1"), "y", chat(9, 1, "chatcmpl-2"), 0),
    ("different counts", "x", chat(9, 1), "y", chat(8, 1), 0),
    ("different models", "x", chat(9, 1), "y", chat(9, 1, **{"gen_ai.request.model": "claude-sonnet-4-5"}), 0),
    ("one after the other", "x", chat(9, 1), "y", chat(9, 1), 2000),
]


@pytest.mark.parametrize(("what", "scope", "first", "other", "second", "later"), NOT_MERGED, ids=[case[0] for case in NOT_MERGED])
def test_two_calls_stay_two(what: str, scope: str, first: Any, other: str, second: Any, later: int) -> None:
    one, two = span("a", "r", 0, 1000, a=first), span("b", "r", later, 1000 + later, a=second)
    assert len(calls(export((scope, [one]), (other, [two])))) == 2


def test_the_same_call_in_two_traces() -> None:
    """LangChain outside the OpenTelemetry context: the OpenAI spans are roots of other traces; the id stands in the answer's body only."""
    body = '{"id": "chatcmpl-77", "choices": []}'
    nested = '{"generations": [[{"message": {"kwargs": {"id": "lc_run--1", "response_metadata": {"id": "chatcmpl-77"}}}}]]}'
    counts = {"llm.token_count.prompt": 9, "llm.token_count.completion": 1}
    line = export(
        ("oi.langchain", [span("a", a=OI | counts | {"output.value": nested})]),
        ("oi.openai", [span("b", trace="b" * 32, begin=5, end=995, a=OI | counts | {"output.value": body})]),
    )
    (call,) = calls(line)
    assert (call["response_id"], call["input_tokens"]) == ("chatcmpl-77", 9)


def test_the_same_call_in_two_traces_without_content() -> None:
    counts = {"llm.token_count.prompt": 9, "llm.token_count.completion": 1}
    one, other = span("a", a=OI | counts), span("b", trace="b" * 32, begin=5, end=995, a=OI | counts)
    late = span("c", trace="c" * 32, begin=200, end=995, a=OI | counts)
    assert len(calls(export(("oi.langchain", [one]), ("oi.openai", [other])))) == 1
    assert len(calls(export(("oi.langchain", [one]), ("oi.openai", [late])))) == 2


def test_dumps_without_scopes() -> None:
    """One id under two names is one call; equal counts at one moment in the same words are calls of their own."""
    one, other = span("a", "r", name="messages.create", a=chat(9, 1, "msg_1")), span("b", "r", 10, 990, name="anthropic.messages", a=chat(9, 1, "msg_1"))
    assert len(calls({"data": [one, other]})) == 1
    assert len(calls({"data": [span("a", name="x", a=chat(9, 1)), span("b", name="y", a=chat(9, 1))]})) == 2
    failed = {"error.type": "RateLimitError"}
    words = [span("a", "r", name="x", a=OI | failed), span("b", "r", 10, 990, name="y", a=chat(**failed))]
    assert len(calls({"data": words})) == 1


def test_many_calls_at_one_moment_pair_one_to_one() -> None:
    """Ten equal requests at once, each told by two emitters in traces of their own."""
    outer = [span(f"a{n}", trace=f"{n:032x}", begin=n, end=1000 + n, a=chat(9, 1)) for n in range(1, 11)]
    inner = [span(f"b{n}", trace=f"{n + 100:032x}", begin=n + 1, end=999 + n, a=chat(9, 1)) for n in range(1, 11)]
    assert len(calls(export(("x", outer), ("y", inner)))) == 10


def test_the_order_of_spans_and_lines_does_not_matter() -> None:
    parts = [
        ("agents", span("a", a={"gen_ai.operation.name": "invoke_agent", "app.feature": "faq"})),
        ("agents", span("b", "a", 0, 900, a=chat(9, 1, "msg_1"))),
        ("sdk", span("c", "b", 10, 890, a=chat(9, 1, "msg_1", **{"http.response.status_code": 200}))),
        ("agents", span("d", "a", 900, 990, a=chat(8, 1, "msg_2"))),
    ]
    seen = set()
    for order in itertools.permutations(parts):
        lines = [export((scope, [one])) for scope, one in order]
        seen.add(repr(sorted((sorted(call.items()) for call in calls(*lines)), key=repr)))
        seen.add(repr(sorted((sorted(call.items()) for call in calls(export(*[(scope, [one]) for scope, one in order]))), key=repr)))
    assert len(seen) == 1


AI = {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-5-mini", "ai.model.provider": "openai.chat"}


def test_t39_attempts_of_the_vercel_ai_sdk_are_one_call() -> None:
    line = export(
        ("ai", [
            span("w", a={"ai.operationId": "ai.generateText", "ai.usage.inputTokens": 80, "ai.usage.outputTokens": 9}, begin=0, end=5000),
            span("a", "w", 0, 400, a=AI, error="Rate limit reached, 429"),
            span("b", "w", 2400, 2800, a=AI, error="Error code: 503 - try again"),
            span("c", "w", 4000, 5000, a=AI | {"ai.usage.inputTokens": 80, "ai.usage.outputTokens": 9, "ai.response.id": "chatcmpl-1"}),
        ]),
    )  # fmt: skip
    outcomes = read(line)
    (call,) = (outcome.call for outcome in outcomes if outcome.call is not None)
    assert (call["attempts"], call["status"], call["duration_ms"], call["input_tokens"]) == (3, "ok", 5000.0, 80)
    tries = rows("attempts", outcomes)
    assert [(row["attempt"], row["is_final"], row.get("status_code"), row.get("wait_before_ms")) for row in tries] == [
        (1, False, None, None), (2, False, 503, 2000.0), (3, True, None, 1200.0),
    ]  # fmt: skip
    assert {row["origin"] for row in tries} == {"explicit"}
    assert Counter(outcome.kind for outcome in outcomes) == {"call": 1, "other": 3}


def test_attempts_that_all_failed_are_one_failed_call() -> None:
    spans = [span("a", "w", 0, 400, a=AI, error="Error code: 429 - slow down"), span("b", "w", 900, 1000, a=AI, error="Error code: 429 - slow down")]
    (call,) = calls(export(("ai", spans)))
    assert (call["status"], call["attempts"], call["error_class"], call["status_code"]) == ("error", 2, "rate_limit", 429)


def test_steps_of_an_agent_are_calls_of_their_own() -> None:
    steps = [span("a", "w", 0, 400, a=AI | {"ai.usage.inputTokens": 5}), span("b", "w", 500, 900, a=AI | {"ai.usage.inputTokens": 6})]
    assert len(calls(export(("ai", steps)))) == 2


def test_an_sdks_own_count_of_tries() -> None:
    outcomes = read(export(("com.anthropic.sdk.python", [span("a", a=chat(**{"http.response.status_code": 429, "http.request.resend_count": 2}))])))
    (call,) = (outcome.call for outcome in outcomes if outcome.call is not None)
    assert (call["status"], call["attempts"], call["error_class"]) == ("error", 3, "rate_limit")
    assert [(row["attempt"], row["origin"], row["is_final"]) for row in rows("attempts", outcomes)] == [
        (1, "inferred", False), (2, "inferred", False), (3, "inferred", True),
    ]  # fmt: skip


def test_requests_inside_a_frameworks_call_are_its_tries() -> None:
    spans = [span("b", "a", 10, 100, a=chat(), error="Error code: 500 - oh"), span("c", "a", 300, 990, a=chat(9, 1, "msg_1"))]
    (call,) = calls(export(("framework", [span("a", a=chat(9, 1, "msg_1"))]), ("sdk", spans)))
    assert (call["attempts"], call["status"], call["duration_ms"]) == (2, "ok", 1000.0)


LOGFIRE = CHAT | {"logfire.span_type": "span"}


@pytest.mark.parametrize("trace", ["a" * 32, "b" * 32])
def test_what_logfire_tells_of_a_stream_afterwards_belongs_to_its_span(trace: str) -> None:
    log = span("l", trace=trace, begin=400, end=400, a=chat(9, 1, **{"logfire.span_type": "log", "duration": 0.39, "operation.cost": 0.5}))
    outcomes = read(export(("logfire.openai", [log, span("s", begin=0, end=8, a=LOGFIRE)])))
    (call,) = (outcome.call for outcome in outcomes if outcome.call is not None)
    assert (call["input_tokens"], call["duration_ms"], call["stream"], str(call["reported_usd"])) == (9, 400.0, True, "0.500000000000")
    assert [outcome.reason for outcome in outcomes if outcome.kind == "merged"] == ["part"]


def test_a_stream_whose_span_is_elsewhere_is_a_call_by_its_log() -> None:
    log = span("l", begin=400, end=400, a=chat(9, 1, **{"logfire.span_type": "log", "duration": 0.39}))
    far = span("s", begin=9000, end=9008, a=LOGFIRE)
    found = sorted(calls(export(("logfire.openai", [log, far]))), key=lambda call: call["started_at"])
    assert [(call.get("input_tokens"), call["duration_ms"]) for call in found] == [(9, 390.0), (None, 8.0)]
    broken = span("l", begin=400, end=400, a=chat(9, 1, **{"logfire.span_type": "log", "duration": "long"}))
    (call,) = calls(export(("logfire.openai", [broken])))
    assert ("duration_ms" in call, call["input_tokens"]) == (False, 9)


def test_a_pending_span_is_no_second_call() -> None:
    early = span("p", "s", a=LOGFIRE | {"logfire.span_type": "pending_span", "logfire.pending_parent_id": "0" * 16}, end=0)
    outcomes = read(export(("logfire", [early, span("s", a=chat(9, 1))])))
    assert Counter(outcome.kind for outcome in outcomes) == {"call": 1, "merged": 1}


def test_a_call_that_never_ended_is_unknown() -> None:
    (call,) = calls(export(("logfire", [span("p", "s", a=LOGFIRE | {"logfire.span_type": "pending_span"}, end=0)])))
    assert (call["status"], call["usage_status"], "duration_ms" in call) == ("unknown", "missing", False)


def test_a_span_exported_twice_is_one_call() -> None:
    one = export(("x", [span("a", a=chat(9, 1))]))
    assert Counter(outcome.kind for outcome in read(one, one)) == {"call": 1, "merged": 1}


def spread(limit: int, *values: Any) -> list[Any]:
    """Outcomes when only `limit` spans may wait."""
    traces, found = Traces(Context("x"), limit), []
    for line, value in enumerate(values, start=1):
        found += list(traces.take(line, layouts.find(value)))
    return found + list(traces.finish())


def test_a_late_span_of_a_trace_that_was_judged_adds_no_call() -> None:
    """More spans than may wait lie between the parts of one trace: its sum, its repetition and a new call come late."""
    early = export(("agents", [span("b", "a", 0, 400, a=chat(100, 10)), span("c", "a", 500, 900, a=chat(200, 20))]))
    others = [export(("x", [span("z", trace=f"{n:032x}", begin=n, end=n + 1, a=chat(1, 1))])) for n in range(1, 21)]
    late = export(("agents", [span("a", a=chat(300, 30))]), ("sdk", [span("d", "c", 510, 890, a=chat(200, 20))]))
    found = spread(4, early, *others, late)
    assert sum(outcome.call.get("input_tokens", 0) for outcome in found if outcome.call) == 300 + 20
    assert Counter(outcome.kind for outcome in found) == {"call": 22, "merged": 1, "other": 1}


def test_late_parts_of_a_call_that_was_told_add_nothing() -> None:
    others = [export(("x", [span("z", trace=f"{n:032x}", begin=n, end=n + 1, a=chat(1, 1))])) for n in range(1, 21)]
    early, late = (
        export(("x", [span("a", a=chat(300, 30))])),
        export(("x", [span("b", "a", 0, 400, a=chat(100, 10)), span("c", "a", 500, 900, a=chat(200, 20))])),
    )
    found = spread(4, early, *others, late)
    assert sum(outcome.call.get("input_tokens", 0) for outcome in found if outcome.call) == 300 + 20
    assert [outcome.reason for outcome in found if outcome.kind == "merged"] == ["part", "part"]


def test_a_call_told_long_ago_meets_its_repetition_in_another_trace() -> None:
    others = [export(("oi.openai", [span("z", trace=f"{n:032x}", begin=n * 5000, end=n * 5000 + 1, a=chat(1, 1))])) for n in range(1, 21)]
    early = export(("oi.openai", [span("a", a=chat(300, 30))]))
    late = export(("oi.langchain", [span("b", trace="b" * 32, begin=5, end=995, a=chat(300, 30))]))
    found = spread(4, early, *others, late)
    assert Counter(outcome.kind for outcome in found) == {"call": 21, "merged": 1}


def test_old_calls_are_forgotten_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.sources.otel.traces.REMEMBERED", 2)
    traces = Traces(Context("x"), 4)
    for n in range(1, 31):
        list(traces.take(n, layouts.find(export(("x", [span("z", trace=f"{n:032x}", a=chat(1, 1))])))))
    assert sum(map(len, traces._told.values())) == 2


def test_a_step_told_twice_and_one_that_never_ended() -> None:
    step = span("t", a={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "x"})
    early = span("p", a={"gen_ai.operation.name": "execute_tool", "logfire.span_type": "pending_span"}, end=0)
    outcomes = read(export(("x", [step, early])), export(("x", [step])))
    assert Counter((outcome.kind, outcome.reason) for outcome in outcomes) == {("other", ""): 2, ("skipped", "repeated span"): 1}
    assert [(row.get("status"), row.get("duration_ms")) for row in rows("spans", outcomes)] == [("ok", 1000.0), ("unknown", None)]


def test_a_deep_tree_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.sources.otel.judge.HIGHEST", 3)
    monkeypatch.setattr("llmlogs.sources.otel.labels.HIGHEST", 3)
    chain = [span(f"{n}", f"{n - 1}" if n > 1 else "", a={"app.feature": "far"} if n == 1 else {}) for n in range(1, 8)]
    found = calls(export(("x", [*chain, span("8", "7", a=chat(9, 1)), span("9", "7", begin=2000, end=2500, a=chat(9, 1))])))
    assert ["feature" in call for call in found] == [False, False]


def test_a_fault_in_a_row_rejects_its_span(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("llmlogs.sources.otel.traces.call_row", broken)
    monkeypatch.setattr("llmlogs.sources.otel.traces.step_row", broken)
    outcomes = read(export(("x", [span("a", a=chat(9, 1)), span("b", a={"gen_ai.operation.name": "execute_tool"})])))
    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == [("rejected", "unreadable (KeyError)")] * 2
    monkeypatch.setattr("llmlogs.sources.otel.decode.classify", broken)
    assert [outcome.kind for outcome in read(export(("x", [span("a")])))] == ["rejected"]
