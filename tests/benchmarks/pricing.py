"""How fast calls are priced: against genai-prices' own calc_price per call, and pricing again against pricing, in one run.

    python -m tests.benchmarks.pricing [CALLS]

Prints calls per second and the ratios; it judges nothing.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from genai_prices import Usage, calc_price

from llmlogs.pricing import load_overrides, price_calls, reprice
from llmlogs.store import database

MODELS = [
    ("openai", "gpt-5"), ("openai", "gpt-5-mini"), ("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("openai", "gpt-5.6-sol"),
    ("openai", "text-embedding-3-small"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5"), ("anthropic", "claude-opus-4-6"),
    ("google", "gemini-2.5-flash"), ("google", "gemini-2.5-pro"), ("mistral", "mistral-small-latest"), ("deepseek", "deepseek-v4-flash"),
    ("x-ai", "grok-4"), ("groq", "llama-3.3-70b-versatile"),
]  # fmt: skip
TIERS = ["null", "'default'", "'batch'", "'priority'"]
ORACLE_CALLS = 3000
GRADUATED = '[[discount]]\nprovider = "openai"\ngraduated = [[0, 0], [1000, 5], [5000, 12]]\n'


def fill(path: Path, count: int) -> None:
    """Calls of 15 models in four tiers over half a year, as an ingest leaves them before pricing."""
    con = database.open_for_write(path)
    columns = {"provider", "request_model", "service_tier", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens"}
    database.ensure_columns(con, columns)
    names = ", ".join(f"('{provider}', '{model}')" for provider, model in MODELS)
    con.execute(f"create temp table models as select row_number() over () - 1 as n, * from (values {names}) t(provider, model)")
    con.execute(
        f"""insert into call_rows by name select 'c' || i as call_id, 'bench' as source, 1 as ingest_id, 1 as file_id, i as line,
            provider, model as request_model,
            case i % 40 when 1 then {TIERS[1]} when 2 then {TIERS[2]} when 3 then {TIERS[3]} end as service_tier,
            timestamp '2026-04-01' + interval 1 second * (i * 3 % 15000000) as started_at,
            hash(i) % 20000 as input_tokens, hash(i + 1) % 900 as output_tokens,
            hash(i) % 20000 // 3 as cache_read_tokens, case when i % 5 = 0 then hash(i + 1) % 400 end as reasoning_tokens
        from (select range as i, range % {len(MODELS)} as n from range({count})) join models using (n)"""
    )
    con.execute("insert into ingests (ingest_id, finished_at) values (1, now())")
    con.close()


def timed(path: Path, work: Callable[..., object]) -> tuple[float, float]:
    """Seconds on the clock and of the processors, of a transaction on the database with two threads."""
    con = database.open_for_write(path)
    con.execute("set threads = 2")
    started, worked = time.perf_counter(), time.process_time()
    con.execute("begin")
    work(con)
    con.execute("commit")
    seconds = time.perf_counter() - started, time.process_time() - worked
    con.close()
    return seconds


def oracle() -> float:
    """Processor seconds a call of calc_price."""
    draw = random.Random(1)
    calls = [(*draw.choice(MODELS), draw.randrange(20_000), draw.randrange(900)) for _ in range(ORACLE_CALLS)]
    at = datetime(2026, 6, 1, tzinfo=UTC)
    worked = time.process_time()
    for provider, model, sent, got in calls:
        calc_price(Usage(input_tokens=sent, output_tokens=got, cache_read_tokens=sent // 3), model, provider_id=provider, genai_request_timestamp=at)
    return (time.process_time() - worked) / ORACLE_CALLS


def main(count: int = 5_000_000) -> None:
    """Price, price again, price again with a graduated discount; print the ratios."""
    with tempfile.TemporaryDirectory() as scratch:
        path, own = Path(scratch) / "calls.duckdb", Path(scratch) / "llmlogs.prices.toml"
        own.write_text(GRADUATED)
        fill(path, count)
        first = timed(path, lambda con: price_calls(con, 1))
        again = timed(path, reprice)
        graduated = timed(path, lambda con: reprice(con, load_overrides(own)))
    one, per_call = oracle(), first[1] / count
    sys.stdout.write(
        f"{count:,} calls priced in {first[0]:.2f} s ({first[1]:.2f} s of processors): "
        f"{count / first[0]:,.0f} a second, {2 * count / first[1]:,.0f} on two free cores\n"
        f"a call of calc_price takes {one * 1e6:.1f} us, ours {per_call * 1e6:.2f}: {one / per_call:.0f} times as fast\n"
        f"priced again: {again[1] / first[1]:.2f} times pricing; with a graduated discount {graduated[1] / first[1]:.2f} times\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
