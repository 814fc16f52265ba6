"""A failed try that was followed by another is an attempt of that call, whatever was read first."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from tiny import Log

T0 = 1_762_000_000_000_000
SECOND = 1_000_000
Line = dict[str, Any]

FAILED = {"call": "op", "op": "op", "t": T0, "end": T0 + SECOND, "ms": 1000, "status": "error", "code": 429, "yields": True, "model": "m-1"}
AGAIN = {"call": "op", "op": "op", "t": T0 + 2 * SECOND, "end": T0 + 3 * SECOND, "ms": 1000, "status": "error", "code": 500, "yields": True, "model": "m-1"}
DONE = {"id": "r", "op": "op", "t": T0 + 4 * SECOND, "end": T0 + 6 * SECOND, "ms": 2000, "in": 5, "out": 6, "status": "ok", "model": "m-1"}
OTHER = {"id": "x", "op": "another", "t": T0, "end": T0 + SECOND, "status": "ok", "model": "m-1"}
CALLS = "select call_id, status, epoch_us(started_at), duration_ms, attempts, fallback_from from calls order by all"
TRIES = "select call_id, attempt, epoch_us(started_at), status_code, duration_ms, origin, is_final from attempts order by all"


def lines(*records: Line) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("order", list(permutations([FAILED, DONE, OTHER])))
def test_t39_a_try_and_its_retry_are_one_call_with_two_attempts(order: tuple[Line, ...], log: Log) -> None:
    report = log.ingest(log.write("a.jsonl", lines(*order)))
    assert log.ask(CALLS) == [("r", "ok", T0, 6000.0, 2, None), ("x", "ok", T0, None, None, None)]
    assert log.ask(TRIES) == [("r", 1, T0, 429, 1000.0, "explicit", False)]
    assert {"records": 3, "calls": 2, "merged": 1}.items() <= report.files[0].counts.as_json().items()
    assert log.ask("select call_id, why from merged") == [("r", "retried")]


@pytest.mark.parametrize("order", list(permutations([FAILED, AGAIN, DONE])))
@pytest.mark.parametrize("together", [True, False])
def test_files_in_any_order_and_in_any_number_of_ingests_give_the_same(order: tuple[Line, ...], together: bool, log: Log) -> None:
    paths = [log.write(f"{i}.jsonl", lines({**record, "call": f"op{record['code']}"} if "code" in record else record)) for i, record in enumerate(order)]
    if together:
        log.ingest(*paths)
    else:
        for path in paths:
            log.ingest(path)
    assert log.ask(CALLS) == [("r", "ok", T0, 6000.0, 3, None)]
    assert log.ask(TRIES) == [("r", 1, T0, 429, 1000.0, "explicit", False), ("r", 2, T0 + 2 * SECOND, 500, 1000.0, "explicit", False)]
    assert log.ask("select sum(records), sum(calls), sum(merged) from files") == [(3, 1, 2)]
    assert log.ask("select distinct call_id from merged") == [("r",)]


def test_reading_a_copy_again_adds_nothing(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(FAILED, DONE)))
    before = log.ask(CALLS), log.ask(TRIES)
    log.ingest(log.write("b.jsonl", lines(OTHER, DONE, FAILED)))
    assert (log.ask("select * from (" + CALLS + ") where call_id <> 'x'"), log.ask(TRIES)) == before


def test_a_try_that_nothing_followed_is_a_failed_call(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(FAILED)))
    assert log.ask(CALLS) == [("op", "error", T0, 1000.0, None, None)]
    assert log.ask(TRIES) == []


def test_of_tries_that_all_failed_the_last_is_the_call(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines({**AGAIN, "call": "b"}, {**FAILED, "call": "a"})))
    assert log.ask(CALLS) == [("b", "error", T0, 3000.0, 2, None)]
    assert log.ask(TRIES) == [("b", 1, T0, 429, 1000.0, "explicit", False)]


def test_another_model_is_a_fallback(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(FAILED, {**DONE, "model": "m-2"})))
    assert log.ask("select call_id, fallback_from, request_model from calls") == [("r", "m-1", "m-2")]


def test_two_records_of_one_try_are_told_once(log: Log) -> None:
    rounded = {**FAILED, "call": "op:1", "t": T0 + 400, "end": T0 + SECOND + 400}
    log.ingest(log.write("a.jsonl", lines(FAILED, rounded, DONE)))
    assert len(log.ask(TRIES)) == 1
    assert log.ask("select attempts from calls") == [(2,)]


def test_a_second_record_of_the_last_failure_is_no_try(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(FAILED, {**FAILED, "call": "op:1", "t": T0 + 400, "end": T0 + SECOND + 400})))
    assert log.ask("select count(*), max(attempts) from calls") == [(1, 1)]
    assert log.ask(TRIES) == []


def test_tries_of_another_hour_stay_apart(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(FAILED, {**DONE, "t": T0 + 4000 * SECOND, "end": T0 + 4001 * SECOND})))
    assert log.ask("select count(*) from calls") == [(2,)]


def test_a_stream_waits_from_its_first_try_on(log: Log) -> None:
    first = T0 + 5 * SECOND
    log.ingest(log.write("a.jsonl", lines(FAILED, {**DONE, "first": first, "ttft": 1000})))
    assert log.ask("select ttft_ms from calls") == [(5000.0,)]


def test_a_counted_try_gives_way_to_its_record(logs: Callable[[], Log]) -> None:
    guessed = [{"attempt": n, "origin": "inferred", "is_final": n == 3} for n in (1, 2, 3)]
    for order in ((FAILED, {**DONE, "tries": guessed}), ({**DONE, "tries": guessed}, FAILED)):
        log = logs()
        for i, record in enumerate(order):
            log.ingest(log.write(f"{i}.jsonl", lines(record)))
        assert log.ask("select call_id, attempt, origin from attempts order by 2") == [("r", 1, "explicit"), ("r", 2, "inferred"), ("r", 3, "inferred")]


def test_what_a_try_told_beside_itself_goes_with_it(logs: Callable[[], Log]) -> None:
    told = {**FAILED, "tries": [{"attempt": 9, "origin": "inferred"}]}
    for order in ((told, DONE), (DONE, told)):
        log = logs()
        for i, record in enumerate(order):
            log.ingest(log.write(f"{i}.jsonl", lines(record)))
        assert log.ask("select distinct call_id from attempts") == [("r",)]
