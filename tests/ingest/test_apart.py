"""Reading in a second process: the same database, whatever is in the files and however that process fares."""

import gzip
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.carriers import all_carriers
from llmlogs.ingest import apart, engine
from llmlogs.ingest.discover import Plan
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import IngestReport
from tests.benchmarks.claude_sessions import write_tree
from tests.benchmarks.otel_traces import write_traces

REAL = sources.all_sources
CHANGES = {"run_id", "modified_ns", "started_at", "finished_at", "ingested_at"}  # of a run, and no log's
DAMAGE = [
    b'{"traceId": ',
    b"[1, 2]",
    b"",
    b"\xff\xfe{}",
    b'{"type":"user","n":NaN}',
    b'{"type":"user","t":"\xff"}',
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}',
]


class Counted(apart.Apart):
    """Counts the files the other process was given."""

    files = 0

    def read(self, *told: Any) -> Any:
        Counted.files += 1
        return super().read(*told)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real formats, every file read apart, and hashes that can be compared."""
    monkeypatch.setattr(sources, "all_sources", REAL)
    monkeypatch.setattr(apart, "WORTH", 0)
    monkeypatch.setattr(apart, "SMALL", 0)
    monkeypatch.setattr(apart, "_cores", lambda: 2)
    monkeypatch.setattr(engine, "Apart", Counted)
    monkeypatch.setattr("llmlogs.store.database.secret", lambda con: b"0123456789abcdef")
    Counted.files = 0


def both(paths: list[str], folder: Path, *steps: Callable[[], object], **options: Any) -> tuple[IngestReport, IngestReport]:
    """Ingest here and apart, once after each step; every table must hold the same rows. The first reports."""
    reports = []
    for usable in (False, True):
        Counted.files = 0
        for step in steps or (lambda: None,):
            step()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(apart, "SMALL", 0 if usable else 1 << 60)
                reports.append(engine.run(paths, folder / f"{usable}.duckdb", IngestOptions(**options)))
        assert bool(Counted.files) == usable
    one, two = content(folder / "False.duckdb"), content(folder / "True.duckdb")
    assert one.keys() == two.keys()
    for table, rows in one.items():
        assert two[table] == rows, table
    half = len(reports) // 2
    assert [[file.as_json() for file in r.files] for r in reports[:half]] == [[file.as_json() for file in r.files] for r in reports[half:]]
    return reports[0], reports[half]


def content(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; set operations store theirs in any order."""
    with duckdb.connect(str(db), read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        found = {}
        for table in tables:
            columns = [name for (name,) in con.execute("select column_name from duckdb_columns() where table_name = $1", [table]).fetchall()]
            kept = ", ".join(f'"{name}"' for name in columns if name not in CHANGES)
            found[table] = sorted(con.execute(f'select {kept} from "{table}"').fetchall(), key=repr)
        found.pop("meta", None)
        return found


def lines_of(*names: str) -> list[bytes]:
    return [line.encode() for name in names for sample in REAL()[name].samples for line in sample.lines.splitlines() if line.strip()]


PLAN = Plan(Path("log.jsonl"), "log.jsonl", all_carriers()["ndjson"], REAL()["otel"], "", "")
KINDS = {name: lines_of(name) for name in ("otel", "claude_code", "litellm")}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000), st.integers(1, 60), st.sampled_from(["none", "redacted", "full"]), st.booleans())
def test_both_ways_give_the_same_database(kind: str, seed: int, many: int, text: str, packed: bool) -> None:
    rng = random.Random(seed)
    lines = [rng.choice(DAMAGE) if rng.random() < 0.2 else rng.choice(KINDS[kind]) for _ in range(many)]
    body = b"\n".join([*KINDS[kind][:1], *lines]) + rng.choice([b"", b"\n"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / f"log.jsonl{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(body) if packed else body)
        here, there = both([str(path)], folder, store_text=text, format=kind, feature_from=("metadata.tags", "requestId", "team"))
        assert here.total.balanced
        assert here.total.records == there.total.records > 0


def test_a_log_of_many_bundles(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    spans = write_traces(path, 1_600_000)
    here, _ = both([str(path)], tmp_path)
    assert here.total.records == spans > 2 * apart.TOGETHER


def test_many_files_one_process(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree", 3)
    here, _ = both([str(tmp_path / "tree")], tmp_path)
    assert len(here.files) > 1
    assert here.total.calls > 0


def test_a_file_that_grows(tmp_path: Path) -> None:
    """A session's later lines build on its earlier ones, which the other process is shown again."""
    write_tree(tmp_path / "tree", 1)
    path = next((tmp_path / "tree").rglob("*.jsonl"))
    whole = path.read_bytes()
    both([str(path)], tmp_path, lambda: path.write_bytes(whole[: len(whole) // 2]), lambda: path.write_bytes(whole))


DYING = """
import os
from llmlogs.ingest import apart
sent, send = [], apart._Post.send
def dying(post, message):
    sent.append(message)
    os._exit(9) if len(sent) > {after} else send(post, message)
apart._Post.send = dying
apart.TOGETHER = 100
"""
FAULT = """
from llmlogs.sources import otel
def read(records, context):
    for record in records:
        raise ZeroDivisionError
    yield
otel.SOURCE.read = read
"""
UNPICKLED = """
from llmlogs.sources import otel
real = otel.SOURCE.read
def read(records, context):
    for outcome in real(records, context):
        outcome.issues = (issue for issue in outcome.issues)
        yield outcome
otel.SOURCE.read = read
"""
BEFORE = ["import os; os._exit(1)", "print('hello')", *(DYING.format(after=n) for n in (0, 3)), FAULT, UNPICKLED]


@pytest.mark.parametrize("trouble", BEFORE)
def test_whatever_happens_to_the_other_process_nothing_is_lost(trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, go = apart.PROGRAM.rsplit("; ", 1)
    monkeypatch.setattr(apart, "PROGRAM", f"{start}\n{trouble}\n{go}")
    path = tmp_path / "traces.jsonl"
    write_traces(path, 400_000)
    here, there = both([str(path)], tmp_path)
    assert there.errors == []
    assert here.total.calls > 50


def test_an_interpreter_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("/nowhere/python", "/bin/true", ""):
        monkeypatch.setattr(sys, "executable", name)
        with apart.Apart() as other:
            assert not other.worth(PLAN, 1, 1)


@pytest.mark.parametrize(("size", "left", "worth"), [(255 << 10, 9 << 30, False), (31 << 20, 31 << 20, False), (256 << 10, 32 << 20, True)])
def test_what_is_small_starts_no_process(size: int, left: int, worth: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(apart, "_cores", lambda: 2)
    started: list[bool] = []
    monkeypatch.setattr(apart.Apart, "_start", lambda self: bool(started.append(True)) or True)
    with apart.Apart() as other:
        assert other.worth(PLAN, size, left) == worth
        assert bool(started) == worth


def test_one_processor_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_cores", lambda: 1)
    with apart.Apart() as other:
        assert not other.worth(PLAN, 1 << 30, 1 << 30)


SCRIPT = """
from llmlogs.ingest import apart
apart.WORTH = apart.SMALL = 0
apart._cores = lambda: 2
import llmlogs.api
print(llmlogs.api.ingest({path!r}, db={db!r}).total.calls)
"""


def test_a_script_without_a_guard(tmp_path: Path) -> None:
    path, script = tmp_path / "traces.jsonl", tmp_path / "script.py"
    write_traces(path, 300_000)
    script.write_text(SCRIPT.format(path=str(path), db=str(tmp_path / "db.duckdb")), encoding="utf-8")
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the folder was imported')", encoding="utf-8")
    done = subprocess.run([sys.executable, "-P", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc for the other process")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_blow_at_any_time_leaves_nothing_half_done_and_nobody_behind(blow: signal.Signals, tmp_path: Path) -> None:
    path, db = tmp_path / "traces.jsonl", tmp_path / "db.duckdb"
    spans = write_traces(path, 8_000_000)
    program = SCRIPT.format(path=str(path), db=str(db))
    for wait in (0.0, 0.1, 0.3, 0.6, 1.0):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 60
        while not (others := children(process.pid)) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(wait)
        (os.killpg if blow == signal.SIGINT else os.kill)(process.pid, blow)  # Ctrl-C goes to all of a terminal's processes
        process.wait()
        while not all(map(gone, others)) and time.monotonic() < until:
            time.sleep(0.01)
        assert all(map(gone, others))
        if db.exists():
            with duckdb.connect(str(db), read_only=True) as con:
                tables = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
                assert "calls" not in tables  # a view
                assert "files" not in tables or con.execute("select coalesce(sum(records), 0) from files").fetchall()[0][0] in (0, spans)
    assert engine.run([str(path)], db).total.records in (0, spans)
    with duckdb.connect(str(db), read_only=True) as con:
        assert con.execute("select sum(records) from files").fetchall() == [(spans,)]
        assert con.execute("select count(*) = count(distinct call_id) and count(*) > 0 from calls").fetchall() == [(True,)]
