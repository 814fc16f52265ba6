"""Bursts of refusals: a scan of windows against the upper tail of a negative binomial.

Counts of failures per window vary more than chance alone (load, users and retries come in clumps), so the tail is that of the negative binomial
with a moment estimate of its overdispersion: Bliss and Fisher (1953), Fitting the negative binomial distribution to biological data, Biometrics 9(2).
Two passes: windows that overwhelm a first, trimmed estimate are left out of the second, so that a burst does not make itself usual.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

TRIMMED = 0.02  # share of a series' windows that the first pass leaves out, the worst ones, at least one
OVERWHELMING = 1e-9  # p below which a window is left out of the second pass
LEVEL = 0.05  # chance of one false window in the whole scan
LEAST_REFUSED = 5  # fewer refusals are no burst
LEAST_SHARE = 0.01  # nor is a smaller share of the window's calls
LEAST_RATIO = 3  # nor less than so many times the usual share
MOST_USUAL = 0.01  # a log that is mostly burst must not make bursts usual
OVERDISPERSION = (0.01, 5.0)  # bounds of the estimate: few windows say little about it
JOINED = dt.timedelta(minutes=15)  # windows no farther apart are one burst

COUNTS = """
select 5 as size, series, time_bucket(interval 5 minute, started_at) as window_start, count(*) as n, count(*) filter (where is_refused) as k
from tries where is_first group by all
union all
select 60, series, date_trunc('hour', started_at), count(*), count(*) filter (where is_refused) from tries where is_first group by all
order by all
"""  # rows, not weights: a row that stands for ten calls is still one observation

TABLES = (
    "create or replace temp table stat_bursts"
    " (burst integer, series varchar, window_start timestamp, window_end timestamp, p_value double, usual_share double)",
    "create or replace temp table stat_burst_scan (windows bigint, smallest_share double)",
)


@dataclass(frozen=True)
class Window:
    """First tries of one series in one window, and how many of them were refused."""

    size: int  # minutes
    series: str
    start: dt.datetime
    n: int
    k: int

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(minutes=self.size)


@dataclass(frozen=True)
class Usual:
    """What is usual for a series: the share refused, and the overdispersion alpha (variance = mean + alpha mean^2)."""

    share: float
    alpha: float


@dataclass(frozen=True)
class Burst:
    """Windows of one series in which refusals cannot be chance."""

    series: str
    start: dt.datetime
    end: dt.datetime
    p_value: float  # of its most surprising window, for the whole scan
    usual_share: float


def tail(k: int, mean: float, alpha: float) -> float:
    """P(X >= k) of a negative binomial. 1 where k does not exceed the mean: nothing to be surprised at."""
    if k <= mean:
        return 1.0
    size, odds = 1 / alpha, alpha * mean / (1 + alpha * mean)
    term = math.exp(math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) - size * math.log1p(alpha * mean) + k * math.log(odds))
    total, i = 0.0, k
    while term > total * 1e-12 and term > 0:
        total += term
        term *= (i + size) / (i + 1) * odds
        i += 1
    return min(1.0, total)


def usual(windows: Sequence[Window]) -> Usual:
    """Moment estimates over windows, held within bounds."""
    share = min(MOST_USUAL, (sum(w.k for w in windows) + 0.5) / (sum(w.n for w in windows) + 1))
    squares = sum((w.n * share) ** 2 for w in windows)
    excess = sum((w.k - w.n * share) ** 2 - w.n * share for w in windows)
    low, high = OVERDISPERSION
    return Usual(share, min(high, max(low, excess / squares)) if squares else high)


def trimmed(windows: Sequence[Window]) -> list[Window]:
    """Without the windows of the highest shares."""
    ranked = sorted(windows, key=lambda w: (w.k / w.n, w.start))
    return ranked[: len(ranked) - math.ceil(TRIMMED * len(ranked))]


def surprise(window: Window, background: Usual) -> float:
    """P-value of one window; 1 where so few refusals are no burst anyway."""
    return tail(window.k, window.n * background.share, background.alpha) if window.k >= LEAST_REFUSED else 1.0


def backgrounds(windows: Iterable[Window]) -> dict[tuple[int, str], Usual]:
    """What is usual by window size and series, in two passes."""
    by_series: dict[tuple[int, str], list[Window]] = defaultdict(list)
    for window in windows:
        by_series[window.size, window.series].append(window)
    found = {}
    for key, mine in by_series.items():
        first = usual(trimmed(mine))
        found[key] = usual([w for w in mine if surprise(w, first) >= OVERWHELMING])
    return found


def is_large(window: Window, background: Usual) -> bool:
    """Large enough to matter, however sure it is."""
    return window.k >= LEAST_REFUSED and window.k / window.n >= max(LEAST_SHARE, LEAST_RATIO * background.share)


def scan(windows: Sequence[Window]) -> list[Burst]:
    """The bursts, in order of time. An hour counts only where none of its short windows stands out by itself."""
    known = backgrounds(windows)
    flagged = []
    for window in windows:
        background = known[window.size, window.series]
        p_value = surprise(window, background) * len(windows)
        if p_value < LEVEL and is_large(window, background):
            flagged.append((window, p_value, background.share))
    short = {(w.series, w.start.replace(minute=0)) for w, _, _ in flagged if w.size < 60}
    kept = [f for f in flagged if f[0].size < 60 or (f[0].series, f[0].start) not in short]
    return join(Burst(w.series, w.start, w.end, p, share) for w, p, share in kept)


def join(found: Iterable[Burst]) -> list[Burst]:
    """Bursts of one series that follow each other closely become one."""
    joined: list[Burst] = []
    for burst in sorted(found, key=lambda b: (b.series, b.start)):
        last = joined[-1] if joined else None
        if last and last.series == burst.series and burst.start - last.end <= JOINED:
            joined[-1] = Burst(last.series, last.start, max(last.end, burst.end), min(last.p_value, burst.p_value), last.usual_share)
        else:
            joined.append(burst)
    return sorted(joined, key=lambda b: (b.start, b.series))


def smallest_share(windows: Sequence[Window]) -> float | None:
    """The smallest share of refused calls that would have been a burst in a busy window (the busiest tenth) of the busiest series; None where none would."""
    known = backgrounds(windows)
    sent: dict[str, int] = defaultdict(int)
    for window in windows:
        sent[window.series] += window.n
    busiest = max(sent, key=lambda series: (sent[series], series), default="")
    sizes = sorted({w.size for w in windows})
    shares = [_smallest(_busy(w.n for w in windows if (w.size, w.series) == (s, busiest)), known[s, busiest], len(windows)) for s in sizes]
    return min((share for share in shares if share is not None), default=None)


def _busy(counts: Iterable[int]) -> int:
    ranked = sorted(counts)
    return ranked[len(ranked) * 9 // 10]


def _smallest(n: int, background: Usual, tests: int) -> float | None:
    surprising = (k for k in range(LEAST_REFUSED, n + 1) if tail(k, n * background.share, background.alpha) * tests < LEVEL)
    k = next(surprising, None)
    return None if k is None else max(k / n, LEAST_SHARE, LEAST_RATIO * background.share)


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_bursts`, and `stat_burst_scan` with one row about the scan itself."""
    windows = [Window(*row) for row in con.execute(COUNTS).fetchall()]
    for statement in TABLES:
        con.execute(statement)
    for number, burst in enumerate(scan(windows), 1):
        con.execute("insert into stat_bursts values ($1, $2, $3, $4, $5, $6)", [number, burst.series, burst.start, burst.end, burst.p_value, burst.usual_share])
    con.execute("insert into stat_burst_scan values ($1, $2)", [len(windows), smallest_share(windows)])
