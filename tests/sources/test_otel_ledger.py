"""Exports of eight emitters against the ledger of the model servers they talked to. Needs the folder of real data beside the checkout."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from llmlogs.ingest import engine
from llmlogs.store import database

pytestmark = pytest.mark.shared
FOLDER = "corpus/app/otel_generated"
UNTOLD = ("nousage", "no usage", "drop")  # requests whose usage the server never sent, or the client never read
EMITTERS = {
    # emitter: (words of requests whose usage the emitter did not write, embeddings in the file, unknown usage, failed calls, calls with a first token)
    "langfuse_sdk": ((), 0, 1, 2, 2),
    "logfire_openai": ((), 0, 0, 2, 1),
    "openinference": ((), 1, 1, 5, 4),
    "otelv2": ((), 1, 1, 5, 1),
    "otelv2_latest": ((), 1, 1, 5, 1),
    "pydantic_ai": ((" stream ",), 0, 1, 2, 1),
    "traceloop": ((), 1, 1, 5, 4),
    "vercel_ai_sdk_v6": ((), 1, 0, 2, 2),
}


def served(shared: Path, emitter: str) -> list[dict[str, Any]]:
    """What the servers answered to requests of that emitter."""
    rows = [json.loads(line) for line in (shared / FOLDER / "upstream_ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if str(row.get("text", "")).startswith(f"[[{emitter}]]")]


def counts(row: dict[str, Any]) -> tuple[int, int]:
    """(input with the cache, output) of a served request."""
    usage = row["usage"]
    cached = (usage.get("cache_read_input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    return usage.get("prompt_tokens", 0) + usage.get("input_tokens", 0) + cached, usage.get("completion_tokens", 0) + usage.get("output_tokens", 0)


def ingested(shared: Path, emitter: str, db: Path) -> list[dict[str, Any]]:
    report = engine.run([str(shared / FOLDER / f"{emitter}.traces.otlp.jsonl")], db)
    assert [(file.source, file.error, file.counts.rejected) for file in report.files] == [("otel", "", 0)]
    con = database.open_for_read(db)
    try:
        cursor = con.execute("select * from calls")
        return [dict(zip([column[0] for column in cursor.description or ()], row, strict=True)) for row in cursor.fetchall()]
    finally:
        con.close()


@pytest.mark.parametrize("emitter", EMITTERS)
def test_calls_equal_what_was_served(emitter: str, shared: Path, tmp_path: Path) -> None:
    """Every id once and with its own counts; sums equal the ledger without what the emitter never wrote; unknown stays unknown."""
    untold, embeddings, unknown, failed, first_tokens = EMITTERS[emitter]
    calls, ledger = ingested(shared, emitter, tmp_path / "d"), served(shared, emitter)
    good = [row for row in ledger if row["status"] == 200]
    told = [row for row in good if not any(word in row["text"] for word in (*UNTOLD, *untold))]
    by_id = {row["id"]: row for row in good}
    ids = [call["response_id"] for call in calls if call["response_id"]]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(by_id)
    for call in calls:
        if call["response_id"] and call["input_tokens"] is not None:
            sent, made = counts(by_id[call["response_id"]])
            assert (call["input_tokens"], 0 <= call["output_tokens"] - made <= 1) == (sent, True)  # OpenLLMetry counts a stream's last token twice
    assert sum(call["input_tokens"] or 0 for call in calls) == sum(counts(row)[0] for row in told) + 7 * embeddings
    assert 0 <= sum(call["output_tokens"] or 0 for call in calls) - sum(counts(row)[1] for row in told) <= 1
    assert sum(call["status"] == "ok" and call["input_tokens"] is None for call in calls) == unknown
    assert sum(call["status"] != "ok" for call in calls) == failed
    assert sum(call["ttft_ms"] is not None for call in calls) == first_tokens


@pytest.mark.parametrize("emitter", EMITTERS)
def test_failed_calls_are_the_requests_that_never_succeeded(emitter: str, shared: Path, tmp_path: Path) -> None:
    """By the HTTP status the server gave last; a request that succeeded at a later try is a call that went well."""
    last: dict[str, int] = {}
    for row in served(shared, emitter):
        last[row["text"]] = row["status"]
    want = sorted(status for status in last.values() if status >= 400)
    failed = [call for call in ingested(shared, emitter, tmp_path / "d") if call["status"] == "error"]
    if emitter == "vercel_ai_sdk_v6":  # writes messages without a code
        assert sorted(call["error_class"] for call in failed) == ["context_length", "rate_limit"]
    else:
        assert sorted(call["status_code"] for call in failed if call["status_code"]) == want


@pytest.mark.parametrize("emitter", EMITTERS)
def test_first_tokens_come_after_the_servers(emitter: str, shared: Path, tmp_path: Path) -> None:
    by_id = {row["id"]: row for row in served(shared, emitter) if row["status"] == 200 and row.get("usage")}
    for call in ingested(shared, emitter, tmp_path / "d"):
        row = by_id.get(call["response_id"])
        if call["ttft_ms"] is not None and row is not None and row.get("t_first"):
            assert -1 <= call["ttft_ms"] - (row["t_first"] - row["t_start"]) * 1000 < 600
            assert call["ttft_ms"] <= call["duration_ms"]


def test_attempts_of_the_vercel_ai_sdk_are_those_that_were_sent(shared: Path, tmp_path: Path) -> None:
    ingested(shared, "vercel_ai_sdk_v6", tmp_path / "d")
    sent: dict[str, list[int]] = defaultdict(list)
    for row in served(shared, "vercel_ai_sdk_v6"):
        sent[row["text"]].append(row["status"])
    want = sorted(len(statuses) for statuses in sent.values() if statuses[0] == 429)
    con = database.open_for_read(tmp_path / "d")
    try:
        tries = [row[0] for row in con.execute("select count(*) from attempts group by call_id order by 1").fetchall()]
    finally:
        con.close()
    assert tries == want


def test_all_emitters_together_and_again(shared: Path, tmp_path: Path) -> None:
    """One database of all files, read twice, in another order: the same calls and steps; no emitter's call meets another's."""
    files = [str(shared / FOLDER / f"{emitter}.traces.otlp.jsonl") for emitter in EMITTERS]
    seen = set()
    for name, order in (("a", files), ("b", files[::-1])):
        first = engine.run(order, tmp_path / name)
        again = engine.run(order, tmp_path / name)
        assert all(file.already_ingested for file in again.files)
        assert sum(file.counts.records for file in first.files) == sum(len(json.dumps(line).split('"spanId": ')) - 1 for line in spans_of(files))
        con = database.open_for_read(tmp_path / name)
        try:
            calls = con.execute("select count(*), sum(input_tokens), sum(output_tokens), count(distinct call_id) from calls").fetchall()
            seen.add(str((calls, con.execute("select count(*), count(distinct span_id) from spans").fetchall())))
        finally:
            con.close()
    assert len(seen) == 1


def spans_of(files: list[str]) -> list[Any]:
    """Every span of the files."""
    lines = [json.loads(line) for file in files for line in Path(file).read_text(encoding="utf-8").splitlines()]
    return [{"spanId": span["spanId"]} for line in lines for resource in line["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]


def test_a_page_of_spans_without_scopes(shared: Path, tmp_path: Path) -> None:
    """A tracing server's own dump of two emitters' spans: every provider's id once, counts as served, sums as served."""
    path = shared / "corpus/app/phoenix_generated/rest_spans_otlpv1.json"
    page = json.loads(path.read_text(encoding="utf-8"))["data"]
    report = engine.run([str(path)], tmp_path / "d")
    assert [(file.source, file.counts.records, file.counts.rejected) for file in report.files] == [("otel", len(page), 0)]
    answered = [row for emitter in ("openinference", "pydantic_ai") for row in served(shared, emitter) if row["status"] == 200 and "usage" in row]
    good = {row["id"]: counts(row) for row in answered}
    con = database.open_for_read(tmp_path / "d")
    try:
        rows = con.execute("select response_id, input_tokens, output_tokens, status from calls").fetchall()
    finally:
        con.close()
    ids = [row[0] for row in rows if row[0]]
    assert len(ids) == len(set(ids)) > 10
    assert all((row[1], row[2]) == good[row[0]] for row in rows if row[0] and row[1] is not None)
    models = [
        span
        for span in page
        if any(item["key"] == "openinference.span.kind" and item["value"]["string_value"] in ("LLM", "EMBEDDING") for item in span["attributes"])
    ]
    sdks = [span for span in models if span["name"] == "anthropic.messages.create"]
    assert len(rows) == len(models) - len(sdks)
