"""Paths, folders and globs: each regular file once; for all else one clear sentence, and the others go on."""

import gzip
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from tiny import Log

from llmlogs import sources
from llmlogs.ingest import discover
from llmlogs.sources.base import Detection, Head

CALL = '{"model":"a"}\n'


def test_a_folder_is_walked_without_hidden_files_and_our_own(log: Log) -> None:
    for name in ("sub/b.jsonl", "sub/deeper/c.jsonl", ".hidden.jsonl", ".git/d.jsonl", "old.duckdb"):
        (log.folder / name).parent.mkdir(parents=True, exist_ok=True)
        log.write(name, f'{{"model":"a","id":"{name}"}}\n')
    report = log.ingest(str(log.folder))
    assert [Path(file.path).name for file in report.files] == ["b.jsonl", "c.jsonl"]


def test_a_glob_and_a_path_name_a_file_once(log: Log) -> None:
    path = log.write("a.jsonl", CALL)
    (log.folder / "link.jsonl").symlink_to(path)
    assert log.ingest(path, str(log.folder / "*.jsonl"), str(log.folder / "link.jsonl")).total.calls == 1


def test_few_giant_lines_tell_what_many_small_ones_would(log: Log) -> None:
    """Lines of megabytes are not read fifty times over to find out what they are."""
    path = log.write("a.jsonl", "".join(f'{{"model":"a","note":"{"x" * (700_000)}"}}\n' for _ in range(3)))
    plan = discover.identify(Path(path), path)
    assert isinstance(plan, discover.Plan)
    assert plan.carrier.name == "ndjson"
    damage: list[str] = []
    assert len(discover._head(plan.carrier, Path(path), path, damage).values) == 2


@pytest.mark.parametrize("kind", ["absent", "no match", "fifo", "socket", "device", "folder without files"])
def test_what_is_no_file_has_a_sentence_and_the_others_go_on(kind: str, log: Log) -> None:
    path = log.folder / "odd"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            os.chdir(log.folder)
            listener.bind("odd")
    elif kind == "folder without files":
        path.mkdir()
    named = {"device": "/dev/zero", "no match": str(log.folder / "*.none")}.get(kind, str(path))
    report = log.ingest(named, log.write("a.jsonl", CALL))
    assert report.total.calls == 1
    assert [file.path for file in report.files if file.error] == [named]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(log: Log) -> None:
    path = log.write("a.jsonl", CALL)
    Path(path).chmod(0)
    assert "permission" in log.ingest(path).files[0].error


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a PNG image"),
        (b"just prose, nothing else\n", "no records were found"),
        (b'{"other":1}\n', "ndjson with {other: int}, which no source takes"),
        (gzip.compress(b'[{"other":1}]'), "json with {other: int}"),
        (b"SQLite format 3\0" + b"\0" * 90, "damaged SQLite database"),
        (b"PAR1" + b"\0" * 90, "damaged parquet file"),
    ],
)
def test_a_file_no_source_takes_is_described(content: bytes, seen: str, log: Log) -> None:
    report = log.ingest(log.write("odd", content))
    assert seen in report.unknown[0][1]
    assert not report.readable


@pytest.mark.parametrize("content", [b"", b"\n\n", b"   "])
def test_an_empty_file_is_no_fault(content: bytes, log: Log) -> None:
    report = log.ingest(log.write("a.jsonl", content))
    assert (report.errors, report.unknown, report.readable) == ([], [], True)


def test_a_format_can_be_forced(log: Log) -> None:
    assert log.ingest(log.write("a.jsonl", '{"skip":1}\n'), format="tiny").total.skipped == 1


def test_every_encoding_gives_the_same_rows(log: Log) -> None:
    text = '{"model":"é","id":"r1"}\n{"model":"b","id":"r2"}\n'
    for number, encoding in enumerate(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]):
        report = log.ingest(log.write(f"{number}.jsonl", text.encode(encoding)))
        assert report.errors == []
    assert log.ask("select call_id, request_model from calls order by 1") == [("r1", "é"), ("r2", "b")]


def test_standard_input_is_read_to_its_end(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, CALL.encode())
    os.close(writing)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        report = log.ingest("-")
    assert (report.files[0].path, report.total.calls) == ("-", 1)


def test_who_claims_much_is_asked_only_where_nobody_is_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def one(name: str, sure: float, surest: float) -> Any:
        def detect(self: Any, head: Head) -> Detection:
            asked.append(name)
            return Detection(sure, "")

        return type(name, (), {"name": name, "surest": surest, "detect": detect})()

    known = [one("wide", 0.9, 0.9), one("exact", 0.95, 1.0), one("equal", 0.95, 0.95)]
    monkeypatch.setattr(sources, "all_sources", lambda: {source.name: source for source in known})
    assert [source.name for source, _ in sources.find(Head("x", "ndjson", ({},)))] == ["equal", "exact"]
    assert asked == ["exact", "equal"]
