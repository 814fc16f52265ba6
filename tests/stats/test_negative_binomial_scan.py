"""The scan against sums done the long way, and against streams with known truth."""

import datetime as dt
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.stats import negative_binomial_scan as nb

START = dt.datetime(2026, 1, 5)


def _series(windows: list[nb.Window]) -> list[nb.Series]:
    """As the queries would sum them."""
    found = []
    for size in sorted({w.size for w in windows}):
        mine = [w for w in windows if w.size == size]
        quiet = [w.n for w in mine if not w.k]
        busy = sorted(w.n for w in mine)[math.ceil(len(mine) * 0.9) - 1]
        found.append(nb.Series(size, "s", len(quiet), sum(quiet), sum(n * n for n in quiet), busy, tuple(w for w in mine if w.k)))
    return found


def _stream(seed: int, per_window: int, background: float, burst: dict[int, int] | None = None, days: int = 10) -> list[nb.Series]:
    """Windows of five minutes with independent refusals, and what a burst adds by number of the window."""
    dice = random.Random(seed)
    windows = []
    for i in range(days * 288):
        k = sum(dice.random() < background for _ in range(per_window)) + (burst or {}).get(i, 0)
        windows.append(nb.Window(5, "s", START + dt.timedelta(minutes=5 * i), per_window, min(k, per_window)))
    return _series(windows)


@pytest.mark.parametrize(("k", "mean", "size"), [(1, Fraction(1, 2), 1), (3, Fraction(1, 2), 2), (8, Fraction(2), 1), (12, Fraction(5), 5)])
def test_tail_is_one_minus_the_exact_sum(k: int, mean: Fraction, size: int) -> None:
    """For a whole 1 / alpha the probabilities are fractions: C(i + r - 1, i) (r / (r + m))^r (m / (r + m))^i."""
    below = sum(math.comb(i + size - 1, i) * (size / (size + mean)) ** size * (mean / (size + mean)) ** i for i in range(k))
    assert nb.tail(k, float(mean), 1 / size) == pytest.approx(float(1 - below), rel=1e-9)


@given(st.integers(0, 400), st.floats(0.001, 300), st.floats(0.01, 5))
def test_tail_is_a_falling_probability(k: int, mean: float, alpha: float) -> None:
    assert 0 <= nb.tail(k + 1, mean, alpha) <= nb.tail(k, mean, alpha) <= 1


def test_sums_of_quiet_windows_change_no_estimate() -> None:
    windows = [nb.Window(5, "s", START, n, k) for n, k in [(10, 0), (20, 1), (30, 0), (40, 2)]]
    found = nb.usual(_series(windows)[0], [w for w in windows if w.k])
    share = min(0.01, 3.5 / 101)
    excess = sum((w.k - w.n * share) ** 2 - w.n * share for w in windows) / sum((w.n * share) ** 2 for w in windows)
    assert found.share == pytest.approx(share)
    assert found.alpha == pytest.approx(min(5.0, max(0.01, excess)))
    assert nb.usual(nb.Series(5, "s", 0, 0, 0, 0, ()), []).alpha == 5.0


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_stream_has_no_burst(seed: int) -> None:
    assert nb.scan(_stream(seed, 50, 0.002)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_third_refused_for_five_minutes_is_one_burst(seed: int) -> None:
    (burst,) = nb.scan(_stream(seed, 50, 0.002, {1000: 15}))
    assert (burst.start, burst.end) == (START + dt.timedelta(minutes=5000), START + dt.timedelta(minutes=5005))
    assert burst.p_value < 0.001
    assert burst.usual_share < 0.005


def test_windows_a_quarter_of_an_hour_apart_are_one_burst() -> None:
    burst = {100: 20, 104: 20, 110: 20}
    found = nb.scan(_stream(1, 50, 0.0, burst))
    assert [(b.start, b.end) for b in found] == [
        (START + dt.timedelta(minutes=500), START + dt.timedelta(minutes=525)),
        (START + dt.timedelta(minutes=550), START + dt.timedelta(minutes=555)),
    ]


def test_an_hour_counts_only_where_no_short_window_stands_out() -> None:
    slow = [nb.Window(60, "s", START + dt.timedelta(hours=h), 600, 60 if h == 7 else 1) for h in range(100)]
    (burst,) = nb.scan(_series(slow))
    assert (burst.start, burst.end) == (START + dt.timedelta(hours=7), START + dt.timedelta(hours=8))
    sharp = nb.Window(5, "s", START + dt.timedelta(hours=7, minutes=20), 50, 45)
    (burst,) = nb.scan(_series([*slow, sharp]))
    assert (burst.start, burst.end) == (sharp.start, sharp.end)


def test_a_log_that_is_mostly_burst_does_not_make_it_usual() -> None:
    windows = [nb.Window(5, "s", START + dt.timedelta(minutes=5 * i), 100, 40 if i < 8 else 0) for i in range(12)]
    (burst,) = nb.scan(_series(windows))
    assert burst.end == START + dt.timedelta(minutes=40)


def test_the_smallest_share_it_could_have_seen() -> None:
    series = _stream(2, 50, 0.002)
    share = nb.smallest_share(series)
    assert share is not None
    windows = [w for s in series for w in s.loud]
    assert len(nb.scan(_series([*windows, *(nb.Window(5, "s", START + dt.timedelta(days=20, minutes=5 * i), 50, 0) for i in range(2800))]))) == 0
    assert nb.smallest_share(_stream(2, 3, 0.0)) is None
    assert nb.smallest_share([]) is None
    seen = nb.scan(_stream(2, 50, 0.0, {1000: round(share * 50) + 1}))
    assert len(seen) == 1
