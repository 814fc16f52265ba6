"""Two periods by days: against closed forms, against itself on noise nobody planted a change in."""

import datetime as dt
import math
import random
from statistics import fmean

import pytest

from llmlogs.stats.day_block_test import Day, Shift, compare, correlation, student

MONDAY = dt.date(2026, 1, 5)


def days(values: list[float], before: int, after: int, noise: float = 0.0) -> list[Day]:
    first = len(values) - before - after
    side = ["earlier"] * first + ["before"] * before + ["after"] * after
    return [Day(side[i], MONDAY + dt.timedelta(days=i), value, noise) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("probability", "freedom", "want"), [(0.975, 6, 2.447), (0.975, 3, 3.182), (0.975, 30, 2.042), (0.95, 10, 1.812)]
)  # tables of Student's t
def test_student(probability: float, freedom: float, want: float) -> None:
    assert student(probability, freedom) == pytest.approx(want, rel=0.02)


def test_the_shift_of_balanced_weeks_is_the_difference_of_their_means() -> None:
    dice = random.Random(3)
    values = [dice.gauss(0, 1) + (day % 7) for day in range(28)]
    shift = compare(days(values, 7, 7), paired=False)
    assert shift is not None
    assert shift.size == pytest.approx(fmean(values[21:]) - fmean(values[14:21]))
    assert (shift.before, shift.after) == (7, 7)


def test_weekdays_are_evened_out_where_the_periods_hold_others() -> None:
    values = [5.0 * (day % 7 >= 5) for day in range(26)]  # nothing but a weekend; the last five days hold two days of it
    shift = compare(days(values, 7, 5), paired=False)
    assert shift is not None
    assert abs(shift.size) < 0.02


def test_days_that_move_together_widen_the_interval() -> None:
    calm = [0.1 * (-1) ** day for day in range(42)]
    slow = [0.1 * math.copysign(1, math.sin(day * math.pi / 8)) for day in range(42)]
    assert correlation([(d.day, d.value) for d in days(calm, 7, 7)]) < 0.15
    assert correlation([(d.day, d.value) for d in days(slow, 7, 7)]) > 0.6


def test_a_flat_series_that_moves_by_a_hair_is_no_change() -> None:
    """T41: no spread at all must not make one token a certainty: chance in the number of calls stays."""
    shift = compare(days([math.log(100)] * 21 + [math.log(101)] * 7, 7, 7, noise=0.2**2 / 100), paired=False)
    assert shift is not None
    assert shift.p_value > 0.05


@pytest.mark.parametrize(("before", "after"), [(4, 7), (7, 4), (0, 7)])
def test_too_few_days_are_not_judged(before: int, after: int) -> None:
    assert compare(days([1.0] * 20, before, after), paired=False) is None


def test_variants_of_the_same_days_are_paired() -> None:
    dice = random.Random(5)
    load = [dice.gauss(0, 1) for _ in range(10)]
    both = [
        Day(side, MONDAY + dt.timedelta(days=i), x + 0.3 * (side == "after") + dice.gauss(0, 0.02), 0.0)
        for i, x in enumerate(load)
        for side in ("before", "after")
    ]
    paired, apart = compare(both, paired=True), compare(both, paired=False)
    assert paired is not None and apart is not None
    assert paired.size == pytest.approx(0.3, abs=0.03)
    assert paired.p_value < 1e-4
    assert apart.p_value > 0.2


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.97])
def test_hourly_noise_alone_is_seldom_a_change(phi: float) -> None:
    """A short form of the planted-cause benchmark: six weeks, seven days against seven."""
    dice, found, runs = random.Random(int(phi * 100)), 0, 150
    for _ in range(runs):
        x, values = dice.gauss(0, 0.25), []
        for _ in range(42):
            hours = []
            for _ in range(24):
                x = phi * x + dice.gauss(0, 0.25 * math.sqrt(1 - phi * phi))
                hours.append(x)
            values.append(fmean(hours) + dice.gauss(0, 0.02))
        shift = compare(days(values, 7, 7, noise=0.0004), paired=False)
        found += isinstance(shift, Shift) and shift.p_value < 0.05
    assert found <= 15  # 7.5 expected at the nominal level; 15 or more happens in 1 of 100 such tests
