"""Two periods compared with the day as the unit: an additive fit of level, period and weekday, with variance inflated for correlated days.

Calls of one day share load, users and releases, so a test call by call finds a change nearly always. Here a day is one observation:
value = level + shift * after + weekday. What is left of the days, those before the first period included, is the usual movement; its day-to-day
correlation r multiplies the variance by (1 + r) / (1 - r) and divides the degrees of freedom by it (Bayley and Hammersley 1946, The effective number
of independent observations in an autocorrelated time series, JRSS Suppl. 8). Two variants that served the same days are paired day by day.
The 95th percentile is tested by the share of calls above the first period's, its interval is Woodruff's (1952, JASA 47): that share, inverted.
Findings are chosen by Benjamini and Hochberg (1995) over all rows.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, NamedTuple

from llmlogs.stats import Inputs, day_values
from llmlogs.stats.benjamini_hochberg import adjust

if TYPE_CHECKING:
    import duckdb

LEVEL = 0.05  # of the intervals, and share of false findings
LEAST_DAYS = 5  # whole days a side needs
WEEKDAYS_FROM = 14  # days in all, from which weekdays are told apart
ASSUMED_R, ASSUMED_DAYS = 0.45, 10  # correlation of days where nothing is known, and how many days that belief is worth
MOST_R = 0.9
LEAST_FREEDOM = 2.0
TABLE = """create or replace temp table stat_comparison (metric varchar, is_all boolean, feature varchar, model varchar, n_calls bigint, before_value double,
    after_value double, change double, lo double, hi double, p_value double, q_value double, usual_movement double, days_before integer, days_after integer)"""


class Day(NamedTuple):
    """One whole day of one series: `value` is on the scale that is tested, `noise` the variance of it that the number of calls alone explains."""

    side: str  # earlier, before, after
    day: dt.date
    value: float
    noise: float


@dataclass(frozen=True)
class Shift:
    """A difference of two periods, on the scale of the values."""

    size: float
    se: float
    freedom: float
    r: float
    before: int
    after: int

    @property
    def p_value(self) -> float:
        """Two-sided."""
        t = abs(self.size) / self.se
        return 2 * NormalDist().cdf(-_normal(t, self.freedom))

    @property
    def reach(self) -> float:
        """Half of the 95 % interval."""
        return student(1 - LEVEL / 2, self.freedom) * self.se


def _normal(t: float, freedom: float) -> float:
    """The normal deviate of a Student's t (Wallace 1959, within 0.02 for three degrees of freedom and more)."""
    return (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))


def student(probability: float, freedom: float) -> float:
    """Quantile of Student's t, above one half: Wallace's formula turned round."""
    z = NormalDist().inv_cdf(probability) * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(z * z / freedom))


def compare(days: Sequence[Day], paired: bool) -> Shift | None:
    """The shift between two sides; None below LEAST_DAYS whole days a side."""
    if paired and (shift := _paired(days)):
        return shift
    before, after = (sum(day.side == side for day in days) for side in ("before", "after"))
    if min(before, after) < LEAST_DAYS:
        return None
    levels, rests = _fitted(days, with_weekdays=len(days) >= WEEKDAYS_FROM)
    spent = 2 + 6 * (len(days) >= WEEKDAYS_FROM)
    return _shift(levels["after"] - levels["before"], rests, spent, fmean(day.noise for day in days), (before, after))


def _paired(days: Sequence[Day]) -> Shift | None:
    sides: dict[str, dict[dt.date, Day]] = {"before": {}, "after": {}}
    for day in days:
        sides[day.side][day.day] = day
    both = sorted(sides["before"].keys() & sides["after"].keys())
    if len(both) < LEAST_DAYS:
        return None
    apart = [(day, sides["after"][day].value - sides["before"][day].value) for day in both]
    size = fmean(value for _, value in apart)
    noise = fmean((sides["before"][day].noise + sides["after"][day].noise) / 2 for day in both)
    return _shift(size, [(day, (value - size) / math.sqrt(2)) for day, value in apart], 1, noise, (len(both), len(both)))


def _shift(size: float, rests: Sequence[tuple[dt.date, float]], spent: int, noise: float, sides: tuple[int, int]) -> Shift:
    r = correlation(rests)
    inflation = (1 + r) / (1 - r)
    variance = max(sum(rest * rest for _, rest in rests) / max(len(rests) - spent, 1), noise, 1e-12)
    se = math.sqrt(variance * (1 / sides[0] + 1 / sides[1]) * inflation)
    return Shift(size, se, max((len(rests) - spent) / inflation, LEAST_FREEDOM), r, *sides)


def _fitted(days: Sequence[Day], with_weekdays: bool) -> tuple[dict[str, float], list[tuple[dt.date, float]]]:
    """Levels of the sides with weekdays evened out, and what is left of each day; days before the first period are held against its level."""
    weekday: dict[int, float] = defaultdict(float)
    levels: dict[str, float] = {}
    for _ in range(30 if with_weekdays else 1):  # back-fitting: settles after a few rounds, at once where weekdays are balanced
        levels = {side: fmean(d.value - weekday[d.day.weekday()] for d in days if d.side in sides) for side, sides in LEVELS.items()}
        if with_weekdays:
            apart = defaultdict(list)
            for d in days:
                apart[d.day.weekday()].append(d.value - levels[d.side if d.side == "after" else "usual"])
            weekday |= {name: fmean(values) for name, values in apart.items()}
    rests = [(d.day, d.value - weekday[d.day.weekday()] - levels["after" if d.side == "after" else "usual"]) for d in days]
    return levels, rests


LEVELS = {"usual": ("earlier", "before"), "before": ("before",), "after": ("after",)}


def correlation(rests: Sequence[tuple[dt.date, float]]) -> float:
    """Day-to-day correlation, its small-sample bias taken out (Kendall 1954), shrunk to ASSUMED_R; from 0 to MOST_R."""
    by_day = dict(rests)
    pairs = [(rest, by_day[day - dt.timedelta(days=1)]) for day, rest in by_day.items() if day - dt.timedelta(days=1) in by_day]
    squares = sum(rest * rest for rest in by_day.values())
    n = len(pairs)
    raw = sum(a * b for a, b in pairs) / squares if squares else 0.0
    known = (n * raw + 1) / (n - 3) if n > 6 else ASSUMED_R
    return min(MOST_R, max(0.0, (n * known + ASSUMED_DAYS * ASSUMED_R) / (n + ASSUMED_DAYS)))


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_comparison`, one row a (metric, feature, model), and leave `stat_periods`, `stat_compare_days` of stats.day_values beside it."""
    day_values.fill(con)
    con.execute(TABLE)
    rows = list(_rows(con))
    tested = {number: row[10] for number, row in enumerate(rows) if isinstance(row[10], float)}
    adjusted = dict(zip(tested, adjust(list(tested.values())), strict=True))
    for number, row in enumerate(rows):
        con.execute(f"insert into stat_comparison values ({', '.join(['?'] * 15)})", [*row[:11], adjusted.get(number), *row[11:]])


def _rows(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    paired = day_values.paired(con)
    for series in day_values.read(con):
        shift = compare([Day(*day) for day in series.days], paired)
        told = _told(series, shift) if shift else (None,) * 4
        sides = (shift.p_value, told[3], shift.before, shift.after) if shift else (None,) * 4
        yield (series.metric, series.is_all, series.feature, series.model, series.calls, series.before, series.after, *told[:3], *sides)


def _told(series: day_values.Series, shift: Shift) -> tuple[float | None, ...]:
    """Change, its interval, and the largest change that is usual, as shares of the first period."""
    if series.metric == "latency_p95":
        change, lo, hi = (series.above(0.05 + share) for share in (0, shift.reach, -shift.reach))
        return change, lo, hi, change - lo if change is not None and lo is not None else None
    if series.metric == "error_rate":  # nothing falls by more than all of it
        return tuple(
            max(size / series.before, -1.0) if series.before else None for size in (shift.size, shift.size - shift.reach, shift.size + shift.reach, shift.reach)
        )
    return tuple(math.expm1(min(size, 50.0)) for size in (shift.size, shift.size - shift.reach, shift.size + shift.reach, shift.reach))
