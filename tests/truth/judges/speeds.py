"""latency/by_model: the model that became slower, and none where none did."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.speeds import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: slower model named, alarm."""

    def measure() -> Iterator[Score]:
        said = ask(con, "latency/by_model")
        yield Score("alarm", float(said.alarm))
        yield Score("named", float(said.alarm and said.value("model") == truth.model))

    yield ("named", "alarm"), measure
