"""cache/staleness, cache/hit_rate and cache/misses on a simulated answer cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tests.truth.ask import Said, ask
from tests.truth.scores import Score
from tests.truth.streams.answer_cache import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: stale hits exact in all and by either reason; hits and lookups exact; misses under the right cause."""
    yield ("stale", "over_ttl", "outdated", "stale_alarm"), lambda: _stale(ask(con, "cache/staleness"), truth)
    yield ("hits",), lambda: _hits(con, truth)
    yield ("causes", "each_cause"), lambda: matched(ask(con, "cache/misses"), truth.causes, of_prefix=False)


def _stale(said: Said, truth: Truth) -> Iterator[Score]:
    yield Score("stale", float(said.value("stale") == truth.stale and said.value("n") == truth.hits))
    yield Score("over_ttl", float(sum(row["over_ttl"] for row in said.rows("over_ttl")) == truth.over_ttl))
    yield Score("outdated", float(sum(row["outdated"] for row in said.rows("outdated")) == truth.outdated))
    yield Score("stale_alarm", float(said.alarm == (truth.stale > 0.05 * truth.hits)) if not 0.005 < truth.stale / truth.hits < 0.05 else 1.0)


def _hits(con: Connection, truth: Truth) -> Iterator[Score]:
    row = next((r for r in ask(con, "cache/hit_rate").rows("cache_kind", "asked", "hits", "hit_rate", "lo", "hi") if r["cache_kind"] == "exact"), None)
    yield Score("hits", float(row is not None and (row["hits"], row["asked"]) == (truth.hits, truth.asked)))


def matched(said: Said, causes: Counter[str], *, of_prefix: bool) -> Iterator[Score]:
    """Misses under the right cause of all misses, by what is told of each cause (more told than there were counts against it);
    and causes of 20 misses or more that are told within a tenth."""
    told: Counter[str] = Counter()
    for row in said.rows("cache_kind", "cause", "misses"):
        if (row["cache_kind"] == "prefix") == of_prefix:
            told[row["cause"]] += row["misses"]
    right = sum(min(told[cause], count) for cause, count in causes.items())
    yield Score("causes", right, max(sum(causes.values()), sum(told.values())))
    for cause, count in causes.items():
        if count >= 20:
            yield Score("each_cause", float(abs(told[cause] - count) <= 0.1 * count))
