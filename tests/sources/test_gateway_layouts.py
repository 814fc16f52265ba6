"""The same 49 requests through the layouts of many systems: each tells the same calls, as far as its columns go."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.ingest.engine import run
from llmlogs.ingest.options import IngestOptions

Row = dict[str, Any]
ALL = ("tokens", "cost", "code", "hit", "user", "feature")


@dataclass(frozen=True)
class Layout:
    """A file of the corpus, the source that must take it, and what its columns tell."""

    file: str
    source: str
    has: tuple[str, ...]
    rows: Callable[[Row], bool] = lambda row: True
    durations: float = 1.5  # ms that a wait may be off: rounding, and what the gateway adds
    first: float = 1.5
    known: dict[str, Any] = field(default_factory=dict)


def went_well(row: Row) -> bool:
    return bool(row["ok"])


LAYOUTS = [
    Layout("helicone.jsonl", "helicone", (*ALL, "cached", "ttft", "duration")),
    Layout("helicone.csv", "helicone", ("cost", "code", "user", "feature", "duration", "output")),  # Anthropic's input lacks its cache there
    Layout("cloudflare_ai_gateway_logs_page.json", "cloudflare_ai_gateway", (*ALL, "duration")),
    Layout("cloudflare_logpush_ai_gateway_events.jsonl", "cloudflare_logpush", ("code", "hit")),
    Layout("portkey_export.jsonl", "portkey", (*ALL, "duration", "retries")),
    Layout("kong_file_log.jsonl", "kong", ("tokens", "cost", "code", "hit", "user", "duration", "retries"), durations=5),
    Layout("envoy_access_log.jsonl", "envoy_ai_gateway", ("tokens", "code", "ttft", "duration")),
    Layout("openrouter_generations.jsonl", "openrouter", ("tokens", "cost", "user", "read", "reasoning", "ttft", "duration", "retries"), went_well),
    Layout("openrouter_activity.csv", "openrouter", ("tokens", "cost", "user", "read", "reasoning", "ttft", "duration"), went_well),
    Layout("langsmith_runs.jsonl", "langsmith", ("tokens", "cost", "user", "read", "ttft", "duration")),
    Layout("weave_calls.jsonl", "weave", ("tokens", "duration")),
    Layout("sglang-request-metrics-20261122_14.log", "sglang_metrics", ("tokens", "read", "reasoning", "duration"), went_well),
    Layout("nginx_json_access.log", "nginx_json_log", ("tokens", "code", "duration")),
]


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "corpus/app/synthetic"


def truth(folder: Path, layout: Layout) -> list[Row]:
    return [row for row in json.loads((folder / "truth.json").read_text(encoding="utf-8")) if layout.rows(row)]


def between(start: str, end: str | None) -> float | None:
    """Milliseconds from one of the key's instants to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000 if end else None


def told(layout: Layout, row: Row) -> tuple[Any, ...]:
    """What the layout's columns tell of a request of the key. A failed call has no counts and no cost."""
    ok, has = row["ok"], layout.has
    return (
        row["inp"] if ok and "tokens" in has else None,
        row["out"] if ok and {"tokens", "output"} & set(has) else None,
        row["cr"] if ok and {"read", "cached"} & set(has) and row["cr"] else None,
        row["cw"] if ok and "cached" in has and row["cw"] else None,
        row["reas"] if ok and "reasoning" in has else None,
        round(row["cost"], 8) if ok and "cost" in has else None,
        row["code"] if "code" in has else None,
        ok,
        bool(row["hit"]) if "hit" in has else None,
        row["user"] if "user" in has else None,
        row["feat"] if "feature" in has else None,
        (row["retries"] + 1) if "retries" in has else None,
    )


def read(con: duckdb.DuckDBPyConnection, layout: Layout) -> Counter[tuple[Any, ...]]:
    """The same of the calls that were read."""
    has, columns = layout.has, []
    for name, sql, wanted in (
        ("inp", "input_tokens", "tokens" in has), ("out", "output_tokens", bool({"tokens", "output"} & set(has))),
        ("cr", "nullif(cache_read_tokens, 0)", bool({"read", "cached"} & set(has))), ("cw", "nullif(cache_write_tokens, 0)", "cached" in has),
        ("reas", "reasoning_tokens", "reasoning" in has), ("cost", "round(reported_usd::double, 8)", "cost" in has), ("code", "status_code", "code" in has),
        ("ok", "status = 'ok'", True), ("hit", "app_cache is not distinct from 'hit'", "hit" in has), ("usr", "user_id", "user" in has),
        ("feat", "feature", "feature" in has), ("tries", "coalesce(attempts, 1)", "retries" in has),
    ):  # fmt: skip
        columns.append(f"{sql if wanted else 'null'} as {name}")
    return Counter(con.execute(f"select {', '.join(columns)} from calls").fetchall())


@pytest.mark.shared
@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.file for layout in LAYOUTS])
def test_every_layout_tells_the_same_requests(layout: Layout, folder: Path, tmp_path: Path) -> None:
    report = run([str(folder / layout.file)], tmp_path / "x.duckdb", IngestOptions())
    assert [file.source for file in report.files] == [layout.source]
    con = duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True)
    key = truth(folder, layout)
    assert read(con, layout) == Counter(told(layout, row) for row in key)
    if "ttft" in layout.has:
        close(con, "ttft_ms", [between(row["st"], row["fb"]) for row in key if row["stream"]], layout.first)
    if "duration" in layout.has:
        close(con, "duration_ms", [between(row["st"], row["en"]) for row in key], layout.durations)


def close(con: duckdb.DuckDBPyConnection, column: str, expected: list[float | None], slack: float) -> None:
    """As many values as expected, each within the slack of its own."""
    found = sorted(value for (value,) in con.execute(f"select {column} from calls where {column} is not null").fetchall())
    wanted = sorted(value for value in expected if value is not None)
    assert len(found) == len(wanted), column
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= slack, column


@pytest.mark.shared
def test_refusals_before_a_retry_are_attempts(folder: Path, tmp_path: Path) -> None:
    retried = sum(row["retries"] for row in json.loads((folder / "truth.json").read_text(encoding="utf-8")))
    for file in ("kong_file_log.jsonl", "portkey_export.jsonl"):
        run([str(folder / file)], tmp_path / f"{file}.duckdb", IngestOptions())
        con = duckdb.connect(str(tmp_path / f"{file}.duckdb"), read_only=True)
        assert con.execute("select count(*) from attempts where not is_final").fetchall() == [(retried,)], file


@pytest.mark.shared
def test_one_generation_in_both_exports_of_openrouter_is_one_call(folder: Path, tmp_path: Path) -> None:
    run([str(folder / "openrouter_activity.csv"), str(folder / "openrouter_generations.jsonl")], tmp_path / "x.duckdb", IngestOptions())
    con = duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True)
    assert con.execute("select count(*) from calls").fetchall() == [(sum(went_well(row) for row in truth(folder, LAYOUTS[0])),)]


@pytest.mark.shared
def test_the_damaged_array_of_helicones_tool_is_read(folder: Path, tmp_path: Path) -> None:
    text = (folder / "helicone_trailing_comma.json").read_text(encoding="utf-8")
    run([str(folder / "helicone_trailing_comma.json")], tmp_path / "x.duckdb", IngestOptions())
    con = duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True)
    assert con.execute("select calls, rejected from files").fetchall() == [(text.count('"request_created_at"'), 0)]


@pytest.mark.shared
def test_portkeys_documented_records_are_read(shared: Path, tmp_path: Path) -> None:
    log, metric = (shared / "corpus/app/portkey" / name for name in ("sample_log_file.json", "sample_metric_file.json"))
    run([str(log), str(metric)], tmp_path / "x.duckdb", IngestOptions())
    con = duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True)
    raw = json.loads(log.read_text(encoding="utf-8"))
    usage = raw["response"]["body"]["usage"]
    found = con.execute("select input_tokens, output_tokens, duration_ms, server_ms, attempts, app_cache from calls where response_id is not null").fetchall()
    headers = raw["response"]["headers"]
    assert found == [(usage["prompt_tokens"], usage["completion_tokens"], raw["response"]["responseTime"], float(headers["openai-processing-ms"]), 1, "off")]
    record = json.loads(metric.read_text(encoding="utf-8"))
    dollars = con.execute("select reported_usd::double, environment, prompt_name from calls where response_id is null").fetchall()
    assert dollars == [(record["cost"] / 100, record["_environment"], record["prompt_slug"])]
    assert con.execute("select count(*) from rate_limits").fetchall() == [(2,)]


@pytest.mark.shared
def test_an_export_with_a_header_alone_is_known(shared: Path, tmp_path: Path) -> None:
    report = run([str(shared / "corpus/provider/billing/openrouter_generations_header.csv")], tmp_path / "x.duckdb", IngestOptions())
    assert [(file.source, file.counts.records) for file in report.files] == [("openrouter", 0)]
