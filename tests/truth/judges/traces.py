"""The view trace_path and latency/critical_path against a brute-force walk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.truth.ask import ask
from tests.truth.scores import Score
from tests.truth.streams.traces import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: traces whose every step equals the walk (`equal`), sums by kind, saving of 10 % within a point, shares add up."""

    def view() -> Iterator[Score]:
        told: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for trace, step, own in con.execute("select trace_id, span_id, own_ms from trace_path where own_ms > 0").fetchall():
            told[trace][step] += own
        same = sum(any(_same(told[trace], way) for way in ways) for trace, ways in truth.traces.items())
        yield Score("equal", same, len(truth.traces))

    def kinds() -> Iterator[Score]:
        rows = {row["kind"]: row for row in ask(con, "latency/critical_path").rows("kind", "path_ms", "share", "busy_ms")}
        if not truth.saved:
            return
        right = [kind in rows and abs(rows[kind]["path_ms"] - own / 1e3) <= 1e-6 * own / 1e3 + 0.01 for kind, own in truth.by_kind.items() if own]
        yield Score("sums", sum(right), len(right))
        for kind, saved in truth.saved.items():
            yield Score("saves", float(abs((rows[kind]["share"] if kind in rows else 0) / 10 - saved) <= 0.01))

    yield ("equal",), view
    yield ("sums", "saves"), kinds


def _same(told: dict[str, float], way: dict[str, int]) -> bool:
    return set(told) == set(way) and all(abs(told[step] - own / 1e3) < 1e-3 for step, own in way.items())
