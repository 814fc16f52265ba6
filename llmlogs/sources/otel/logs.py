"""Log records: evaluations become feedback, events that tell a whole call become one, exceptions and messages belong to spans and are told there."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Context, Outcome
from llmlogs.sources.otel import layouts
from llmlogs.sources.otel.attributes import data, events
from llmlogs.sources.otel.decode import MALFORMED, Decoder, judgement
from llmlogs.sources.otel.kinds import classify
from llmlogs.sources.otel.span import Fields, Span
from llmlogs.sources.otel.values import identity, nanos, number, plain


class Logs:
    """Reads the log records of one file."""

    def __init__(self, context: Context) -> None:
        self._decoder = Decoder(context)
        self._decoder.attributes.update({name: (field, 50) for field, names in data()["log_fields"].items() for name in names})

    def read(self, raw: Any, resource: Any, scope: str, line: int, nested: bool) -> Span | Outcome | str:
        """The record as a span of a call, as an outcome of its own, or why it is neither."""
        if not isinstance(raw, dict):
            return MALFORMED.replace("span", "log record")
        fields = self._decoder.fields(raw.get("attributes"))
        body = plain(raw.get("body"))
        told = raw.get("eventName") or raw.get("event_name") or fields.get("event_name") or body
        name = told if isinstance(told, str) else ""
        kind = events().get(name, "")
        if kind == "evaluation":
            row = judgement(fields, _when(raw), identity(raw.get("traceId", raw.get("trace_id"))))
            return Outcome(line, "other", rows={"feedback": [row]}, nested=nested)
        if kind == "call" or name in data()["call_logs"]["own_count"] + data()["call_logs"]["inclusive"] + data()["call_logs"]["failed"]:
            span = self._call(raw, fields, scope, line, nested, name)
            span.resource = self._decoder.resource_fields(resource)
            return span
        return Outcome(line, "skipped", "log: " + (name if name.startswith("gen_ai.") and len(name) < 60 and name.isascii() else "no call"), nested=nested)

    def _call(self, raw: layouts.Json, fields: Fields, scope: str, line: int, nested: bool, name: str) -> Span:
        """A call told when it was over; its length, where told, lies before."""
        trace, inside = identity(raw.get("traceId", raw.get("trace_id"))), identity(raw.get("spanId", raw.get("span_id")))
        span = Span(line, nested, trace, "", inside, name)
        at = _when(raw)
        took = number(fields.get("took_ms"))
        span.start = at - int(took * 1e6) if at is not None and took is not None else at
        span.end, span.log = at, took is None
        span.emitter = f"log {scope}"
        if name in data()["call_logs"]["own_count"]:  # counts as Anthropic bills them: the cache apart
            counts = [number(fields.get(field)) or 0 for field in ("input", "cache_read", "cache_write")]
            if "input" in fields:
                fields["input"] = int(sum(counts))
        span.fields = fields
        span.error = name in data()["call_logs"]["failed"] or "error_type" in fields
        fields.setdefault("operation", "chat")
        classify(span)
        return span


def _when(raw: layouts.Json) -> int | None:
    return nanos(next((raw[key] for key in ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "hrTime", "timestamp") if raw.get(key)), None))
