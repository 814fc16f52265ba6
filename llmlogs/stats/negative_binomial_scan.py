"""Bursts of refusals or failures, "hits" here: a scan of windows against the upper tail of a negative binomial.

Counts of failures per window vary more than chance alone (load, users and retries come in clumps), so the tail is that of the negative binomial
with a moment estimate of its overdispersion: Bliss and Fisher (1953), Fitting the negative binomial distribution to biological data, Biometrics 9(2).
Two passes: windows that overwhelm a first, trimmed estimate are left out of the second, so that a burst does not make itself usual.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

TRIMMED = 0.02  # share of a series' windows that the first pass leaves out, the worst ones, at least one
OVERWHELMING = 1e-9  # p below which a window is left out of the second pass
LEVEL = 0.05  # chance of one false window in the whole scan
LEAST_HITS = 5  # fewer are no burst
LEAST_SHARE = 0.01  # nor is a smaller share of the window's calls
LEAST_RATIO = 3  # nor less than so many times the usual share
MOST_USUAL = 0.01  # a log that is mostly burst must not make bursts usual
OVERDISPERSION = (0.01, 5.0)  # bounds of the estimate: few windows say little about it
JOINED = dt.timedelta(minutes=15)  # windows no farther apart are one burst

# Rows, not weights: a row that stands for ten calls is still one observation.
WINDOWS = """
create or replace temp table stat_windows as
with events as ({events}),
short as (select coalesce(getvariable('window_minutes'), 5) as minutes)
select minutes as size, series, time_bucket(to_minutes(minutes), started_at) as window_start, count(*) as n, count(*) filter (where is_hit) as k
from events, short where minutes < 60 and started_at is not null group by all
union all
select 60, series, date_trunc('hour', started_at), count(*), count(*) filter (where is_hit) from events where started_at is not null group by all
"""
# Windows without a hit are most of a log: their sums are all the estimates need of them.
QUIET = """
select size, series, count(*) filter (where k = 0), coalesce(sum(n) filter (where k = 0), 0)::bigint, coalesce(sum(n * n) filter (where k = 0), 0)::bigint,
    quantile_disc(n, 0.9)
from stat_windows group by size, series order by size, series
"""
LOUD = "select size, series, window_start, n, k from stat_windows where k > 0 order by size, series, window_start"

TABLES = (
    "create or replace temp table stat_bursts"
    " (burst integer, series varchar, window_start timestamp, window_end timestamp, p_value double, usual_share double)",
    "create or replace temp table stat_burst_scan (windows bigint, smallest_share double)",
)


@dataclass(frozen=True)
class Window:
    """Calls of one series in one window, and how many of them were hits."""

    size: int  # minutes
    series: str
    start: dt.datetime
    n: int
    k: int

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(minutes=self.size)


@dataclass(frozen=True)
class Series:
    """All windows of one size of one series: those with hits one by one, the sums of the others."""

    size: int
    name: str
    quiet: int  # windows without a hit
    quiet_n: int  # the sum of their n
    quiet_n2: int  # and of their squares
    busy_n: int  # calls in a busy window: nine of ten have no more
    loud: tuple[Window, ...]

    @property
    def windows(self) -> int:
        return self.quiet + len(self.loud)


@dataclass(frozen=True)
class Usual:
    """What is usual for a series: the share of hits, and the overdispersion alpha (variance = mean + alpha mean^2)."""

    share: float
    alpha: float


@dataclass(frozen=True)
class Burst:
    """Windows of one series in which hits cannot be chance."""

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


def usual(series: Series, loud: Sequence[Window]) -> Usual:
    """Moment estimates over the quiet windows and these loud ones, held within bounds."""
    n = series.quiet_n + sum(w.n for w in loud)
    n2 = series.quiet_n2 + sum(w.n**2 for w in loud)
    share = min(MOST_USUAL, (sum(w.k for w in loud) + 0.5) / (n + 1))
    squares = sum(w.k**2 - 2 * share * w.k * w.n for w in loud) + share**2 * n2  # of k - n * share
    low, high = OVERDISPERSION
    return Usual(share, min(high, max(low, (squares - share * n) / (share**2 * n2))) if n2 else high)


def trimmed(series: Series) -> Sequence[Window]:
    """The loud windows without those of the highest shares."""
    ranked = sorted(series.loud, key=lambda w: (w.k / w.n, w.start))
    return ranked[: max(0, len(ranked) - math.ceil(TRIMMED * series.windows))]


def surprise(window: Window, background: Usual) -> float:
    """P-value of one window; 1 where so few hits are no burst anyway."""
    return tail(window.k, window.n * background.share, background.alpha) if window.k >= LEAST_HITS else 1.0


def background_of(series: Series) -> Usual:
    """What is usual for a series, in two passes."""
    first = usual(series, trimmed(series))
    return usual(series, [w for w in series.loud if surprise(w, first) >= OVERWHELMING])


def is_large(window: Window, background: Usual) -> bool:
    """Large enough to matter, however sure it is."""
    return window.k >= LEAST_HITS and window.k / window.n >= max(LEAST_SHARE, LEAST_RATIO * background.share)


def scan(all_series: Sequence[Series]) -> list[Burst]:
    """The bursts, in order of time. An hour counts only where none of its short windows stands out by itself."""
    tests = sum(series.windows for series in all_series)
    flagged = [(w, burst) for series in all_series for w, burst in _flagged(series, tests)]
    short = {(w.series, w.start.replace(minute=0)) for w, _ in flagged if w.size < 60}
    return join(burst for w, burst in flagged if w.size < 60 or (w.series, w.start) not in short)


def _flagged(series: Series, tests: int) -> Iterator[tuple[Window, Burst]]:
    background = background_of(series)
    for window in series.loud:
        p_value = surprise(window, background) * tests
        if p_value < LEVEL and is_large(window, background):
            yield window, Burst(window.series, window.start, window.end, p_value, background.share)


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


def smallest_share(all_series: Sequence[Series]) -> float | None:
    """The smallest share of hits that would have been a burst in a busy window of the busiest series; None where none would."""
    tests = sum(series.windows for series in all_series)
    calls = {s.name: s.quiet_n + sum(w.n for w in s.loud) for s in all_series}
    busiest = max(calls, key=lambda name: (calls[name], name), default="")
    shares = [_smallest(s.busy_n, background_of(s), tests) for s in all_series if s.name == busiest]
    return min((share for share in shares if share is not None), default=None)


def _smallest(n: int, background: Usual, tests: int) -> float | None:
    surprising = (k for k in range(LEAST_HITS, n + 1) if tail(k, n * background.share, background.alpha) * tests < LEVEL)
    k = next(surprising, None)
    return None if k is None else max(k / n, LEAST_SHARE, LEAST_RATIO * background.share)


def read(con: duckdb.DuckDBPyConnection) -> list[Series]:
    """The windows of `stat_windows`."""
    loud: dict[tuple[int, str], list[Window]] = defaultdict(list)
    for row in con.execute(LOUD).fetchall():
        loud[row[0], row[1]].append(Window(*row))
    quiet = con.execute(QUIET).fetchall()
    return [Series(size, name, windows, n, n2, busy, tuple(loud[size, name])) for size, name, windows, n, n2, busy in quiet]


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_bursts` and `stat_burst_scan` with refusals by a rate limit. `stat_tries` keeps the tries: read once for all."""
    con.execute("create or replace temp table stat_tries as select * from tries")
    fill(con, "select series, started_at, is_refused as is_hit from stat_tries where is_first")


def fill(con: duckdb.DuckDBPyConnection, events: str) -> None:
    """Scan `events` (a select of series, started_at, is_hit): `stat_bursts` has its bursts, `stat_burst_scan` one row about the scan itself."""
    con.execute(WINDOWS.format(events=events))
    for statement in TABLES:
        con.execute(statement)
    all_series = read(con)
    for number, burst in enumerate(scan(all_series), 1):
        con.execute("insert into stat_bursts values ($1, $2, $3, $4, $5, $6)", [number, burst.series, burst.start, burst.end, burst.p_value, burst.usual_share])
    con.execute("insert into stat_burst_scan values ($1, $2)", [sum(s.windows for s in all_series), smallest_share(all_series)])
