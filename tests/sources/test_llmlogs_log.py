"""llmlogs' own call log, and the simple logs people write by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.llmlogs_log import SOURCE, schema

CONTEXT = Context("x.jsonl", secret=b"0123456789abcdef")
T0 = datetime(2025, 11, 1)
BASE = {"timestamp": 1761955200, "model": "m"}


def one(value: Any) -> Outcome:
    (outcome,) = SOURCE.read([Record(1, 0, 0, value)], CONTEXT)
    return outcome


def call(value: Any) -> dict[str, Any]:
    found = one(value).call
    assert found is not None
    return found


@pytest.mark.parametrize("sample", SOURCE.samples)
def test_samples_are_read_as_they_say(sample: Any) -> None:
    found = call(orjson.loads(sample.lines))
    assert sample.want[0].items() <= found.items()


def test_the_subject_of_a_source_update_is_hashed_as_the_cache_key_it_names() -> None:
    (event,) = one({"type": "event", "at": 1761955200, "kind": "source_update", "subject": "page-7"}).rows["events"]
    assert event["subject"] == call(BASE | {"cache_key": "page-7"})["cache_key"] != "page-7"


CASES = [
    ({"input_tokens": 5}, {"input_tokens": 5, "status": "unknown"}),
    ({"output_tokens": 5}, {"status": "ok"}),
    ({"duration_ms": 1500}, {"duration_ms": 1500.0, "ended_at": T0 + timedelta(seconds=1.5)}),
    ({"ended_at": "2025-11-01T00:00:02+00:00"}, {"duration_ms": 2000.0}),
    ({"ended_at": "2025-11-01T01:00:02+01:00"}, {"duration_ms": 2000.0}),
    ({"first_token_at": 1761955200.25}, {"ttft_ms": 250.0}),
    ({"status_code": 429}, {"status": "error", "error_class": "rate_limit"}),
    ({"status": "success"}, {"status": "ok"}),
    ({"success": False}, {"status": "error"}),
    ({"success": "TRUE"}, {"status": "ok"}),
    ({"error": "Error code: 429 - slow down"}, {"status": "error", "error_class": "rate_limit"}),
    ({"error": None}, {"status": "unknown"}),
    ({"error": False, "output_tokens": 1}, {"status": "ok"}),
    ({"latency_s": 1.5}, {"duration_ms": 1500.0}),
    ({"reported_usd": "0.001"}, {"reported_usd": pytest.approx(0.001)}),
    ({"tags": {"tier": 1, "deep": {"a": 1}}}, {"tags": '{"tier":1}'}),
    ({"stream": "true"}, {"stream": True}),
    ({"cache": "HIT"}, {"app_cache": "hit"}),
]


@pytest.mark.parametrize(("more", "expected"), CASES)
def test_a_call_line_is_read(more: Any, expected: dict[str, Any]) -> None:
    found = call({**BASE, **more})
    assert {name: float(found[name]) if name == "reported_usd" else found.get(name) for name in expected} == expected


BAD = [
    ({"input_tokens": "n/a"}, ("input_tokens", "not_a_number", "string")),
    ({"input_tokens": 8.7}, ("input_tokens", "not_a_number", "number")),
    ({"input_tokens": True}, ("input_tokens", "not_a_number", "boolean")),
    ({"duration_ms": float("inf")}, ("duration_ms", "not_a_number", "number")),
    ({"ended_at": "soon"}, ("ended_at", "not_a_time", "string")),
    ({"status": "perhaps"}, ("status", "unknown_word", "string")),
    ({"feature": {"a": 1}}, ("feature", "not_a_word", "object")),
    ({"latency": 1.5}, ("duration_ms", "no_unit", "number")),
]


@pytest.mark.parametrize(("more", "issue"), BAD)
def test_a_value_that_cannot_be_read_is_said(more: Any, issue: tuple[str, str, str]) -> None:
    outcome = one({**BASE, **more})
    assert outcome.issues == [issue]
    assert issue[0] not in (outcome.call or {}) or issue[0] == "status"


def test_texts_are_kept_nowhere() -> None:
    outcome = one({**BASE, "prompt": "my secret plan", "response": "a secret answer", "note": "secret note", "api_key": "sk-secret"})
    assert "secret" not in str(outcome)
    assert (outcome.call or {})["prompt_chars"] == 14
    assert (outcome.call or {})["completion_chars"] == 15


def test_what_is_nested_belongs_to_the_call() -> None:
    value = {**BASE, "trace_id": "t", "spans": [{"span_id": "s", "kind": "tool", "started_at": 1761955200, "duration_ms": 5}], "attempts": [{"attempt": 1}]}
    outcome = one({**value, "feedback": {"name": "thumb", "value": 1}, "rate_limits": [{"scope": "tokens", "remaining": 7}]})
    assert outcome.rows == {
        "spans": [{"span_id": "s", "kind": "tool", "started_at": T0, "duration_ms": 5.0, "ended_at": T0 + timedelta(milliseconds=5), "trace_id": "t"}],
        "attempts": [{"attempt": 1}],
        "rate_limits": [{"scope": "tokens", "remaining": 7.0}],
        "feedback": [{"name": "thumb", "value": 1.0}],
    }


@pytest.mark.parametrize(
    ("value", "kind", "rows"),
    [
        ({"type": "event", "timestamp": 1761955200, "kind": "deploy"}, "other", {"events": [{"at": T0, "kind": "deploy"}]}),
        ({"type": "span", "span_id": "s"}, "other", {"spans": [{"span_id": "s"}]}),
        ({"type": "span"}, "rejected", {}),
        ({"type": "zork", "format": "llmlogs/1"}, "rejected", {}),
        ({"input_tokens": 5}, "rejected", {}),
        ([1], "rejected", {}),
    ],
)
def test_lines_that_are_no_call(value: Any, kind: str, rows: Any) -> None:
    outcome = one(value)
    assert (outcome.kind, outcome.rows) == (kind, rows)


DETECTED = [
    ({"format": "llmlogs/1", "timestamp": 1, "model": "m"}, 1.0),
    ({"timestamp": 1, "model": "m", "input_tokens": 1}, 0.8),
    ({"Model": "m", "Start": 1, "End": 1, "Prompt Length": 1, "Success": 1}, 0.5),
    ({"model": "m", "zork": 1, "ts": 1, "a1": 1, "b1": 1}, None),
    ({"id": 1, "choices": [], "usage": {}}, None),
]


@pytest.mark.parametrize(("value", "confidence"), DETECTED)
def test_detection(value: Any, confidence: float | None) -> None:
    found = SOURCE.detect(Head("x", "ndjson", (value,)))
    assert (found.confidence if found else None) == confidence


def test_the_json_schema_is_the_contract() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["timestamp", "model", "type", "spans", "feedback", "error", "status", "tags", "latency_s", "input_tokens", "cost", "prompt", "end", "x"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(keys, json_values | st.sampled_from(["span", "event"]), max_size=8))
def test_no_line_makes_it_fail(value: Any) -> None:
    assert one(value).kind in ("call", "other", "skipped", "rejected")


def test_a_home_made_log_holds_more_than_calls() -> None:
    """A record without a model is no call there; in a marked log it is one whose model is not known."""
    line = {"timestamp": "2026-11-01T00:00:00Z", "duration_ms": 3}
    assert one(line).kind == "skipped"
    assert one(line | {"format": "llmlogs/1"}).kind == "call"
