"""A mapping guessed from a file reads that file; what was guessed is said; nothing private goes into it."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest

from llmlogs.errors import NoInputError, UsageError
from llmlogs.sources.base import Context, Record
from llmlogs.sources.declared import Declared, load
from llmlogs.sources.declared import check as declared_check
from llmlogs.sources.declared import new as declared_new
from llmlogs.sources.declared import text as declared_text


def propose(folder: Path, records: list[dict[str, Any]], name: str = "log.jsonl") -> dict[str, Any]:
    path = folder / name
    if name.endswith(".csv"):
        text = io.StringIO()
        rows = csv.DictWriter(text, list(records[0]))
        rows.writeheader()
        rows.writerows(records)
        path.write_text(text.getvalue(), encoding="utf-8")
    else:
        path.write_bytes(b"\n".join(map(orjson.dumps, records)) + b"\n")
    new = declared_new.propose("mine", path)
    text = declared_text.render(new)
    return {**tomllib.loads(text), "text": text, "source": load(declared_new.write(new, text, folder / "out", replace=True)), "new": new, "file": path}


def nested(n: int) -> dict[str, Any]:
    return {
        "schema": "v1",
        "ts": f"2026-03-01T10:00:{n % 60:02d}Z",
        "call_id": f"call-{n}",
        "model": "gpt-5-mini",
        "status": 429 if n % 50 == 7 else 200,
        "latency_ms": {"total": 1200.5 + n, "ttft": 200.0, "queue": 3.5, "tools": 0.0},
        "usage": {"input_tokens": 100 + n, "output_tokens": 20, "cache_read_input_tokens": 50},
        "cache": {"status": "hit" if n % 3 else "miss", "age_s": 12},
        "error": {"type": "rate_limit_error", "message": f"limit {n}", "code": 429, "retry_after_s": 2.5} if n % 50 == 7 else None,
        "retry": {"attempt": 1, "max": 3},
        "metadata": {"feature": "chat", "user_id": f"u{n % 5}", "env": "prod", "tags": ["a:b"]},
        "prompt": f"tell me about the private matter number {n} of my customer",
    }


def test_a_nested_log_is_mapped_fully(tmp_path: Path) -> None:
    found = propose(tmp_path, [nested(n) for n in range(200)])
    assert found["columns"] == {
        "call_id": "call_id", "user_id": "metadata.user_id", "feature": "metadata.feature", "environment": "metadata.env", "request_model": "model",
        "started_at": "ts", "duration_ms": "latency_ms.total", "ttft_ms": "latency_ms.ttft", "queue_ms": "latency_ms.queue", "tool_ms": "latency_ms.tools",
        "input_tokens": "usage.input_tokens", "output_tokens": "usage.output_tokens", "cache_read_tokens": "usage.cache_read_input_tokens",
        "prompt_chars": "length(prompt)", "status_code": "status", "error_type": "error.type", "error_template": "error.message",
        "attempts": "retry.attempt", "retry_after_ms": "error.retry_after_s", "app_cache": "cache.status", "cache_age_ms": "cache.age_s",
    }  # fmt: skip
    assert found["units"] == {"retry_after_ms": "s", "cache_age_ms": "s"}
    assert found["detect"]["all"][:2] == ["model", "ts"]
    for word in ("private", "customer", "call-", "u1"):
        assert word not in found["text"]
    assert "retry.max" in found["text"]


def beginner(n: int) -> dict[str, Any]:
    return {
        "Model": "gpt-4o",
        "Start": f"2026-03-01 10:00:{n:02d}",
        "End": f"2026-03-01 10:01:{n:02d}",
        "Prompt Length": 30 + n,
        "Completion Length": 9,
        "Success": n != 7,
    }


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_beginners_log_works(tmp_path: Path, name: str) -> None:
    found = propose(tmp_path, [beginner(n) for n in range(50)], name)
    assert found["columns"] == {
        "request_model": "Model", "started_at": "Start", "ended_at": "End", "prompt_chars": '"Prompt Length"',
        "completion_chars": '"Completion Length"', "status": "Success",
    }  # fmt: skip
    value = {key: str(item) for key, item in beginner(7).items()}
    (outcome,) = found["source"].read([Record(1, 0, 0, value)], Context("x"))
    assert outcome.call is not None
    assert (outcome.call["duration_ms"], outcome.call["status"], outcome.call["prompt_chars"]) == (60_000.0, "error", 37)


UNITS = [
    ({"latency_s": 1.5}, "s", "s by its name"),
    ({"latencyMs": 1500}, "ms", "ms by its name"),
    ({"latency": 1.53}, "s", "GUESS: seconds"),
    ({"latency": 1530}, "ms", "GUESS: milliseconds"),
    ({"duration_ns": 15e8}, "ns", "ns by its name"),
    ({"latency": 2, "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:02Z"}, "s", "as end minus start says"),
    ({"latency": 2000, "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:02Z"}, "ms", "as end minus start says"),
]


@pytest.mark.parametrize(("record", "unit", "why"), UNITS)
def test_a_unit_is_named_or_guessed_and_said(tmp_path: Path, record: dict[str, Any], unit: str, why: str) -> None:
    found = propose(tmp_path, [{"model": "m", **record}] * 20)
    assert found.get("units", {}).get("duration_ms", "ms") == unit
    assert why in found["text"]


CACHED = [
    ({"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}, "input_tokens + coalesce(cache_read_input_tokens, 0)"),
    ({"input_tokens": 100, "cache_read_input_tokens": 90, "output_tokens": 1}, "input_tokens"),
    ({"input_tokens": 100, "cache_read_input_tokens": 90, "output_tokens": 1, "total_tokens": 191}, "input_tokens + coalesce(cache_read_input_tokens, 0)"),
    ({"input_tokens": 100, "cache_read_input_tokens": 90, "output_tokens": 1, "total_tokens": 101}, "input_tokens"),
]


@pytest.mark.parametrize(("usage", "expression"), CACHED)
def test_cached_tokens_outside_the_input_are_added(tmp_path: Path, usage: dict[str, Any], expression: str) -> None:
    assert propose(tmp_path, [{"model": "m", **usage}] * 20)["columns"]["input_tokens"] == expression


NAMES = [
    ({"model": "m", "status": "success"}, "status", "status"),
    ({"model": "m", "status": 200}, "status_code", "status"),
    ({"model": "m", "error": {"code": "rate_limited"}}, "error_type", "error.code"),
    ({"model": "m", "response_time": 120}, "duration_ms", "response_time"),
    ({"model": "m", "end": "2026-03-01"}, "ended_at", "end"),
    ({"model": "m", "gen_ai.usage.input_tokens": 5}, "input_tokens", '"gen_ai.usage.input_tokens"'),
    ({"model": "m", "cost_cents": 5}, "reported_usd", "cost_cents"),
    ({"model": "m", "response": "a long answer"}, "completion_chars", "length(response)"),
]


@pytest.mark.parametrize(("record", "column", "expression"), NAMES)
def test_a_name_is_taken_for_what_its_values_are(tmp_path: Path, record: dict[str, Any], column: str, expression: str) -> None:
    assert propose(tmp_path, [record] * 20)["columns"][column] == expression


def test_samples_of_a_new_mapping_hold(tmp_path: Path) -> None:
    source: Declared = propose(tmp_path, [nested(n) for n in range(60)])["source"]
    assert source.samples
    for sample in source.samples:
        (outcome,) = source.read([Record(1, 0, 0, orjson.loads(sample.lines))], Context("x"))
        assert sample.want[0].items() <= (outcome.call or {}).items()


def test_the_new_mapping_is_detected_and_checked(tmp_path: Path) -> None:
    found = propose(tmp_path, [nested(n) for n in range(100)])
    needs = {"limits/rate_limit_bursts": ("calls.status_code", "calls.started_at"), "x/y": ("calls.ttft_ms | calls.zork", "calls.zork")}
    report = declared_check.check(found["source"], found["file"], needs)
    assert (report.records, report.calls, dict(report.rejects)) == (100, 100, {})
    assert report.detection is not None
    assert report.detection.confidence == 0.9
    assert dict(report.columns)["duration_ms"] == 1.0
    assert dict(report.columns)["retry_after_ms"] == 0.02
    assert report.answerable == ["limits/rate_limit_bursts"]
    assert report.missing == {"x/y": ["calls.zork"]}


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    found = propose(tmp_path, [nested(n) for n in range(20)])
    bad = [b"{", orjson.dumps({"a": 1}), orjson.dumps({**nested(1), "usage": {"input_tokens": "n/a"}})]
    found["file"].write_bytes(b"\n".join([*(orjson.dumps(nested(n)) for n in range(20)), *bad]) + b"\n")
    report = declared_check.check(found["source"], found["file"])
    assert (report.records, report.calls, report.kinds["rejected"]) == (23, 21, 2)
    assert report.issues[("input_tokens", "not_a_number", "string")] == 1
    assert report.first_reject["no time and no model"] == 22


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"hello\nworld\n"])
def test_a_file_that_is_no_log_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises((NoInputError, UsageError)):
        declared_new.propose("mine", path)


def test_names_and_existing_files_are_respected(tmp_path: Path) -> None:
    found = propose(tmp_path, [nested(n) for n in range(20)])
    with pytest.raises(UsageError, match="not a name"):
        declared_new.propose("../mine", found["file"])
    with pytest.raises(UsageError, match="there is a mapping"):
        declared_new.write(found["new"], "x", tmp_path / "out")
    with pytest.raises(UsageError, match="no time and no model"):
        propose(tmp_path, [{"zork": 1}] * 5)
