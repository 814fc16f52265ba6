"""tokens/drift on one feature with a planted change, 72, 48 and 24 hours after it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

from tests.truth.ask import NotBuiltError, Said, ask
from tests.truth.scores import Score
from tests.truth.streams.tokens import Truth
from tests.truth.world import Connection

FOUND = ("found_72h", "found_48h", "found_24h")


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: found at three times, other series alarmed, interval, onset, the smallest change it says it sees, cause, shape."""
    said = ask(con, "tokens/drift")
    row = _mine(said, truth)
    yield ("interval", "other", "onset_3h"), lambda: _told(said, row, truth)
    yield ("word",), lambda: _word(said, row, truth)
    yield ("cause",), lambda: _cause(said, row, truth)
    yield ("shape",), lambda: _shape(said, row, truth)

    def found() -> Iterator[Score]:
        yield Score("found_72h", float(_found(said, truth)))
        for hours in (48, 24):
            con.execute("delete from call_rows where started_at >= $1", [truth.moment + dt.timedelta(hours=hours)])
            yield Score(f"found_{hours}h", float(_found(ask(con, "tokens/drift"), truth)))

    yield FOUND, found


def _mine(said: Said, truth: Truth) -> dict[str, Any] | None:
    rows = said.rows("feature", "direction", "is_change", "change", "lo", "hi", "changed_at", "smallest")
    return next((row for row in rows if row["direction"] == truth.direction), None)


def _found(said: Said, truth: Truth) -> bool:
    """An alarm for the right series, in the right direction, since about then."""
    row = _mine(said, truth)
    if not said.alarm or row is None or not row["is_change"]:
        return False
    near = abs((row["changed_at"] - truth.moment).total_seconds()) <= 36 * 3600
    return near and bool((row["change"] > 0) == (truth.change + truth.add > 0))


def _told(said: Said, row: dict[str, Any] | None, truth: Truth) -> Iterator[Score]:
    rows = said.rows("direction", "is_change")
    yield Score("other", float(any(r["is_change"] for r in rows if r["direction"] != truth.direction)))
    if row is None or not _found(said, truth):
        return
    if truth.change:
        yield Score("interval", float(row["lo"] <= truth.change <= row["hi"]))
    first = row["first_seen"] if said.has("first_seen") else said.value("first_seen")
    if first is not None:
        yield Score("onset_3h", float(abs((first - truth.moment).total_seconds()) <= 3 * 3600 + 1))


def _word(said: Said, row: dict[str, Any] | None, truth: Truth) -> Iterator[Score]:
    """Whether a change larger than what it says it would have seen was seen."""
    if truth.change and row is not None and row["smallest"] is not None and math.log1p(row["smallest"]) <= abs(math.log1p(truth.change)):
        yield Score("word", float(_found(said, truth)))


def _cause(said: Said, row: dict[str, Any] | None, truth: Truth) -> Iterator[Score]:
    """All new values named and nothing else; nothing named where nothing else changed. A change of users alone is no change of what a call takes."""
    if not (said.has("cause_value") or said.has("cause")):
        raise NotBuiltError("tokens/drift evidence cause_kind, cause_value")
    if row is None or not said.alarm or not row["is_change"]:
        return
    named = str(row.get("cause_value", row.get("cause")) or "")
    if "user_mix" in truth.cause:
        yield Score("cause", float("user" in str(row.get("cause_kind", named))))
        return
    wrong = any(value in named for value in ("v7", "v8", "r-new", "assist-2026-01") if value not in truth.cause.values())
    yield Score("cause", float(all(value in named for value in truth.cause.values()) and not wrong and bool(named) == bool(truth.cause)))


def _shape(said: Said, row: dict[str, Any] | None, truth: Truth) -> Iterator[Score]:
    if not said.has("shape"):
        raise NotBuiltError("tokens/drift evidence shape")
    if row is not None and _found(said, truth):
        yield Score("shape", float(row["shape"] == ("fixed_text" if truth.add else "ratio")))
