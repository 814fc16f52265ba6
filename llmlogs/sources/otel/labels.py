"""Feature, user, session, release ...: on the span itself, else on the nearest enclosing span, up to the root of the trace, else on the resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.otel.attributes import TAG, Attributes
from llmlogs.sources.otel.span import Fields, Span
from llmlogs.sources.otel.values import short

INHERITED = (
    "session_id", "user_id", "team", "environment", "release", "service", "region", "prompt_name", "prompt_version", "agent_name", "operation_id",
)  # fmt: skip
CONFIGURED = "from"
BASES = {CONFIGURED: "config", "label_tags": "tags", "agent_name": "agent"}
OF_A_TRACE = ("user_id", "session_id", "team", "feature", "tags")
GUESSED = ("agent", "resource")
FEATURES = ("feature", "feature_hint", "agent_name")
MOST_TAGS = 20
LONGEST = 100
HIGHEST = 100
Known = Mapping[tuple[str, str], Span]


def chain(span: Span, known: Known) -> Iterator[Span]:
    """The span and those around it, the nearest first."""
    current: Span | None = span
    for _ in range(HIGHEST):
        if current is None:
            return
        yield current
        parent = known.get((current.trace, current.parent)) if current.parent else None
        current = None if parent is span or parent is current else parent


def labels_of(spans: list[Span], known: Known, attributes: Attributes) -> dict[str, Any]:
    """The label columns of a call told by `spans`, the outermost first."""
    own = [_told(span, attributes) for span in reversed(spans)]  # what further in tells of the same call is the call's own, too
    around = [_told(span, attributes) for span in chain(spans[0], known)][1:]
    places = [*own, *around, attributes.labels(spans[0].resource)]
    nearest: Fields = {}
    for fields in reversed(places):
        nearest |= fields
    row: dict[str, Any] = {name: word for name in INHERITED if name in nearest and (word := short(nearest[name]))}
    feature, field = _feature(nearest, places, attributes)
    if feature is not None:
        row["feature"], row["feature_basis"] = feature, BASES.get(field) or _level(places, field, len(own))
    tags = {field[len(TAG) :]: value for field, value in nearest.items() if field.startswith(TAG) and _is_label(value)}
    if tags:
        row["tags"] = orjson.dumps(dict(list(tags.items())[:MOST_TAGS]), option=orjson.OPT_SORT_KEYS).decode()
    return row


def _told(span: Span, attributes: Attributes) -> Fields:
    """The labels of a span, found once: many calls may lie in it."""
    if span.labels is None:
        span.labels = attributes.labels(span.fields)
    return span.labels


def facts_of(span: Span, attributes: Attributes) -> Row | None:
    """What the root of a trace says for all of it: calls of the trace in other files, or read before, take it from there (ingest/trace_facts.py)."""
    if span.parent or not span.trace:
        return None
    row = labels_of([span], {}, attributes)
    if row.get("feature_basis") in GUESSED:
        del row["feature"]
    told: Row = {name: row[name] for name in OF_A_TRACE if name in row}
    if not told:
        return None
    return told | {"trace_id": span.trace, "source": "otel"} | ({"updated_at": span.start // 1000} if span.start is not None else {})


def _level(places: list[Fields], field: str, own: int) -> str:
    """How far out a field was found: on the call, in its trace, on the resource."""
    level = next((level for level, fields in enumerate(places) if field in fields), 0)
    return "logged" if level < own else "trace" if level < len(places) - 1 else "resource"


def _feature(nearest: Fields, places: list[Fields], attributes: Attributes) -> tuple[str | None, str]:
    """The feature and the field it is from; what the configuration names comes first, then features, then names of workflows, then the agent's."""
    for field, bare in attributes.wanted:
        found = short(nearest.get(field))
        found = found or (_listed(places, bare) if "label_tags" in nearest else None)
        if found:
            return found, CONFIGURED
    if "feature" not in nearest and "label_tags" in nearest:
        found = _listed(places, "feature")
        if found:
            return found, "label_tags"
    for field in FEATURES:
        if field in nearest and (found := short(nearest[field])):
            return found, field
    return None, ""


def _listed(places: list[Fields], name: str) -> str | None:
    """A tag written as `name:value` in a list of tags, the nearest list first."""
    for fields in places:
        listed = fields.get("label_tags")
        for tag in listed if isinstance(listed, list) else ():
            if isinstance(tag, str) and tag.startswith((f"{name}:", f"{name}=")):
                return short(tag[len(name) + 1 :].strip())
    return None


def _is_label(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and 0 < len(value) <= LONGEST and "\n" not in value and value[:1] not in "{[")
