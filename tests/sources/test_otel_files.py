"""Traces in files as they come: rotated, overlapping, indented, packed; one ingest or many, in any order, the same tables."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from llmlogs.ingest import engine
from llmlogs.store import database
from tests.sources.otel_helpers import START, TRACE, chat, export, span


def requests(count: int) -> list[dict[str, Any]]:
    """One line a request: an app's span, an agent's, two calls told by a framework and by an SDK."""
    lines = []
    for n in range(1, count + 1):
        trace, ids = f"{n:032x}", [f"{name}{n}" for name in "abcdef"]
        at = n * 10_000
        run = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper", "gen_ai.usage.input_tokens": 300 + 2 * n}
        first, second = chat(100 + n, 10, f"chatcmpl-{n}a"), chat(200 + n, 20, f"chatcmpl-{n}b")
        lines.append(
            export(
                ("app", [span(ids[0], trace=trace, begin=at, end=at + 3000, a={"http.request.method": "POST", "app.feature": "faq"})]),
                ("agents", [
                    span(ids[1], ids[0], trace=trace, begin=at, end=at + 2900, a=run),
                    span(ids[2], ids[1], trace=trace, begin=at, end=at + 1000, a=first),
                    span(ids[3], ids[1], trace=trace, begin=at + 1100, end=at + 2000, a=second),
                ]),
                ("sdk", [
                    span(ids[4], ids[2], trace=trace, begin=at + 10, end=at + 990, a=first | {"http.response.status_code": 200}),
                    span(ids[5], ids[3], trace=trace, begin=at + 1110, end=at + 1990, a=second | {"http.response.status_code": 200}),
                ]),
            )
        )  # fmt: skip
    return lines


def write(path: Path, lines: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def tables(db: Path) -> tuple[Any, Any]:
    con = database.open_for_read(db)
    try:
        calls = con.execute(
            "select call_id, trace_id, span_id, input_tokens, output_tokens, feature, status_code, duration_ms from calls order by 1"
        ).fetchall()
        return calls, con.execute("select trace_id, span_id, parent_span_id, kind from spans order by 1, 2").fetchall()
    finally:
        con.close()


def test_lines_in_any_order_and_copies_give_the_same_tables(tmp_path: Path) -> None:
    lines = requests(6)
    whole = write(tmp_path / "whole.jsonl", lines)
    engine.run([whole], tmp_path / "d0")
    want = tables(tmp_path / "d0")
    assert len(want[0]) == 12
    assert {row[5:] for row in want[0]} == {("faq", 200, 1000.0), ("faq", 200, 900.0)}
    shuffled = write(tmp_path / "shuffled.jsonl", [lines[n] for n in (3, 0, 5, 1, 4, 2)])
    early, late = write(tmp_path / "early.jsonl", lines[:4]), write(tmp_path / "late.jsonl", lines[2:])
    for n, runs in enumerate([[[shuffled]], [[early, late]], [[late], [early]], [[whole], [shuffled, early]]], start=1):
        for paths in runs:
            engine.run(paths, tmp_path / f"d{n}")
        assert tables(tmp_path / f"d{n}") == want, runs


def test_a_trace_cut_by_a_rotation_gives_the_same_calls(tmp_path: Path) -> None:
    """The framework's spans in one file and the SDK's in the next: the provider's id brings them together."""
    frameworks, sdks = [], []
    for line in requests(4):
        (resource,) = line["resourceSpans"]
        frameworks.append({"resourceSpans": [resource | {"scopeSpans": resource["scopeSpans"][:2]}]})
        sdks.append({"resourceSpans": [resource | {"scopeSpans": resource["scopeSpans"][2:]}]})
    one, other = write(tmp_path / "one.jsonl", frameworks), write(tmp_path / "other.jsonl", sdks)
    engine.run([write(tmp_path / "whole.jsonl", requests(4))], tmp_path / "d")
    want = [(row[0], row[3], row[4], row[6]) for row in tables(tmp_path / "d")[0]]
    for n, runs in enumerate([[[one, other]], [[other, one]], [[one], [other]], [[other], [one]]]):
        for paths in runs:
            engine.run(paths, tmp_path / f"d{n}")
        assert [(row[0], row[3], row[4], row[6]) for row in tables(tmp_path / f"d{n}")[0]] == want


def test_the_root_of_a_trace_in_another_file_still_names_the_feature(tmp_path: Path) -> None:
    """The app's spans in one file, all others in the next: as if all stood in one."""
    apps, others = [], []
    for line in requests(3):
        (resource,) = line["resourceSpans"]
        apps.append({"resourceSpans": [resource | {"scopeSpans": resource["scopeSpans"][:1]}]})
        others.append({"resourceSpans": [resource | {"scopeSpans": resource["scopeSpans"][1:]}]})
    one, other = write(tmp_path / "one.jsonl", apps), write(tmp_path / "other.jsonl", others)
    engine.run([write(tmp_path / "whole.jsonl", requests(3))], tmp_path / "d")
    want = tables(tmp_path / "d")[0]
    for n, runs in enumerate([[[one, other]], [[other, one]], [[one], [other]], [[other], [one]]]):
        for paths in runs:
            engine.run(paths, tmp_path / f"d{n}")
        assert tables(tmp_path / f"d{n}")[0] == want, runs


def test_a_file_that_grows(tmp_path: Path) -> None:
    lines = requests(4)
    path = Path(write(tmp_path / "log.jsonl", lines[:2]))
    engine.run([str(path)], tmp_path / "d")
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines[2:]))
    engine.run([str(path)], tmp_path / "d")
    engine.run([write(tmp_path / "whole.jsonl", lines)], tmp_path / "e")
    assert tables(tmp_path / "d") == tables(tmp_path / "e")


LONE = [
    {"name": "chat", "context": {"trace_id": "0x" + TRACE, "span_id": f"0x{n:016x}"}, "kind": "SpanKind.CLIENT", "parent_id": None, "attributes": chat(9, 2),
     "start_time": "2026-03-02T10:00:00.000000Z", "end_time": "2026-03-02T10:00:01.000000Z", "status": {"status_code": "UNSET"}, "events": [], "links": []}
    for n in range(1, 4)
]  # fmt: skip
CONTAINERS = {
    "indented objects, one after the other": "\n".join(json.dumps(one, indent=4) for one in LONE),
    "an array of spans": json.dumps(LONE),
    "lines": "\n".join(map(json.dumps, LONE)) + "\n",
    "an array of exports": json.dumps([export(("x", [span("1", a=chat(9, 2)), span("2", a=chat(9, 2))])), export(("x", [span("3", a=chat(9, 2))]))]),
    "one indented export": json.dumps(export(("x", [span(str(n), a=chat(9, 2)) for n in range(1, 4)])), indent=2),
    "a page of an API": json.dumps({"data": [span(str(n), a=chat(9, 2)) for n in range(1, 4)], "next_cursor": None}),
}


@pytest.mark.parametrize(("container", "packed"), list(itertools.product(CONTAINERS, [False, True])))
def test_every_container(container: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "spans"
    data = CONTAINERS[container].encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    report = engine.run([str(path)], tmp_path / "d")
    (file,) = report.files
    assert (file.source, file.counts.calls, file.counts.rejected, file.error) == ("otel", 3, 0, "")
    assert [row[3:5] for row in tables(tmp_path / "d")[0]] == [(9, 2)] * 3


def test_lines_of_megabytes_are_read_as_lines(tmp_path: Path) -> None:
    big = export(("x", [span(f"{n}", trace=f"{n:032x}", a=chat(9, 2) | {"note": "x" * 2000}) for n in range(1, 100)]))
    report = engine.run([write(tmp_path / "log.jsonl", [big, big])], tmp_path / "d")
    assert [(file.carrier, file.counts.calls, file.counts.merged) for file in report.files] == [("ndjson", 99, 99)]


def test_broken_lines_do_not_cost_their_neighbours(tmp_path: Path) -> None:
    good = json.dumps(export(("x", [span("1", a=chat(9, 2))])))
    bad = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [5, {"traceId": 1}, None]}]}]})
    path = tmp_path / "log.jsonl"
    path.write_text(f'{good}\n{{"resourceSpans": [\n{bad}\n[1]\n{{"resourceMetrics": []}}\n{good[:-5]}', encoding="utf-8")
    report = engine.run([str(path)], tmp_path / "d")
    (file,) = report.files
    assert (file.source, file.counts.calls, file.counts.rejected, file.counts.skipped) == ("otel", 1, 5, 1)
    assert file.counts.pending_bytes == len(good) - 5
    assert file.counts.balanced


def test_times_are_utc(tmp_path: Path) -> None:
    engine.run([write(tmp_path / "log.jsonl", [export(("x", [span("1", a=chat(9, 2))]))])], tmp_path / "d")
    con = database.open_for_read(tmp_path / "d")
    try:
        assert con.execute("select epoch_us(started_at) from calls").fetchall() == [(START // 1000,)]
    finally:
        con.close()
