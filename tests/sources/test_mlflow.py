"""MLflow traces: ids, JSON inside text, leaves, streams, judgements, every form of export."""

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from trace_helpers import Db, calls, closes, damaged, read, records_of, rows

from llmlogs.sources.base import Context, Head
from llmlogs.sources.mlflow import SOURCE
from llmlogs.sources.mlflow.shapes import decode, hex_id

GOOD = records_of(*(sample.lines for sample in SOURCE.samples))
START = 1772445600_000_000_000


def span(number: int, kind: str, parent: int | None = None, **attributes: Any) -> dict[str, Any]:
    names = {"kind": "mlflow.spanType", "usage": "mlflow.chat.tokenUsage", "outputs": "mlflow.spanOutputs", "inputs": "mlflow.spanInputs"}
    names |= {"model": "mlflow.llm.model", "form": "mlflow.message.format", "cost": "mlflow.llm.cost", "prompts": "mlflow.linkedPrompts"}
    events = attributes.pop("events", [])
    status = attributes.pop("status", {"code": "OK", "message": ""})
    return {
        "trace_id": "tr-1", "span_id": f"{number:016x}", "parent_span_id": f"{parent:016x}" if parent else None, "name": f"{kind.lower()}-{number}",
        "start_time_unix_nano": START, "end_time_unix_nano": START + 1_500_000_000, "status": status, "events": events,
        "attributes": {names.get(name, name): json.dumps(value) for name, value in ({"kind": kind} | attributes).items()},
    }  # fmt: skip


def trace(*spans: dict[str, Any], **info: Any) -> dict[str, Any]:
    told = {"trace_id": "tr-1", "request_time": "2026-03-02T10:00:00Z", "state": "OK", "trace_metadata": {}, "tags": {}} | info
    return {"info": told, "data": {"spans": list(spans)}}


def usage(sent: int, made: int, **more: int) -> dict[str, int]:
    return {"input_tokens": sent, "output_tokens": made, "total_tokens": sent + made} | more


@pytest.mark.parametrize(
    ("logged", "want"),
    [("AAAAAAAAAAE=", "0000000000000001"), ("0x00000000000000aB", "00000000000000ab"), ("00000000000000AB", "00000000000000ab"), ("s-1", "s-1"),
     ("", None), (None, None), (7, None), ("AAAAAAAAAAA=", None)],
)  # fmt: skip
def test_ids(logged: Any, want: str | None) -> None:
    assert hex_id(logged) == want


@pytest.mark.parametrize(("logged", "want"), [('"gpt-x"', "gpt-x"), ('{"a": 1}', {"a": 1}), ("plain", "plain"), ('"torn', '"torn'), (3, 3)])
def test_attributes_are_json_inside_text(logged: Any, want: Any) -> None:
    assert decode(logged) == want


COUNTS = {
    "openai, cache inside": (usage(150, 24, cache_read_input_tokens=128), None, (150, 128, None, 24)),
    "t2 anthropic of newer versions, cache inside": (
        usage(130213, 4, cache_read_input_tokens=128955, cache_creation_input_tokens=1253),
        None,
        (130213, 128955, 1253, 4),
    ),
    "t2 anthropic of older versions, cache outside": (
        usage(5, 4, cache_read_input_tokens=128955, cache_creation_input_tokens=1253),
        None,
        (130213, 128955, 1253, 4),
    ),
    "the answer's own counts come first": (
        usage(1000, 4),
        {"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 1000, "cache_read_input_tokens": 500, "output_tokens": 4}},
        (1500, 500, None, 4),
    ),
    "t19 zero is a count": (usage(9, 0), None, (9, None, None, 0)),
    "t20 a zero input is none": (usage(0, 0, cache_read_input_tokens=0), None, (None, None, None, None)),
    "t20 nothing told": (None, None, (None, None, None, None)),
    "junk": ("many", None, (None, None, None, None)),
}


@pytest.mark.parametrize(("told", "outputs", "want"), COUNTS.values(), ids=COUNTS)
def test_counts(told: Any, outputs: Any, want: tuple[Any, ...]) -> None:
    (call,) = calls(SOURCE, trace(span(1, "CHAT_MODEL", usage=told, outputs=outputs)))
    assert tuple(call.get(f"{name}_tokens") for name in ("input", "cache_read", "cache_write", "output")) == want


def test_t22_sums_on_the_trace_and_on_outer_spans_are_no_calls() -> None:
    agent = span(1, "AGENT", usage=usage(30, 3))
    value = trace(
        agent,
        span(2, "CHAIN", 1),
        span(3, "CHAT_MODEL", 2, usage=usage(10, 1)),
        span(4, "CHAT_MODEL", 2, usage=usage(20, 2)),
        trace_metadata={"mlflow.trace.tokenUsage": '{"input_tokens": 30, "output_tokens": 3}'},
    )
    found = calls(SOURCE, value)
    assert sorted(call["input_tokens"] for call in found) == [10, 20]
    assert {call["agent_name"] for call in found} == {"agent-1"}
    assert {row["kind"] for row in rows(SOURCE, "spans", value)} == {"agent", "chain"}


def test_a_framework_model_above_an_sdk_model_is_one_call() -> None:
    value = trace(
        span(1, "CHAT_MODEL", usage=usage(10, 1), form="langchain", model="m"), span(2, "CHAT_MODEL", 1, usage=usage(10, 1), form="openai", model="m")
    )
    assert [outcome.kind for outcome in read(SOURCE, value)] == ["merged", "call"]
    assert calls(SOURCE, value)[0]["provider"] == "openai"


def test_t23_usage_on_the_wrapper_and_the_model_inside() -> None:
    (call,) = calls(SOURCE, trace(span(1, "AGENT", usage=usage(10, 1)), span(2, "LLM", 1, model="claude-x")))
    assert (call["input_tokens"], call["response_model"] if "response_model" in call else call["request_model"]) == (10, "claude-x")


def test_chunks_of_a_stream_are_events() -> None:
    chunks = [("", START + 100_000_000), ("The", START + 250_000_000), (" end", START + 650_000_000)]
    events = [
        {"name": f"mlflow.chunk.item.{i}", "time_unix_nano": at, "attributes": {"mlflow.chunk.value": json.dumps({"choices": [{"delta": {"content": text}}]})}}
        for i, (text, at) in enumerate(chunks)
    ]
    (call,) = calls(SOURCE, trace(span(1, "CHAT_MODEL", events=events)))
    assert (call["stream"], call["ttft_ms"], call["ttft_basis"], call["max_gap_ms"]) == (True, 250.0, "event", 400.0)


def test_the_exception_event_tells_the_class() -> None:
    event = {"name": "exception", "time_unix_nano": START, "attributes": {"exception.type": "RateLimitError", "exception.message": "Error code: 429 - no"}}
    (call,) = calls(SOURCE, trace(span(1, "CHAT_MODEL", status={"code": "STATUS_CODE_ERROR", "message": ""}, events=[event])))
    assert (call["status"], call["status_code"], call["error_class"], call["error_type"]) == ("error", 429, "rate_limit", "RateLimitError")
    (call,) = calls(SOURCE, trace(span(1, "CHAT_MODEL", status={"code": "ERROR"})))
    assert (call["status"], call["error_class"]) == ("error", "unknown")


def test_retrieval_and_embeddings() -> None:
    value = trace(span(1, "RETRIEVER", outputs=[{"page_content": "?"}, {"page_content": "?"}]), span(2, "EMBEDDING", usage=usage(7, 0)))
    assert [row["document_count"] for row in rows(SOURCE, "spans", value) if row["kind"] == "retrieval"] == [2]
    assert calls(SOURCE, value)[0]["operation"] == "embeddings"


@pytest.mark.parametrize(
    ("assessment", "want"),
    [
        ({"assessment_name": "a", "feedback": {"value": False}, "source": {"source_type": "HUMAN"}}, (0.0, None, "human")),
        ({"assessment_name": "a", "feedback": {"value": 0.7}, "source": {"source_type": "LLM_JUDGE"}}, (0.7, None, "judge")),
        ({"assessment_name": "a", "feedback": {"value": "yes"}, "source": {"source_type": "CODE"}}, (None, "yes", "code")),
        ({"assessment_name": "a", "feedback": {"value": "a long story about private things"}}, (None, None, None)),
        ({"assessment_name": "a", "expectation": {"value": "x"}}, None),
        ({"assessment_name": "a", "feedback": {"value": 1}, "valid": False}, None),
        ({"assessment_name": "a", "feedback": {"error": {"error_code": "x"}}}, None),
    ],
)
def test_judgements(assessment: dict[str, Any], want: tuple[Any, ...] | None) -> None:
    found = rows(SOURCE, "feedback", trace(span(1, "CHAIN"), assessments=[assessment | {"rationale": "private"}]))
    assert [(row.get("value"), row.get("label"), row.get("kind")) for row in found] == ([want] if want else [])
    assert "private" not in str(found)


def test_a_judgement_of_a_span_goes_with_its_call(tmp_path: Path) -> None:
    value = trace(
        span(1, "CHAIN"),
        span(2, "CHAT_MODEL", 1, usage=usage(1, 1)),
        assessments=[{"assessment_name": "a", "feedback": {"value": 1}, "span_id": f"{2:016x}"}],
    )
    (tmp_path / "t.jsonl").write_text(json.dumps(value), encoding="utf-8")
    db = Db(tmp_path, tmp_path / "t.jsonl")
    assert db.one("select f.trace_id, c.span_id from feedback f join calls c using (call_id)") == ("tr-1", f"{2:016x}")


def test_labels_of_the_trace_hold_for_its_calls() -> None:
    info = {
        "trace_metadata": {"mlflow.trace.user": "ann", "mlflow.trace.session": "s", "mlflow.user": "root", "mlflow.source.git.commit": "abc"},
        "tags": {"feature": "faq", "team": "care", "tier": "gold", "mlflow.traceName": "x", "mlflow.linkedPrompts": '[{"name": "p", "version": "3"}]'},
    }
    (call,) = calls(SOURCE, trace(span(1, "CHAIN"), span(2, "CHAT_MODEL", 1), **info))
    got = tuple(call[name] for name in ("user_id", "session_id", "release", "feature", "feature_basis", "team", "tags", "prompt_name", "prompt_version"))
    assert got == ("ann", "s", "abc", "faq", "tags", "care", '{"tier":"gold"}', "p", "3")
    (call,) = calls(SOURCE, trace(span(2, "CHAT_MODEL"), **info), context=Context("x", feature_from=("tags.tier",)))
    assert (call["feature"], call["feature_basis"]) == ("gold", "config")


def test_schema_2_and_a_running_trace() -> None:
    old = {
        "name": "Completions", "context": {"trace_id": "0x" + "1" * 32, "span_id": "0x" + "2" * 16}, "parent_id": None, "start_time": START,
        "end_time": None, "status_code": "UNSET", "status_message": "", "events": [],
        "attributes": {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.traceRequestId": '"r1"'},
    }  # fmt: skip
    value = {
        "info": {"request_id": "r1", "timestamp_ms": 1, "status": "IN_PROGRESS", "request_metadata": {}, "tags": {}},
        "data": {"request": "{}", "spans": [old]},
    }
    (call,) = calls(SOURCE, value)
    assert (call["trace_id"], call["span_id"], call["status"], call.get("duration_ms")) == ("r1", "2" * 16, "unknown", None)


def frame(value: dict[str, Any]) -> dict[str, Any]:
    """A row of search_traces() as pandas holds it."""
    return {
        "trace_id": "tr-1", "trace": json.dumps(value), "client_request_id": None, "state": "OK", "request_time": 1772445600000, "execution_duration": 1500,
        "request": {"q": "?"}, "response": "!", "trace_metadata": value["info"]["trace_metadata"], "tags": value["info"]["tags"],
        "spans": value["data"]["spans"], "assessments": [{"assessment_name": "a", "feedback": {"value": True}}],
    }  # fmt: skip


def test_frames_read_as_their_traces_do(tmp_path: Path) -> None:
    value = trace(span(1, "CHAIN"), span(2, "CHAT_MODEL", 1, usage=usage(10, 2), model="m"), tags={"feature": "faq"})
    row = frame(value)
    (tmp_path / "t.jsonl").write_text(json.dumps(value) + "\n", encoding="utf-8")
    (tmp_path / "f.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    for name, cells in {"whole.csv": row, "spans.csv": row | {"trace": None}}.items():
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(cells)
            writer.writerow([repr(cell) if isinstance(cell, (dict, list)) else cell for cell in cells.values()])
    duckdb.sql(f"copy (select * from read_json('{tmp_path}/f.jsonl')) to '{tmp_path}/f.parquet' (format parquet)")
    want = None
    for name in ("t.jsonl", "f.jsonl", "whole.csv", "spans.csv", "f.parquet"):
        place = tmp_path / name.replace(".", "_")
        place.mkdir()
        db = Db(place, tmp_path / name)
        assert [file.source for file in db.report.files] == ["mlflow"], name
        got = db.ask("select call_id, span_id, parent_span_id, feature, input_tokens, output_tokens, duration_ms, started_at, request_model from calls")
        want = want or got
        assert got == want, name
        assert db.one("select count(*) from feedback") == (0 if name == "t.jsonl" else 1,), name
        assert db.one("select count(*) from spans") == (1,), name


def test_a_csv_of_python_objects_says_so() -> None:
    row = {"request_id": "r", "request_metadata": "{}", "execution_time_ms": "3", "spans": "[Span(name='a', trace_id='b')]", "tags": "{}"}
    assert [(o.kind, o.reason) for o in read(SOURCE, row)] == [("rejected", "spans are written as Python objects: export them with to_json")]


def test_traces_without_spans_are_skipped_not_guessed() -> None:
    info = trace()["info"] | {"trace_metadata": {"mlflow.trace.tokenUsage": '{"input_tokens": 5}'}}
    assert [(o.kind, o.reason) for o in read(SOURCE, info)] == [("skipped", "trace without spans")]


def test_metadata_as_protobuf_writes_it_and_a_frame_whose_trace_is_torn() -> None:
    """Pages of the older API list labels as `{key, value}`."""
    info = {"trace_metadata": [{"key": "mlflow.trace.user", "value": "ann"}, "junk"], "tags": [{"key": "feature", "value": "faq"}]}
    (call,) = calls(SOURCE, trace(span(1, "LLM"), **info))
    assert (call["user_id"], call["feature"]) == ("ann", "faq")
    row = frame(trace(span(1, "LLM", usage=usage(3, 1))))
    for torn in ('{"info": {"trace_id": "tr-1"}, "data": {"spans": []}}', "{torn"):
        (call,) = calls(SOURCE, row | {"trace": torn})
        assert call["input_tokens"] == 3


def test_odd_streams() -> None:
    """Chunks that are texts; chunks without any; a clock that runs backwards; an event before the exception's."""
    made = [{"name": "mlflow.chunk.item.0", "time_unix_nano": START - 5, "attributes": {"mlflow.chunk.value": '"Hi"'}}]
    (call,) = calls(SOURCE, trace(span(1, "CHAT_MODEL", events=made)))
    assert (call["stream"], "ttft_ms" in call) == (True, False)
    events = [{"name": "exception", "attributes": {"exception.message": "Connection error."}}, {"name": "retry"}]
    (call,) = calls(SOURCE, trace(span(1, "LLM", events=events, status={"code": "ERROR"})))
    assert call["error_class"] == "connection"


def test_assessments_are_told_once_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = trace(span(1, "CHAIN"), assessments=[{"assessment_id": "a", "assessment_name": "n", "feedback": {"value": 1}}])
    assert len(rows(SOURCE, "feedback", judged, judged)) == 1
    monkeypatch.setattr("llmlogs.sources.mlflow.assessments.MOST_SEEN", 0)
    assert len(rows(SOURCE, "feedback", judged, judged)) == 2


def test_spans_in_a_file_of_their_own_name_their_trace() -> None:
    """`traces.json` among the artifacts of a run."""
    one = span(1, "CHAT_MODEL", usage=usage(5, 1))
    one["attributes"]["mlflow.traceRequestId"] = '"tr-9"'
    (call,) = calls(SOURCE, {"spans": [one], "request": "{}", "response": "{}"})
    assert (call["trace_id"], call["input_tokens"]) == ("tr-9", 5)
    assert SOURCE.detect(Head("traces.json", "json_stream", ({"spans": [one]},)))
    assert SOURCE.detect(Head("x.json", "json_stream", ({"spans": [{"attributes": {"a": 1}}]},))) is None


def test_no_text_is_kept() -> None:
    value = trace(span(1, "CHAT_MODEL", inputs={"messages": [{"role": "user", "content": "my secret"}]}, outputs="a secret"), request_preview="secret")
    assert "secret" not in str(read(SOURCE, value))
    (call,) = calls(SOURCE, value)
    assert (call["prompt_chars"], call["completion_chars"]) == (9, 8)


def test_detection() -> None:
    def sure(*values: Any) -> float:
        found = SOURCE.detect(Head("x", "ndjson", values))
        return found.confidence if found else 0.0

    assert sure(trace(span(1, "CHAIN"))) > 0.9
    assert sure(trace(span(1, "CHAIN"))["info"]) > 0.9
    assert sure(frame(trace(span(1, "CHAIN")))) > 0.9
    assert sure({"info": {"title": "api"}, "data": {}}) == 0
    assert sure({"trace_id": "x", "spans": []}) == 0
    assert sure({"resourceSpans": []}, None, 3) == 0


@given(damaged(GOOD))
def test_damaged_records_never_raise_and_are_all_accounted_for(values: list[Any]) -> None:
    closes(read(SOURCE, *values), len(values))


@pytest.mark.shared
def test_corpus_equals_what_its_spans_say(shared: Path, tmp_path: Path) -> None:
    """Counts taken from the model spans of the JSON lines, without this source; the frame is the same traces again."""
    folder = shared / "corpus/app/mlflow_generated"
    traces = [json.loads(line) for line in (folder / "mlflow_traces.jsonl").read_text(encoding="utf-8").splitlines()]
    models = [one for value in traces for one in value["data"]["spans"] if one["attributes"]["mlflow.spanType"] == '"CHAT_MODEL"']
    told = [json.loads(one["attributes"]["mlflow.chat.tokenUsage"]) for one in models if "mlflow.chat.tokenUsage" in one["attributes"]]
    failed = sum(one["status"]["code"] == "STATUS_CODE_ERROR" for one in models)
    costs = sum(json.loads(one["attributes"]["mlflow.llm.cost"])["total_cost"] for one in models if "mlflow.llm.cost" in one["attributes"])
    streamed = sum(any("chunk" in event["name"] for event in one["events"]) for one in models)
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    want = (len(models), *(sum(one[name] for one in told) for name in names), failed, streamed, round(costs, 9))
    query = (
        "select count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_read_tokens)::bigint, count(*) filter (status = 'error' "
        "and status_code in (429, 500)), count(ttft_ms), round(sum(reported_usd)::double, 9) from calls where user_id is not null and feature_basis = 'tags'"
    )
    for name in ("mlflow_traces.jsonl", "mlflow_search_traces_df.jsonl"):
        place = tmp_path / name
        place.mkdir()
        db = Db(place, folder / name)
        assert db.report.files[0].source == "mlflow"
        assert db.one(query) == want
    both = tmp_path / "both"
    both.mkdir()
    db = Db(both, *sorted(folder.iterdir()))
    assert db.one(query) == want
    assert db.one("select count(*), min(value), min(kind) from feedback") == (1, 0.0, "human")
    assert db.one("select count(*) from spans") == (len(traces) * 2,)
