"""Langfuse: each record of each export by itself, and what its traps become. How exports meet in one database is tested in test_langfuse_exports.py."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.common import token_buckets as buckets
from llmlogs.sources.langfuse import SOURCE

START, END = "2026-03-02T10:00:00.000Z", "2026-03-02T10:00:02.000Z"


def observation(**more: Any) -> dict[str, Any]:
    row = {"id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": START, "endTime": END, "parentObservationId": None, "level": "DEFAULT"}
    return row | {"model": "gpt-4o", "usageDetails": {"input": 10, "output": 5, "total": 15}, "costDetails": {}} | more


def read(*rows: Any, **context: Any) -> list[Outcome]:
    return list(SOURCE.read([Record(number, 0, 1, row) for number, row in enumerate(rows, 1)], Context("x.jsonl", b"k" * 16, **context)))


def call(*rows: Any, **context: Any) -> dict[str, Any]:
    (found,) = [outcome.call for outcome in read(*rows, **context) if outcome.kind == "call"]
    assert found is not None
    return found


def issues(*rows: Any) -> list[tuple[str, str, str]]:
    return [issue for outcome in read(*rows) for issue in outcome.issues]


@pytest.mark.parametrize("sample", SOURCE.samples, ids=lambda sample: sample.note[:40])
def test_samples(sample: Any) -> None:
    outcomes = read(*(json.loads(line) for line in sample.lines.strip().splitlines()))
    calls = [outcome.call for outcome in outcomes if outcome.call is not None]
    assert len(calls) == len(sample.want)
    for found, wanted in zip(calls, sample.want, strict=True):
        assert {name: found.get(name) for name in wanted} == wanted
    kinds = [outcome.kind for outcome in outcomes]
    counted = {kind + ("s" if kind == "call" else ""): kinds.count(kind) for kind in ("call", "other", "merged", "skipped", "rejected")}  # type: ignore[arg-type]
    assert counted | {"records": len(kinds)} == sample.counts


@pytest.mark.parametrize(
    ("details", "want"),
    [
        pytest.param(
            {"input": 17903, "input_cached_tokens": 17817, "output": 9, "total": 17912}, (17903, 9, 17817, None, "reported"), id="t1: total says inclusive"
        ),
        pytest.param(
            {"input": 86, "input_cached_tokens": 17817, "output": 9, "total": 17912}, (17903, 9, 17817, None, "reported"), id="t1: Langfuse's own keys"
        ),
        pytest.param(
            {"input": 17903, "prompt_details.cache_read": 17817, "output": 9, "total": 17912}, (17903, 9, 17817, None, "reported"), id="t1: named as a detail"
        ),
        pytest.param(
            {"input": 5, "cache_read_input_tokens": 128955, "cache_creation_input_tokens": 1253, "output": 9},
            (130213, 9, 128955, 1253, "reported"),
            id="t2: native",
        ),
        pytest.param(
            {"input": 130213, "cache_read_input_tokens": 128955, "cache_creation_input_tokens": 1253, "output": 9, "total": 130222},
            (130213, 9, 128955, 1253, "reported"),
            id="t2: inclusive, and the total says so",
        ),
        pytest.param(
            {"input": 130213, "input_cached_tokens": 128955, "input_cache_creation": 1253, "output": 9, "total": 260430},
            (130213, 9, 128955, 1253, "partial"),
            id="t2: inclusive, and the total is Langfuse's own sum of all buckets",
        ),
        pytest.param(
            {"input": 3, "input_cache_creation": 1253, "input_cache_creation_5m": 1253, "output": 9, "total": 1265},
            (1256, 9, None, 1253, "reported"),
            id="t7: once",
        ),
        pytest.param(
            {"input": 3, "input_cache_creation": 0, "input_cache_creation_5m": 1000, "input_cache_creation_1h": 253, "output": 9, "total": 1265},
            (1256, 9, None, 1253, "reported"),
            id="t7: only the remainder stands in the whole",
        ),
        pytest.param(
            {"input": 10, "output": 200, "output_reasoning": 5000, "total": 5210}, (10, 5200, None, None, "reported"), id="t8: thoughts beside output"
        ),
        pytest.param({"input": 10, "output": 200, "total": 5210}, (10, 5200, None, None, "partial"), id="t8: thoughts in the total only"),
        pytest.param(
            {"input": 10, "output": 5200, "completion_details.reasoning": 5000, "total": 5210}, (10, 5200, None, None, "reported"), id="reasoning inside"
        ),
        pytest.param(
            {"input": 10, "output": 5200, "output_reasoning_tokens": 5000, "total": 5210}, (10, 5200, None, None, "reported"), id="inside, says the total"
        ),
        pytest.param({"input": 60, "output": 15, "input_audio": 4, "input_cache_read": 6, "total": 85}, (70, 15, 6, None, "reported"), id="LangChain's keys"),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": {"cached_tokens": 40}},
            (100, 20, 40, None, "reported"),
            id="raw OpenAI, nested",
        ),
        pytest.param(
            {"input": 0, "input_cached_tokens": 40, "input_text_tokens": 100, "output": 20, "total": 120}, (100, 20, 40, None, "partial"), id="parts overlap"
        ),
        pytest.param({"input": 5, "prompt_details.cache_read": 900, "output": 2}, (905, 2, 900, None, "reported"), id="a whole smaller than its part is none"),
        pytest.param(
            {"input": 1988, "total": 1988}, (1988, None, None, None, "partial"), id="no output was told: a total that repeats the input makes it no zero"
        ),
        pytest.param({"input": "10", "output": 5.0}, (10, 5, None, None, "reported"), id="texts and floats"),
        pytest.param({}, (None, None, None, None, "missing"), id="t19: absent"),
        pytest.param({"input": 0, "output": 0, "total": 0}, (None, None, None, None, "missing"), id="t19: zeros of a call that answered"),
        pytest.param({"input": 10, "output": 5, "input_cost": 7, "total": 15}, (10, 5, None, None, "reported"), id="money among the tokens"),
    ],
)
def test_buckets(details: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(observation(usageDetails=details))
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "usage_status")
    assert tuple(found.get(name) for name in names) == want


def test_a_total_that_fits_no_reading_is_told() -> None:
    assert ("input_tokens", "inconsistent", "int") in issues(observation(usageDetails={"input": 10, "output": 5, "total": 3}))


def test_t19_zeros_of_a_failed_call_are_zeros() -> None:
    found = call(observation(level="ERROR", statusMessage="x", usageDetails={"input": 0, "output": 0, "total": 0}))
    assert (found["input_tokens"], found["output_tokens"], found["usage_status"]) == (0, 0, "reported")


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({"usageDetails": None, "inputUsage": 12, "outputUsage": 3, "totalUsage": 15}, (12, 3), id="only the sums"),
        pytest.param({"usageDetails": {}, "inputUsage": 0, "outputUsage": 0, "totalUsage": 0}, (None, None), id="sums of nothing"),
        pytest.param({"usageDetails": None, "usage": {"input": 7, "output": 2, "total": 9, "unit": "TOKENS", "inputCost": 0.1}}, (7, 2), id="the old usage"),
        pytest.param({"usageDetails": None, "promptTokens": 7, "completionTokens": 2, "totalTokens": 9}, (7, 2), id="the oldest"),
        pytest.param({"usageDetails": None, "usage": {"input": 700, "output": 20, "unit": "CHARACTERS"}}, (None, None), id="characters are no tokens"),
        pytest.param({"usageDetails": '{"input":4,"output":1}'}, (4, 1), id="JSON in a cell"),
        pytest.param({"usageDetails": "{'input':4,'output':1}"}, (4, 1), id="a map as ClickHouse prints it"),
    ],
)
def test_other_places_of_usage(more: dict[str, Any], want: tuple[int | None, ...]) -> None:
    found = call(observation(**more))
    assert (found.get("input_tokens"), found.get("output_tokens")) == want


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({"latency": 2.0}, [], id="seconds"),
        pytest.param({"latency": 2000}, [], id="milliseconds"),
        pytest.param({"latency": "2.0"}, [], id="a cell"),
        pytest.param({"latency": 7.5}, [("duration_ms", "inconsistent", "float")], id="neither: told, and nothing is scaled"),
        pytest.param({"latency": None}, [], id="still running when it was exported"),
    ],
)
def test_the_unit_of_latency_is_found_out(more: dict[str, Any], want: list[Any]) -> None:
    assert (call(observation(**more))["duration_ms"], issues(observation(**more))) == (2000.0, want)


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({"completionStartTime": "2026-03-02T10:00:00.400Z"}, (400.0, True), id="the instant"),
        pytest.param({"timeToFirstToken": 0.4, "latency": 2.0}, (400.0, True), id="seconds, as the latency"),
        pytest.param({"timeToFirstToken": 400, "latency": 2000}, (400.0, True), id="milliseconds, as the latency"),
        pytest.param({"timeToFirstTokenMs": 400, "latencyMs": 2000}, (400.0, True), id="the v4 table names its unit"),
        pytest.param({"timeToFirstToken": 400}, (None, None), id="no unit, no guess"),
        pytest.param({"completionStartTime": END}, (None, None), id="LiteLLM writes the end where nothing was streamed"),
        pytest.param({"completionStartTime": "2026-03-02T10:00:00.400Z", "modelParameters": {"stream": False}}, (None, False), id="not streamed"),
        pytest.param({"completionStartTime": "2026-03-02T09:59:59.000Z"}, (None, None), id="before it began"),
    ],
)
def test_time_to_first_token(more: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(observation(**more))
    assert (found.get("ttft_ms"), found.get("stream")) == want


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({"costDetails": {"input": 0.1, "output": 0.2, "total": 0.3}}, "0.300000000000", id="the total"),
        pytest.param({"costDetails": {"input": 0.1, "output": 0.2}}, "0.300000000000", id="its parts"),
        pytest.param({"costDetails": None, "totalCost": 0.25}, "0.250000000000", id="the sum beside"),
        pytest.param({"costDetails": {}, "calculatedTotalCost": "1E-6"}, "0.000001000000", id="the old name"),
        pytest.param({"costDetails": {}, "totalCost": 0}, None, id="no price: 0 says nothing"),
        pytest.param({"costDetails": {"total": 0}}, "0E-12", id="told to be free"),
        pytest.param({"costDetails": {"total": 0}, "usageDetails": {}}, None, id="nothing was priced"),
    ],
)
def test_reported_cost(more: dict[str, Any], want: str | None) -> None:
    found = call(observation(**more)).get("reported_usd")
    assert (None if found is None else str(found)) == want


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"level": "ERROR", "statusMessage": "Error code: 429 - Rate limit reached"}, ("error", 429, "rate_limit")),
        ({"level": "ERROR", "statusMessage": "APITimeoutError: Request timed out."}, ("timeout", None, "timeout")),
        ({"level": "ERROR", "statusMessage": None}, ("error", None, "unknown")),
        ({"level": "ERROR", "statusMessage": {"a": 1}}, ("error", None, "unknown")),
        ({"level": "WARNING", "statusMessage": "slow"}, ("ok", None, None)),
        ({"endTime": None, "usageDetails": {}}, ("unknown", None, None)),
        ({"endTime": None}, ("ok", None, None)),
    ],
)
def test_status(more: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(observation(**more))
    assert (found.get("status"), found.get("status_code"), found.get("error_class")) == want


def test_t22_an_error_and_a_usage_on_the_parents_is_the_calls_own_once() -> None:
    failed = {"level": "ERROR", "statusMessage": "Error code: 500"}
    rows = [
        observation(id="a", type="AGENT", **failed),
        observation(id="b", type="CHAIN", parentObservationId="a", **failed),
        observation(id="c", parentObservationId="b", **failed),
    ]
    outcomes = read(*rows)
    assert [(outcome.kind, list(outcome.rows)) for outcome in outcomes] == [("other", ["spans"]), ("other", ["spans"]), ("call", [])]
    assert [span["error_class"] for outcome in outcomes for span in outcome.rows.get("spans", ())] == ["server_error", "server_error"]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_t22_a_generation_around_others_is_no_further_call(order: list[int]) -> None:
    """A wrapper with the sum of its parts, in any order of rows, also with a step between."""
    rows = [
        observation(id="w", usageDetails={"input": 30, "output": 6, "total": 36}),
        observation(id="p1", parentObservationId="w", usageDetails={"input": 10, "output": 2, "total": 12}),
        observation(id="p2", parentObservationId="w", usageDetails={"input": 20, "output": 4, "total": 24}),
    ]
    outcomes = read(*(rows[i] for i in order))
    calls = [outcome.call for outcome in outcomes if outcome.call]
    assert sorted(found["input_tokens"] for found in calls) == [10, 20]
    assert len(outcomes) == 3


def test_t22_a_step_that_is_a_model_call_itself_and_one_that_holds_a_sum() -> None:
    """An evaluator with a model and tokens is a call where nothing below it is one; what an agent has is always a sum."""
    judge = observation(id="e", type="EVALUATOR")
    assert call(judge)["call_id"] == "e"
    assert call(judge, observation(parentObservationId="e"))["call_id"] == "o1"
    assert [outcome.kind for outcome in read(observation(type="AGENT"), observation(id="b", type="SPAN"))] == ["other", "other"]
    assert [outcome.kind for outcome in read(observation(type="TOOL", model=None))] == ["other"]


def test_t23_a_wrapper_without_a_model_around_one_call() -> None:
    rows = [observation(id="w", model=None, promptName="qa"), observation(id="s", type="SPAN", parentObservationId="w"), observation(parentObservationId="s")]
    found = call(*rows)
    assert (found["call_id"], found["input_tokens"], found["prompt_name"]) == ("o1", 10, "qa")


def test_t42_the_trace_says_what_its_calls_are_for() -> None:
    trace = {"id": "t1", "name": "nightly", "timestamp": START, "tags": ["feature:search", "team-a"], "userId": "u1", "sessionId": "s1", "release": "v1"}
    found = call({"trace": trace, "observations": [observation()]})
    assert (found["feature"], found["user_id"], found["session_id"], found["release"]) == ("search", "u1", "s1", "v1")


@pytest.mark.parametrize(
    ("more", "context", "want"),
    [
        ({"metadata": {"feature": "a"}, "traceName": "t", "tags": ["feature:b"]}, {}, ("a", "logged")),
        ({"traceName": "t", "traceTags": '["feature=b"]'}, {}, ("b", "tags")),
        ({"traceName": "run 9f8b6c1d2e3f4a5b"}, {}, ("run <id>", "trace")),
        ({"metadata": {"area": "c", "feature": "a"}}, {"feature_from": ("metadata.area",)}, ("c", "config")),
        ({"tags": ["area:d"], "traceName": "t"}, {"feature_from": ("tags.area",)}, ("d", "config")),
        ({}, {}, (None, None)),
    ],
)
def test_feature(more: dict[str, Any], context: dict[str, Any], want: tuple[str | None, ...]) -> None:
    found = call(observation(**more), **context)
    assert (found.get("feature"), found.get("feature_basis")) == want


def test_attributes_that_the_instrumentation_left_in_the_metadata() -> None:
    attributes = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.id": "chatcmpl-abc1",
        "gen_ai.system": "az.ai.openai",
        "gen_ai.response.finish_reasons": '["stop"]',
    }
    metadata = {"attributes": json.dumps(attributes), "scope": '{"name":"ai"}', "resourceAttributes": '{"service.name":"shop"}'}
    found = call(observation(model="gpt-4o-2024-08-06", metadata=metadata))
    wanted = {
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "response_id": "chatcmpl-abc1",
        "finish_reason": "stop",
        "provider": "azure",
        "merge_emitter": "ai",
        "service": "shop",
        "call_id": "o1",
        "span_id": "o1",
    }
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("identity", ["run_abc", "run-123", "lc_run--7", None])
def test_the_id_of_a_run_is_no_id_of_an_answer(identity: str | None) -> None:
    """Several calls of one run of an assistant share it: they would become one."""
    assert "response_id" not in call(observation(metadata={"attributes": {"gen_ai.response.id": identity}}, output={"id": identity}))


def test_no_text_leaves_and_lengths_do() -> None:
    asked, said = [{"role": "user", "content": "secret words"}], json.dumps({"role": "assistant", "content": "hidden answer"})
    found = call(observation(input=asked, output=said))
    assert (found["prompt_chars"], found["completion_chars"], len(found["prompt_hash"])) == (12, 13, 16)
    assert "secret" not in repr(read(observation(input=asked, output=said)))
    assert call(observation(input=json.dumps(asked)))["prompt_hash"] == found["prompt_hash"]
    assert call(observation(input=asked), store_text="full")["prompt_text"] == "secret words"
    assert "prompt_chars" not in call(observation(input="<masked>"))


@pytest.mark.parametrize(
    ("row", "want"),
    [
        (
            {"id": "s", "timestamp": START, "name": "ok", "value": 0.5, "dataType": "NUMERIC", "source": "EVAL", "traceId": "t1"},
            {"trace_id": "t1", "value": 0.5, "kind": "judge", "name": "ok"},
        ),
        (
            {"id": "s", "timestamp": "2026-03-02 10:00:00.000", "name": "n", "value": 1, "string_value": "True", "data_type": "BOOLEAN", "source": "ANNOTATION",
             "trace_id": "t1", "observation_id": "o1"},
            {"trace_id": "t1", "call_id": "o1", "value": 1.0, "label": "True", "kind": "human", "at": datetime(2026, 3, 2, 10)},
        ),
        (
            {"id": "s", "timestamp": START, "name": "tone", "value": 0, "stringValue": "polite", "dataType": "CATEGORICAL", "source": "API", "sessionId": "s1"},
            {"session_id": "s1", "label": "polite", "kind": "code", "value": None},
        ),
        (
            {"id": "s", "timestamp": START, "name": "why", "value": 0, "stringValue": "a long text", "dataType": "TEXT", "source": "API", "traceId": "t"},
            {"trace_id": "t", "label": None, "value": None},
        ),
    ],
)  # fmt: skip
def test_scores(row: dict[str, Any], want: dict[str, Any]) -> None:
    (outcome,) = read(row)
    (found,) = outcome.rows["feedback"]
    assert {name: found.get(name) for name in want} == want


def test_a_score_of_a_dataset_run_is_no_feedback_on_calls() -> None:
    (outcome,) = read({"id": "s", "name": "x", "value": 1, "dataType": "NUMERIC", "source": "EVAL", "traceId": None, "sessionId": None, "datasetRunId": "d"})
    assert (outcome.kind, outcome.reason) == ("skipped", "score of a dataset run")


def test_score_columns_of_tables() -> None:
    row = observation(traceName="t", comments="[]", **{"user rating #2 (β)": "[0.95]", "tone": '["polite"]', "empty": None, "toolCalls": [{"a": 1}]})
    (outcome,) = read(row)
    assert [(one["name"], one.get("value"), one.get("label"), one["trace_id"]) for one in outcome.rows["feedback"]] == [
        ("user rating #2 (β)", 0.95, None, "t1"),
        ("tone", None, "polite", "t1"),
    ]
    assert outcome.call
    assert outcome.call["tool_calls"] == 1


def test_a_score_of_a_wrapper_is_its_calls_and_one_of_a_step_is_the_traces() -> None:
    wrapper = observation(id="w", helpful=[1], metadata={"attributes": {"gen_ai.response.id": "chatcmpl-1"}})
    outcomes = read(wrapper, observation(parentObservationId="w", metadata={"attributes": {"gen_ai.response.id": "chatcmpl-1"}}))
    assert [(outcome.kind, outcome.merged_into) for outcome in outcomes] == [("merged", "o1"), ("call", "")]
    assert outcomes[0].rows["feedback"][0]["call_id"] == "o1"
    given = {"id": "s", "timestamp": START, "name": "ok", "value": 1, "dataType": "NUMERIC", "source": "EVAL", "traceId": "t1", "observationId": "sp"}
    trace = {"id": "t1", "timestamp": START, "name": "x", "scores": [given, given | {"observationId": "o1"}]}
    (first, *_) = read({"trace": trace, "observations": [observation(), observation(id="sp", type="SPAN")]})
    assert [row.get("call_id") for row in first.rows["feedback"]] == [None, "o1"]


def test_a_v4_table_repeats_the_scores_of_a_trace_on_every_row() -> None:
    rows = [observation(id=name, latencyMs=2000, quality=[0.5]) for name in ("a", "b", "c")]
    assert [one["value"] for outcome in read(*rows) for one in outcome.rows.get("feedback", ())] == [0.5]


def test_a_trace_row_tells_its_labels_and_scores_and_no_call() -> None:
    """Its usage and cost are roll-ups."""
    row = {"bookmarked": False, "public": False, "id": "t1", "timestamp": START, "name": "ask", "userId": "u1", "sessionId": "s1", "tags": [], "release": None,
           "usage": {"promptTokens": 5}, "totalCost": 3, "latency": 2, "helpful": [1]}  # fmt: skip
    (outcome,) = read(row)
    assert outcome.kind == "other"
    assert outcome.rows["trace_facts"][0]["user_id"] == "u1"
    assert outcome.rows["trace_facts"][0]["feature"] == "ask"
    assert outcome.rows["feedback"] == [{"name": "helpful", "source": "langfuse", "value": 1.0, "trace_id": "t1"}]


def test_a_trace_that_says_nothing_is_skipped() -> None:
    (outcome,) = read({"id": "t1", "timestamp": START, "name": None, "userId": None, "sessionId": None, "public": False, "tags": []})
    assert (outcome.kind, outcome.reason) == ("skipped", "trace")


def test_a_trace_of_the_api_with_its_observations() -> None:
    trace = {"id": "t1", "timestamp": START, "name": "ask", "userId": "u1", "public": False, "htmlPath": "/x", "scores": [], "observations": [observation()]}
    assert (call(trace)["user_id"], call(trace)["trace_id"]) == ("u1", "t1")


def test_newer_downloads_repeat_the_observations_inside_the_trace() -> None:
    inner = {"id": "t1", "timestamp": START, "name": "x", "observations": [observation()]}
    assert call({"trace": inner, "observations": [observation()]})["call_id"] == "o1"


def test_traces_of_the_api_name_their_observations_only() -> None:
    row = {"id": "t1", "timestamp": START, "name": "ask", "userId": "u1", "public": False, "htmlPath": "/x", "observations": ["o1"], "scores": ["s1"]}
    assert [(outcome.kind, list(outcome.rows)) for outcome in read(row)] == [("other", ["trace_facts"])]


def test_calls_that_langfuse_made_itself_are_marked() -> None:
    assert call(observation(environment="langfuse-llm-as-a-judge"))["is_internal"] is True
    assert "is_internal" not in call(observation(environment="production"))


def test_pages_of_the_api() -> None:
    outcomes = read({"data": [observation(id="a"), observation(id="b")], "meta": {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}})
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("skipped", False), ("call", True), ("call", True)]


def test_sessions_manifests_and_datasets_are_no_calls() -> None:
    judged = {"id": "s", "countTraces": 2, "sessionDuration": 3.5, "nps": "[9]"}
    (outcome,) = read(judged)
    assert outcome.rows["feedback"] == [{"name": "nps", "source": "langfuse", "value": 9.0, "session_id": "s"}]
    item = {"id": "i", "datasetItemId": "d", "traceId": "t1", "observationId": None, "datasetName": "x"}
    assert [(outcome.kind, outcome.reason) for outcome in read(SESSION, MANIFEST, item)] == [
        ("skipped", "session"),
        ("skipped", "manifest"),
        ("skipped", "dataset"),
    ]


def test_scores_told_before_are_forgotten_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.sources.langfuse.MOST_SCORES", 1)
    rows = [observation(id=f"{place}{trace}", traceId=trace, latencyMs=1, quality=[0.5]) for place, trace in enumerate(["a", "a", "b", "b"])]
    assert len([one for outcome in read(*rows) for one in outcome.rows.get("feedback", ())]) == 2


def test_two_spellings_of_one_field() -> None:
    assert call(observation(trace_id="other", usage_details=None, usageDetails={"input": 3, "output": 1}))["input_tokens"] == 3


def test_an_unfinished_step_waits_for_its_end() -> None:
    (outcome,) = read(observation(type="SPAN", endTime=None))
    assert (outcome.kind, outcome.reason) == ("skipped", "span")


V2_CORE = {"id": "o", "traceId": "t", "startTime": START, "endTime": END, "projectId": "p", "parentObservationId": None, "type": "GENERATION"}
MANIFEST = {"version": 1, "projectId": "p", "exportSource": "EVENTS", "window": {}, "maxTimestamp": END, "createdAt": END, "tables": [], "files": []}
SESSION = {"id": "s", "createdAt": START, "userIds": ["u"], "countTraces": 2, "sessionDuration": 3.5, "totalCost": 1, "totalTokens": 3}


@pytest.mark.parametrize(
    "value",
    [
        observation(),
        V2_CORE,
        MANIFEST,
        SESSION,
        {"trace": {}, "observations": []},
        {"data": [V2_CORE], "meta": {"cursor": "x"}},
        dict.fromkeys(("id", "trace_id", "start_time", "end_time", "type", "usage_details", "level")),
        {"id": "s", "timestamp": START, "name": "n", "value": 1, "data_type": "NUMERIC", "trace_id": "t", "source": "API"},
        {"id": "t", "timestamp": START, "name": "n", "bookmarked": True, "public": False, "user_id": None, "tags": []},
    ],
)
def test_detection(value: dict[str, Any]) -> None:
    """Langfuse's own, ahead of every source that reads anything with a model and a usage."""
    head = Head("a.jsonl", "ndjson", (value, value))
    best, detection = sources.find(head)[0]
    assert (best.name, detection.confidence >= 0.9) == ("langfuse", True)
    assert "Langfuse" in detection.why


@pytest.mark.parametrize("columns", [tuple(V2_CORE), ("id", "trace_id", "start_time", "type", "usage_details")])
def test_an_empty_table_is_known_by_its_columns(columns: tuple[str, ...]) -> None:
    assert SOURCE.detect(Head("a.parquet", "parquet", (), columns))


@pytest.mark.parametrize(
    "value",
    [
        {"data": [{"id": "chatcmpl-1", "object": "chat.completion"}], "meta": {}},
        {"id": "r", "trace_id": "t", "start_time": START, "run_type": "llm", "dotted_order": "x", "parent_run_id": None},
        {"resourceSpans": []},
        {"timestamp": START, "model": "m", "name": "x", "value": 3},
        {"id": 1, "timestamp": START, "name": "x", "user_id": "u", "session_id": "s", "release": "v1", "model": "m", "input_tokens": 3},
        {"id": "a", "trace_id": "t", "start_time": START, "type": "llm", "status_message": "", "parent_span_id": None, "usage": {}},
        {"trace_id": "t", "name": "quality", "value": 1, "data_type": "float"},
        [],
        "x",
    ],
)
def test_other_formats_are_left_alone(value: Any) -> None:
    assert SOURCE.detect(Head("a.jsonl", "ndjson", (value,))) is None


BROKEN = st.sampled_from(
    (
        None,
        True,
        0,
        -1,
        2**70,
        1e308,
        float("nan"),
        "",
        "x",
        "{",
        "[1",
        "\ud800",
        [],
        {},
        [[]],
        [None],
        {"a": None},
        {"total": "x"},
        {"input": -5},
        [{"a": [1]}],
    )
)
KEYS = (*observation(), "latency", "completionStartTime", "modelParameters", "metadata", "traceTags", "tags", "userId", "usage", "output", "input", "scores",
        "observations", "trace", "data", "meta", "updatedAt", "promptVersion", "toolCalls", "name", "value", "dataType", "timestamp", "public")  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), BROKEN, max_size=12), st.sampled_from(["observation", "trace", "score", "page", "as it is"]))
def test_a_corrupt_record_is_answered_for(broken: dict[str, Any], kind: str) -> None:
    value: Any = {
        "observation": observation(**broken),
        "trace": {"trace": {"id": "t", **broken}, "observations": [observation(**broken), broken]},
        "score": {"name": "n", "value": 1, "dataType": "NUMERIC", "traceId": "t", **broken},
        "page": {"data": [observation(**broken)], "meta": {}},
        "as it is": broken,
    }[kind]
    outcomes = read(value, 7, observation())
    assert sum(not outcome.nested for outcome in outcomes) == 3


def test_usage_of_nothing() -> None:
    assert [buckets.read(what, True, False).empty for what in (None, [], "x", {"input": True}, {"a": {"b": {"c": 1}}})] == [True] * 5
