"""Feedback: the sums beside a run, and records of the feedback API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.texts import parsed
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import integer

GIVERS = {"app": "human", "user": "human", "model": "judge", "auto_eval": "judge", "api": "code"}
MOST_FEEDBACK = 100  # points of one key of one run
LONGEST = 40  # a word of a category; what is longer is prose
LARGEST = 1e12


def feedback_stats(stats: Any) -> Iterator[Row]:
    """`{key: {n, avg, values}}`: n points of the average, or of each word as often as it was given."""
    for name, told in stats.items() if isinstance(stats, Mapping) else ():
        if not isinstance(told, Mapping) or not label(name):
            continue
        base = {"name": name, "source": "langsmith"}
        values = told.get("values")
        words = [(label(word), integer(count)) for word, count in values.items()] if isinstance(values, Mapping) else []
        average = None if isinstance(told.get("avg"), bool) else number(told.get("avg"))
        if average is not None:
            yield from [base | {"value": average}] * min(integer(told.get("n")) or 1, MOST_FEEDBACK)
        else:
            yield from (base | {"label": word} for word, count in words if word and len(word) <= LONGEST for _ in range(min(count or 0, MOST_FEEDBACK)))


def number(value: Any) -> float | None:
    """A score; some exports write decimals as text."""
    if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return None
    return float(value) if isinstance(value, int | float | Decimal | str) and abs(float(value)) < LARGEST else None


def feedback(record: Row) -> Row | None:
    """A record of the feedback API; None when it judges no run."""
    run, trace = label(record.get("run_id")), label(record.get("trace_id"))
    source = parsed(record.get("feedback_source"))
    word = record.get("value")
    found = {
        "call_id": run,
        "trace_id": trace,
        "at": to_utc(record.get("created_at")),
        "name": label(record.get("key")),
        "value": number(record.get("score")),
        "label": text if isinstance(word, str) and (text := label(word)) and len(text) <= LONGEST else None,
        "kind": GIVERS.get(str(source.get("type")).lower()) if isinstance(source, Mapping) else None,
        "source": "langsmith",
    }
    return {key: value for key, value in found.items() if value is not None} if run or trace else None
