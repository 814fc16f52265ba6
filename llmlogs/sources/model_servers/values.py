"""What the sources of model servers share: numbers and parts of a wait out of records that may hold anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Row

Raw = Mapping[str, Any]
ANSWERS = ("latency/where_time_goes", "latency/slowest_calls", "streaming/time_to_first_token", "cache/prefix_cache", "tokens/drift", "data/coverage")


def number(value: Any) -> float | None:
    """A finite number, not below zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        return None
    return float(value)


def seconds(value: Any) -> float | None:
    """A duration in seconds as ms."""
    found = number(value)
    return None if found is None else round(found * 1000, 6)


def between(start: Any, end: Any) -> float | None:
    """The ms between two instants of one clock, in seconds."""
    first, last = number(start), number(end)
    return round((last - first) * 1000, 6) if first is not None and last is not None and last >= first else None


def mapping(value: Any) -> Raw:
    """An object, also one kept as text; empty for all else."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str | None:
    """A short text."""
    return value[:200] if isinstance(value, str) and value else None


def without_nulls(row: Row) -> Row:
    """Columns that have a value."""
    return {name: value for name, value in row.items() if value is not None}
