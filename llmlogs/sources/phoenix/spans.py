"""A span of Phoenix, from a frame or its REST API, in OpenTelemetry's words: attributes flat again, cells parsed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.common.literals import value_of

PREFIX = "attributes."
WHOLE = frozenset({"metadata"})  # labels of the application's own: its names may be anything
TEXTS = frozenset({"attributes.input.value", "attributes.output.value"})
KINDS = frozenset({"LLM", "EMBEDDING", "CHAIN", "RETRIEVER", "RERANKER", "TOOL", "AGENT", "GUARDRAIL", "EVALUATOR", "PROMPT", "UNKNOWN"})
DEEPEST = 12
MOST = 2000  # attributes of a span


def is_frame_row(value: Any) -> bool:
    """A row of a frame of spans."""
    return isinstance(value, dict) and "context.span_id" in value and ("context.trace_id" in value or "span_kind" in value)


def is_rest_span(value: Any) -> bool:
    """A span as the REST API returns it."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("context"), dict)
        and "span_id" in value["context"]
        and str(value.get("span_kind")).upper() in KINDS
        and "status_code" in value
    )


def in_otlp_words(value: Row) -> Row | None:
    """The span; None for what is none."""
    if is_frame_row(value):
        own, trace = value.get("context.span_id"), value.get("context.trace_id")
        cell = _cell if all(item is None or isinstance(item, str) for item in value.values()) else _as_is  # a CSV has nothing but texts
        attributes = dict(_flat((name[len(PREFIX) :], cell(name, item)) for name, item in value.items() if name.startswith(PREFIX)))
        if "attributes" in value:
            attributes |= dict(_flat(_members(value_of(value["attributes"]))))
    elif isinstance(value.get("context"), dict):
        own, trace = value["context"].get("span_id"), value["context"].get("trace_id")
        attributes = dict(_flat(_members(value_of(value.get("attributes")))))
    else:
        return None
    kind = str(value.get("span_kind") or "").upper()
    if kind and kind != "UNKNOWN":
        attributes.setdefault("openinference.span.kind", kind)
    _gather_metadata(attributes)
    return {
        "traceId": trace,
        "spanId": own,
        "parentSpanId": _plain(value.get("parent_id")),
        "name": value.get("name"),
        "startTimeUnixNano": _plain(value.get("start_time")),
        "endTimeUnixNano": _plain(value.get("end_time")),
        "status": {"code": value.get("status_code"), "message": value.get("status_message")},
        "attributes": attributes,
        "events": _events(value.get("events")),
    }


def _cell(name: str, item: Any) -> Any:
    """A cell of a CSV: a structure is written as Python does; what is JSON was a text before, as answers and parameters are."""
    if not isinstance(item, str) or item[:1] not in ("{", "[") or name in TEXTS:
        return value_of(item) if isinstance(item, str) and item[:1] not in ("{", "[") else item
    try:
        orjson.loads(item)
    except orjson.JSONDecodeError:
        return value_of(item)
    return item


def _as_is(_: str, item: Any) -> Any:
    return item


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(())


def _flat(pairs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Attributes by their dotted names; what is absent is left out. Lists stay whole."""
    return islice(_walk(pairs, "", 0), MOST)


def _walk(pairs: Iterable[tuple[str, Any]], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, item in pairs:
        full = f"{prefix}{name}"
        if isinstance(item, dict) and full not in WHOLE and depth < DEEPEST:
            yield from _walk(item.items(), f"{full}.", depth + 1)
        elif _plain(item) is not None:
            yield full, item


def _plain(item: Any) -> Any:
    """NaN, which stands for absent in a frame, is None, also written as a text in a CSV."""
    if isinstance(item, str):
        return None if item.strip().lower() in ("nan", "nat", "none", "") else item
    return None if isinstance(item, float) and not math.isfinite(item) else item


def _gather_metadata(attributes: Row) -> None:
    """REST flattens the application's own labels too; they belong together."""
    loose = [name for name in attributes if name.startswith("metadata.")]
    if loose and "metadata" not in attributes:
        attributes["metadata"] = {name.removeprefix("metadata."): attributes.pop(name) for name in loose}


def _events(value: Any) -> list[Row]:
    listed = value_of(value)
    return [dict(event) for event in listed if isinstance(event, dict)] if isinstance(listed, list) else []
