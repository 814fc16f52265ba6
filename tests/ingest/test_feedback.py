"""Judgements that name a span meet its call, in whatever order and ingest the two are read."""

import json
from itertools import permutations
from typing import Any

import pytest
from tiny import Log

from llmlogs import sources
from llmlogs.sources.llmlogs_log import SOURCE

CALL = {"format": "llmlogs/1", "call_id": "c1", "timestamp": "2026-03-02T10:00:00Z", "model": "m", "trace_id": "t1", "span_id": "s1"}
STEP = {"format": "llmlogs/1", "type": "span", "span_id": "s2", "trace_id": "t1", "kind": "chain", "started_at": "2026-03-02T10:00:00Z"}
GOOD = [{"format": "llmlogs/1", "type": "feedback", "span_id": span, "name": "tone", "value": 1} for span in ("s1", "s2", "s3")]
WANT = [("s1", "c1", "t1"), ("s2", None, "t1"), ("s3", None, None)]
ASK = "select span_id, call_id, trace_id from feedback order by span_id"


@pytest.fixture(autouse=True)
def own_log(tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "all_sources", lambda: {"llmlogs": SOURCE})


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_in_one_ingest(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(*GOOD, STEP, CALL)))
    assert log.ask(ASK) == WANT


@pytest.mark.parametrize("order", list(permutations(("calls", "steps", "feedback"))))
def test_in_any_order_of_ingests_and_once_more(log: Log, order: tuple[str, ...]) -> None:
    """A judgement read again from another file, after it was linked, is still the same one."""
    content = {"calls": [CALL], "steps": [STEP], "feedback": GOOD}
    for name in order:
        log.ingest(log.write(f"{name}.jsonl", lines(*content[name])))
    assert log.ask(ASK) == WANT
    again = dict(GOOD[0]) | {"name": "length"}
    log.ingest(log.write("more.jsonl", lines(*GOOD, again)))
    assert log.ask("select span_id, name, call_id, trace_id from feedback order by all") == [
        ("s1", "length", "c1", "t1"),
        ("s1", "tone", "c1", "t1"),
        ("s2", "tone", None, "t1"),
        ("s3", "tone", None, None),
    ]


def test_what_names_its_call_is_left_alone(log: Log) -> None:
    told = GOOD[0] | {"call_id": "other", "trace_id": "own"}
    log.ingest(log.write("a.jsonl", lines(CALL, told)))
    assert log.ask(ASK) == [("s1", "other", "own")]


def test_without_any_spans(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(GOOD[0])))
    assert log.ask(ASK) == [("s1", None, None)]
