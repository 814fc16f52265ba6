"""A report that is downloaded again, overlapping and with newer numbers, never counts a bucket twice and never loses one, in whatever order it is read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tiny import Log, TinySource

from llmlogs import sources
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record

T0 = datetime(2026, 1, 1)
NOW = "select bucket_id, token_kind, tokens, amount_usd::double from usage_buckets order by all"


class BillSource(TinySource):
    """`{"day": 1, "id": "a", "in": 5, "out": 6}` is a bucket of two rows."""

    def detect(self, head: Head) -> Detection | None:
        return Detection(0.9, "it has days")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        for record in records:
            value = record.value
            day = T0 + timedelta(days=value["day"])
            row = {"bucket_id": f"{value['id']}{value['day']}", "report": value.get("report", "r"), "bucket_start": day, "bucket_end": day + timedelta(days=1)}
            rows: list[dict[str, Any]] = [row | {"token_kind": kind, "tokens": value[kind]} for kind in ("in", "out") if kind in value]
            rows += [row | {"amount_usd": value["usd"]}] if "usd" in value else []
            yield Outcome(record.line, "other", rows={"usage_buckets": rows})


@pytest.fixture(autouse=True)
def bills(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"tiny": BillSource()}
    monkeypatch.setattr(sources, "all_sources", lambda: known)


def text(*buckets: dict[str, Any]) -> str:
    return "".join(json.dumps(bucket) + "\n" for bucket in buckets)


def day(number: int, count: int, **more: Any) -> dict[str, Any]:
    return {"id": "a", "day": number, "in": count, "out": count + 1, **more}


EARLY = text(day(1, 10), day(2, 20), day(3, 5))  # the third day was not over
LATE = text(day(2, 20), day(3, 30), day(4, 7))
WANT = [("a1", "in", 10, None), ("a1", "out", 11, None), ("a2", "in", 20, None), ("a2", "out", 21, None),
        ("a3", "in", 30, None), ("a3", "out", 31, None), ("a4", "in", 7, None), ("a4", "out", 8, None)]  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(["early", "late", "copy"])))
@pytest.mark.parametrize("together", [True, False])
def test_overlapping_downloads_in_any_order(order: tuple[str, ...], together: bool, log: Log) -> None:
    content = {"early": EARLY, "late": LATE, "copy": text(day(3, 5), day(2, 20), day(1, 10))}
    paths = [log.write(f"{place}.jsonl", content[name]) for place, name in enumerate(order)]
    for group in [paths] if together else [[path] for path in paths]:
        log.ingest(*group)
    assert log.ask(NOW) == WANT


def test_read_twice_is_read_once(log: Log) -> None:
    path = log.write("a.jsonl", EARLY)
    log.ingest(path)
    before = log.ask("select * from usage_buckets order by all")
    assert log.ingest(path).already_ingested == 1
    assert log.ask("select * from usage_buckets order by all") == before


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_downloads_of_an_unfinished_day_the_fuller_stays(reverse: bool, log: Log) -> None:
    paths = [log.write("a.jsonl", text(day(1, 5))), log.write("b.jsonl", text(day(1, 9)))]
    for path in reversed(paths) if reverse else paths:
        log.ingest(path)
    assert log.ask(NOW) == [("a1", "in", 9, None), ("a1", "out", 10, None)]


def test_a_restated_day_is_what_was_read_last(log: Log) -> None:
    """Downwards too: the day lies within both downloads, so it was complete in both."""
    log.ingest(log.write("a.jsonl", text(day(1, 50, usd="5.5"), day(2, 1))))
    log.ingest(log.write("b.jsonl", text(day(1, 50, usd="4.5"), day(2, 1))))
    assert [row for row in log.ask(NOW) if row[3] is not None] == [("a1", None, None, 4.5)]
    assert log.ask("select sum(tokens)::int from usage_buckets") == [(104,)]


def test_a_kind_that_is_gone_does_not_stay_behind(log: Log) -> None:
    """A version is taken whole: rows of two versions are never mixed."""
    log.ingest(log.write("a.jsonl", text(day(1, 5), day(2, 1))))
    log.ingest(log.write("b.jsonl", text({"id": "a", "day": 1, "in": 8}, day(2, 1))))
    assert log.ask(NOW)[:1] == [("a1", "in", 8, None)]
    assert log.ask("select count(*) from usage_buckets where bucket_id = 'a1'") == [(1,)]


def test_equal_rows_of_one_file_are_lines_of_their_own(log: Log) -> None:
    twice = text({"id": "a", "day": 1, "usd": "2"}, {"id": "a", "day": 1, "usd": "2"}, day(2, 1))
    log.ingest(log.write("a.jsonl", twice))
    log.ingest(log.write("b.jsonl", twice + text(day(3, 1))))
    assert log.ask("select sum(amount_usd)::int from usage_buckets") == [(4,)]


def test_the_last_day_of_a_download_may_grow_until_a_later_one_passes_it(log: Log) -> None:
    flags = "select bucket_id, bool_or(may_grow) from usage_buckets group by all order by all"
    log.ingest(log.write("a.jsonl", text(day(1, 1), day(2, 1))))
    assert log.ask(flags) == [("a1", False), ("a2", True)]
    log.ingest(log.write("b.jsonl", text(day(2, 1), day(3, 1))))
    assert log.ask(flags) == [("a1", False), ("a2", False), ("a3", True)]


def test_reports_reach_as_far_as_they_do_themselves(log: Log) -> None:
    log.ingest(log.write("a.jsonl", text(day(1, 1, report="x"), day(2, 1, report="y"))))
    assert log.ask("select count_if(may_grow), count(*) from usage_buckets") == [(4, 4)]


def whole(number: int, count: int) -> dict[str, Any]:
    """A bucket that one record tells all of: its id begins with r."""
    return {"id": "r", "day": number, "in": count, "out": count}


def test_polls_appended_to_one_file_are_versions_and_not_parts(log: Log) -> None:
    path = log.write("a.jsonl", text(whole(1, 5), whole(1, 9), whole(2, 1)))
    log.ingest(path)
    assert log.ask(NOW) == [("r1", "in", 9, None), ("r1", "out", 9, None), ("r2", "in", 1, None), ("r2", "out", 1, None)]
    log.write("a.jsonl", text(whole(1, 5), whole(1, 9), whole(2, 1), whole(2, 4), whole(3, 2)))
    log.ingest(path)
    assert log.ask("select count(*) from files") == [(1,)]
    assert log.ask(NOW)[2:] == [("r2", "in", 4, None), ("r2", "out", 4, None), ("r3", "in", 2, None), ("r3", "out", 2, None)]


def test_lines_of_a_file_that_grew_add_up(log: Log) -> None:
    path = log.write("a.jsonl", text({"id": "a", "day": 1, "in": 5}, day(2, 1)))
    log.ingest(path)
    log.write("a.jsonl", text({"id": "a", "day": 1, "in": 5}, day(2, 1), {"id": "a", "day": 1, "out": 7}))
    log.ingest(path)
    assert log.ask(NOW)[:2] == [("a1", "in", 5, None), ("a1", "out", 7, None)]


def test_a_download_saved_over_the_older_one_takes_its_place(log: Log) -> None:
    path = log.write("a.jsonl", EARLY)
    log.ingest(path)
    log.write("a.jsonl", LATE)
    log.ingest(path)
    assert log.ask(NOW) == WANT
