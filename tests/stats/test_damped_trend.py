"""The projection of daily amounts and its interval, on months with known truth."""

import math
from collections import defaultdict
from itertools import pairwise
from statistics import fmean, median

import pytest

from llmlogs.stats import damped_trend
from llmlogs.stats.damped_trend import Errors
from tests.stats.spend_simulation import month

OFFICE = (1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5)


def coverage(seeds: range) -> tuple[dict[str, float], float]:
    """Share of months whose sum the nominal 90 % interval held, in all and by kind, and the median relative error."""
    held, errors = defaultdict(list), []
    for seed in seeds:
        it = month(seed)
        expected, actual = sum(damped_trend.project(it.history, it.weekday, len(it.future))), sum(it.future)
        found = damped_trend.spread(it.history, it.weekday, len(it.future))
        assert found is not None
        for group in ("all", it.kind, f"{len(it.history)} days known", f"{len(it.future)} days ahead"):
            held[group].append(expected / found.factor() <= actual <= expected * found.factor())
        errors.append(abs(expected / actual - 1))
    return {group: fmean(hits) for group, hits in held.items()}, median(errors)


def test_the_interval_holds_about_nine_months_of_ten() -> None:
    """150 months: the share wanders by 2.5 points; the long form below has the narrow bounds."""
    held, error = coverage(range(7_000_000, 7_000_150))
    assert 0.83 <= held["all"] <= 0.97
    assert error <= 0.1


@pytest.mark.slow
def test_the_interval_holds_between_85_and_95_percent_of_months_of_every_kind() -> None:
    held, error = coverage(range(9_000_000, 9_004_000))
    assert {group: share for group, share in held.items() if not 0.85 <= share <= 0.95} == {}
    assert error <= 0.08


def test_a_forecast_beats_the_mean_of_the_last_week() -> None:
    ours, last_week = [], []
    for seed in range(8_000_000, 8_000_300):
        it = month(seed)
        actual = sum(it.future)
        ours.append(abs(sum(damped_trend.project(it.history, it.weekday, len(it.future))) / actual - 1))
        last_week.append(abs(fmean(it.history[-7:]) * len(it.future) / actual - 1))
    assert median(ours) < 0.95 * median(last_week)


@pytest.mark.parametrize("weekday", range(7))
def test_weekdays_repeat_on_whichever_day_the_log_begins(weekday: int) -> None:
    days = [OFFICE[(weekday + i) % 7] for i in range(56)]
    ahead = damped_trend.project(days, weekday, 14)
    assert ahead == pytest.approx([OFFICE[(weekday + 56 + i) % 7] for i in range(14)], rel=0.08)


def test_growth_goes_on_and_dies_down() -> None:
    days = [math.exp(0.01 * i) for i in range(56)]
    ahead = damped_trend.project(days, 0, 28)
    steps = [b / a for a, b in pairwise(ahead)]
    assert ahead[0] == pytest.approx(math.exp(0.56), rel=0.02)
    assert 1.004 < steps[-1] < steps[0] < 1.0101


@pytest.mark.parametrize("days", [[0.0] * 40, [1.0] * 40, [0.0] * 39 + [5.0]])
def test_days_without_any_movement_are_projected_too(days: list[float]) -> None:
    ahead = damped_trend.project(days, 3, 10)
    assert all(math.isfinite(amount) and amount >= 0 for amount in ahead)
    found = damped_trend.spread(days, 3, 10)
    assert found is None or math.isfinite(found.factor())


def test_no_interval_from_a_short_history_or_for_no_day() -> None:
    assert damped_trend.spread([1.0] * 34, 0, 10) is None
    assert damped_trend.spread([1.0] * 90, 0, 0) is None
    assert damped_trend.spread([1.0] * 35, 0, 10) is not None


def test_an_interval_over_more_days_than_ever_seen_is_wider() -> None:
    days = [1 + 0.3 * math.sin(1.7 * i) + 0.2 * math.sin(0.31 * i) for i in range(40)]
    near, far = damped_trend.spread(days, 0, 14), damped_trend.spread(days, 0, 31)
    assert near is not None
    assert far is not None
    assert far.error > near.error
    assert far.freedom < near.freedom


def test_the_curve_goes_through_errors_that_follow_it() -> None:
    errors = {h: Errors(0.04 / h + 0.001 * h, 30, 30 / h) for h in (1, 2, 5, 10)}
    assert damped_trend.curve(errors, 20) == pytest.approx(0.04 / 20 + 0.02)


@pytest.mark.parametrize(("freedom", "table"), [(3, 2.353), (4, 2.132), (8, 1.860), (30, 1.697)])
def test_quantiles_of_student_are_those_of_the_tables(freedom: float, table: float) -> None:
    assert damped_trend.quantile(0.95, freedom) == pytest.approx(table, abs=0.002)
