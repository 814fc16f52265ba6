"""The forms a trace comes in, brought into one: trace JSON of both schemas, rows of a frame, spans of schema 2, 3 and 4."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of

HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{16}|[0-9a-fA-F]{32})\Z")
FRAME = frozenset({"trace_metadata", "request_metadata", "execution_duration", "execution_time_ms", "assessments", "client_request_id"})
UNREADABLE = "spans are written as Python objects: export them with to_json"


@dataclass
class Span:
    """One span, ids in hex, times as logged, attributes decoded."""

    id: str
    parent: str | None
    name: str | None
    start: Any
    end: Any
    status: str
    message: str
    attributes: Row
    events: list[tuple[str, Any, Row]]


@dataclass
class Trace:
    """A trace; `metadata` and `tags` are texts by name."""

    id: str
    metadata: Row
    tags: Row
    spans: list[Span]
    assessments: list[Row] = field(default_factory=list)
    unreadable: str = ""
    raw: Row = field(default_factory=dict)


def looks_like(value: Row) -> str:
    """Which form a record has, in words; "" for none."""
    if isinstance(value.get("info"), Mapping) and ("trace_id" in value["info"] or "request_id" in value["info"]) and isinstance(value.get("data"), (dict, str)):
        return "`info` and `data.spans`"
    if {"trace_id", "request_id"} & value.keys() and "spans" in value and (FRAME & value.keys()) and len(FRAME & value.keys()) >= 2:
        return "the columns of a frame of traces"
    if {"trace_id", "trace_metadata", "request_time"} <= value.keys() or {"request_id", "request_metadata", "timestamp_ms"} <= value.keys():
        return "the members of a trace's `info`"
    return "spans with `mlflow.` attributes" if _request_of(value) else ""


def _request_of(value: Row) -> str | None:
    """The trace that lone spans name: MLflow keeps them in a file of their own, `traces.json`."""
    spans = value.get("spans")
    first = spans[0] if isinstance(spans, list) and spans and isinstance(spans[0], Mapping) else {}
    return label(decode(attributes.get("mlflow.traceRequestId"))) if isinstance(attributes := first.get("attributes"), Mapping) else None


def trace_of(value: Row) -> Trace | None:
    """The trace of a record; None when there is none in it."""
    if isinstance(value.get("info"), Mapping):
        return _whole(value)
    inner = value_of(value.get("trace"))
    if isinstance(inner, Mapping) and isinstance(inner.get("info"), Mapping):
        whole = _whole(dict(inner))
        if whole is not None and whole.spans:
            whole.assessments = whole.assessments or _objects(value_of(value.get("assessments")))
            return whole
    return _from_frame(value)


def _whole(value: Row) -> Trace | None:
    info, data = value["info"], value_of(value.get("data"))
    own = label(info.get("trace_id")) or label(info.get("request_id"))
    spans = data.get("spans") if isinstance(data, Mapping) else None
    if own is None:
        return None
    metadata = _texts(info.get("trace_metadata") or info.get("request_metadata"))
    return Trace(
        own, metadata, _texts(info.get("tags")), _spans(spans), _objects(info.get("assessments")), raw={"metadata": metadata, "tags": info.get("tags")}
    )


def _from_frame(value: Row) -> Trace | None:
    own = label(value.get("trace_id")) or label(value.get("request_id")) or _request_of(value)
    if own is None or not looks_like(value):
        return None
    spans = value_of(value.get("spans"))
    metadata = _texts(value_of(value.get("trace_metadata") or value.get("request_metadata")))
    tags = _texts(value_of(value.get("tags")))
    found = _spans(spans)
    trace = Trace(own, metadata, tags, found, _objects(value_of(value.get("assessments"))), raw={"metadata": metadata, "tags": tags})
    trace.unreadable = UNREADABLE if not found and "Span(" in str(value.get("spans"))[:1000] else ""
    return trace


def _texts(value: Any) -> Row:
    """Labels by name: an object, or the list of `{key, value}` that protobuf makes of it."""
    if isinstance(value, list):
        return {str(item["key"]): item.get("value") for item in value if isinstance(item, Mapping) and "key" in item}
    return dict(value) if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Row]:
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _spans(value: Any) -> list[Span]:
    return [_span(raw, number) for number, raw in enumerate(_objects(value))]


def _span(raw: Row, number: int) -> Span:
    context, status = raw.get("context"), raw.get("status")
    names = context if isinstance(context, Mapping) else raw
    stated = status if isinstance(status, Mapping) else {"code": raw.get("status_code", status), "message": raw.get("status_message")}
    return Span(
        id=hex_id(names.get("span_id")) or f"#{number}",
        parent=hex_id(raw.get("parent_span_id") or raw.get("parent_id")),
        name=label(raw.get("name")),
        start=raw.get("start_time_unix_nano") or raw.get("start_time"),
        end=raw.get("end_time_unix_nano") or raw.get("end_time"),
        status=str(stated.get("code") or "").removeprefix("STATUS_CODE_").upper(),
        message=str(stated.get("message") or ""),
        attributes=_decoded(raw.get("attributes")),
        events=[_event(event) for event in _objects(raw.get("events"))],
    )


def _event(raw: Row) -> tuple[str, Any, Row]:
    attributes = raw.get("attributes")
    return str(raw.get("name") or ""), raw.get("time_unix_nano") or raw.get("timestamp"), dict(attributes) if isinstance(attributes, Mapping) else {}


def _decoded(attributes: Any) -> Row:
    """Every value is JSON as text: `"\\"gpt-x\\""` is gpt-x."""
    return {str(name): decode(value) for name, value in attributes.items() if value is not None} if isinstance(attributes, Mapping) else {}


def decode(value: Any) -> Any:
    """The value a JSON text stands for; a text that is none is itself."""
    if isinstance(value, str) and value[:1] == '"':
        return value_of(f"[{value}]")[0] if isinstance(value_of(f"[{value}]"), list) else value
    return value_of(value)


def hex_id(value: Any) -> str | None:
    """An id in hex: it is logged so, or as base64 of its bytes; another text stays as it is."""
    if not isinstance(value, str) or not value:
        return None
    found = HEX.match(value)
    if found:
        return found.group(1).lower()
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return label(value)
    return raw.hex() if len(raw) in (8, 16) and any(raw) else None if not any(raw) else label(value)
