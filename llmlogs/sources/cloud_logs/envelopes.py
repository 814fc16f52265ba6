"""What clouds wrap their log entries in on the way out: CloudWatch, Event Hub, BigQuery, collectors that put the whole line into a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

Raw = Mapping[str, Any]
LISTS = ("logEvents", "events", "records", "Records", "rows")
TEXTS = ("message", "@message", "Message", "event", "log", "_raw", "textPayload", "jsonPayload", "_source", "MESSAGE")
DEEPEST = 4


def entries_of(value: Any, depth: int = 0) -> list[Any]:
    """The log entries in a record: itself, or what its envelope holds. An entry that cannot be parsed stays as it is."""
    if not isinstance(value, Mapping) or depth > DEEPEST:
        return [value]
    for name in LISTS:
        inner = value.get(name)
        if isinstance(inner, list) and inner and all(isinstance(item, (Mapping, str)) for item in inner):
            return [entry for item in inner for entry in entries_of(parsed(item), depth + 1)]
    for name in TEXTS:
        inner = parsed(value.get(name))
        if isinstance(inner, Mapping):
            return entries_of(inner, depth + 1)
    return [value]


def parsed(value: Any) -> Any:
    """A member that is an object, or the text of one."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def member(entry: Raw, *names: str) -> Any:
    """The first of these members that is not null; names are compared without case and Log Analytics' type suffix (`durationMs_d`)."""
    for name in names:
        if entry.get(name) is not None:
            return entry[name]
    wanted = {name.lower(): rank for rank, name in reversed(list(enumerate(names)))}
    found = [(wanted[plain], value) for key, value in entry.items() if value is not None and (plain := _plain(str(key))) in wanted]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _plain(key: str) -> str:
    lower = key.lower()
    return lower[:-2] if lower[-2:] in ("_s", "_d", "_b", "_t", "_g") else lower


def mapping(value: Any) -> Raw:
    """An object, also one kept as text; empty for all else."""
    found = parsed(value)
    return found if isinstance(found, Mapping) else {}


def text(value: Any, longest: int = 200) -> str | None:
    """A short text or a number as text."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value)[:longest] or None
