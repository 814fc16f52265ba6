"""The layouts OpenTelemetry data is found in, each turned into spans in OTLP's own words.

OTLP JSON (camelCase or snake_case, whole envelopes or parts of them), pages of an API, single spans as SDKs' console and file exporters write them,
and rows of logfire's records. What a record is, is told by its keys alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmlogs.sources.otel.values import nanos

Json = dict[str, Any]
SPANS, LOGS, METRICS = "spans", "logs", "metrics"
_GROUPS = {
    SPANS: (
        ("resourceSpans", "resource_spans", "batches"),
        ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans"),
        ("spans",),
    ),
    LOGS: (("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs", "instrumentationLibraryLogs"), ("logRecords", "log_records", "logs")),
}
ENVELOPES = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "resourceMetrics", "resource_metrics", "scopeSpans", "scope_spans")
_METRICS = ("resourceMetrics", "resource_metrics", "scopeMetrics", "scope_metrics", "dataPoints")
_TRACE = ("traceId", "trace_id", "spanId", "span_id")
_START = ("startTimeUnixNano", "start_time_unix_nano", "startTime", "start_time", "start_timestamp", "startTimeUnix")


@dataclass
class Found:
    """What a record holds: `items` of spans or log records, each with the attributes of its resource and the name of its scope."""

    kind: str = ""
    items: list[tuple[Any, str, Any]] = field(default_factory=list)


def find(value: Any) -> Found:
    """The spans or log records of one record; an empty kind when it is nothing of OpenTelemetry's."""
    if not isinstance(value, dict):
        return Found()
    if isinstance(value.get("trace"), dict) and any(name in value["trace"] for name in _GROUPS[SPANS][0]):  # Tempo's answer
        value = value["trace"]
    for kind in (SPANS, LOGS):
        items = list(_grouped(value, kind))
        if items or any(name in value for names in _GROUPS[kind][:2] for name in names if name != "batches"):
            return Found(kind, items)
    if any(name in value for name in _METRICS) or value.get("type") == "metric":
        return Found(METRICS)
    page = value.get("data", value.get("spans"))
    if isinstance(page, list) and page and all(is_span(item) for item in page[:5]):
        return Found(SPANS, [_single(item) for item in page])
    if is_span(value):
        return Found(SPANS, [_single(value)])
    return Found(LOGS, [_single(value)]) if _is_log(value) else Found()


def _grouped(value: Json, kind: str) -> Iterator[tuple[Any, str, Any]]:
    tops, middles, leaves = _GROUPS[kind]
    groups = _list(value, tops) if any(name in value for name in tops) else [value] if any(name in value for name in middles) else []
    for group in groups:
        if not isinstance(group, dict):
            yield None, "", group
            continue
        holder = group.get("resource")
        attributes = holder.get("attributes") if isinstance(holder, dict) else None
        for middle in _list(group, middles):
            if not isinstance(middle, dict):
                yield attributes, "", middle
                continue
            scope = _scope(middle)
            for item in _list(middle, leaves):
                yield attributes, scope, item


def _list(value: Json, names: tuple[str, ...]) -> list[Any]:
    found: Any = next((value[name] for name in names if value.get(name) is not None), [])
    return found if isinstance(found, list) else [found]


def _scope(holder: Json) -> str:
    scope = next((holder[name] for name in ("scope", "instrumentationScope", "instrumentation_scope", "instrumentationLibrary", "instrumentation_library")
                  if holder.get(name)), None)  # fmt: skip
    name = scope.get("name") if isinstance(scope, dict) else scope
    return name[:200] if isinstance(name, str) else ""


def is_span(value: Any) -> bool:
    """A span that stands alone: ids, a name and times, in anybody's words. Not a row of a system that has its own words for usage."""
    if not isinstance(value, dict) or "attributes" not in value:
        return False
    named = any(name in value for name in ("name", "span_name"))
    context = value.get("context", value.get("spanContext"))
    known = any(name in value for name in _TRACE) or (isinstance(context, dict) and any(name in context for name in _TRACE))
    return named and (known or value.get("type") == "span") and (any(name in value for name in _START) or value.get("type") == "span")


def _is_log(value: Json) -> bool:
    return any(name in value for name in ("timeUnixNano", "observedTimeUnixNano", "hrTime")) and ("body" in value or "attributes" in value)


def _single(value: Any) -> tuple[Any, str, Any]:
    """A span that carries its resource and scope itself."""
    if not isinstance(value, dict):
        return None, "", value
    holder = value.get("resource")
    attributes = holder.get("attributes", holder.get("_rawAttributes", holder)) if isinstance(holder, dict) else value.get("otel_resource_attributes")
    scope = _scope(value) or value.get("otel_scope_name")
    if "service_name" in value and "otel_scope_name" in value:  # a row of logfire's records
        told = {name: value.get(column) for name, column in _LOGFIRE_RESOURCE.items() if value.get(column)}
        attributes = {**(attributes if isinstance(attributes, dict) else {}), **told}
    return attributes, scope if isinstance(scope, str) else "", value


_LOGFIRE_RESOURCE = {"service.name": "service_name", "service.version": "service_version", "deployment.environment.name": "deployment_environment"}
_NAMES = {
    "traceId": ("traceId", "trace_id"),
    "spanId": ("spanId", "span_id", "id"),
    "parentSpanId": ("parentSpanId", "parent_span_id", "parent_id", "parentId"),
    "name": ("name", "span_name"),
    "startTimeUnixNano": _START,
    "endTimeUnixNano": ("endTimeUnixNano", "end_time_unix_nano", "endTime", "end_time", "end_timestamp"),
    "attributes": ("attributes",),
    "events": ("events", "otel_events"),
    "status": ("status",),
    "kind": ("kind", "span_kind"),
}


def in_otlp_words(raw: Json) -> Json:
    """A span with OTLP's own names of its members, whoever wrote it."""
    if "startTimeUnixNano" in raw and "spanId" in raw:
        return raw
    context = raw.get("context", raw.get("spanContext"))
    parent = next((raw[name] for name in ("parentSpanContext", "parent") if isinstance(raw.get(name), dict)), None)
    span = {name: next((raw[word] for word in words if raw.get(word) is not None), None) for name, words in _NAMES.items()}
    if isinstance(context, dict):
        span["traceId"], span["spanId"] = (_first(context, "traceId", "trace_id"), _first(context, "spanId", "span_id"))
    if parent is not None and span["parentSpanId"] is None:
        span["parentSpanId"] = _first(parent, "spanId", "span_id")
    if span["endTimeUnixNano"] is None:
        span["endTimeUnixNano"] = _end(raw, span["startTimeUnixNano"])
    if "otel_status_code" in raw:
        span["status"] = {"code": raw["otel_status_code"], "message": raw.get("otel_status_message")}
    if span["status"] is None and "status_code" in raw:
        span["status"] = {"code": raw["status_code"], "message": raw.get("status_message")}
    if raw.get("kind") in ("pending_span", "log"):  # logfire's own word
        span["pendingKind"] = raw["kind"]
    return span


def _first(value: Json, *names: str) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _end(raw: Json, start: Any) -> int | None:
    """The end where only a duration is told: `[seconds, nanos]` of the JavaScript SDK, seconds of logfire."""
    begun, took = nanos(start), raw.get("duration")
    if begun is None:
        return None
    if isinstance(took, list) and len(took) == 2 and all(isinstance(part, (int, float)) for part in took):
        return int(begun + took[0] * 10**9 + took[1])
    return int(begun + took * 1e9) if isinstance(took, (int, float)) and not isinstance(took, bool) and 0 <= took < 10**7 else None
