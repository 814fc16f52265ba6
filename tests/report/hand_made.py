"""Hand-made answers of every verdict and kind of chart, and a database to go with them. Nothing here comes from a real log."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.pack.model import Answer, Chart, Column, Need, Parameter, Question, Result, Verdict
from llmlogs.report.build import build
from llmlogs.report.model import Report
from llmlogs.store.database import ensure_columns, open_for_write

NOW = datetime(2026, 3, 1, 12, 0)
START = datetime(2026, 2, 27, 0, 0)
HOSTILE = (
    "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">",
    "]]><!--<svg onload=\"document.title='pwned'\">",
    "{{7*7}}{% raw %}${7*7}",
    "=HYPERLINK(\"http://example.invalid\",\"x\")",
    "@SUM(1)",
    "\x1b[31mred\x1b]0;title\x07\x00",
    "\u202egnp.exe \u2066hidden\u2069",
    "lone \ud800 surrogate",
    "`code` **bold** [link](javascript:alert(1)) | cell",
    '" onmouseover="alert(1)" x="',
    "<b>bold</b><a href='javascript:alert(1)'>x</a>",
    "x" * 1_000_000,
)  # fmt: skip


def answer(
    id: str,  # noqa: A002
    verdict: Verdict,
    sentence: str,
    *,
    columns: dict[str, tuple[str, str]] | None = None,
    rows: tuple[tuple[Any, ...], ...] = (),
    charts: tuple[Chart, ...] = (),
    results: dict[str, Result] | None = None,
    needs: tuple[Need, ...] = (),
    **more: Any,
) -> Answer:
    """An answer with one evidence table."""
    columns = columns or {}
    question = Question(
        id=id,
        path=Path("queries") / f"{id}.sql",
        question=more.pop("question", f"What about {id.split('/')[1].replace('_', ' ')}?"),
        passes="",
        fails="",
        why="Every second a user waits costs attention. It is felt first at the slow tail.",
        fix="1. Look at the first row.\n2. Set `max_tokens` to what is used.\n3. Measure again.",
        charts=charts,
        columns={name: Column(name, label, unit) for name, (label, unit) in columns.items()},
        parameters=(Parameter("window_minutes", "5", "length of one window"),),
        sql=f"/*---\nquestion = \"{id}\"\n---*/\nselect 'a < b' as verdict;\n",
    )
    evidence = {"evidence": Result("evidence", tuple(columns), rows, more.pop("total_rows", len(rows)))} if columns else {}
    values = {"n": 1284, "value": 0.123, "basis": "measured"} | more.pop("values", {})
    return Answer(question, verdict, sentence, values, evidence | (results or {}), needs, seconds=0.012, **more)


def hours(count: int, skip: range = range(0)) -> list[datetime]:
    """Windows of an hour with a hole."""
    return [START + timedelta(hours=i) for i in range(count) if i not in skip]


def answers() -> list[Answer]:
    """One of every verdict and of every kind of chart."""
    limits = tuple((t, "gpt-x" if k else "claude-y", 30 * k + (400 if i == 20 and k else 0), i == 20) for i, t in enumerate(hours(48)) for k in (0, 1))
    latency = tuple(
        (t, 800 + 300 * math.sin(i / 4), 3000 + 900 * math.sin(i / 5), 9000.0 if i % 7 == 0 else None, 40 + i) for i, t in enumerate(hours(60, range(22, 27)))
    )
    parts = (("median call", 120, 40, 900, 30), ("slowest 5 %", 150, 2600, 4100, 400))
    features = tuple((f"feature {chr(97 + i)}", Decimal("412.5") / (i + 1), 9000 - 400 * i, 0.4 / (i + 1), 1_234_567 // (i + 1)) for i in range(18))
    return [
        answer(
            "latency/where_time_goes",
            "info",
            "The median call waits 1.09 s, 83% of it for the answer to be written; in the slowest 5% the provider's queue takes 36%.",
            columns={
                "who": ("Calls", ""),
                "app": ("Our code", "ms"),
                "queue": ("Queue", "ms"),
                "generation": ("Generation", "ms"),
                "rest": ("Unexplained", "ms"),
            },
            rows=parts,
            charts=(Chart("stacked-parts", options={"x": "who", "y": ["app", "queue", "generation", "rest"]}),),
        ),
        answer(
            "latency/by_model",
            "warn",
            "gpt-x slowed down on 2026-02-28: its p95 went from 2.81 s to 4.02 s (n = 3,410 calls).",
            columns={"at": ("Window", "time"), "p50": ("p50", "ms"), "p95": ("p95", "ms"), "p99": ("p99", "ms"), "n": ("Calls", "int")},
            rows=latency,
            charts=(Chart("lines-over-time", options={"x": "at", "p50": "p50", "p95": "p95", "p99": "p99", "n": "n"}),),
            total_rows=1284,
        ),
        answer(
            "latency/panels",
            "info",
            "Of 14 models the slowest at the median is model-13.",
            columns={"at": ("Day", "date"), "model": ("Model", ""), "p50": ("p50", "ms"), "p95": ("p95", "ms"), "n": ("Calls", "int")},
            rows=tuple((START.date() + timedelta(days=d), f"model-{m}", 300.0 * (m + 1), 900.0 * (m + 1) + 50 * d, 40) for d in range(9) for m in range(14)),
            charts=(Chart("lines-over-time", options={"x": "at", "p50": "p50", "p95": "p95", "by": "model"}),),
        ),
        answer(
            "limits/rate_limit_bursts",
            "fail",
            "3 bursts of 429s; the worst refused 38% of calls at 2026-02-27 20:00Z, 91% of them from nightly-summaries.",
            columns={"at": ("Window", "time"), "model": ("Model", ""), "n": ("Refused", "int"), "burst": ("Burst", "bool")},
            rows=limits,
            charts=(Chart("bars-over-time", options={"x": "at", "y": "n", "by": "model"}),),
        ),
        answer(
            "cache/prefix_cache",
            "warn",
            "Prompt caching returns 12% of input tokens where 71% could be read: about $41.20 a day is paid for repeated prefixes.",
            columns={"feature": ("Feature", ""), "usd": ("Lost", "usd"), "calls": ("Calls", "int"), "share": ("Share", "pct1"), "tokens": ("Tokens", "tok")},
            rows=features,
            charts=(Chart("bars", title="Money lost by feature, first {n:int} calls", options={"x": "feature", "y": "usd"}),),
            values={"basis": "estimated"},
            needs=(Need("calls.prefix_hash", 0.62, "partly"),),
        ),
        answer(
            "cache/staleness", "unknown", "", question="Do caches serve old answers?", needs=(Need("calls.app_cache", 0.0, "missing"),), reason="log app_cache"
        ),
        answer(
            "errors/by_class",
            "ok",
            "17 of 12,840 calls failed (0.1%, 95% interval <0.1% to 0.2%); more than 1.0% would have been a warning.",
            columns={"class": ("Class", ""), "n": ("Failed", "int"), "lo": ("From", "pct1"), "hi": ("To", "pct1"), "share": ("Share", "pct1")},
            rows=(("timeout", 11, 0.0004, 0.0015, 0.0009), ("server_error", 6, 0.0002, 0.001, 0.0005)),
            charts=(Chart("bars", options={"x": "class", "y": "share", "lo": "lo", "hi": "hi"}),),
        ),
        answer(
            "streaming/time_to_first_token",
            "unknown",
            "",
            needs=(Need("calls.ttft_ms where stream -- on streamed calls", None, "missing"),),
            reason="log ttft_ms",
        ),
        answer(
            "streaming/stalls", "unknown", "", question="Do streams stall?", needs=(Need("calls.ttft_ms where stream -- on streamed calls", None, "missing"),)
        ),
        answer("tokens/drift", "unknown", "Only 6 of the 14 days that would settle it are logged.", question="Are prompts growing?", reason="6 of 14 days"),
        answer(
            "cost/by_feature",
            "info",
            "nightly-summaries takes 44% of $1,284.32; 99.2% of tokens are priced.",
            columns={"tokens": ("Tokens", "tok"), "usd": ("Cost", "usd"), "model": ("Model", "")},
            rows=tuple((10 ** (i % 5) + i, Decimal(i) / 700, f"model {i % 3}") for i in range(1, 60)),
            charts=(
                Chart("scatter", options={"x": "tokens", "y": "usd", "by": "model", "log_x": True}),
                Chart("bars", result="nothing", options={"x": "a"}),
            ),
        ),
        answer("cost/by_user", "error", "This question could not be run.", reason='Binder Error: column "usr" not found'),
        answer("zebra/own_section", "info", "A section of the user's own, with 3 findings."),
    ]


def hostile_answers() -> list[Answer]:
    """Hostile strings wherever a log or a user's file can put one."""
    rows = tuple((text, i, 1.5 * i) for i, text in enumerate(HOSTILE, 1))
    columns = {"name": (HOSTILE[0], ""), "n": ("Calls", "int"), "usd": (HOSTILE[1], "usd")}
    chart = Chart("bars", title=HOSTILE[2].replace("{", "(").replace("}", ")"), options={"x": "name", "y": "n"})
    scatter = Chart("scatter", options={"x": "n", "y": "usd", "by": "name", "name": "name"})
    bars = [answer(f"errors/hostile_{i}", "fail", text, columns=columns, rows=rows, charts=(chart, scatter)) for i, text in enumerate(HOSTILE)]
    gaps = [answer(f"data/hostile_{i}", "unknown", text, reason=text, question=text) for i, text in enumerate(HOSTILE)]
    return [*bars, *gaps, answer("cost/passed", "ok", HOSTILE[0], columns=columns, rows=rows), answer("cost/error", "error", "", reason=HOSTILE[0])]


def database(path: Path, *, calls: int = 240, names: tuple[str, ...] = ("gpt-x", "claude-y")) -> duckdb.DuckDBPyConnection:
    """A database of one ingest; every name is used as model, source and path in turn."""
    con = open_for_write(path)
    ensure_columns(con, {"response_model", "input_tokens", "output_tokens", "duration_ms", "status", "trace_id", "request_model", "attempts", "operation"})
    con.execute("insert into ingests values (1, 'run', $1, $1, '0.0.0', '{}')", [NOW])
    con.execute(
        "insert into files (file_id, ingest_id, path, source, carrier, lines, records, calls, other, merged, skipped, rejected, pending_bytes)"
        " values (1, 1, $1, 'llmlogs', 'ndjson', $2 + 12, $2 + 10, $2, 0, 4, 3, 3, 17)",
        [f"logs/{names[0]}.jsonl"[:500].encode("utf-8", "replace").decode(), calls],
    )
    labels = [names[i % len(names)][:2000].encode("utf-8", "replace").decode() for i in range(calls)]
    con.execute(
        "insert into call_rows (call_id, source, ingest_id, file_id, line, started_at, cost_usd, cost_status, response_model, input_tokens, output_tokens)"
        " select 'call-' || i, 'llmlogs', 1, 1, i + 1, $1::timestamp + to_minutes(14 * i), case when i % 50 <> 0 then 0.0123 end,"
        " case when i % 50 = 0 then 'unknown_model' end, name, 1000, 200"
        " from (select unnest($2::varchar[]) as name, generate_subscripts($2::varchar[], 1) - 1 as i)",
        [START, labels],
    )
    if calls:
        con.execute("insert into rejects select 1, 1, 9 + i, 100 * i, 80, 'not JSON: ' || $1, '{}' from range(3) t(i)", [names[0][:200]])
        con.execute("insert into price_books values (1, 'genai-prices', '0.2.3', 'abc', $1, 'MIT', null)", [NOW])
        con.execute("insert into field_coverage values ('llmlogs', 'calls', 'ttft_ms', 0, 240, 'stream'), ('llmlogs', 'calls', 'input_tokens', 239, 240, '')")
    return con


def report(con: duckdb.DuckDBPyConnection, given: list[Answer]) -> Report:
    """The report with a fixed clock and version."""
    return build(con, given, now=NOW, version="9.9.9")
