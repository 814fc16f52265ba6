"""latency/where_time_goes and latency/tail against a queue that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.queue import Truth
from tests.truth.world import Connection

WAITS = ("The provider's queue", "The network", "Waiting for the first token", "Own queue", "Your own queue")


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: share of waiting within 10 points, in all (`wait`) and in the tail (`wait_tail`, `tail`), of writing exact; the tail's leading part."""

    def where() -> Iterator[Score]:
        every = ask(con, "latency/where_time_goes").rows("part", "share", "tail_share")
        rows = [row for row in every if row["part"] in WAITS]
        yield Score("writing", float(abs(sum(row["share"] for row in every if row["part"] == "Writing the answer") - truth.writing) < 1e-6))
        yield Score("wait", float(abs(sum(row["share"] or 0 for row in rows) - truth.wait) <= 0.1))
        yield Score("wait_tail", float(abs(sum(row["tail_share"] or 0 for row in rows) - truth.wait_tail) <= 0.1))

    def tail() -> Iterator[Score]:
        said = ask(con, "latency/tail")
        row = next((row for row in said.rows("part", "typical_share", "tail_share") if row["part"] == "wait"), None)
        yield Score("tail", float(row is not None and row["tail_share"] is not None and abs(row["tail_share"] - truth.wait_tail) <= 0.1))
        if abs(truth.wait_tail - 0.5) > 0.15:
            yield Score("leads", float((said.value("tail_part") == "wait") == (truth.wait_tail > 0.5)))

    yield ("wait", "wait_tail", "writing"), where
    yield ("tail", "leads"), tail
