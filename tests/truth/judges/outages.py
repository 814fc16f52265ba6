"""errors/availability and errors/fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.outages import OTHER, Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: operations, those that ended well, minutes and minutes down exact for each provider; fallbacks and their successes exact."""

    def available() -> Iterator[Score]:
        rows = {
            row["provider"]: row
            for row in ask(con, "errors/availability").rows("provider", "operations", "available", "availability", "lo", "hi", "down_minutes", "minutes")
        }
        for provider in OTHER:
            row = rows.get(provider, {})
            yield Score("calls", float((row.get("operations"), row.get("available")) == (truth.sent[provider], truth.well[provider])))
            yield Score("minutes", float((row.get("minutes"), row.get("down_minutes")) == (truth.minutes[provider], truth.down[provider])))

    def fallbacks() -> Iterator[Score]:
        said = ask(con, "errors/fallbacks")
        rows = said.rows("from_name", "to_name", "operations", "succeeded", "added_ms", "added_usd")
        told = (sum(row["operations"] for row in rows), sum(row["succeeded"] for row in rows))
        share = truth.fell_back / truth.operations
        yield Score("fallbacks", float(told == (truth.fell_back, truth.saved) and abs(float(said.value("value") or 0) - share) < 1e-9))

    yield ("calls", "minutes"), available
    yield ("fallbacks",), fallbacks
