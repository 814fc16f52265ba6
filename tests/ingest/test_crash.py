"""Die at every step in turn: the database opens, shows only what was finished, and the next run makes it whole."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tiny import Log

from llmlogs.errors import StorageError
from llmlogs.ingest import batch, engine, failpoint
from llmlogs.ingest.failpoint import Failpoint
from llmlogs.ingest.meter import Meter

STEPS = ["file", "begun", "chunk", "loaded", "checked", "merged", "priced", "stored", "finished", "committed"]
CALLS = [{"model": "m", "id": f"r{n}", "in": n, "tries": [{"attempt": 1}]} for n in range(9000)]
CONTENT = "select * exclude (ingest_id, file_id, rate_id) from calls order by all"


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    failpoint.passed.clear()
    yield
    failpoint.passed.clear()


def write(log: Log, parts: int = 2) -> list[str]:
    size = len(CALLS) // parts
    texts = ["".join(json.dumps(call) + "\n" for call in CALLS[n * size : (n + 1) * size + 5]) for n in range(parts)]
    return [log.write(f"{n}.jsonl", text) for n, text in enumerate(texts)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH_FILES", 1)
    monkeypatch.setattr(batch, "CHUNK", 1000)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("time", [1, 2])
def test_dying_at_any_step_loses_and_doubles_nothing(step: str, time: int, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write(log)
    monkeypatch.setenv("LLMLOGS_FAIL", f"{step}:{time}:raise")
    with pytest.raises(Failpoint):
        log.ingest(*paths)
    monkeypatch.delenv("LLMLOGS_FAIL")
    finished = log.ask("select coalesce(sum(calls), 0) from files")
    assert log.ask("select count(*) from calls") == finished
    log.ingest(*paths)
    assert log.ask("select count(*), count(distinct call_id) from calls") == [(9000, 9000)]
    assert log.ask("select count(*) from attempts") == [(9000,)]
    assert log.ask("select count(*) from ingests where finished_at is null") == [(0,)]
    assert log.ingest(*paths).already_ingested == 2


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_process_leaves_a_database_that_opens(step: str, log: Log) -> None:
    lines = [{"format": "llmlogs/1", "timestamp": "2026-01-01T00:00:00Z", "model": "m", "call_id": f"c{n}"} for n in range(200)]
    path = log.write("a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    program = "import sys; from pathlib import Path; from llmlogs.ingest.engine import run; run([sys.argv[1]], Path(sys.argv[2]))"
    command = [sys.executable, "-c", program, path, str(log.db)]
    environment = os.environ | {"PYTHONPATH": str(Path(engine.__file__).parents[2]), "LLMLOGS_FAIL": f"{step}:1"}
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == (0 if step == "chunk" else -9)
    assert log.ask("select count(*) from calls") in ([(0,)], [(200,)])
    subprocess.run(command, env=environment | {"LLMLOGS_FAIL": ""}, check=True)
    assert log.ask("select count(*) from calls") == [(200,)]


@pytest.mark.usefixtures("small_batches")
def test_an_interrupt_keeps_the_finished_batches(log: Log) -> None:
    paths = write(log, 3)

    class Interrupting(Meter):
        ended = 0

        def end(self) -> None:
            self.ended += 1
            if self.ended == 3:
                raise KeyboardInterrupt

    report = engine.run(paths, log.db, meter=Interrupting())
    assert (report.interrupted, len(report.files)) == (True, 2)
    assert log.ask("select count(*) from calls") == [(report.total.calls,)]
    log.ingest(*paths)
    assert log.ask("select count(*) from calls") == [(9000,)]


def test_a_full_disk_is_said_and_the_next_run_goes_on(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write(log)

    def full(*_: Any) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("llmlogs.ingest.coverage.cover", full)
        with pytest.raises(StorageError, match="No space left"):
            log.ingest(*paths)
    assert log.ask("select count(*) from calls") == [(0,)]
    log.ingest(*paths)
    assert log.ask("select count(*) from calls") == [(9000,)]
