"""limits/which_limit and limits/retries on a simulated limiter and client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.limiter import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: kind and size of the limit; amplification, growth and obedience of the retries; jitter told from none."""
    yield ("kind", "size"), lambda: _limit(con, truth)
    yield ("amplification", "growth", "obeyed", "jitter"), lambda: _retries(con, truth)


def _limit(con: Connection, truth: Truth) -> Iterator[Score]:
    rows = ask(con, "limits/which_limit").rows("series", "limit_kind", "limit_value", "lo", "hi", "basis", "refused")
    row = next((row for row in rows if row["limit_kind"]), None)
    right = row is not None and row["limit_kind"] == truth.kind
    yield Score("kind", float(right))
    yield Score("size", float(row is not None and right and abs(float(row["limit_value"]) / truth.size - 1) <= 0.05))


def _retries(con: Connection, truth: Truth) -> Iterator[Score]:
    rows = ask(con, "limits/retries").rows("series", "amplification", "retries", "growth", "jitter", "obeyed_share")
    row: dict[str, Any] = rows[0] if rows else dict.fromkeys(("amplification", "growth", "jitter", "obeyed_share"))
    yield Score("amplification", float(_near(row["amplification"], truth.tries / truth.operations, 0.02 * truth.tries / truth.operations)))
    yield Score("obeyed", float(_near(row["obeyed_share"], truth.obeyed / truth.asked if truth.asked else None, 0.03)))
    if truth.growth is not None and truth.client != "header":
        yield Score("growth", float(_near(row["growth"], truth.growth, 0.1 * truth.growth)))
    if truth.client in ("jitter", "none"):
        wants = row["jitter"] is not None and (row["jitter"] > 0.2 if truth.client == "jitter" else row["jitter"] < 0.05)
        yield Score("jitter", float(wants))


def _near(value: float | None, truth: float | None, within: float) -> bool:
    if value is None or truth is None:
        return value is None and truth is None
    return abs(value - truth) <= within
