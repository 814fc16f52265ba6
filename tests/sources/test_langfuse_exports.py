"""Langfuse exports in one database: the same calls from every container, traces joined in any order, repeated windows counted once."""

import csv
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.ingest.engine import run
from llmlogs.ingest.report import IngestReport

TRACE = "0af7651916cd43dd8448eb211c80319c"
ROWS: list[dict[str, Any]] = [
    {
        "id": "00f067aa0ba902b7",
        "trace_id": TRACE,
        "project_id": "p1",
        "environment": "production",
        "type": "SPAN",
        "parent_observation_id": None,
        "start_time": "2026-03-02 10:00:00.000000",
        "end_time": "2026-03-02 10:00:03.000000",
        "name": "ask",
        "level": "DEFAULT",
        "status_message": None,
        "usage_details": {},
        "cost_details": {},
        "metadata": {},
        "latency": 3.0,
        "updated_at": "2026-03-02 10:00:05.000000",
    },
    {
        "id": "53995c3f42cd8ad8",
        "trace_id": TRACE,
        "project_id": "p1",
        "environment": "production",
        "type": "GENERATION",
        "parent_observation_id": "00f067aa0ba902b7",
        "start_time": "2026-03-02 10:00:00.500000",
        "end_time": "2026-03-02 10:00:02.500000",
        "name": "chat",
        "level": "DEFAULT",
        "status_message": None,
        "provided_model_name": "gpt-4o",
        "model_parameters": '{"max_tokens": 100}',
        "usage_details": {"input": 10, "input_cached_tokens": 90, "output": 5, "total": 105},
        "cost_details": {"total": 0.0005},
        "metadata": {"k": "v"},
        "latency": 2.0,
        "updated_at": "2026-03-02 10:00:05.000000",
    },
]
NAMES = list(dict.fromkeys(name for row in ROWS for name in row))
TRACES = [{"id": TRACE, "timestamp": "2026-03-02 10:00:00.000", "name": "ask", "environment": "production", "project_id": "p1", "metadata": {}, "user_id": "u1",
           "session_id": "s1", "release": "v7", "version": None, "public": False, "bookmarked": False, "tags": ["feature:search"],
           "updated_at": "2026-03-02 10:00:09.000"}]  # fmt: skip
SCORES = [{"id": "sc1", "timestamp": "2026-03-02 10:01:00.000", "project_id": "p1", "trace_id": TRACE, "observation_id": "53995c3f42cd8ad8", "session_id": None,
           "name": "helpful", "value": 1, "source": "ANNOTATION", "data_type": "BOOLEAN", "string_value": "True"}]  # fmt: skip


class Log:
    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "out.duckdb"

    def write(self, name: str, content: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return str(path)

    def ingest(self, *paths: str) -> IngestReport:
        report = run(list(paths), self.db)
        assert report.errors == report.unknown == []
        return report

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.db), read_only=True) as con:
            return con.execute(sql).fetchall()

    def calls(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "select call_id, trace_id, parent_span_id, started_at, duration_ms, input_tokens, cache_read_tokens, output_tokens, reported_usd, "
            "request_model, max_tokens, user_id, session_id, feature, status from calls order by all"
        )


@pytest.fixture(autouse=True)
def _unpriced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.ingest.batch.price_calls", lambda con, ingest_id, prices: None)


@pytest.fixture
def logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Log]:
    return lambda: Log(tmp_path_factory.mktemp("log"))


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(rows: list[dict[str, Any]]) -> str:
    """CSV as Langfuse writes it: every field quoted, structures as compact JSON."""
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = [row.get(name) for name in names]
        writer.writerow(["" if cell is None else json.dumps(cell) if isinstance(cell, dict | list) else cell for cell in cells])
    return out.getvalue()


def parquet(path: str, rows: list[dict[str, Any]]) -> str:
    """As ClickHouse writes it: instants and maps with types."""
    source = str(Path(path).with_suffix(".source.jsonl"))
    Path(source).write_text(jsonl([{name: row.get(name) for name in NAMES} for row in rows]), encoding="utf-8")
    maps = ", ".join(
        f"{name}::{kind} as {name}"
        for name, kind in (
            ("start_time", "timestamp"),
            ("end_time", "timestamp"),
            ("updated_at", "timestamp"),
            ("usage_details", "map(varchar, bigint)"),
            ("cost_details", "map(varchar, decimal(18,12))"),
            ("metadata", "map(varchar, varchar)"),
        )
    )
    duckdb.execute(f"copy (select * replace ({maps}) from read_json('{source}')) to '{path}' (format parquet)")
    Path(source).unlink()
    return path


WANT = [(TRACE, "00f067aa0ba902b7", 2000.0, 100, 90, 5, "gpt-4o", 100, "ok")]


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "page"])
def test_every_container_gives_the_same_calls(kind: str, tmp_path: Path) -> None:
    log = Log(tmp_path)
    text = {
        "jsonl": jsonl(ROWS),
        "json": json.dumps(ROWS, indent=1),
        "csv": table(ROWS),
        "page": json.dumps({"data": ROWS, "meta": {"page": 1}}),
        "parquet": "",
    }[kind]
    path = parquet(str(tmp_path / "a.parquet"), ROWS) if kind == "parquet" else log.write(f"a.{kind.replace('page', 'json')}", text)
    report = log.ingest(path)
    assert {file.source for file in report.files} == {"langfuse"}
    columns = "trace_id, parent_span_id, duration_ms, input_tokens, cache_read_tokens, output_tokens, request_model, max_tokens, status"
    assert log.ask(f"select {columns} from calls") == WANT
    assert log.ask("select span_id, kind, name, duration_ms from spans") == [("00f067aa0ba902b7", "app", "ask", 3000.0)]
    assert report.total.balanced


@pytest.mark.parametrize("order", list(itertools.permutations(["observations", "traces", "scores"])))
@pytest.mark.parametrize("together", [True, False])
def test_t42_traces_and_scores_meet_their_observations_in_any_order(order: tuple[str, ...], together: bool, logs: Callable[[], Log]) -> None:
    log = logs()
    content = {"observations": jsonl(ROWS), "traces": jsonl(TRACES), "scores": jsonl(SCORES)}
    paths = [log.write(f"{place}_{name}/x.jsonl", content[name]) for place, name in enumerate(order)]
    for some in [paths] if together else [[path] for path in paths]:
        log.ingest(*some)
    assert log.ask("select user_id, session_id, feature, feature_basis, release, environment from calls") == [
        ("u1", "s1", "search", "trace", "v7", "production")
    ]
    assert log.ask("select call_id, trace_id, value, label, kind from feedback") == [("53995c3f42cd8ad8", TRACE, 1.0, "True", "human")]


def test_a_row_on_the_boundary_and_an_hour_exported_again(logs: Callable[[], Log]) -> None:
    """Both windows hold the row; the later export knows its end and other counts; in any order the newest stands, once."""
    running = ROWS[1] | {"end_time": None, "latency": None, "usage_details": {}, "cost_details": {}, "updated_at": "2026-03-02 10:00:01.000000"}
    corrected = ROWS[1] | {"usage_details": {"input": 7, "input_cached_tokens": 60, "output": 4, "total": 71}, "updated_at": "2026-03-02 10:09:00.000000"}
    states = []
    for order in itertools.permutations([running, ROWS[1], corrected, ROWS[1]]):
        if order.index(ROWS[1]) == 0 or order[0] is running:
            log = logs()
            for number, row in enumerate(order):
                log.ingest(log.write(f"{number}.jsonl", jsonl([ROWS[0] | {"name": f"ask {number}"}, row])))
            states.append(log.calls())
            assert log.ask("select count(*) from spans") == [(1,)]
        if len(states) > 3:
            break
    assert len(states[0]) == 1
    assert states[0][0][4:8] == (2000.0, 67, 60, 4)
    assert all(state == states[0] for state in states)


@pytest.mark.parametrize("backwards", [False, True])
def test_versions_of_a_row_in_one_file(backwards: bool, tmp_path: Path) -> None:
    newer = ROWS[1] | {"usage_details": {"input": 7, "output": 4, "total": 11}, "updated_at": "2026-03-02 10:09:00.000000"}
    log = Log(tmp_path)
    report = log.ingest(log.write("a.jsonl", jsonl([ROWS[0], *([newer, ROWS[1]] if backwards else [ROWS[1], newer])])))
    assert (report.total.records, report.total.calls, report.total.merged) == (3, 1, 1)
    assert log.ask("select input_tokens, output_tokens from calls") == [(7, 4)]


def test_ingesting_twice_and_a_copy_change_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path)
    path = log.write("a.jsonl", jsonl(ROWS))
    traces = log.write("t.jsonl", jsonl(TRACES))
    log.ingest(path, traces)
    before = log.calls(), log.ask("select * exclude (ingest_id) from spans"), log.ask("select * exclude (ingest_id) from trace_facts")
    log.ingest(path, traces, log.write("copy.jsonl", jsonl([*ROWS, ROWS[1]])), log.write("t2.jsonl", jsonl([*TRACES, *TRACES])))
    after = log.calls(), log.ask("select * exclude (ingest_id) from spans"), log.ask("select * exclude (ingest_id) from trace_facts")
    assert [len(part) for part in after] == [1, 1, 1]
    assert after == before


def test_a_table_with_scores_of_any_name(tmp_path: Path) -> None:
    """Names of scores are columns: with signs, spaces, and letters of any script."""
    log = Log(tmp_path)
    scored = [row | {"1st_quality #2 (β), ok?": [0.95], "tone": ["polite"], "comments": []} for row in ROWS[1:]]
    log.ingest(log.write("lf.csv", table(scored)))
    assert log.ask("select call_id, name, value, label from feedback order by name") == [
        ("53995c3f42cd8ad8", "1st_quality #2 (β), ok?", 0.95, None),
        ("53995c3f42cd8ad8", "tone", None, "polite"),
    ]


@pytest.mark.parametrize("table_first", [True, False])
def test_a_score_in_a_table_and_in_its_own_record_is_one(table_first: bool, tmp_path: Path) -> None:
    log = Log(tmp_path)
    paths = [log.write("lf.csv", table([ROWS[1] | {"helpful": [1]}])), log.write("scores.jsonl", jsonl(SCORES))]
    for path in paths if table_first else paths[::-1]:
        log.ingest(path)
    assert log.ask("select call_id, value, label, kind from feedback") == [("53995c3f42cd8ad8", 1.0, "True", "human")]


def test_ids_that_a_program_counts_up_are_their_projects_own(tmp_path: Path) -> None:
    log = Log(tmp_path)
    rows = [ROWS[1] | {"id": "obs-1", "trace_id": f"t{i}", "project_id": f"p{i}", "usage_details": {"input": i, "output": 1, "total": i + 1}} for i in (1, 2)]
    log.ingest(log.write("a.jsonl", jsonl(rows)))
    assert log.ask("select input_tokens from calls order by 1") == [(1,), (2,)]


def test_one_run_of_an_assistant_is_several_calls(tmp_path: Path) -> None:
    """Ids that the provider gives to more than one call join nothing whose counts differ."""
    log = Log(tmp_path)
    told = {"attributes": json.dumps({"gen_ai.response.id": "chatcmpl-1"})}
    rows = [ROWS[1] | {"id": f"{i:016x}", "metadata": told, "usage_details": {"input": i, "output": 1, "total": i + 1}} for i in (1, 2)]
    log.ingest(log.write("a.jsonl", jsonl(rows)))
    assert log.ask("select input_tokens from calls order by 1") == [(1,), (2,)]


# Against real files. What they hold is counted here from the raw JSON, without the source's own code.


def counted(folder: Path) -> tuple[int, int, dict[str, tuple[int, int]]]:
    """(observations, steps, (input, output) by generation) of trace downloads."""
    observations = [item for path in sorted(folder.glob("*.json")) for item in json.loads(path.read_text(encoding="utf-8"))["observations"]]
    calls = {item["id"]: (item["inputUsage"], item["outputUsage"]) for item in observations if item["type"] in ("GENERATION", "EMBEDDING")}
    return len(observations), len(observations) - len(calls), calls


@pytest.mark.shared
def test_real_trace_downloads(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/app/langfuse/framework-traces"
    observations, steps, calls = counted(folder)
    log = Log(tmp_path)
    report = log.ingest(str(folder))
    assert report.total.records == observations + len(report.files)
    assert report.total.rejected == report.total.skipped == 0
    assert {row[0]: row[1:] for row in log.ask("select call_id, input_tokens, output_tokens from calls")} == calls
    assert log.ask("select count(*) from spans") == [(steps,)]
    assert log.ask("select count(*) from issues") == [(0,)]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["observations_blob_v3.jsonl", "observations_ui_export.csv", "observations_v2_blob_events_ms.jsonl"])
def test_real_exports_of_the_same_traces(name: str, shared: Path, tmp_path: Path) -> None:
    """The same calls; the same tokens where the export has them (blob rows of one trace carry no usage at all)."""
    folder = shared / "corpus/app/langfuse"
    observations, steps, calls = counted(folder / "framework-traces")
    log = Log(tmp_path)
    report = log.ingest(str(folder / "derived" / name))
    found = {row[0]: row[1:] for row in log.ask("select call_id, input_tokens, output_tokens from calls")}
    assert report.total.records == observations
    assert report.total.other == steps
    assert found.keys() == calls.keys()
    without = {identity for identity, pair in found.items() if pair == (None, None)}
    assert all(found[identity] == calls[identity] for identity in calls if identity not in without)
    assert len(without) == (0 if name.endswith(".csv") else 1)
    log.ingest(str(folder / "framework-traces"))
    assert {row[0]: row[1:] for row in log.ask("select call_id, input_tokens, output_tokens from calls")} == calls
    assert log.ask("select count(*) from spans") == [(steps,)]
