"""Daily amounts projected by weekday factors, a recent level and a damped trend; the interval comes from the method's own past errors.

Point: the damped trend of Gardner and McKenzie (1985), Forecasting trends in time series, Management Science 31(10), on days freed of their weekday by
their ratio to a centred seven-day mean. Interval: the rolling origin of Tashman (2000), Out-of-sample tests of forecasting accuracy, Int. J. Forecasting
16(4): the forecast is made again at every earlier day, and its errors over the same number of days ahead are its spread. Few of those errors are
independent of each other, so they are combined with a curve through the errors over every number of days: a/h for the noise of days, b*h for a level that
moves. Amounts are USD a day or any other unit; weekdays count from 0 = Monday.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

RECENT = 14  # days that make the level
SEASON = 56  # days that make weekday factors and trend, at most
LEAST_TREND = 28  # days without which there is no trend
DAMPING = 0.98  # of the trend, a day
LEAST_HISTORY = 21  # days an earlier origin must have behind it
MOST_HISTORY = 180  # days looked at: what is older says little about the next month
LEAST_FOR_INTERVAL = 35  # days of history
WINDOWS = (1, 2, 3, 5, 7, 10, 14, 20, 28)  # days ahead whose errors draw the curve
PRIOR = 3  # independent errors the curve counts as
FLOOR = 0.02  # a sum far below its forecast is an error of ln(1/50), not without end


@dataclass(frozen=True)
class Spread:
    """How far ln(sum) strays from ln(forecast): a standard error, and the degrees of freedom of the t distribution it goes with."""

    error: float
    freedom: float

    def factor(self, p: float = 0.95) -> float:
        """The factor on the forecast that the sum stays below with probability p."""
        return math.exp(self.error * quantile(p, self.freedom))


@dataclass(frozen=True)
class Errors:
    """Squared errors of earlier forecasts over one number of days."""

    mean_square: float
    origins: int
    independent: float  # windows that do not overlap


def project(amounts: Sequence[float], weekday: int, ahead: int) -> list[float]:
    """Expected amounts of the next `ahead` days; `weekday` is that of the first of `amounts`."""
    cut = max(0, len(amounts) - SEASON)
    kept, first = amounts[cut:], (weekday + cut) % 7
    factors = weekday_factors(kept, first)
    plain = [amount / factors[(first + i) % 7] for i, amount in enumerate(kept)]
    level, step = fmean(plain[-RECENT:]), trend(plain)
    grown, out = step * (min(RECENT, len(kept)) - 1) / 2, []  # the level is that of the middle of its days
    for h in range(ahead):
        step *= DAMPING
        grown += step
        out.append(level * math.exp(grown) * factors[(first + len(kept) + h) % 7])
    return out


def weekday_factors(amounts: Sequence[float], weekday: int) -> list[float]:
    """Seven factors of mean 1, index 0 = Monday: medians of the ratio to the week around, shrunk a little towards 1."""
    ratios: list[list[float]] = [[] for _ in range(7)]
    for i in range(3, len(amounts) - 3):
        around = fmean(amounts[i - 3 : i + 4])
        if around > 0:
            ratios[(weekday + i) % 7].append(amounts[i] / around)
    raw = [1 + (median(r) - 1) * len(r) / (len(r) + 0.5) if r else 1.0 for r in ratios]
    return [max(factor / fmean(raw), FLOOR) for factor in raw]


def trend(plain: Sequence[float]) -> float:
    """Growth of ln(amount) a day: the least-squares slope, shrunk by how far it stands out of its own standard error (autocorrelation counted)."""
    low = FLOOR * fmean(plain)
    if len(plain) < LEAST_TREND or low <= 0:
        return 0.0
    n, logs = len(plain), [math.log(max(amount, low)) for amount in plain]
    middle, mean, sxx = (n - 1) / 2, fmean(logs), n * (n * n - 1) / 12
    slope = sum((i - middle) * (y - mean) for i, y in enumerate(logs)) / sxx
    left = [y - mean - slope * (i - middle) for i, y in enumerate(logs)]
    squares = sum(e * e for e in left)
    r = min(max(sum(a * b for a, b in pairwise(left)) / squares, 0.0), 0.9) if squares else 0.0
    variance = squares / (n - 2) / sxx * (1 + r) / (1 - r)
    return slope**3 / (slope**2 + 4 * variance) if slope else 0.0


def spread(amounts: Sequence[float], weekday: int, ahead: int) -> Spread | None:
    """The spread of the sum of a forecast `ahead` days long; None for a history that is too short."""
    found = spreads(amounts, weekday, ahead)
    return found[-1] if found else None


def spreads(amounts: Sequence[float], weekday: int, ahead: int) -> list[Spread]:
    """The spreads of the sums over the first 1, 2 ... `ahead` days; none for a history that is too short."""
    cut = max(0, len(amounts) - MOST_HISTORY)
    kept, first = amounts[cut:], (weekday + cut) % 7
    if len(kept) < LEAST_FOR_INTERVAL or ahead < 1:
        return []
    errors = backtest(kept, first, sorted({*WINDOWS, *range(1, ahead + 1)}))
    if len([h for h in errors if h in WINDOWS]) < 2:
        return []
    return [_spread({w: e for w, e in errors.items() if w in WINDOWS or w == h}, h) for h in range(1, ahead + 1)]


def _spread(errors: Mapping[int, Errors], ahead: int) -> Spread:
    """Own errors over that many days and the curve's, weighted by how many independent ones each stands for; beyond what was ever seen it widens."""
    own, longest = errors.get(ahead, Errors(0.0, 0, 0.0)), max(errors)
    pooled = (own.independent * own.mean_square + PRIOR * curve(errors, ahead)) / (own.independent + PRIOR)
    return Spread(math.sqrt(pooled * max(1.0, ahead / longest)), own.independent + PRIOR)


def backtest(amounts: Sequence[float], weekday: int, windows: Sequence[int]) -> dict[int, Errors]:
    """Errors of the forecasts made at every earlier day, by days ahead; windows with fewer than three are left out."""
    squares: dict[int, list[float]] = {w: [] for w in windows}
    for origin in range(LEAST_HISTORY, len(amounts)):
        expected = actual = 0.0
        for h, amount in enumerate(project(amounts[:origin], weekday, min(max(windows), len(amounts) - origin)), 1):
            expected, actual = expected + amount, actual + amounts[origin + h - 1]
            if h in squares and expected > 0:
                squares[h].append(math.log(max(actual / expected, FLOOR)) ** 2)
    return {w: Errors(fmean(found), len(found), len(found) / w) for w, found in squares.items() if len(found) >= 3}


def curve(errors: Mapping[int, Errors], ahead: int) -> float:
    """At h = ahead, a / h + b * h fitted to the mean squares by weighted least squares; neither a nor b is below 0."""
    s11 = s12 = s22 = t1 = t2 = 0.0
    for h, e in errors.items():
        weight = e.independent / (e.mean_square**2 + 1e-12)
        s11, s12, s22 = s11 + weight / h**2, s12 + weight, s22 + weight * h**2
        t1, t2 = t1 + weight * e.mean_square / h, t2 + weight * e.mean_square * h
    determinant = s11 * s22 - s12**2
    a, b = (t1 * s22 - t2 * s12) / determinant, (t2 * s11 - t1 * s12) / determinant
    a, b = (0.0, t2 / s22) if a < 0 else (t1 / s11, 0.0) if b < 0 else (a, b)
    return a / ahead + b * ahead


def quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t: the expansion of Abramowitz and Stegun 26.7.5 (within 1 % from 3 degrees of freedom for p up to 0.95)."""
    z = -quantile(1 - p, freedom) if p < 0.5 else _normal(p)
    if p < 0.5:
        return z
    g1, g2 = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3, g4 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384, (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / freedom + g2 / freedom**2 + g3 / freedom**3 + g4 / freedom**4


def _normal(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)
