"""Phoenix: every form of its exports gives the same calls, annotations find their call, cells of a CSV are parsed and never run."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from trace_helpers import Db, calls, closes, damaged, read, records_of, rows

from llmlogs.sources import find
from llmlogs.sources.base import Context, Head
from llmlogs.sources.phoenix import SOURCE, spans

GOOD = (
    *records_of(*(sample.lines for sample in SOURCE.samples)),
    {"table": "spans", "row": {"id": 1, "trace_rowid": 7, "span_id": "a", "name": "n", "span_kind": "LLM", "attributes": "{}", "events": "[]"}},
    {"table": "traces", "row": {"id": 7, "trace_id": "t"}},
    {"table": "span_annotations", "row": {"id": 1, "span_rowid": 1, "name": "tone", "label": "good", "annotator_kind": "HUMAN"}},
    {"span_id": "00000000000000a1", "annotation_name": "tone", "annotator_kind": "HUMAN", "result.label": "good", "result.score": 1.0},
)
TRACE = "0" * 28 + "abcd"


def frame(own: str, kind: str = "LLM", parent: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of get_spans_dataframe(); attributes by their dotted names."""
    named = {name: value for name, value in more.items() if not name.startswith("attributes.")}
    return {
        "name": f"{kind.lower()} {own}", "span_kind": kind, "parent_id": f"{parent:0>16}" if parent else None, "start_time": "2026-03-02T10:00:00.000Z",
        "end_time": "2026-03-02T10:00:01.000Z", "status_code": "OK", "status_message": "", "events": [], "context.span_id": f"{own:0>16}",
        "context.trace_id": TRACE,
    } | named | {name: value for name, value in more.items() if name.startswith("attributes.")}  # fmt: skip


def rest(own: str, kind: str = "LLM", parent: str | None = None, attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A span of the REST API."""
    made = frame(own, kind, parent)
    context = {"span_id": made.pop("context.span_id"), "trace_id": made.pop("context.trace_id")}
    return {"id": "U3Bhbjo1"} | made | {"context": context, "attributes": attributes or {}} | more


def counts(sent: float | None, made: float | None, **more: Any) -> dict[str, Any]:
    told = {"attributes.llm.token_count.prompt": sent, "attributes.llm.token_count.completion": made, "attributes.llm.model_name": "gpt-9"}
    return told | {f"attributes.llm.token_count.{name}": value for name, value in more.items()}


def test_nan_is_null_and_zero_is_zero() -> None:
    """Pandas turns counts into floats and absent ones into NaN."""
    (call,) = calls(SOURCE, frame("1", **counts(float("nan"), float("nan"))))
    assert ("input_tokens" in call, call["usage_status"]) == (False, "missing")
    (call,) = calls(SOURCE, frame("1", **counts(9.0, 0.0)))
    assert (call["input_tokens"], call["output_tokens"]) == (9, 0)


@pytest.mark.parametrize("absent", ["nan", "NaN", "None", "", float("nan"), None])
def test_a_root_has_no_parent_however_that_is_written(absent: Any) -> None:
    assert spans._plain(absent) is None
    assert spans._plain("a1b2c3d4e5f60718") == "a1b2c3d4e5f60718"


def test_t4_a_prompt_smaller_than_its_cache_leaves_it_out() -> None:
    details = {"prompt_details.cache_read": 13216.0, "prompt_details.cache_write": 25.0}
    (call,) = calls(SOURCE, frame("1", **counts(3.0, 12.0, **details)))
    assert (call["input_tokens"], call["cache_read_tokens"], call["cache_write_tokens"], call["output_tokens"]) == (13244, 13216, 25, 12)


def test_t22_cumulative_columns_and_agents_are_no_calls() -> None:
    agent = frame("1", "AGENT", **{"attributes.gen_ai": {"aggregated_usage": {"input_tokens": 30}}, "cumulative_token_count.prompt": 30})
    lines = [agent, frame("2", "CHAIN", "1"), frame("3", parent="2", **counts(10.0, 1.0)), frame("4", parent="2", **counts(20.0, 2.0))]
    for order in (lines, lines[::-1]):
        outcomes = read(SOURCE, *order)
        closes(outcomes, 4)
        assert sorted((o.call or {})["input_tokens"] for o in outcomes if o.kind == "call") == [10, 20]


def test_what_came_in_two_dialects_is_one_span_and_an_sdk_inside_a_framework_one_call() -> None:
    both = {"attributes.gen_ai": {"usage": {"input_tokens": 10, "output_tokens": 1}, "response": {"id": "msg_made_up_2"}}}
    outcomes = read(SOURCE, frame("1", **counts(10.0, 1.0), **both), frame("2", parent="1", **counts(10.0, 1.0), **both))
    assert sorted(o.kind for o in outcomes) == ["call", "merged"]


def test_the_application_s_labels_are_kept_together() -> None:
    """`metadata` is an object in a frame and flat in REST; it may be a JSON text in both."""
    for told in (
        frame("1", **counts(1.0, 1.0), **{"attributes.metadata": {"team": "care", "tier": "gold"}}),
        frame("1", **counts(1.0, 1.0), **{"attributes.metadata": '{"team": "care", "tier": "gold"}'}),
        rest("1", attributes={"metadata.team": "care", "metadata.tier": "gold"}),
        rest("1", attributes={"metadata": '{"team": "care", "tier": "gold"}'}),
    ):
        (call,) = calls(SOURCE, told)
        assert (call["team"], call["tags"]) == ("care", '{"tier":"gold"}')
    (call,) = calls(SOURCE, rest("1", attributes={"metadata.tier": "gold"}), context=Context("x", feature_from=("metadata.tier",)))
    assert call["feature"] == "gold"


def test_retrieval_counts_its_documents() -> None:
    listed = frame("1", "RETRIEVER", **{"attributes.retrieval.documents": [{"document.content": "?"}, {"document.content": "?"}]})
    numbered = rest("1", "RETRIEVER", attributes={"retrieval.documents.0.document.content": "?", "retrieval.documents.1.document.content": "?"})
    for told in (listed, numbered):
        assert [row["document_count"] for row in rows(SOURCE, "spans", told)] == [2]


ANNOTATIONS = [
    (
        {"span_id": "a", "annotation_name": "n", "annotator_kind": "HUMAN", "result.label": "good", "result.score": 1.0, "result.explanation": "private"},
        {"name": "n", "kind": "human", "label": "good", "value": 1.0, "span_id": "a"},
    ),
    (
        {"id": "x", "trace_id": "t", "name": "n", "annotator_kind": "LLM", "result": {"label": None, "score": 0.5, "explanation": "private"}},
        {"name": "n", "kind": "judge", "value": 0.5, "trace_id": "t"},
    ),
    (
        {"session_id": "s", "name": "n", "annotator_kind": "CODE", "result": "{'label': 'yes', 'score': nan}", "updated_at": "2026-03-02T10:00:00Z"},
        {"name": "n", "kind": "code", "label": "yes", "session_id": "s"},
    ),
    ({"span_id": "a", "name": "note", "annotator_kind": "HUMAN", "result": {"explanation": "private"}}, None),
    ({"span_id": "a", "name": "n", "annotator_kind": "HUMAN", "result": {"label": "private words of a long story that somebody told"}}, None),
]


@pytest.mark.parametrize(("told", "want"), ANNOTATIONS)
def test_annotations(told: dict[str, Any], want: dict[str, Any] | None) -> None:
    (outcome,) = read(SOURCE, told)
    assert "private" not in str(outcome)
    if want is None:
        assert (outcome.kind, outcome.reason) == ("skipped", "annotation without a score or a label")
    else:
        (row,) = outcome.rows["feedback"]
        assert {name: row.get(name) for name in want} == want


def test_an_annotation_finds_its_call_whichever_is_read_first(tmp_path: Path) -> None:
    """Also when it is read again, as another file, after it was linked."""
    call = frame("2", parent="1", **counts(1.0, 1.0), **{"attributes.gen_ai": {"response": {"id": "msg_made_up_3"}}})
    spans = [frame("1", "CHAIN"), call]
    notes = [{"span_id": f"{own:0>16}", "annotation_name": "n", "annotator_kind": "HUMAN", "result.score": own} for own in (1, 2)]
    for name, content in {"spans": spans, "notes": notes, "again": [*notes, {**notes[0], "annotation_name": "m"}]}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in content), encoding="utf-8")
    want = [("m", None, TRACE, 1.0), ("n", None, TRACE, 1.0), ("n", "msg_made_up_3", TRACE, 2.0)]
    for number, order in enumerate((("spans", "notes", "again"), ("notes", "spans", "again"), ("notes", "again", "spans"))):
        place = tmp_path / str(number)
        place.mkdir()
        for name in order:
            db = Db(place, tmp_path / f"{name}.jsonl")
            assert [file.source for file in db.report.files] == ["phoenix"]
        assert db.ask("select name, call_id, trace_id, value from feedback order by name, value") == want, order


def test_phoenix_s_own_database(tmp_path: Path) -> None:
    """Judgements stand before spans and spans before the ids of their traces; sums on spans are not counted."""
    nested = {"llm": {"token_count": {"prompt": 10, "completion": 2}, "model_name": "gpt-9"}, "openinference": {"span": {"kind": "LLM"}}}
    told = {"end_time": "2026-03-02 10:00:01.000000", "events": "[]", "status_code": "OK", "status_message": "", "cumulative_llm_token_count_prompt": 10}
    tables: dict[str, list[dict[str, Any]]] = {
        "spans": [
            {"id": 1, "trace_rowid": 7, "span_id": f"{1:0>16}", "parent_id": None, "name": "app", "span_kind": "CHAIN", "start_time": "2026-03-02 10:00:00",
             "attributes": json.dumps({"user": {"id": "ann"}}), **told},
            {"id": 2, "trace_rowid": 7, "span_id": f"{2:0>16}", "parent_id": f"{1:0>16}", "name": "llm", "span_kind": "LLM",
             "start_time": "2026-03-02 10:00:00.500000", "attributes": json.dumps(nested), **told},
        ],
        "traces": [{"id": 7, "trace_id": TRACE, "project_rowid": 1}],
        "span_annotations": [{"id": 1, "span_rowid": 2, "name": "tone", "label": "kind", "score": 0.5, "annotator_kind": "LLM"},
                             {"id": 2, "span_rowid": 2, "name": "note", "label": None, "score": None, "annotator_kind": "HUMAN"}],
        "trace_annotations": [{"id": 1, "trace_rowid": 7, "name": "all", "label": None, "score": 1.0, "explanation": "private", "annotator_kind": "HUMAN"}],
        "document_annotations": [{"id": 1, "span_rowid": 2, "name": "note", "explanation": "private"}],
        "users": [{"id": 1, "email": "ann@example.com"}],
    }  # fmt: skip
    with closing(sqlite3.connect(tmp_path / "phoenix.db")) as con:
        for table, lines in tables.items():
            con.execute(f"create table {table} ({', '.join(lines[0])})")
            con.executemany(f"insert into {table} values ({', '.join('?' * len(lines[0]))})", [tuple(line.values()) for line in lines])
        con.commit()
    db = Db(tmp_path, tmp_path / "phoenix.db")
    assert [file.source for file in db.report.files] == ["phoenix"]
    assert db.ask("select trace_id, user_id, input_tokens, duration_ms from calls") == [(TRACE, "ann", 10, 500.0)]
    assert db.ask("select name, trace_id, parent_span_id from spans") == [("app", TRACE, None)]
    assert db.ask("select name, value, kind, trace_id, call_id is not null from feedback order by name") == [
        ("all", 1.0, "human", TRACE, False),
        ("tone", 0.5, "judge", TRACE, True),
    ]
    counts = db.report.files[0].counts
    assert (counts.records, counts.calls, counts.other, counts.skipped) == (8, 1, 3, 4)


def test_less_usual_members() -> None:
    """A bool as a score; attributes in one column; a row of `spans` without a trace; a text of a CSV that is JSON."""
    (outcome,) = read(SOURCE, {"span_id": "a", "name": "n", "annotator_kind": "CODE", "result": {"score": True}})
    assert outcome.rows["feedback"][0]["value"] == 1.0
    (call,) = calls(SOURCE, frame("1") | {"attributes": {"llm": {"token_count": {"prompt": 4}, "model_name": "gpt-9"}}})
    assert call["input_tokens"] == 4
    assert [o.kind for o in read(SOURCE, {"table": "spans", "row": {"id": 1, "span_id": "a"}})] == ["skipped"]


def test_evaluations_in_columns_go_with_their_span(tmp_path: Path) -> None:
    """Arize's own exports have them beside the span."""
    told = frame("1", **counts(1.0, 1.0), **{"eval.Tone.label": "kind", "eval.Tone.score": 0.5, "eval.Tone.explanation": "private", "eval.None.label": None})
    (outcome,) = read(SOURCE, told)
    assert [(row["name"], row["label"], row["value"]) for row in outcome.rows["feedback"]] == [("Tone", "kind", 0.5)]
    (tmp_path / "e.jsonl").write_text(json.dumps(told), encoding="utf-8")
    assert Db(tmp_path, tmp_path / "e.jsonl").one("select f.value, c.span_id from feedback f join calls c using (call_id)") == (0.5, f"{1:0>16}")


def test_every_form_gives_the_same_calls(tmp_path: Path) -> None:
    told = {"attributes.gen_ai": {"response": {"id": "msg_made_up_4"}, "request": {"stream": True}}, "attributes.app": {"feature": "faq"}}
    event = {"name": "First Token Stream Event", "timestamp": "2026-03-02T10:00:00.250000+00:00", "attributes": {}}
    lines = [frame("1", "CHAIN", **{"attributes.user.id": "ann"}), frame("2", parent="1", events=[event], **counts(10.0, 2.0), **told)]
    flat = {"gen_ai.response.id": "msg_made_up_4", "gen_ai.request.stream": True, "app.feature": "faq", "llm.model_name": "gpt-9"}
    flat |= {"llm.token_count.prompt": 10, "llm.token_count.completion": 2}
    pages = {"data": [rest("1", "CHAIN", attributes={"user.id": "ann"}), rest("2", parent="1", attributes=flat, events=[event])], "next_cursor": None}
    names = list(dict.fromkeys(name for line in lines for name in line))
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (tmp_path / "r.json").write_text(json.dumps(pages), encoding="utf-8")
    with (tmp_path / "f.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([[line.get(name, "") if line.get(name) is not None else "" for name in names] for line in lines])
    duckdb.sql(f"copy (select * from read_json('{tmp_path}/f.jsonl')) to '{tmp_path}/f.parquet' (format parquet)")
    seen = []
    for name in ("f.jsonl", "f.csv", "f.parquet", "r.json"):
        place = tmp_path / name.replace(".", "_")
        place.mkdir()
        db = Db(place, tmp_path / name)
        assert [file.source for file in db.report.files] == ["phoenix"], name
        columns = "call_id, span_id, parent_span_id, user_id, feature, input_tokens, output_tokens, ttft_ms, stream, duration_ms, request_model, status"
        seen.append(db.ask(f"select {columns} from calls"))
        assert db.one("select count(*), min(kind) from spans") == (1, "chain"), name
    assert seen == [seen[0]] * 4
    assert seen[0][0][:8] == ("msg_made_up_4", f"{2:0>16}", f"{1:0>16}", "ann", "faq", 10, 2, 250.0)


def test_a_cell_is_parsed_and_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hostile = f"[__import__('pathlib').Path({str(marker)!r}).touch()]"
    for cell in (hostile, "{'a': " * 300, "[" * 100_000, "{'usage': {'input_tokens': (lambda: 5)()}}", "{'x': 1" + "0" * 5000 + "}"):
        outcomes = read(SOURCE, frame("1", **{"attributes.gen_ai": cell, "events": cell}))
        closes(outcomes, 1)
    assert not marker.exists()


def test_no_text_is_kept() -> None:
    told = {"attributes.input.value": "my secret", "attributes.output.value": "a secret", "attributes.llm.input_messages": [{"message.content": "secret"}]}
    outcomes = read(SOURCE, frame("1", **counts(1.0, 1.0), **told))
    assert "secret" not in str(outcomes)
    (call,) = calls(SOURCE, frame("1", **counts(1.0, 1.0), **told))
    assert (call["prompt_chars"], call["completion_chars"]) == (9, 8)


def test_detection() -> None:
    def sure(*values: Any, columns: tuple[str, ...] = ()) -> float:
        found = SOURCE.detect(Head("x", "ndjson", values, columns))
        return found.confidence if found else 0.0

    assert sure(frame("1")) > 0.95
    assert sure(columns=("context.span_id", "context.trace_id", "name")) > 0.95
    assert sure(rest("1")) > 0.95
    assert sure(ANNOTATIONS[0][0]) > 0.9
    assert 0.9 < sure({"data": [rest("1"), rest("2")], "next_cursor": None}) < sure(rest("1"))
    assert sure({"data": [ANNOTATIONS[1][0]], "next_cursor": None}) > 0.9
    assert sure({"context": {"span_id": "x"}, "name": "y", "kind": "SpanKind.CLIENT", "attributes": {}}) == 0
    assert sure({"data": [1, 2]}, "x", None) == 0
    best = [found[0][0].name for value in (rest("1"), frame("1")) if (found := find(Head("x", "ndjson", (value,))))]
    assert best == ["phoenix", "phoenix"]


@given(damaged(GOOD))
def test_damaged_records_never_raise_and_are_all_accounted_for(values: list[Any]) -> None:
    closes(read(SOURCE, *values), len(values))


FORMS = ("phoenix_spans.parquet", "phoenix_spans_df.jsonl", "phoenix_spans_df.csv", "rest_spans.json")
TOLD = ("response_id", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "status", "status_code", "error_class",
        "session_id", "user_id", "feature", "stream", "request_model", "response_model", "operation", "attempts")  # fmt: skip


@pytest.mark.shared
def test_four_forms_of_the_corpus_give_the_same_calls_and_what_the_emitters_wrote(shared: Path, tmp_path: Path) -> None:
    """The spans were made by two instrumentations; what each of them wrote is known apart. The REST page holds the newest 50 of the 58 spans."""
    folder = shared / "corpus/app/phoenix_generated"
    expected = json.loads((shared / "oracle/expected_otel.json").read_text(encoding="utf-8"))
    wrote = [expected[emitter]["in_the_file"] for emitter in ("openinference", "pydantic_ai")]
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "ok_calls", "errors")
    want = tuple(sum(one[name] for one in wrote) for name in names)
    seen: dict[str, dict[str, Any]] = {}
    for name in FORMS:
        place = tmp_path / name.replace(".", "_")
        place.mkdir()
        db = Db(place, folder / name)
        assert [file.source for file in db.report.files] == ["phoenix"], name
        seen[name] = {call["span_id"]: call for call in db.calls()}
        if name != "rest_spans.json":
            got = db.one(
                "select sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_read_tokens)::bigint, sum(cache_write_tokens)::bigint, "
                "count(*) filter (status = 'ok'), count(*) filter (status <> 'ok') from calls"
            )
            assert got == want, name
    reference = seen[FORMS[0]]
    page = json.loads((folder / "rest_spans.json").read_text(encoding="utf-8"))["data"]
    held = {span["context"]["span_id"] for span in page}
    for name, found in seen.items():
        wanted = set(reference) if name != "rest_spans.json" else {span for span in reference if span in held and reference[span]["parent_span_id"] in held}
        assert wanted <= set(found), name
        for span in wanted:
            assert {column: found[span][column] for column in TOLD} == {column: reference[span][column] for column in TOLD}, (name, span)
            assert found[span]["duration_ms"] == pytest.approx(reference[span]["duration_ms"], abs=2), (name, span)


@pytest.mark.shared
def test_all_files_of_the_corpus_together_are_the_same_calls_once(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/app/phoenix_generated"
    paths = [folder / name for name in (*FORMS, "phoenix_annotations.jsonl")]
    one, all_of_them = tmp_path / "one", tmp_path / "all"
    one.mkdir(), all_of_them.mkdir()
    query = "select count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint from calls"
    db = Db(all_of_them, *paths)
    assert db.one(query) == Db(one, paths[0]).one(query)
    note = json.loads((folder / "phoenix_annotations.jsonl").read_text(encoding="utf-8"))
    span, trace, value, label = db.one("select span_id, trace_id, value, label from feedback")
    assert (span, value, label) == (note["span_id"], note["result.score"], note["result.label"])
    assert db.one(f"select min(trace_id) from spans where span_id = '{span}'") == (trace,)
