"""cache/hit_rate: does its interval hold the population's rate where users differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.answer_cache import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: interval."""

    def measure() -> Iterator[Score]:
        row = next(r for r in ask(con, "cache/hit_rate").rows("cache_kind", "lo", "hi") if r["cache_kind"] == "exact")
        yield Score("interval", float(row["lo"] is not None and row["lo"] <= (truth.hit_rate or 0) <= row["hi"]))

    yield ("interval",), measure
