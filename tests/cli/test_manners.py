"""What a user meets who makes a mistake: one clear line each, the right exit code, nothing lost, no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

GOOD = (
    '{"format": "llmlogs/1", "timestamp": "2026-11-01T09:00:%02dZ", "model": "gpt-4o", "provider": "openai", "call_id": "c%d", '
    '"input_tokens": 10, "output_tokens": 2}\n'
)


def log(folder: Path, calls: int = 3, name: str = "app.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(GOOD % (n % 60, n) for n in range(calls)))
    return path


def check(done, code: int, *words: str) -> None:  # type: ignore[no-untyped-def]
    assert done.code == code, done.out + done.err
    assert "Traceback" not in done.err + done.out
    for word in words:
        assert word in done.err, done.err


def test_an_empty_folder(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = llmlogs("ingest", "logs")
    check(done, 3, "logs: no files in this folder")
    assert done.out == ""
    assert not (tmp_path / "llmlogs.duckdb").exists()


def test_a_missing_file(llmlogs: Run) -> None:
    check(llmlogs("ingest", "gone.jsonl"), 3, "gone.jsonl")


def test_no_path_at_all(llmlogs: Run) -> None:
    check(llmlogs("ingest"), 2, "nothing to read", "llmlogs ingest logs/")


def test_a_directory_of_images(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for n in range(3):
        (tmp_path / "pictures" / f"{n}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(500))
    check(llmlogs("ingest", "pictures"), 3, "PNG")


def test_a_missing_file_beside_a_good_one_does_not_stop_it(llmlogs: Run, tmp_path: Path) -> None:
    log(tmp_path)
    done = llmlogs("ingest", "app.jsonl", "gone.jsonl", "--json")
    check(done, 0, "gone.jsonl")
    assert json.loads(done.out)["calls"] == 3


@pytest.mark.parametrize("arguments", [["ingest", "--jsn", "x"], ["ingst"], ["report", "--dbb", "x"], ["query"], ["sql"]])
def test_a_typo(llmlogs: Run, arguments: list[str]) -> None:
    check(llmlogs(*arguments), 2)


@pytest.mark.parametrize(
    "command", [["report"], ["sql", "select 1"], ["query", "errors/by_class"], ["ingest", "app.jsonl"], ["show", "x"], ["connect"], ["rejects", "list"]]
)
def test_a_database_that_is_garbage(llmlogs: Run, tmp_path: Path, command: list[str]) -> None:
    log(tmp_path)
    garbage = os.urandom(5000)
    (tmp_path / "llmlogs.duckdb").write_bytes(garbage)
    check(llmlogs(*command), 5, "not an llmlogs database")
    assert (tmp_path / "llmlogs.duckdb").read_bytes() == garbage


@pytest.mark.parametrize("command", [["report"], ["sql", "select 1"], ["query", "errors/by_class"], ["show", "x"]])
def test_no_database_yet(llmlogs: Run, command: list[str]) -> None:
    check(llmlogs(*command), 5, "no database", "llmlogs ingest")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sample-rate", "0"], ["--sample-rate"]),
        (["--sample-rate", "7"], ["--sample-rate"]),
        (["--format", "nosuch"], ["nosuch", "llmlogs sources"]),
        (["--store-text", "all"], ["--store-text"]),
    ],
)
def test_an_option_with_a_bad_value(llmlogs: Run, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    log(tmp_path)
    check(llmlogs("ingest", "app.jsonl", *arguments), 2, *words)


def test_a_wrong_configuration_names_its_line(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "llmlogs.toml").write_text("\n\ntimezon = 'UTC'\n")
    check(llmlogs("ingest", str(log(tmp_path))), 2, "llmlogs.toml:3", "did you mean `timezone`?")


def test_strict_says_so_with_the_exit_code(llmlogs: Run, tmp_path: Path) -> None:
    path = log(tmp_path)
    path.write_text(path.read_text() + '{"broken": \n')
    assert llmlogs("ingest", path).code == 0
    again = llmlogs("ingest", path, "--strict", "--db", "other.duckdb")
    assert again.code == 1


def test_the_counters_add_up_and_the_second_time_adds_nothing(llmlogs: Run, tmp_path: Path) -> None:
    path = log(tmp_path, 50)
    path.write_text(path.read_text() + "not json\n" + GOOD % (7, 7))
    first = json.loads(llmlogs("ingest", path, "--json").out)
    assert {k: first[k] for k in ("records", "calls", "other", "merged", "skipped", "rejected", "pending_bytes", "files", "already_ingested")} == {
        "records": 52, "calls": 50, "other": 0, "merged": 1, "skipped": 0, "rejected": 1, "pending_bytes": 0, "files": 1, "already_ingested": 0,
    }  # fmt: skip
    assert first["per_file"][str(path)]["records"] == 52
    second = json.loads(llmlogs("ingest", path, "--json").out)
    assert (second["records"], second["already_ingested"]) == (0, 1)


def test_a_file_that_was_read_as_something_else_says_so(llmlogs: Run, tmp_path: Path) -> None:
    llmlogs("ingest", log(tmp_path))
    check(llmlogs("ingest", "app.jsonl", "--format", "claude_code"), 3, "was read as llmlogs before", "another --db")


def test_rejected_bytes_are_read_back_from_the_file(llmlogs: Run, tmp_path: Path) -> None:
    path = log(tmp_path)
    bad = "{'python': 'repr', 'secret': 'sk-123'}"
    path.write_text(path.read_text() + bad + "\n")
    llmlogs("ingest", path)
    assert llmlogs("rejects", "export").out == bad + "\n"
    assert "sk-123" not in llmlogs("rejects", "list").out
    assert json.loads(llmlogs("rejects", "list", "--json").out)[0]["line"] == 4


def test_nothing_but_data_on_stdout_when_piped(llmlogs: Run, tmp_path: Path) -> None:
    done = llmlogs("ingest", log(tmp_path), "--json")
    json.loads(done.out)
    assert done.err == ""


def test_an_unreadable_folder_for_the_database(llmlogs: Run, tmp_path: Path) -> None:
    check(llmlogs("ingest", log(tmp_path), "--db", "no/such/folder/x.duckdb"), 5, "no such folder")


def test_report_of_files_without_keeping_a_database(llmlogs: Run, tmp_path: Path) -> None:
    done = llmlogs("report", log(tmp_path, 40), "-o", "out.html", "-o", "out.json")
    check(done, 0)
    assert not (tmp_path / "llmlogs.duckdb").exists()
    assert (tmp_path / "out.html").stat().st_size > 1000
    assert json.loads((tmp_path / "out.json").read_text())


def test_report_to_an_unknown_kind_of_file(llmlogs: Run, tmp_path: Path) -> None:
    llmlogs("ingest", log(tmp_path))
    check(llmlogs("report", "-o", "out.xyz"), 2, "out.xyz")


def test_a_reader_that_has_enough_is_no_alarm(llmlogs: Run, tmp_path: Path) -> None:
    """`| head`: quiet, and not the 1 that means an alarm."""
    llmlogs("ingest", log(tmp_path))
    command = [sys.executable, "-m", "llmlogs", "sql", "select range, repeat('x', 100) from range(20000)", "--format", "csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert (running.wait(), running.stderr.read()) == (0, b"")


def test_a_question_that_cannot_run_is_told_as_an_error(llmlogs: Run, tmp_path: Path) -> None:
    llmlogs("ingest", log(tmp_path))
    check(llmlogs("query", "limits/rate_limit_bursts", "-p", "window_minutes=soon"), 2, "could not be run", "next: look at the parameters given")


def test_two_periods_of_nothing(llmlogs: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing.jsonl").touch()
    llmlogs("ingest", "nothing.jsonl")
    assert "the log holds no calls" in llmlogs("compare").out


def test_all_tables_go_into_a_folder_and_over_no_file(llmlogs: Run, tmp_path: Path) -> None:
    check(llmlogs("ingest", log(tmp_path)), 0)
    check(llmlogs("export", "all", "-o", "app.jsonl"), 2, "there is a file already", "name a folder")
