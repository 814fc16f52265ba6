"""What one record says of a whole trace reaches its calls, in whatever order, file and ingest the two were read."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from tiny import Log

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALL = {"model": "m", "call": "c1", "trace": TRACE}
FACTS = {"facts": {"trace_id": TRACE, "user_id": "ann", "feature": "search", "session_id": "s1"}}
DAY = 86_400_000_000


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def facts(at: int, **said: str) -> dict[str, Any]:
    return {"facts": {"trace_id": TRACE, **said}, "at": at}


@pytest.mark.parametrize(
    "ingests",
    [
        pytest.param([[[CALL, FACTS]]], id="one file, the call first"),
        pytest.param([[[FACTS, CALL]]], id="one file, the trace first"),
        pytest.param([[[FACTS], [CALL]]], id="two files of one ingest"),
        pytest.param([[[CALL]], [[FACTS]]], id="the trace a day later"),
        pytest.param([[[FACTS]], [[CALL]]], id="the call a day later"),
        pytest.param([[[CALL]], [[FACTS]], [[CALL, {"skip": 1, "model": "m"}]]], id="and the call once more, in a copy"),
    ],
)
def test_t42_a_trace_tells_its_calls(ingests: list[list[list[dict[str, Any]]]], log: Log) -> None:
    number = itertools.count()
    for files in ingests:
        log.ingest(*(log.write(f"{next(number)}.jsonl", '{"model":"x","call":"other"}\n' + lines(*records)) for records in files))
    assert log.ask("select user_id, session_id, feature, feature_basis from calls where call_id = 'c1'") == [("ann", "s1", "search", "trace")]
    assert log.ask("select user_id, feature from calls where call_id = 'other'") == [(None, None)]
    assert log.ask("select count(*) from trace_facts") == [(1,)], "a copy of a fact adds nothing"


@pytest.mark.parametrize(
    ("own", "want"),
    [
        ({"user": "bob"}, ("bob", "search", "trace")),
        ({"feature": "chat", "basis": "logged"}, ("ann", "chat", "logged")),
        ({"feature": "folder", "basis": "path"}, ("ann", "search", "trace")),
        ({"feature": "greet-v2", "basis": "prompt"}, ("ann", "search", "trace")),
    ],
)
def test_what_a_call_says_itself_stands_and_a_guess_gives_way(own: dict[str, str], want: tuple[str, ...], log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(CALL | own, FACTS)))
    assert log.ask("select user_id, feature, feature_basis from calls") == [want]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_fact_wins_in_any_order(order: tuple[int, ...], log: Log) -> None:
    records = [CALL, facts(20_000 * DAY, user_id="ann", feature="old"), facts(20_001 * DAY, user_id="eve")]
    for place in order:
        log.ingest(log.write(f"{place}.jsonl", '{"model":"x","call":"x"}\n' + lines(records[place])))
    assert log.ask("select user_id, feature from calls where call_id = 'c1'") == [("eve", "old")]


def test_short_ids_are_counters_and_meet_within_their_source_only(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(CALL | {"trace": "7"}, {"facts": {"trace_id": "7", "user_id": "ann"}})))
    assert log.ask("select user_id from calls") == [("ann",)]


def test_calls_of_other_traces_and_without_one_stay_as_they_are(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines({"model": "m", "call": "a"}, CALL | {"trace": "f" * 32, "call": "b"}, FACTS)))
    assert log.ask("select count(*), count(user_id) from calls") == [(2, 0)]


def test_a_fact_that_says_nothing_and_no_call_with_a_trace(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines({"model": "m", "call": "a"}, {"facts": {"trace_id": TRACE}})))
    log.ingest(log.write("b.jsonl", lines({"model": "m", "call": "b"})))
    assert log.ask("select count(*) from calls") == [(2,)]


def test_coverage_knows_what_the_trace_told(log: Log) -> None:
    log.ingest(log.write("a.jsonl", lines(CALL)))
    log.ingest(log.write("b.jsonl", '{"model":"x","call":"x"}\n' + lines(FACTS)))
    assert log.ask("select filled, of from field_coverage where table_name = 'calls' and column_name = 'user_id'") == [(1, 2)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_versions_of_one_call_the_newest_with_a_usage_wins(order: tuple[int, ...], logs: Callable[[], Log]) -> None:
    """An export repeats a record that changed since: a smaller count is the truth too, and a version without counts takes none away."""
    log = logs()
    base = {"model": "m", "call": "c1", "growing": True, "try": "project"}
    versions = [base | {"in": 90, "out": 9, "version": 1}, base | {"in": 10, "out": 20, "version": 2}, base | {"version": 3, "user": "ann"}]
    for place in order:
        log.ingest(log.write(f"{place}.jsonl", lines(versions[place])))
    assert log.ask("select call_id, input_tokens, output_tokens, user_id from calls") == [("c1", 10, 20, "ann")]
