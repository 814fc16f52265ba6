"""cache/prefix_cache and cache/misses on a simulated provider's prompt cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.judges.answer_cache import matched
from tests.truth.scores import Score
from tests.truth.streams.prefix_cache import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: alarm; broken feature named; misses under the right cause."""

    def measure() -> Iterator[Score]:
        said = ask(con, "cache/prefix_cache")
        said.rows("feature", "model", "prompt_version", "realised", "achievable", "gap")
        yield Score("alarm", float(said.alarm))
        yield Score("named", float(said.alarm and said.value("feature") == truth.broken))

    yield ("alarm", "named"), measure
    yield ("causes", "each_cause"), lambda: matched(ask(con, "cache/misses"), truth.causes, of_prefix=True)
