"""cost/forecast: does its 90 % interval hold what the month came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.months import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: interval; value within 15 %; what is spent already exact."""

    def measure() -> Iterator[Score]:
        said = ask(con, "cost/forecast")
        value, lo, hi = said.value("value"), said.value("lo"), said.value("hi")
        yield Score("interval", float(lo is not None and float(lo) <= truth.month_usd <= float(hi)))
        yield Score("near", float(value is not None and abs(float(value) / truth.month_usd - 1) <= 0.15))

    def spent() -> Iterator[Score]:
        yield Score("spent", float(abs(float(ask(con, "cost/forecast").value("spent")) - truth.spent) <= 1e-6 * truth.spent + 1e-9))

    yield ("interval", "near"), measure
    yield ("spent",), spent
