"""Labels of a call: who, for what, in which session. Short words only; what is prose or a structure is no label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Row

LONGEST = 200
MOST_TAGS = 50
SHORT_TAG = 64

# Where programs put what a call is for, who asked, and so on, when the format leaves it to them.
NAMES: dict[str, tuple[str, ...]] = {
    "feature": ("feature", "feature_name", "app.feature", "use_case", "usecase"),
    "user_id": ("user_id", "user.id", "end_user_id", "enduser.id", "userId", "user"),
    "session_id": ("session_id", "session.id", "conversation_id", "thread_id", "sessionId", "conversationId"),
    "team": ("team", "team_id", "team_name"),
    "environment": ("environment", "env", "deployment.environment", "deployment.environment.name"),
    "service": ("service", "service.name", "service_name"),
    "release": ("release", "service.version", "app_version"),
    "prompt_name": ("prompt_name", "prompt_id"),
    "prompt_version": ("prompt_version",),
    "agent_name": ("agent_name", "agent"),
}
TAKEN = frozenset(name for names in NAMES.values() for name in names)
INHERITED = (*NAMES, "feature_basis", "tags", "is_internal")


def label(value: Any) -> str | None:
    """A short text or a whole number as a label; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if text and len(text) <= LONGEST and text.isprintable() else None


def named(metadata: Any, *only: str) -> Row:
    """Canonical labels among the members of a metadata object; `only` restricts the columns."""
    if not isinstance(metadata, Mapping):
        return {}
    found = {column: next((text for name in names if (text := label(metadata.get(name)))), None) for column, names in NAMES.items()}
    row = {column: text for column, text in found.items() if text and (not only or column in only)}
    return row | {"feature_basis": "logged"} if "feature" in row else row


def tags(*holders: Any) -> str | None:
    """One JSON object of short scalars out of objects and lists of `name:value` (or bare) words; what has a column of its own is left out."""
    kept: dict[str, Any] = {}
    for holder in holders:
        for key, value in _pairs(holder):
            if len(kept) < MOST_TAGS and 0 < len(key) <= SHORT_TAG and key not in TAKEN and _short(value):
                kept.setdefault(key, value)
    return orjson.dumps(kept).decode() if kept else None


def _pairs(holder: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(holder, Mapping):
        return [(str(key), value) for key, value in holder.items()]
    if isinstance(holder, list):
        parts = [str(entry).partition(":") for entry in holder if isinstance(entry, str)]
        return [(name.strip(), value.strip() or "true") for name, _, value in parts]
    return []


def _short(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < 2**53
    return isinstance(value, float) or (isinstance(value, str) and 0 < len(value) <= SHORT_TAG and value.isprintable())


def feature(record: Mapping[str, Any], places: Iterable[str]) -> Row:
    """The feature from the first place that has one; a place is a path into the record (`tags.product`, `metadata.team`), chosen in the config."""
    for place in places:
        found = label(_at(record, place))
        if found:
            return {"feature": found, "feature_basis": "config"}
    return {}


def _at(node: Any, place: str) -> Any:
    """The member a dotted path names; keys may themselves hold dots, and a list of words may hold `name:value`."""
    if isinstance(node, list):
        return next((value for name, value in _pairs(node) if name == place), None)
    if not isinstance(node, Mapping):
        return None
    if place in node:
        return node[place]
    parts = place.split(".")
    heads = (".".join(parts[:i]) for i in range(len(parts) - 1, 0, -1))
    return next((value for head in heads if head in node and (value := _at(node[head], place[len(head) + 1 :])) is not None), None)
