"""A file that is being written: read at any moment, nothing is lost, nothing counted twice."""

import gzip
import json
from typing import Any

import pytest
from tiny import Log

LINE = '{"model":"é","id":"r2","in":5,"inner":[{"model":"n","in":1}]}\r\n'.encode()
START, END = b'{"model":"a","id":"r1"}\n', b'{"model":"b","id":"r3"}\n'


def state(log: Log) -> tuple[list[Any], ...]:
    totals = "records, calls, other, merged, skipped, rejected, lines, blank_lines, pending_bytes, read_bytes"
    return log.ask("select call_id, line, input_tokens from calls order by all"), log.ask(f"select {totals} from files")


@pytest.fixture(scope="module")
def whole_log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def whole(whole_log: Log) -> tuple[list[Any], ...]:
    """What comes of the file read in one go; read once for all cuts."""
    whole_log.ingest(whole_log.write("a", START + LINE + END))
    return state(whole_log)


@pytest.mark.parametrize("cut", range(len(LINE) + 1))
def test_a_line_may_be_cut_anywhere(cut: int, log: Log, whole: tuple[list[Any], ...]) -> None:
    path = log.write("a", START + LINE[:cut])
    first = log.ingest(path)
    log.write("a", START + LINE + END)
    second = log.ingest(path)
    assert first.total.records + second.total.records == 4
    assert first.total.pending_bytes == (cut if cut < len(LINE) - 2 else 0)
    assert state(log) == whole


def test_an_unchanged_file_still_shows_what_waits(log: Log) -> None:
    path = log.write("a", START + b'{"mod')
    assert [log.ingest(path).total.pending_bytes for _ in range(2)] == [5, 5]
    assert log.ask("select count(*) from ingests") == [(1,)]


def test_a_compressed_file_may_grow_too(log: Log) -> None:
    packed = gzip.compress(START * 1 + END)
    log.ingest(log.write("a.gz", packed))
    report = log.ingest(log.write("a.gz", packed + gzip.compress(LINE)))
    assert (report.total.records, report.total.calls) == (2, 2)
    assert log.ask("select line from calls order by 1") == [(1,), (2,), (3,), (3,)]


def test_a_gz_cut_short_gives_its_good_part_and_goes_on_when_it_is_whole(log: Log) -> None:
    lines = [json.dumps({"model": "m", "id": f"r{n}", "in": n * 7919 % 1000}) for n in range(3000)]
    packed = gzip.compress("\n".join(lines).encode() + b"\n")
    report = log.ingest(log.write("a.gz", packed[: len(packed) // 2]))
    assert "cut short" in report.files[0].error
    assert 0 < report.total.calls < 3000
    second = log.ingest(log.write("a.gz", packed))
    assert (report.total.calls + second.total.calls, second.errors) == (3000, [])
    assert log.ask("select count(*), min(line), max(line) from calls") == [(3000, 1, 3000)]


def test_equal_lines_without_ids_are_counted_on(log: Log) -> None:
    line = b'{"model":"a","in":3}\n'
    path = log.write("a", line * 2)
    log.ingest(path)
    log.write("a", line * 5)
    log.ingest(path)
    assert log.ask("select count(*), count(distinct call_id) from calls") == [(5, 5)]
    log.ingest(log.write("copy", line * 5 + b'{"model":"z"}\n'))
    assert log.ask("select count(*) from calls") == [(6,)]


@pytest.mark.parametrize("name", ["array", "csv"])
def test_documents_that_grow_add_what_is_new(name: str, log: Log) -> None:
    first, second = {
        "array": ('[{"model":"a","id":"r1"}]', '[{"model":"a","id":"r1"},{"model":"a","id":"r2"}]'),
        "csv": ("model,id\na,r1\n", "model,id\na,r1\na,r2\n"),
    }[name]
    path = log.write("a.json", first)
    log.ingest(path)
    log.write("a.json", second)
    log.ingest(path)
    assert log.ask("select call_id from calls order by 1") == [("r1",), ("r2",)]


def test_a_source_that_remembers_sees_the_old_lines_again(log: Log) -> None:
    path = log.write("a", b'{"model":"a","id":"r1"}\nnot JSON\n')
    log.ingest(path)
    log.write("a", b'{"model":"a","id":"r1"}\nnot JSON\n{"model":"same","id":"r2"}\n')
    report = log.ingest(path)
    assert (report.total.records, report.total.calls) == (1, 1)
    assert log.ask("select call_id, request_model, line from calls order by all") == [("r1", "a", 1), ("r2", "a", 3)]
    assert log.ask("select count(*) from rejects") == [(1,)]


def test_a_compressed_source_that_remembers_does_too(log: Log) -> None:
    packed = gzip.compress(START)
    log.ingest(log.write("a.gz", packed))
    log.ingest(log.write("a.gz", packed + gzip.compress(b'{"model":"same","id":"r2"}\n')))
    assert log.ask("select call_id, request_model, line from calls order by all") == [("r1", "a", 1), ("r2", "a", 2)]
