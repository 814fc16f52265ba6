"""quality/feedback and quality/follow_ups."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.ratings import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: counts exact, interval of the negative rate, re-asks exact."""

    def thumbs() -> Iterator[Score]:
        rows = ask(con, "quality/feedback").rows("feature", "answers", "rated", "negative", "negative_rate", "lo", "hi", "design_effect")
        row = next((row for row in rows if row["feature"] == "chat"), None)
        yield Score("counts", float(row is not None and (row["answers"], row["rated"], row["negative"]) == (truth.answers, truth.rated, truth.negative)))
        if row is not None and row["lo"] is not None:
            yield Score("interval", float(row["lo"] <= truth.rate <= row["hi"]))

    def again() -> Iterator[Score]:
        row = next(
            (row for row in ask(con, "quality/follow_ups").rows("feature", "answers", "follow_ups", "rate", "lo", "hi") if row["feature"] == "chat"), None
        )
        yield Score("follow_ups", float(row is not None and row["follow_ups"] == truth.follow_ups))

    yield ("counts", "interval"), thumbs
    yield ("follow_ups",), again
