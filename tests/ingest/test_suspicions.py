"""A unit that cannot be right is reported for the file; a right one never, and nothing is scaled."""

import json
from typing import Any

import pytest
from tiny import Log

BASE = 1_772_359_200_000_000


def calls(n: int, **columns: Any) -> str:
    rows = [{"id": f"r{i}", "model": "m", "t": BASE + i * 60_000_000} | {k: v(i) if callable(v) else v for k, v in columns.items()} for i in range(n)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def end(seconds: float) -> Any:
    return lambda i: BASE + i * 60_000_000 + int(seconds * 1e6)


CASES = [
    ("seconds beside two instants", {"ms": 2.5, "end": end(2.5)}, ["duration_ms: unit_suspicious: seconds?"]),
    ("microseconds beside two instants", {"ms": 2_500_000.0, "end": end(2.5)}, ["duration_ms: unit_suspicious: microseconds?"]),
    ("ms beside two instants", {"ms": 2500.0, "end": end(2.5)}, []),
    ("a wait that is longer than the call", {"ms": 2500.0, "end": end(0.3)}, []),
    ("200 tokens in 2.5 ms", {"ms": 2.5, "out": 200}, ["duration_ms: unit_suspicious: seconds?"]),
    ("200 tokens in 100 ms: fast, and possible", {"ms": 100.0, "out": 200}, []),
    ("two tokens in 1 ms say nothing", {"ms": 1.0, "out": 2}, []),
    ("20 tokens in an hour", {"ms": 3_600_000.0, "out": 20}, ["duration_ms: unit_suspicious: microseconds?"]),
]


@pytest.mark.parametrize(("name", "columns", "expected"), CASES, ids=[case[0] for case in CASES])
def test_units(name: str, columns: dict[str, Any], expected: list[str], log: Log) -> None:
    report = log.ingest(log.write("a.jsonl", calls(6, **columns)))
    assert [note for note in report.files[0].notes if "unit" in note] == expected
    assert log.ask("select column_name || ': ' || reason, line from issues where reason like 'unit%'") == [(note, None) for note in expected]
    assert log.ask("select distinct duration_ms from calls") == [(columns["ms"],)]


def test_one_odd_call_is_no_unit(log: Log) -> None:
    odd = calls(6, ms=2500.0, end=end(2.5)) + calls(1, ms=2.5, end=end(2.5), id="odd")
    assert not log.ingest(log.write("a.jsonl", odd)).files[0].notes


def test_too_few_calls_say_nothing(log: Log) -> None:
    assert not log.ingest(log.write("a.jsonl", calls(4, ms=2.5, end=end(2.5)))).files[0].notes
