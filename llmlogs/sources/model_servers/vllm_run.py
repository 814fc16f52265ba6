"""A recorded run of a vLLM engine (as LLMServingSim keeps it): requests with the engine's time stamps, the load over time, and what was run.

Traps: `arrival_time` is the epoch, the `*_ts` are the engine's own clock: only their differences mean anything. Request ids begin anew with each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import read_usage
from llmlogs.sources.model_servers.values import ANSWERS, Raw, between, number, text, without_nulls

STAMPS = ("queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")
LOAD = frozenset({"prompt_throughput", "gen_throughput", "kv_cache_pct"})
RUN = frozenset({"vllm_version", "engine_kwargs"})
LARGEST_DESCRIPTION = 1 << 20


class VllmRun:
    """Requests are calls; samples of the load and the run's description are understood and skipped."""

    name = "vllm_run"
    title = "vLLM engine run (requests.jsonl with engine time stamps, timeseries.csv, meta.json)"
    docs = "https://github.com/casys-kaist/LLMServingSim"
    tokens = "input_toks and output_toks are whole counts; the prefix cache is not told"
    answers = ANSWERS
    samples = (
        Sample(
            '{"request_id": "run-0", "input_toks": 1200, "output_toks": 300, "arrival_time": 1774958400.5, "queued_ts": 100.0, "scheduled_ts": 103.0,'
            ' "first_token_ts": 103.5, "last_token_ts": 104.0}',
            (
                {"input_tokens": 1200, "output_tokens": 300, "started_at": "2026-03-31T12:00:00.500000", "duration_ms": 4000.0}
                | {"queue_ms": 3000.0, "prefill_ms": 500.0, "generation_ms": 500.0, "provider": "vllm"},
            ),
            note="three quarters of the wait in the queue",
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By the engine's time stamps, its load samples, or the run's description."""
        values = [value for value in head.values if isinstance(value, dict)]
        own = sum(bool(_kind(value)) for value in values)
        if not own or own * 2 < len(values):
            return None
        return Detection(0.96, f"{own} of the first {len(values)} records are {_kind(next(value for value in values if _kind(value)))} of a vLLM run")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome a record."""
        model = _model_beside(Path(context.path))
        for record in records:
            value = record.value if isinstance(record.value, dict) else {}
            kind = _kind(value)
            if kind == "requests":
                yield Outcome(record.line, "call", call=without_nulls(_call(value, model)))
            else:
                yield Outcome(record.line, "skipped" if kind else "rejected", kind or "nothing of a vLLM run")


def _kind(value: Raw) -> str:
    if "input_toks" in value and not set(STAMPS).isdisjoint(value):
        return "requests"
    if value.keys() >= LOAD:
        return "load samples"
    return "the description" if value.keys() >= RUN else ""


def _call(value: Raw, model: str | None) -> Row:
    queued, scheduled, first, last = (value.get(name) for name in STAMPS)
    usage = read_usage({"prompt_tokens": value.get("input_toks"), "completion_tokens": value.get("output_toks")})
    arrival, rid = number(value.get("arrival_time")), text(value.get("request_id"))
    return usage.columns() | {
        "call_id": f"{rid}@{arrival:.6f}" if rid and arrival is not None else None,
        "provider": "vllm",
        "request_model": model,
        "operation": "chat",
        "started_at": to_utc(arrival),
        "duration_ms": between(queued, last),
        "queue_ms": between(queued, scheduled),
        "prefill_ms": between(scheduled, first),
        "generation_ms": between(first, last),
        "status": "ok" if number(last) is not None else "unknown",
    }


def _model_beside(path: Path) -> str | None:
    """The model that the run's description names, where it lies beside the requests."""
    described = path.with_name("meta.json")
    try:
        if described.stat().st_size > LARGEST_DESCRIPTION:
            return None
        value = orjson.loads(described.read_bytes())
    except (OSError, ValueError):
        return None
    return text(value.get("model")) if isinstance(value, dict) and value.keys() >= RUN else None


SOURCE = VllmRun()
