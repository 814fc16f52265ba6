"""streaming/stalls, streaming/disconnects, streaming/should_stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.chunks import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: stalls missed or made up, of those planted; broken streams exact; waste within 10 %; unstreamed exact; wait spared within a fifth."""

    def stalls() -> Iterator[Score]:
        said = ask(con, "streaming/stalls")
        said.rows("provider", "model", "streams", "stalled")
        yield Score("stalls", float(abs(said.value("stalled") - truth.stalled) <= 0.01 * truth.stalled + 0.5))

    def breaks() -> Iterator[Score]:
        said = ask(con, "streaming/disconnects")
        yield Score("broken", float((said.value("broken"), said.value("n")) == (truth.broken, truth.streams)))

    def waste() -> Iterator[Score]:
        told = ask(con, "streaming/disconnects").value("wasted_tokens")
        yield Score("wasted", float(told is not None and abs(float(told) - truth.wasted) <= 0.1 * truth.wasted))

    def should() -> Iterator[Score]:
        said = ask(con, "streaming/should_stream")
        yield Score("should", float((said.value("should_stream"), said.value("n")) == (truth.unstreamed, truth.long)))
        if truth.saved_ms is not None:
            told = said.value("saved_ms")
            yield Score("saved", float(told is not None and abs(told / truth.saved_ms - 1) <= 0.2))

    yield ("stalls",), stalls
    yield ("broken",), breaks
    yield ("wasted",), waste
    yield ("should", "saved"), should
