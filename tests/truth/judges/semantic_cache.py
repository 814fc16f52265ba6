"""cache/semantic: the bad band and its edge; none where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.semantic_cache import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: edge (within 0.02, with an alarm), alarm."""

    def measure() -> Iterator[Score]:
        said = ask(con, "cache/semantic")
        said.rows("band_from", "band_to", "hits", "rated", "complaint_rate", "excess", "lo", "hi", "is_risky")
        told = said.value("raise_to")
        yield Score("alarm", float(said.alarm))
        if truth.edge is not None:
            yield Score("edge", float(said.alarm and told is not None and abs(float(told) - truth.edge) <= 0.02 + 1e-9))

    yield ("edge", "alarm"), measure
