"""However a log is cut, packed, named, ordered or read again: the same calls, each once."""

import bz2
import gzip
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tiny import Log

T0 = 1_762_000_000_000_000
CONTENT = "select * exclude (ingest_id, file_id, line, rate_id) from calls order by all"


def lines(count: int, seed: int = 1) -> list[str]:
    """Calls with and without ids, some of them repeated, some in two snapshots."""
    rng = random.Random(seed)
    made: list[dict[str, Any]] = []
    for n in range(count):
        call: dict[str, Any] = {"model": rng.choice("abc"), "t": T0 + n * 1_000_000, "in": rng.randrange(99), "out": rng.randrange(99)}
        if n % 3:
            call["id"] = f"r{n}"
        made.append(call)
        if n % 7 == 1:
            made.append({"model": call["model"], "t": call["t"], "id": call.get("id", f"x{n}")})
        if n % 11 == 2:
            made.append(dict(call))
    return [json.dumps(call) for call in made]


def text(parts: list[str]) -> str:
    return "".join(part + "\n" for part in parts)


@pytest.fixture
def expected(log: Log, logs: Callable[[], Log]) -> list[tuple[Any, ...]]:
    other = logs()
    other.ingest(other.write("whole.jsonl", text(lines(60))))
    return other.ask(CONTENT)


def test_a_file_read_twice(log: Log, expected: list[Any]) -> None:
    path = log.write("a.jsonl", text(lines(60)))
    assert log.ingest(path).total.calls == len(expected)
    assert log.ingest(path).already_ingested == 1
    assert log.ask(CONTENT) == expected


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress, lambda b: b], ids=["gz", "bz2", "zst", "plain"])
def test_a_copy_under_another_name_or_packed_adds_nothing(pack: Callable[[bytes], bytes], log: Log, expected: list[Any]) -> None:
    content = text(lines(60)).encode()
    log.ingest(log.write("a.jsonl", content))
    report = log.ingest(log.write("copy", pack(content)))
    assert (report.already_ingested, report.total.records) == (1, 0)
    assert log.ask(CONTENT) == expected


def test_a_copy_in_the_same_run_adds_nothing(log: Log, expected: list[Any]) -> None:
    content = text(lines(60)).encode()
    assert log.ingest(log.write("a.jsonl", content), log.write("b.jsonl.gz", gzip.compress(content))).already_ingested == 1
    assert log.ask(CONTENT) == expected


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_files_and_runs_does_not_matter(seed: int, log: Log, expected: list[Any]) -> None:
    """Equal lines without ids in two files look like copies, so parts are cut between different ones."""
    rng = random.Random(seed)
    groups = [list(group) for _, group in itertools.groupby(lines(60), key=lambda line: json.loads(line)["t"])]
    files: list[list[str]] = [[] for _ in range(4)]
    for group in groups:
        files[rng.randrange(4)] += group
    paths = [log.write(f"{n}.jsonl", text(part)) for n, part in enumerate(files) if part]
    rng.shuffle(paths)
    log.ingest(*paths[:2])
    log.ingest(*paths)
    assert log.ask(CONTENT) == expected


@pytest.mark.parametrize("overlap", [1, 20, 59])
def test_overlapping_parts_add_each_call_once(overlap: int, log: Log, expected: list[Any]) -> None:
    whole = lines(60)
    log.ingest(log.write("a.jsonl", text(whole[:-5])))
    report = log.ingest(log.write("b.jsonl", text(whole[-5 - overlap :])))
    assert report.total.merged >= overlap
    assert len(log.ask(CONTENT)) == len(expected)


def test_a_renamed_file_that_grew_goes_on_where_it_stopped(log: Log, expected: list[Any]) -> None:
    whole = text(lines(60)).encode()
    path = log.write("app.log", whole[:2000])
    first = log.ingest(path).total
    Path(path).rename(log.folder / "app.log.1")
    second = log.ingest(log.write("app.log.1", whole)).total
    assert first.records + second.records == len(lines(60))
    assert log.ask(CONTENT) == expected
    assert log.ask("select count(*), sum(records) from files") == [(1, len(lines(60)))]


def test_copytruncate_is_a_new_stream(log: Log) -> None:
    """The writer keeps its file: the old content is copied away, the file starts anew, and grows past the old place."""
    old, new = text(lines(30, 1)), text([line.replace('"model": "', '"model": "new-') for line in lines(40, 2)]).replace('"r', '"n').replace('"x', '"y')
    path = log.write("app.log", old)
    log.ingest(path)
    log.write("app.log.1", old)
    log.write("app.log", new[:100])
    log.ingest(path, str(log.folder / "app.log.1"))
    log.write("app.log", new)
    log.ingest(path)
    reference = Log(log.folder / "reference")
    reference.folder.mkdir()
    reference.ingest(reference.write("old", old), reference.write("new", new))
    assert log.ask(CONTENT) == reference.ask(CONTENT)


def test_a_file_whose_middle_changed_is_read_again(log: Log) -> None:
    content = text(lines(60))
    log.ingest(log.write("a.jsonl", content))
    report = log.ingest(log.write("a.jsonl", content.replace('"id": "r31"', '"id": "s31"')))
    assert (report.total.calls, report.total.merged) == (1, report.total.records - 1)
