"""Which records are one call, and what the call then says."""

import json
from typing import Any

import pytest
from tiny import Log

T0 = 1_762_000_000_000_000
HOUR = 3_600_000_000
Call = dict[str, Any]


def calls(log: Log, *records: Call, columns: str = "call_id, input_tokens, output_tokens") -> list[tuple[Any, ...]]:
    log.ingest(log.write("a.jsonl", "".join(json.dumps({"model": "m", **record}) + "\n" for record in records)))
    return log.ask(f"select {columns} from calls order by all")


def why(log: Log) -> list[tuple[Any, ...]]:
    return log.ask("select call_id, line, why from merged order by line")


def test_an_exact_repeat_is_a_duplicate(log: Log) -> None:
    assert calls(log, {"id": "r1", "in": 5}, {"id": "r1", "in": 5}) == [("r1", 5, None)]
    assert why(log) == [("r1", 2, "duplicate")]


def test_a_polled_run_is_filled_in(log: Log) -> None:
    rows = calls(
        log,
        {"id": "r1", "t": T0, "status": "unknown"},
        {"id": "r1", "t": T0, "in": 5, "out": 6, "status": "ok", "ms": 70},
        columns="call_id, input_tokens, output_tokens, status, duration_ms, line",
    )
    assert rows == [("r1", 5, 6, "ok", 70.0, 2)]  # the record that tells the usage is the main one
    assert why(log) == [("r1", 1, "same_response_id")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"in": 5}, {"in": 6}),
        ({"out": 0}, {"out": 1}),
        ({"read": 1}, {"read": 2}),
        ({"t": T0}, {"t": T0 + HOUR + 1}),
        ({"model": "gpt"}, {"model": "claude"}),
        ({"try": "a"}, {"try": "b"}),
    ],
)
def test_what_contradicts_stays_apart_under_a_stable_id(first: Call, second: Call, log: Log) -> None:
    rows = calls(log, {"id": "r1", **first}, {"id": "r1", **second}, columns="call_id")
    assert [row[0].split("~")[0] for row in rows] == ["r1", "r1"]
    assert len({row[0] for row in rows}) == 2
    log.ingest(log.write("b.jsonl", "\n".join(json.dumps({"model": "m", "id": "r1", **record}) for record in (second, first, {"id": "r2"}))))
    assert log.ask("select call_id from calls order by all") == [*rows, ("r2",)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"in": 5}, {"out": 6}),
        ({"t": T0}, {"t": T0 + HOUR}),
        ({"model": "openai/gpt-4o"}, {"model": "gpt-4o-2024-08-06"}),
        ({"try": "a"}, {}),
        ({"try": "a"}, {"try": "b", "copy": True}),
    ],
)
def test_what_does_not_contradict_is_one_call(first: Call, second: Call, log: Log) -> None:
    assert len(calls(log, {"id": "r1", **first}, {"id": "r1", **second})) == 1


def test_a_group_that_contradicts_itself_is_parted_row_by_row(log: Log) -> None:
    rows = calls(log, {"id": "r", "in": 5, "out": 1}, {"id": "r", "in": 5}, {"id": "r", "in": 6, "out": 1}, {"id": "r", "in": 6, "out": 1})
    assert sorted(row[1:] for row in rows) == [(5, 1), (6, 1)]


def test_a_growing_call_keeps_the_usage_of_its_largest_snapshot(log: Log) -> None:
    grow = {"id": "m1", "growing": True, "try": "q"}
    rows = calls(
        log,
        {**grow, "t": T0 + 1, "in": 10, "out": 1, "read": 3, "end": T0 + 1},
        {**grow, "t": T0, "in": 10, "out": 500, "end": T0 + 5},
        {**grow, "t": T0 + 2, "in": 10, "out": 400, "end": T0 + 9},
        columns="call_id, input_tokens, output_tokens, cache_read_tokens, epoch_us(started_at), epoch_us(ended_at)",
    )
    assert rows == [("m1", 10, 500, None, T0, T0 + 9)]
    assert why(log) == [("m1", 2, "growing"), ("m1", 3, "growing")]


def test_tries_of_a_growing_call_are_calls_and_a_replay_is_none(log: Log) -> None:
    grow = {"id": "m1", "growing": True}
    rows = calls(log, {**grow, "try": "q1", "out": 1}, {**grow, "try": "q2", "out": 1}, {**grow, "try": "q3", "copy": True, "out": 9})
    assert [row[2] for row in rows] == [1, 1]
    assert [row[2] for row in why(log)] == ["replay"]


def test_growth_goes_on_in_a_later_run(log: Log) -> None:
    line = {"model": "m", "id": "m1", "growing": True, "try": "q", "in": 1}
    path = log.write("a.jsonl", json.dumps({**line, "out": 1}) + "\n")
    log.ingest(path)
    log.write("a.jsonl", "".join(json.dumps({**line, "out": out}) + "\n" for out in (1, 20, 7)))
    second = log.ingest(path).total
    assert (second.records, second.merged, second.calls) == (2, 2, 0)
    assert log.ask("select call_id, output_tokens, line, ingest_id from calls") == [("m1", 20, 1, 2)]


def test_two_logs_of_one_call_meet_by_the_providers_id(log: Log) -> None:
    log.ingest(log.write("app.jsonl", '{"model":"gpt-4o","call":"app-7","id":"chatcmpl-1","ms":900}\n'))
    log.ingest(log.write("proxy.jsonl", '{"model":"gpt-4o","id":"chatcmpl-1","in":12,"out":3}\n{"model":"x","id":"chatcmpl-2"}\n'))
    assert log.ask("select call_id, duration_ms, input_tokens from calls order by 1") == [("app-7", 900.0, 12), ("chatcmpl-2", None, None)]


def test_rows_of_other_tables_follow_their_call_and_come_once(log: Log) -> None:
    tries = [{"attempt": 1}, {"attempt": 2}]
    log.ingest(log.write("a", json.dumps({"model": "m", "call": "app", "id": "r1", "tries": tries}) + "\n"))
    log.ingest(log.write("b", json.dumps({"model": "m", "id": "r1", "tries": tries}) + '\n{"model":"m"}\n'))
    assert log.ask("select call_id, attempt from attempts order by all") == [("app", 1), ("app", 2)]


def test_without_merging_everything_is_kept(log: Log) -> None:
    path = log.write("a.jsonl", '{"model":"m","id":"r1"}\n' * 3)
    assert log.ingest(path, merge=False).total.calls == 3


def test_an_id_written_everywhere_costs_no_quadratic_time(log: Log) -> None:
    rows = calls(log, *({"id": "same", "in": n % 3000, "t": T0 + n % 3000} for n in range(4000)))
    assert len(rows) == 3000


def test_ids_made_of_content_meet_only_within_a_family(log: Log) -> None:
    """Two sessions whose first call happens to look alike are two calls; a session and its copies are one, through others if need be."""
    rows = calls(
        log,
        {"call": "c1", "in": 5, "t": T0, "growing": True, "kin": "root"},
        {"call": "c1", "in": 5, "t": T0 + 9 * HOUR, "growing": True, "copy": True, "kin": "grandchild child"},
        {"call": "c1", "in": 5, "t": T0 + 5 * HOUR, "growing": True, "copy": True, "kin": "child root"},
        {"call": "c1", "in": 5, "t": T0, "growing": True, "kin": "stranger"},
        columns="started_at, line",
    )
    start = log.ask(f"select make_timestamp({T0})")[0][0]
    assert rows == [(start, 1), (start, 4)]


@pytest.mark.parametrize("order", ["abcd", "dcba", "cabd", "acdb"])
def test_families_meet_in_any_order_of_ingests(order: str, log: Log) -> None:
    """Even when the one that joins two comes last: what was counted twice until then is one call now."""
    kin = {"a": "root", "b": "child root", "c": "grandchild child", "d": "stranger"}
    for name in order:
        record = {"model": "m", "call": "c1", "in": 5, "t": T0, "growing": True, "copy": name in "bc", "kin": kin[name]}
        log.ingest(log.write(f"{name}.jsonl", json.dumps(record)))
        log.ingest(log.write(f"{name}-again.jsonl", json.dumps(record) + json.dumps({"skip": 1})))
    assert log.ask("select count(*), sum(input_tokens) from calls") == [(2, 10)]
    files, kept = log.ask("select sum(calls), sum(merged) from files")[0], log.ask("select count(*) from calls")[0][0]
    assert files[0] >= kept
