"""One call that two systems logged counts once where everything speaks for it, and two calls stay two where anything speaks against it."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import Log, TinySource

from llmlogs import sources
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record

BASE = 1_772_359_200_000_000  # microseconds


class Gateway(TinySource):
    """Another system's log of the same calls."""

    name = "gateway"

    def detect(self, head: Head) -> Detection | None:
        return Detection(0.95, "it says so") if any(value.get("by") == "gateway" for value in head.values) else None


class Scoped(TinySource):
    """One log in which several programs write."""

    name = "scoped"

    def detect(self, head: Head) -> Detection | None:
        return Detection(0.95, "it says so") if any("scope" in value for value in head.values) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        for record in records:
            (outcome,) = self._one(record)
            (outcome.call or {})["merge_emitter"] = record.value["scope"]
            yield outcome


@pytest.fixture(autouse=True)
def more_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {source.name: source for source in (TinySource(), Gateway(), Scoped())}
    monkeypatch.setattr(sources, "all_sources", lambda: found)
    monkeypatch.setattr("llmlogs.ingest.batch.all_sources", lambda: found)


def call(n: int = 0, **more: Any) -> dict[str, Any]:
    """A call of one second, every ten seconds."""
    return {"call": f"c{n}", "model": "gpt-4o", "t": BASE + n * 10_000_000, "ms": 1000.0, "in": 100 + n, "out": 10 + n, "status": "ok"} | more


def seen(n: int = 0, **more: Any) -> dict[str, Any]:
    """The same as the gateway saw it: a little later, a little shorter."""
    return call(n) | {"by": "gateway", "call": f"g{n}", "t": BASE + n * 10_000_000 + 30_000, "ms": 940.0} | more


def lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def both(log: Log, one: list[dict[str, Any]], other: list[dict[str, Any]], *, together: bool = True) -> int:
    paths = [log.write("app.jsonl", lines(one)), log.write("gateway.jsonl", lines(other))]
    for group in [paths] if together else [[path] for path in paths]:
        log.ingest(*group)
    return int(log.ask("select count(*) from calls")[0][0])


@pytest.mark.parametrize("together", [True, False])
def test_two_logs_of_the_same_calls_count_once(log: Log, together: bool) -> None:
    assert both(log, [call(n) for n in range(5)], [seen(n, user="u1") for n in range(5)], together=together) == 5
    assert log.ask("select distinct call_id[1], duration_ms, user_id, source from calls") == [("c", 1000.0, "u1", "tiny")]
    assert log.ask("select why, count(*) from merged group by all") == [("same_interval", 5)]
    assert log.ask("select sum(records), sum(calls), sum(merged) from files") == [(10, 5, 5)]


@pytest.mark.parametrize("together", [True, False])
def test_an_overlapping_export_adds_nothing_afterwards(log: Log, together: bool) -> None:
    both(log, [call(n) for n in range(5)], [seen(n) for n in range(5)], together=together)
    log.ingest(log.write("later.jsonl", lines(seen(n) for n in range(3, 7))))
    assert log.ask("select count(*), count(distinct call_id) from calls") == [(7, 7)]
    log.ingest(log.write("app2.jsonl", lines(call(n) for n in range(2, 7))))
    assert log.ask("select count(*) from calls") == [(7,)]


@pytest.mark.parametrize(
    "difference",
    [
        {"in": 99}, {"out": 9}, {"model": "gpt-5"}, {"t": BASE + 2_500_000}, {"ms": 5000.0}, {"status": "error"}, {"read": 7, "in": 100},
    ],
)  # fmt: skip
def test_what_contradicts_is_no_twin(log: Log, difference: dict[str, Any]) -> None:
    assert both(log, [call(read=3)], [seen() | difference]) == 2


def test_different_ids_of_the_provider_are_different_calls(log: Log) -> None:
    assert both(log, [call(id="chatcmpl-1")], [seen(id="chatcmpl-2")]) == 2


def test_a_model_may_be_asked_by_another_name(log: Log) -> None:
    assert both(log, [call(model="openai/gpt-4o")], [seen(model="gpt-4o-2024-08-06")]) == 1


def test_two_calls_of_one_system_stay_two(log: Log) -> None:
    """Twenty equal calls at the same time, logged by both: twenty, not one and not forty."""
    one = [call(0, call=f"c{n}", t=BASE + n * 1000) for n in range(20)]
    other = [seen(0, call=f"g{n}", t=BASE + n * 1000 + 10_000) for n in range(20)]
    assert both(log, one, other) == 20
    assert both(Log(log.folder), one, [seen(0, call=f"g{n}") for n in range(3)]) == 20


def test_chance_is_not_believed(log: Log) -> None:
    """Two systems with traffic of their own of which two calls in forty happen to agree."""
    other = [seen(n, t=BASE + n * 10_000_000 + 5_000_000) for n in range(38)] + [seen(38), seen(39)]
    assert both(log, [call(n) for n in range(40)], other) == 80


def test_failures_follow_where_the_systems_are_believed(log: Log) -> None:
    failed = {"in": None, "out": None, "status": "error"}
    assert both(log, [call(n) for n in range(4)] + [call(9, **failed)], [seen(n) for n in range(4)] + [seen(9, **failed)]) == 5


def test_failures_alone_prove_nothing(log: Log) -> None:
    failed = {"in": None, "out": None, "status": "error"}
    assert both(log, [call(9, **failed)], [seen(9, **failed)]) == 2


def test_calls_that_share_ids_speak_for_failures_that_have_none(log: Log) -> None:
    failed = {"in": None, "out": None, "status": "error"}
    one = [call(n, id=f"chatcmpl-{n}") for n in range(4)] + [call(9, **failed)]
    other = [seen(n, id=f"chatcmpl-{n}") for n in range(4)] + [seen(9, **failed)]
    assert both(log, one, other) == 5


def test_programs_in_one_log_are_told_apart(log: Log) -> None:
    records = [call(n, scope="framework") for n in range(3)] + [seen(n, scope="sdk", by=None) for n in range(3)] + [call(0, call="x", scope="framework")]
    log.ingest(log.write("spans.jsonl", lines(records)))
    assert log.ask("select count(*) from calls") == [(4,)]


def test_three_systems(log: Log) -> None:
    scoped = [seen(n, call=f"s{n}", scope="sdk", by=None) for n in range(4)]
    log.ingest(
        log.write("a.jsonl", lines(call(n) for n in range(4))),
        log.write("b.jsonl", lines(seen(n) for n in range(4))),
        log.write("c.jsonl", lines(scoped)),
    )
    assert log.ask("select count(*) from calls") == [(4,)]


def test_the_raw_picture(log: Log) -> None:
    log.ingest(log.write("app.jsonl", lines([call()])), log.write("gateway.jsonl", lines([seen()])), merge=False)
    assert log.ask("select count(*) from calls") == [(2,)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_order_and_pieces_do_not_matter(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any split of both logs into files read in any order gives the same calls."""
    count = data.draw(st.integers(1, 6))
    pieces: list[list[dict[str, Any]]] = []
    for made in ([call(n) for n in range(count)], [seen(n) for n in range(count)]):
        cut = data.draw(st.integers(0, count))
        pieces += [part for part in (made[:cut], made[cut:]) if part]
    log = Log(Path(tmp_path_factory.mktemp("twins")))
    for number, part in enumerate(data.draw(st.permutations(pieces))):
        log.ingest(log.write(f"{number}.jsonl", lines(part)))
    assert log.ask("select count(*), sum(input_tokens) from calls") == [(count, sum(100 + n for n in range(count)))]
    assert log.ask("select sum(records), sum(calls + merged) from files") == [(2 * count, 2 * count)]


@pytest.mark.parametrize("together", [True, False])
def test_what_was_merged_before_goes_along(log: Log, together: bool) -> None:
    """Two copies of a call meet by the provider's id, then both go into the gateway's record: their rows beside the calls follow, and tries are told once."""
    tries = [{"attempt": n, "status_code": code, "origin": "explicit", "is_final": code == 200} for n, code in ((1, 429), (2, 200))]
    own = [call(n, id=f"chatcmpl-{n}", tries=tries) for n in range(3)]
    copies = [call(n, call=f"copy{n}", id=f"chatcmpl-{n}", user="u1") for n in range(3)]
    theirs = [seen(n, tries=[tries[1]]) for n in range(3)]
    paths = [log.write("gateway.jsonl", lines(theirs)), log.write("own.jsonl", lines(own)), log.write("copies.jsonl", lines(copies))]
    for group in [paths] if together else [[path] for path in paths]:
        log.ingest(*group)
    assert log.ask("select count(*), count(user_id) from calls") == [(3, 3)]
    assert log.ask("select call_id, count(*), count(*) filter (status_code = 429) from attempts group by 1 order by 1") == [
        (call_id, 2, 1) for (call_id,) in log.ask("select call_id from calls order by 1")
    ]
    assert log.ask("select sum(records), sum(calls), sum(merged) from files") == [(9, 3, 6)]
