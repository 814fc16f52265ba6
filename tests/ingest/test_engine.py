"""One run: every record in one place, nothing twice, a fault of one file costs no other."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from tiny import Log, TinySource

from llmlogs.errors import StorageError
from llmlogs.ingest import checkpoint
from llmlogs.sources.base import Detection, Head

LINES = [
    '{"model":"a","id":"r1","t":1762000000000000,"in":5,"out":6}',
    '{"model":"a","id":"r1","t":1762000000000000,"in":5,"out":6}',
    '{"model":"b","t":1762000000000000,"in":-5,"out":"n/a"}',
    "",
    "[1,2]",
    '{"x":1}',
    '{"skip":1}',
    '{"span":"s1"}',
    '{"part":"r1"}',
]
TEXT = "\n".join(LINES) + "\n"


def test_each_record_ends_in_exactly_one_place(log: Log) -> None:
    report = log.ingest(log.write("a.jsonl", TEXT))
    assert report.total.as_json() == {"records": 8, "calls": 2, "other": 1, "merged": 2, "skipped": 1, "rejected": 2, "pending_bytes": 0}
    assert log.ask("select records, calls, other, merged, skipped, rejected, lines, blank_lines from files") == [(8, 2, 1, 2, 1, 2, 9, 1)]
    assert log.ask("select line, byte_offset, length, reason from rejects order by 1") == [
        (5, TEXT.index("[1"), 5, "not an object: array"),
        (6, TEXT.index('{"x'), 7, "no model"),
    ]


def test_what_cannot_be_true_is_null_and_counted(log: Log) -> None:
    log.ingest(log.write("a.jsonl", TEXT))
    assert log.ask("select input_tokens, output_tokens from calls where request_model = 'b'") == [(None, None)]
    assert log.ask("select column_name, reason from issues order by 1") == [("input_tokens", "out_of_range"), ("output_tokens", "not_a_number")]


def test_reading_again_adds_nothing(log: Log) -> None:
    path = log.write("a.jsonl", TEXT)
    log.ingest(path)
    before = log.ask("select * from calls order by all"), log.ask("select * from files"), log.ask("select count(*) from ingests")
    report = log.ingest(path)
    assert (report.already_ingested, report.total.records) == (1, 0)
    assert before == (log.ask("select * from calls order by all"), log.ask("select * from files"), log.ask("select count(*) from ingests"))


def test_a_fault_of_a_source_keeps_nothing_of_that_file_and_all_of_the_others(log: Log) -> None:
    good, bad = log.write("a.jsonl", TEXT), log.write("b.jsonl", TEXT.replace('{"skip":1}', '{"model":"z"}\n{"span":"q"}\n{"boom":1}'))
    report = log.ingest(bad, good)
    assert [path for path, _ in report.errors] == [bad]
    assert log.ask("select count(*) from calls") == [(2,)]
    assert log.ask("select span_id from spans") == [("s1",)]
    assert log.ask("select count(*) from files") == [(1,)]


def test_a_record_no_one_answers_for_is_found_out(log: Log) -> None:
    report = log.ingest(log.write("a.jsonl", TEXT + '{"silent":1}\n'))
    assert "8 were answered for" in report.files[0].error
    assert log.ask("select count(*) from calls") == [(0,)]


def test_a_file_that_breaks_while_it_is_read_leaves_nothing_behind(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = log.write("a.jsonl", TEXT), log.write("b.jsonl", '{"model":"z"}\n{"span":"q"}\n')
    whole = checkpoint.file_tail

    def vanish(path: Path, offset: int) -> str:
        if path.name == "b.jsonl":
            raise OSError("gone")
        return whole(path, offset)

    monkeypatch.setattr(checkpoint, "file_tail", vanish)
    report = log.ingest(bad, good)
    assert report.errors == [(bad, "cannot be read: gone")]
    assert (log.ask("select count(*) from calls"), log.ask("select span_id from spans")) == ([(2,)], [("s1",)])


def test_a_full_disk_for_temporary_files_stops_the_run(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("llmlogs.ingest.spool.Spool.add", full)
        with pytest.raises(StorageError, match="no room"):
            log.ingest(log.write("a.jsonl", TEXT))
    assert log.ingest(log.write("a.jsonl", TEXT)).total.calls == 2


def test_a_fault_while_a_file_is_recognised_costs_no_other(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = log.write("a.jsonl", '{"model":"z"}\n'), log.write("b.jsonl", TEXT)
    detect = TinySource.detect

    def broken(self: TinySource, head: Head) -> Detection | None:
        return detect(self, head) if head.path == good else head.values[99]

    monkeypatch.setattr(TinySource, "detect", broken)
    report = log.ingest(bad, good)
    assert (report.errors[0][0], report.total.calls) == (bad, 2)


@pytest.mark.parametrize("held", [0, 30, 10_000])
def test_a_reject_keeps_its_place_however_little_is_remembered(held: int, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.ingest.reading.HELD", held)
    monkeypatch.setattr("llmlogs.ingest.reading.RECENT", 2)
    log.ingest(log.write("a.jsonl", '{"model":"a"}\n' * 5 + '{"x":1}\n' * 2))
    seen = "{x: int}" if held > 7 else None
    assert log.ask("select line, byte_offset, length, shape from rejects order by 1") == [(6, 70, 7, seen), (7, 78, 7, seen)]


def test_a_provider_has_one_id_however_it_is_spelt(log: Log) -> None:
    spelt = ["Azure-OpenAI", "azure", "google", "Vertex_AI", "nobody's", None]
    rows = [{"id": f"r{n}", "model": "m", "who": who} for n, who in enumerate(spelt)]
    log.ingest(log.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert [row[0] for row in log.ask("select provider from calls order by call_id")] == ["azure", "azure", "google", "gcp.vertex_ai", "nobody's", None]


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"tags": {"product": "shop"}}, ("shop", "config")),
        ({"tags": {"product": "shop"}, "feature": "chat", "basis": "logged"}, ("shop", "config")),
        ({"feature": "chat", "basis": "logged"}, ("chat", "logged")),
        ({"feature": "own", "basis": "config", "tags": {"product": "shop"}}, ("own", "config")),  # the source knows the place better
        ({"tags": ["product:shop"]}, ("shop", "config")),
        ({"tags": {"product": {"no": "word"}}}, (None, None)),
    ],
)
def test_every_source_takes_the_feature_from_the_place_the_user_names(log: Log, value: dict[str, Any], want: tuple[str | None, str | None]) -> None:
    log.ingest(log.write("a.jsonl", json.dumps({"model": "m", "id": "r1"} | value)), feature_from=("tags.product",))
    assert log.ask("select feature, feature_basis from calls") == [want]
