"""Scores -> feedback: records of their own, and columns of table exports."""

from __future__ import annotations

from collections.abc import Iterator

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.texts import parsed
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.langfuse.fields import KNOWN, Fields
from llmlogs.sources.langfuse.rows import number as as_number

GIVERS = {"API": "code", "ANNOTATION": "human", "EVAL": "judge"}
LONGEST_VERDICT = 40


def score(row: Fields) -> Row | None:
    """A score of its own record; None when it judges nothing that is known here."""
    places = {"call_id": label(row.get("observation_id")), "trace_id": label(row.get("trace_id")), "session_id": label(row.get("session_id"))}
    if not any(places.values()):
        return None
    kind = str(row.get("data_type") or "").upper()
    number = as_number(row.get("value")) if kind not in ("CATEGORICAL", "TEXT", "CORRECTION") else None
    said = row.get("string_value") or (row.get("value") if number is None and kind not in ("TEXT", "CORRECTION") else None)
    found = {
        "at": to_utc(row.get("timestamp")),
        "name": label(row.get("name")),
        "value": number,
        "label": None if kind in ("TEXT", "CORRECTION") else verdict(said),
        "kind": GIVERS.get(str(row.get("source")).upper()),
        "source": "langfuse",
    }
    return {key: value for key, value in (places | found).items() if value is not None}


def verdict(value: object) -> str | None:
    """The word of a category; what is longer is prose."""
    text = label(value) if isinstance(value, str) else None
    return text if text and len(text) <= LONGEST_VERDICT else None


def score_columns(row: Fields) -> Iterator[Row]:
    """Scores that a table export has as columns of their own, named as the scores are: lists, in CSV as JSON."""
    for name, value in row.items():
        values = parsed(value) if name not in KNOWN else None
        for item in values[:100] if isinstance(values, list) else ():
            number = float(item) if isinstance(item, int | float) and not isinstance(item, bool) else None
            if label(name) and (number is not None or verdict(item)):
                yield {"name": name, "source": "langfuse"} | ({"value": number} if number is not None else {"label": verdict(item)})
