"""Text Generation Inference's JSON log (`--json-output`): one line a request, with its times in the span.

Traps: durations are Rust's debug texts (`1.23s`, `10.5ms`, `833.4µs`, `90ns`); the line is written when the request is done; there are no token counts, and
`inference_time` is prompt and answer together. The model is named once, when the server starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.model_servers.values import Raw, mapping, text, without_nulls

REQUESTS = re.compile(r"(?:compat_)?generate(?:_stream)?|chat_completions|completions|vertex_compatibility|sagemaker_compatibility|embed|rerank")
MODEL = re.compile(r'\bmodel_id:\s*"([^"\\]{1,200})"')


class TgiLog:
    """Lines about requests are calls, all others are the server's own."""

    name = "tgi"
    title = "Text Generation Inference log (--json-output)"
    docs = "https://huggingface.co/docs/text-generation-inference"
    tokens = "there are none: usage is missing, never 0"
    answers = ("latency/where_time_goes", "latency/slowest_calls", "errors/by_class", "data/coverage")
    samples = (
        Sample(
            '{"timestamp": "2026-03-31T12:00:02.000000Z", "level": "INFO", "message": "Success", "target": "text_generation_router::server", "span":'
            ' {"name": "generate_stream", "total_time": "1.5s", "validation_time": "833.4µs", "queue_time": "250.5ms", "inference_time": "1.2486661s"}}',
            (
                {"started_at": "2026-03-31T12:00:00.500000", "duration_ms": 1500.0, "queue_ms": 250.5, "server_ms": 1500.0, "stream": True}
                | {"usage_status": "missing", "provider": "tgi"},
            ),
            note="Rust's durations; the line is written at the end",
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By the server's log target and its spans."""
        records = [value for value in head.values if isinstance(value, dict)]
        own = sum("text_generation_router" in str(record.get("target")) or _has_times(mapping(record.get("span"))) for record in records)
        return Detection(0.96, f"{own} of the first {len(records)} records are lines of Text Generation Inference") if own and own * 4 >= len(records) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome a line; the model is the one the server said it loads."""
        model: str | None = None
        for record in records:
            if not isinstance(record.value, dict):
                yield Outcome(record.line, "rejected", "no log line")
                continue
            message = str(_message(record.value))
            named = MODEL.search(message)
            model = named.group(1) if named else model
            yield _outcome(record, message, model, context)


def _outcome(record: Record, message: str, model: str | None, context: Context) -> Outcome:
    span = mapping(record.value.get("span"))
    failed = str(record.value.get("level")).upper() == "ERROR"
    if not (REQUESTS.fullmatch(str(span.get("name"))) and (_has_times(span) or failed)):
        return Outcome(record.line, "skipped", "server log line")
    return Outcome(record.line, "call", call=without_nulls(_call(record.value, span, model, message if failed else "", context)))


def _call(value: Raw, span: Raw, model: str | None, error: str, context: Context) -> Row:
    whole = duration_ms(span.get("total_time"))
    ended = to_utc(value.get("timestamp"), context.timezone)
    row: Row = {
        "provider": "tgi",
        "request_model": model,
        "operation": "embeddings" if span.get("name") == "embed" else "rerank" if span.get("name") == "rerank" else "chat",
        "started_at": ended - timedelta(milliseconds=whole) if ended is not None and whole is not None else ended,
        "ended_at": ended,
        "duration_ms": whole,
        "queue_ms": duration_ms(span.get("queue_time")),
        "server_ms": whole,
        "stream": "stream" in str(span.get("name")) if "generate" in str(span.get("name")) else None,
        "usage_status": "missing",
        "status": "ok",
        "trace_id": text(span.get("trace_id")),
    }
    return row | ({"status": "error"} | fault_of({"message": error}).columns(None) if error else {})


def _message(value: Raw) -> object:
    return value.get("message") or mapping(value.get("fields")).get("message") or ""


def _has_times(span: Raw) -> bool:
    return "total_time" in span and not {"inference_time", "queue_time", "time_per_token"}.isdisjoint(span)


SOURCE = TgiLog()
