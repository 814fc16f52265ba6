"""LangSmith: runs of both API versions, of JSON lines and of bulk exports; leaves only; what each trap becomes."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.ingest.engine import run as ingest
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.langsmith import SOURCE

ROOT, LEAF, OTHER = (f"aaaaaaaa-0000-4000-8000-00000000000{i}" for i in (1, 2, 3))
USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def order(*ids: str) -> str:
    return ".".join(f"20260302T10000000000{i}Z{one}" for i, one in enumerate(ids))


def run(**more: Any) -> dict[str, Any]:
    row = {
        "id": LEAF,
        "trace_id": ROOT,
        "name": "ChatOpenAI",
        "run_type": "llm",
        "parent_run_id": ROOT,
        "dotted_order": order(ROOT, LEAF),
        "session_id": "project",
    }
    row |= {"start_time": "2026-03-02T10:00:00", "end_time": "2026-03-02T10:00:02", "first_token_time": None, "status": "success", "error": None, "tags": []}
    row |= {
        "inputs": {},
        "outputs": {"usage_metadata": USAGE},
        "extra": {"metadata": {"ls_model_name": "gpt-4o", "ls_provider": "openai"}},
        "feedback_stats": {},
    }
    return row | more


def root(**more: Any) -> dict[str, Any]:
    return run(id=ROOT, name="answer", run_type="chain", parent_run_id=None, dotted_order=order(ROOT), outputs={}, extra={}) | more


def read(*rows: Any, **context: Any) -> list[Outcome]:
    return list(SOURCE.read([Record(number, 0, 1, row) for number, row in enumerate(rows, 1)], Context("x.jsonl", b"k" * 16, **context)))


def call(*rows: Any, **context: Any) -> dict[str, Any]:
    (found,) = [outcome.call for outcome in read(*rows, **context) if outcome.kind == "call"]
    assert found is not None
    return found


@pytest.mark.parametrize("sample", SOURCE.samples, ids=lambda sample: sample.note[:40])
def test_samples(sample: Any) -> None:
    outcomes = read(*(json.loads(line) for line in sample.lines.strip().splitlines()))
    calls = [outcome.call for outcome in outcomes if outcome.call is not None]
    assert len(calls) == len(sample.want)
    for found, wanted in zip(calls, sample.want, strict=True):
        assert {name: found.get(name) for name in wanted} == wanted
    kinds = [outcome.kind for outcome in outcomes]
    counted = {kind + ("s" if kind == "call" else ""): kinds.count(kind) for kind in ("call", "other", "merged", "skipped", "rejected")}  # type: ignore[arg-type]
    assert counted | {"records": len(kinds)} == sample.counts


def details(sent: dict[str, Any], made: dict[str, Any] | None = None, **main: int) -> dict[str, Any]:
    return {"usage_metadata": USAGE | main | {"input_token_details": sent, "output_token_details": made or {}}}


@pytest.mark.parametrize(
    ("outputs", "want"),
    [
        pytest.param(details({"cache_read": 80}, {"reasoning": 5}), (100, 20, 80, None, 5), id="inclusive on both sides"),
        pytest.param(
            details({"cache_read": 13216, "cache_creation": 25}, input_tokens=3, output_tokens=12, total_tokens=15),
            (13244, 12, 13216, 25, None),
            id="t4: Bedrock's own count, a whole smaller than its parts",
        ),
        pytest.param(
            details({"cache_creation": 60, "ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 0}),
            (100, 20, None, 60, None),
            id="t7: whole and by lifetime",
        ),
        pytest.param(details({"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 20}), (100, 20, None, 60, None), id="by lifetime only"),
        pytest.param(details({"priority_cache_read": 30, "priority": 70}), (100, 20, 30, None, None), id="a tier as a prefix"),
        pytest.param(
            {"llm_output": {"token_usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}}, (7, 2, None, None, None), id="the old place"
        ),
        pytest.param({"generations": [[{"message": {"kwargs": {"usage_metadata": USAGE}}}]]}, (100, 20, None, None, None), id="inside a message"),
        pytest.param({}, (None, None, None, None, None), id="t19: absent"),
        pytest.param(details({}, input_tokens=0, output_tokens=0, total_tokens=0), (None, None, None, None, None), id="t19: zeros of a run that answered"),
    ],
)
def test_usage(outputs: dict[str, Any], want: tuple[int | None, ...]) -> None:
    found = call(run(outputs=outputs))
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    assert tuple(found.get(name) for name in names) == want


@pytest.mark.parametrize(
    ("columns", "want"),
    [
        ({"prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 50}, (50, 0, None, "reported")),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (None, None, None, "missing")),
        ({"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59, "prompt_token_details": '{"cache_read": 40}'}, (50, 9, 40, "reported")),
        ({"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59, "prompt_token_details": {"raw": {"cache_read": 40}}}, (50, 9, 40, "reported")),
        ({"prompt_tokens": "50", "completion_tokens": "9"}, (50, 9, None, "reported")),
    ],
)
def test_the_columns_of_the_run(columns: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(run(outputs=None, **columns))
    assert tuple(found.get(name) for name in ("input_tokens", "output_tokens", "cache_read_tokens", "usage_status")) == want


def test_a_tier_is_kept() -> None:
    assert call(run(outputs=details({"flex": 100})))["service_tier"] == "flex"


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"total_cost": "0.00150000"}, "0.001500000000"),
        ({"total_cost": 0.25}, "0.250000000000"),
        ({"total_cost": None, "prompt_cost": "0.1", "completion_cost": "0.2"}, "0.300000000000"),
        ({"total_cost": "0", "outputs": {}}, None),
        ({"total_cost": "0"}, "0E-12"),
        ({"total_cost": "x"}, None),
    ],
)
def test_costs_are_decimals_as_text(more: dict[str, Any], want: str | None) -> None:
    found = call(run(**more)).get("reported_usd")
    assert (None if found is None else str(found)) == want


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"first_token_time": "2026-03-02T10:00:00.400"}, (400.0, True, "client")),
        ({"events": '[{"name": "start"}, {"name": "new_token", "time": "2026-03-02T10:00:00.300"}]'}, (300.0, True, "event")),
        ({"extra": {"invocation_params": {"stream": False}}}, (None, False, None)),
        ({"first_token_time": "2026-03-02T10:00:02"}, (None, None, None)),
        ({"first_token_time": "2026-03-02T09:00:00"}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_time_to_first_token(more: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(run(**more))
    assert (found.get("ttft_ms"), found.get("stream"), found.get("ttft_basis")) == want


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({"status": "error", "error": "RateLimitError(\"Error code: 429 - {'error': {}}\")"}, ("error", 429, "rate_limit")),
        (
            {"status": "error", "error": 'Traceback (most recent call last):\n  File "x"\nopenai.APITimeoutError: Timed out.'},
            ("timeout", None, "timeout"),
        ),
        ({"status": "error", "error": "CancelledError()"}, ("cancelled", None, "client_cancel")),
        ({"status": "ERROR", "error": None, "error_preview": "InternalServerError: x"}, ("error", None, "server_error")),
        ({"status": "error", "error": None}, ("error", None, "unknown")),
        ({"status": "pending", "end_time": None}, ("unknown", None, None)),
        ({"status": None}, ("ok", None, None)),
        ({"status": "SUCCESS"}, ("ok", None, None)),
    ],
)
def test_status(more: dict[str, Any], want: tuple[Any, ...]) -> None:
    found = call(run(**more))
    assert (found["status"], found.get("status_code"), found.get("error_class")) == want


def test_t22_parents_hold_sums_and_are_steps() -> None:
    summed = {"prompt_tokens": 200, "completion_tokens": 40, "total_tokens": 240, "total_cost": "9"}
    rows = [root(**summed), run(), run(id=OTHER, dotted_order=order(ROOT, OTHER))]
    outcomes = read(*rows)
    assert [outcome.kind for outcome in outcomes] == ["other", "call", "call"]
    assert sum(outcome.call["input_tokens"] for outcome in outcomes if outcome.call) == 200


def test_t22_a_model_run_inside_a_model_run_is_one_call() -> None:
    """A traced function around a wrapped client: both say llm."""
    inner = run(id=OTHER, parent_run_id=LEAF, dotted_order=order(ROOT, LEAF, OTHER))
    outcomes = read(root(), run(), inner)
    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == [("other", ""), ("merged", "wrapper"), ("call", "")]


def test_t42_the_root_tells_what_its_calls_are_for_also_when_it_comes_last() -> None:
    told = root(extra={"metadata": {"thread_id": "th", "user_id": "u"}}, tags=["feature:search", "beta"])
    found = call(run(), told)
    assert (found["feature"], found["session_id"], found["user_id"]) == ("search", "th", "u")
    assert call(run(), root())["feature"] == "answer"
    assert call(run(), root(extra={"metadata": {"area": "a"}}), feature_from=("metadata.area",))["feature"] == "a"
    assert call(run(extra={"metadata": {"feature": "own"}}), told)["feature"] == "own"


def test_the_project_is_no_session() -> None:
    assert "session_id" not in call(run())
    assert call(run(thread_id="th-9"))["session_id"] == "th-9"


def test_shape_of_the_second_api() -> None:
    row = run(project_id="p", parent_run_ids=[ROOT, OTHER], run_type="LLM", status="SUCCESS", metadata={"ls_model_name": "gpt-4o", "user_id": "u7"})
    for name in ("session_id", "parent_run_id", "dotted_order", "extra"):
        del row[name]
    found = call(row)
    assert (found["trace_id"], found["parent_span_id"], found["user_id"], found["request_model"]) == (ROOT, OTHER, "u7", "gpt-4o")


def test_dotted_order_tells_trace_and_parent() -> None:
    row = run(trace_id=None, parent_run_id=None, dotted_order=order(ROOT, OTHER, LEAF))
    assert (call(row)["trace_id"], call(row)["parent_span_id"]) == (ROOT, OTHER)


def test_children_inside_their_parents() -> None:
    outcomes = read(root(child_runs=[run(child_runs=None), run(id=OTHER, run_type="retriever", outputs={"documents": [1, 2]})]))
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("other", False), ("call", True), ("other", True)]
    assert outcomes[2].rows["spans"][0]["document_count"] == 2


def test_pages() -> None:
    outcomes = read({"runs": [root(), run()], "cursors": {"next": None}})
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("skipped", False), ("other", True), ("call", True)]


@pytest.mark.parametrize(
    ("stats", "want"),
    [
        ({"thumb": {"n": 2, "avg": 0.5}}, [("thumb", 0.5, None)] * 2),
        ('{"thumb": {"n": 1, "avg": "1"}}', [("thumb", 1.0, None)]),
        ({"tone": {"n": 3, "avg": None, "values": {"polite": 2, "rude": 1}}}, [("tone", None, "polite")] * 2 + [("tone", None, "rude")]),
        ({"why": {"n": 1, "avg": None, "values": {"a comment that somebody wrote in many words": 1}}}, []),
        ({"x": None, "y": {"n": "?", "avg": True}, "z": {"n": 1, "avg": "1e3"}}, []),
    ],
)
def test_feedback_beside_a_run(stats: Any, want: list[tuple[Any, ...]]) -> None:
    (outcome,) = read(run(feedback_stats=stats))
    assert [(row["name"], row.get("value"), row.get("label")) for row in outcome.rows.get("feedback", ())] == want


def test_feedback_by_itself() -> None:
    row = {
        "id": "f",
        "run_id": LEAF,
        "trace_id": ROOT,
        "key": "correct",
        "score": True,
        "value": "yes",
        "comment": "prose",
        "created_at": "2026-03-02T10:00:00Z",
    }
    (outcome,) = read(row | {"feedback_source": {"type": "model"}, "session_id": "project"})
    (found,) = outcome.rows["feedback"]
    wanted = {"call_id": LEAF, "trace_id": ROOT, "name": "correct", "value": 1.0, "label": "yes", "kind": "judge", "session_id": None}
    assert {name: found.get(name) for name in wanted} == wanted
    assert "prose" not in repr(outcome)


def test_ids_of_answers_and_of_runs() -> None:
    inner = {"message": {"kwargs": {"id": "run--7", "response_metadata": {"id": "chatcmpl-abcd", "finish_reason": "tool_calls"}, "tool_calls": [{}, {}]}}}
    found = call(run(outputs={"generations": [[inner]]}))
    assert (found["response_id"], found["finish_reason"], found["tool_calls"]) == ("chatcmpl-abcd", "tool_calls", 2)
    assert "response_id" not in call(run(outputs={"a": {"id": "chatcmpl-abcd"}, "b": {"id": "chatcmpl-efgh"}}))


def test_prompts_of_the_hub_kinds_of_models_and_documents() -> None:
    hub = {"ls_model_name": "text-embedding-3-small", "lc_hub_repo": "greet", "lc_hub_commit_hash": "ab12", "revision_id": "v7"}
    found = call(run(extra={"metadata": hub}))
    assert (found["prompt_name"], found["prompt_version"], found["release"], found["operation"]) == ("greet", "ab12", "v7", "embeddings")
    assert call(run(extra={"metadata": {"ls_model_name": "m", "ls_model_type": "llm"}}))["operation"] == "text_completion"
    assert call(run(run_type="embedding", outputs=None, prompt_tokens=9))["output_tokens"] == 0
    (outcome,) = read(run(run_type="retriever", outputs='[{"a": 1}, {"b": 2}, {"c": 3}]'))
    assert outcome.rows["spans"][0]["document_count"] == 3


def test_no_text_leaves() -> None:
    row = run(inputs={"messages": [{"content": "secret words"}]}, outputs=json.dumps({"text": "unseen", "usage_metadata": USAGE}), error=None)
    found = call(row)
    assert (found["prompt_chars"], found["completion_chars"]) == (12, 6)
    assert "secret" not in repr(read(row))
    assert "unseen" not in repr(read(row))


@pytest.mark.parametrize("value", [run(), root(), {"runs": [run()], "cursors": {}}, {"run_id": LEAF, "key": "k", "score": 1, "trace_id": ROOT}])
def test_detection(value: dict[str, Any]) -> None:
    best, detection = sources.find(Head("a.jsonl", "ndjson", (value,)))[0]
    assert (best.name, detection.confidence >= 0.9) == ("langsmith", True)


def test_an_empty_export_is_known_by_its_columns() -> None:
    assert SOURCE.detect(Head("a.parquet", "parquet", (), ("id", "run_type", "trace_id")))
    assert SOURCE.detect(Head("a.csv", "csv", (), ("id", "model"))) is None


@pytest.mark.parametrize("value", [{"run_type": "nightly", "model": "m"}, {"resourceSpans": []}, {"runs": []}, {"runs": [1]}, {"items": [{"id": 1}]}, 7])
def test_other_formats_are_left_alone(value: Any) -> None:
    assert SOURCE.detect(Head("a.jsonl", "ndjson", (value,))) is None


BROKEN = st.sampled_from(
    (None, True, 0, -1, 2**70, float("nan"), "", "x", "{", "[1", "\ud800", [], {}, [[]], [None], {"a": None}, {"raw": 3}, [{"a": [1]}], {"n": {"avg": "x"}})
)
MORE = ("events", "child_runs", "metadata", "parent_run_ids", "prompt_token_details", "total_cost", "thread_id")


@given(st.dictionaries(st.sampled_from([*run(), *MORE]), BROKEN, max_size=10))
def test_a_corrupt_run_is_answered_for(broken: dict[str, Any]) -> None:
    outcomes = read(run(**broken), broken, 7, {"runs": [run(**broken)]}, {"run_id": LEAF, "key": "k", "score": 1} | broken, root(child_runs=[run(**broken)]))
    assert sum(not outcome.nested for outcome in outcomes) == 6


@pytest.fixture
def _unpriced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.ingest.batch.price_calls", lambda con, ingest_id, prices: None)


def ask(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.mark.usefixtures("_unpriced")
def test_a_bulk_export_in_partitions(tmp_path: Path) -> None:
    """Structures as JSON texts, instants as timestamps, the root in another file: the folders of the export are no labels."""
    rows = [root(extra={"metadata": {"feature": "search"}}), run(total_cost="0.5")]
    names = ("inputs", "outputs", "extra", "feedback_stats")
    for number, row in enumerate(rows):
        folder = tmp_path / f"export/export_id=e/tenant_id=t/session_id=p/runs/year=2026/month=3/day={number + 1}"
        folder.mkdir(parents=True)
        flat = {name: json.dumps(value) if name in names else value for name, value in row.items() if name not in ("session_id", "tags")}
        source = tmp_path / "x.json"
        source.write_text(json.dumps(flat), encoding="utf-8")
        times = ", ".join(f"{name}::timestamp as {name}" for name in ("start_time", "end_time"))
        duckdb.execute(f"copy (select * replace ({times}) from read_json('{source}')) to '{folder / 'data_0.parquet'}' (format parquet)")
    report = ingest([str(tmp_path / "export")], tmp_path / "out.duckdb")
    assert (report.errors, report.unknown, {file.source for file in report.files}) == ([], [], {"langsmith"})
    found = ask(tmp_path / "out.duckdb", "select call_id, duration_ms, input_tokens, reported_usd::double, session_id, feature, feature_basis from calls")
    assert found == [(LEAF, 2000.0, 100, 0.5, None, "search", "trace")]


@pytest.mark.usefixtures("_unpriced")
@pytest.mark.parametrize("backwards", [False, True])
def test_a_pending_run_is_completed_by_a_later_export(backwards: bool, tmp_path: Path) -> None:
    pending, done = run(status="pending", end_time=None, outputs=None), run()
    for number, row in enumerate([done, pending] if backwards else [pending, done]):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
        ingest([str(path)], tmp_path / "out.duckdb")
    assert ask(tmp_path / "out.duckdb", "select status, duration_ms, input_tokens from calls") == [("ok", 2000.0, 100)]


@pytest.mark.shared
@pytest.mark.usefixtures("_unpriced")
def test_against_the_key_of_the_synthetic_log(shared: Path, tmp_path: Path) -> None:
    """49 requests: tokens, cost, users and failures as the key says; the parents that repeat them are steps."""
    folder = shared / "corpus/app/synthetic"
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    report = ingest([str(folder / "langsmith_runs.jsonl")], tmp_path / "out.duckdb")
    assert (report.total.records, report.total.calls, report.total.other) == (98, 49, 49)
    found = ask(
        tmp_path / "out.duckdb",
        "select date_trunc('millisecond', started_at)::varchar, coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(cache_read_tokens, 0), "
        "coalesce(cache_write_tokens, 0), coalesce(reasoning_tokens, 0), round(coalesce(reported_usd, 0)::double, 8), status = 'ok', request_model, user_id "
        "from calls",
    )
    names = ("inp", "out", "cr", "cw", "reas")
    wanted = [(t["st"][:-1].replace("T", " ").rstrip("0"), *(t[name] for name in names), round(t["cost"], 8), t["ok"], t["model"], t["user"]) for t in truth]
    assert sorted((row[0].rstrip("0"), *row[1:]) for row in found) == sorted(wanted, key=lambda row: (*row[:-1], row[-1] or ""))
    streams = sum(1 for t in truth if t["fb"] and t["stream"])
    assert ask(tmp_path / "out.duckdb", "select count(ttft_ms) from calls") == [(streams,)]
    classes = dict(ask(tmp_path / "out.duckdb", "select error_class, count(*) from calls where error_class is not null group by all"))
    assert {name: classes[name] for name in ("rate_limit", "context_length", "timeout", "server_error")} == dict.fromkeys(
        ("rate_limit", "context_length", "timeout", "server_error"), 1
    )
