"""One span of the log into a `Span`: known attributes into fields, events into times and exceptions, texts into lengths and hashes."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.otel import layouts
from llmlogs.sources.otel.attributes import Attributes, events
from llmlogs.sources.otel.kinds import classify
from llmlogs.sources.otel.span import Fields, Span
from llmlogs.sources.otel.texts import measure, parsed
from llmlogs.sources.otel.values import INTEGERS, SCALARS, identity, nanos, number, plain, short

MALFORMED = "span is not an object"
NOTHING_TOLD = "a span without id, name and times"
ERROR_CODES = frozenset({2, "2", "STATUS_CODE_ERROR", "ERROR", "Error", "error", "StatusCode.ERROR"})
UNSCOPED = "words "  # dumps without scopes: the words it uses tell emitters apart
DIALECT = ("operation", "oi_kind", "ai_operation", "lf_kind", "tl_kind", "request_model", "model", "provider", "status_code", "usage_details")


class Decoder:
    """Decodes the spans of one file; resources and scopes repeat, so they are decoded once each."""

    def __init__(self, context: Context) -> None:
        self.attributes = Attributes(context.feature_from)
        self._context = context
        self._resource: tuple[Any, Fields] = (None, {})

    def span(self, raw: Any, resource: Any, scope: str, line: int, nested: bool) -> Span | str:
        """The span, or why it is none."""
        if not isinstance(raw, dict):
            return MALFORMED
        raw = layouts.in_otlp_words(raw)
        name = raw.get("name")
        trace, own, parent = identity(raw.get("traceId")), identity(raw.get("spanId")), identity(raw.get("parentSpanId"))
        span = Span(line, nested, trace, own, parent, name[:200] if isinstance(name, str) else "")
        span.start, span.end = nanos(raw.get("startTimeUnixNano")), nanos(raw.get("endTimeUnixNano"))
        span.fields = self.fields(raw.get("attributes"))
        span.emitter = scope or UNSCOPED + " ".join(word for word in DIALECT if word in span.fields)
        span.resource = self.resource_fields(resource)
        if not own and span.start is None and not (span.name and span.fields):
            return NOTHING_TOLD
        _status(span, raw.get("status"))
        if raw.get("events"):
            self._events(span, raw["events"])
        _pending(span, raw.get("pendingKind"))
        classify(span)
        measure(span, self._context)
        return span

    def resource_fields(self, attributes: Any) -> Fields:
        """The fields of a resource, shared by all its spans."""
        if self._resource[0] is not attributes:
            self._resource = (attributes, self.fields(attributes))
        return self._resource[1]

    def fields(self, attributes: Any) -> Fields:
        """Known attributes by field; of several for one field the best named."""
        found: Fields = {}
        ranks: dict[str, int] = {}
        table = self.attributes
        if isinstance(attributes, dict):  # asked for one by one, so that what nobody reads can be told (ingest/unread.py)
            attributes = [{"key": key, "value": attributes.get(key)} for key in dict.keys(attributes) if table[key] is not None]
        elif not isinstance(attributes, list):
            return found
        for pair in attributes:
            try:
                place = table[pair["key"]]
                if place is None:
                    continue
                value = pair["value"]
                if isinstance(value, dict):
                    [(branch, inner)] = value.items() if len(value) == 1 else (("", None),)
                    value = inner if branch in SCALARS or (branch in INTEGERS and not isinstance(inner, dict)) else plain(value)
            except (KeyError, TypeError, AttributeError, ValueError):  # one broken attribute must not cost the span
                continue
            field, rank = place
            if value is None or value == "" or (field in ranks and ranks[field] <= rank):
                continue
            found[field], ranks[field] = value, rank
        if "documents_numbered" in ranks:
            found["documents_numbered"] = 1 - ranks["documents_numbered"]
        if "metadata" in found:
            self._metadata(found)
        return found

    def _metadata(self, found: Fields) -> None:
        """OpenInference's `metadata`: a JSON text of the application's own labels."""
        labels = parsed(found.pop("metadata"))
        for name, value in list(labels.items())[:50] if isinstance(labels, dict) else []:
            if isinstance(value, (str, int, float, bool)) and isinstance(name, str):
                found.setdefault(self.attributes.label(name)[0], value)

    def _events(self, span: Span, listed: Any) -> None:
        """First tokens, exceptions and evaluations; all other events are messages."""
        if not isinstance(listed, list):
            listed = parsed(listed)
        last = None
        for event in listed if isinstance(listed, list) else []:
            name = event.get("name", event.get("event_name")) if isinstance(event, dict) else None
            kind = events().get(name) if isinstance(name, str) else None
            if kind == "first_token":
                last = _chunk(span, event, last)
            elif kind == "exception":
                _exception(span, event)
            elif kind == "evaluation":
                span.judgements.append(judgement(self.fields(event.get("attributes")), _when(event), span.trace))


def _status(span: Span, status: Any) -> None:
    code = status.get("code", status.get("status_code")) if isinstance(status, dict) else status
    span.error = isinstance(code, (int, str)) and code in ERROR_CODES
    message = status.get("message", status.get("description")) if isinstance(status, dict) else None
    if span.error and isinstance(message, str) and message:
        span.fields.setdefault("error_message", message[:2000])
    if span.fields.get("level") == "ERROR" or "error_type" in span.fields:
        span.error = True


def judgement(fields: Fields, at: int | None, trace: str) -> Row:
    """A row of feedback: what an evaluation said."""
    row: Row = {
        "trace_id": trace or None, "session_id": short(fields.get("session_id")), "call_id": short(fields.get("response_id")),
        "at": at // 1000 if at is not None else None, "name": short(fields.get("evaluation_name")), "value": number(fields.get("evaluation_value")),
        "label": short(fields.get("evaluation_label")), "kind": "judge", "source": "otel",
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def _when(event: dict[str, Any]) -> int | None:
    return nanos(next((event[name] for name in ("timeUnixNano", "time_unix_nano", "time", "timestamp", "event_timestamp") if event.get(name)), None))


def _chunk(span: Span, event: dict[str, Any], last: int | None) -> int | None:
    """The first chunk is the first token; the longest pause between two is kept."""
    at = _when(event)
    if at is None:
        return last
    if span.first_token is None or at < span.first_token:
        span.first_token = at
    if last is not None and at > last:
        span.max_gap = max(span.max_gap or 0, at - last)
    return at


def _exception(span: Span, event: dict[str, Any]) -> None:
    told: dict[str, str] = {}
    attributes = event.get("attributes", event)
    pairs = attributes.items() if isinstance(attributes, dict) else [(p.get("key"), p.get("value")) for p in attributes or () if isinstance(p, dict)]
    for key, value in pairs:
        if key in ("exception.type", "exception.message"):
            text = plain(value)
            told[key] = text[:2000] if isinstance(text, str) else ""
    span.exception = (told.get("exception.type", ""), told.get("exception.message", ""))


def _pending(span: Span, kind: Any) -> None:
    """A span that logfire wrote when it began; or what a stream gave as a log of its own."""
    said = span.fields.get("span_type", kind)
    span.pending = said == "pending_span" or kind == "pending_span"
    span.log = said == "log"
