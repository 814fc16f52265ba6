"""Providers side by side: nothing is found where nothing differs though load moves from hour to hour, and what is planted comes back inside its interval."""

import datetime as dt
import math
import random
from statistics import fmean

import pytest

from llmlogs.pack import rows
from llmlogs.stats import Inputs
from llmlogs.stats.paired_hours import compute

START = dt.datetime(2026, 1, 5)
Call = tuple[str, dt.datetime, float]


def calls(seed: int, slower: float, days: int = 14, a_hour: int = 6) -> list[Call]:
    """Hourly load shared by both (it wanders), own luck of a provider that lasts for hours; more of b's calls at night, when answers are slow."""
    dice = random.Random(seed)
    load, luck = 0.0, {"a": 0.0, "b": 0.0}
    made: list[Call] = []
    for hour in range(24 * days):
        load = 0.95 * load + dice.gauss(0, 0.1)
        night = 0.5 if hour % 24 < 8 else 0.0
        for name in "ab":
            luck[name] = 0.8 * luck[name] + dice.gauss(0, 0.03)
            count = a_hour * (3 if night and name == "b" else 1)
            for _ in range(count):
                y = 7 + load + night + luck[name] + dice.gauss(0, 0.5) + (math.log1p(slower) if name == "b" else 0)
                made.append((name, START + dt.timedelta(hours=hour, seconds=dice.uniform(0, 3600)), math.exp(y)))
    return made


def told(made: list[Call]) -> tuple[float, float, float, float]:
    con = rows.database()
    rows.insert(con, "calls", [{"started_at": at, "provider": name, "request_model": "m", "duration_ms": took} for name, at, took in made])
    compute(con, Inputs())
    found = con.execute("select change, lo, hi, p_value from stat_provider_pairs where metric = 'duration' and kind = 'model'").fetchall()
    con.close()
    assert len(found) == 1
    change, lo, hi, p = found[0]
    return change, lo, hi, p


def test_the_estimate_is_that_of_a_plain_loop_over_cells() -> None:
    made = calls(1, 0.2, days=7, a_hour=2)
    days = []
    for day in range(7):
        apart, weight = 0.0, 0.0
        for hour in range(24):
            inside = [(name, math.log(took)) for name, at, took in made if (at - START) // dt.timedelta(hours=1) == 24 * day + hour]
            a, b = ([y for name, y in inside if name == side] for side in "ab")
            h = len(a) * len(b) / (len(a) + len(b))
            apart, weight = apart + h * (fmean(b) - fmean(a)), weight + h
        days.append(apart / weight)
    assert told(made)[0] == pytest.approx(math.expm1(fmean(days)), rel=1e-4)


def test_equal_providers_are_seldom_told_apart_and_a_fifth_is_found() -> None:
    clean = [told(calls(seed, 0.0)) for seed in range(8)]
    slow = [told(calls(seed, 0.2)) for seed in range(8)]
    assert sum(p < 0.05 for *_, p in clean) <= 1
    assert sum(p < 0.05 for *_, p in slow) >= 7
    assert sum(lo <= 0.2 <= hi for _, lo, hi, _ in slow) >= 7
