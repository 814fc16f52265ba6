"""The slope of reading: a planted one comes back under queues that only add, and constant prompts give none."""

import datetime as dt
import random

import pytest

from llmlogs.pack import rows
from llmlogs.stats import Inputs
from llmlogs.stats.least_absolute_deviations import compute


def slopes(calls: list[tuple[int, float]]) -> list[float]:
    con = rows.database()
    start = dt.datetime(2026, 1, 5)
    entries = [
        {"started_at": start + dt.timedelta(minutes=i), "response_model": "m", "stream": True, "input_tokens": x, "ttft_ms": y, "duration_ms": y + 500.0}
        for i, (x, y) in enumerate(calls)
    ]
    rows.insert(con, "calls", entries)
    compute(con, Inputs())
    found = [row[0] for row in con.execute("select ms_per_token from stat_reading").fetchall()]
    con.close()
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_slope_comes_back_though_a_quarter_waits_in_a_queue(seed: int) -> None:
    dice = random.Random(seed)
    prompts = [int(dice.lognormvariate(7, 0.8)) for _ in range(800)]
    calls = [(x, 120 + 0.4 * x + dice.uniform(0, 20) + (dice.expovariate(1 / 3000) if dice.random() < 0.25 else 0)) for x in prompts]
    assert slopes(calls) == [pytest.approx(0.4, rel=0.1)]


@pytest.mark.parametrize(
    "calls",
    [
        [(500, 300.0 + i % 7) for i in range(300)],  # constant prompts
        [(100 + i, 900.0 - i) for i in range(300)],  # longer prompts are quicker: no reading time can be told
        [(100 + i, 100.0 + i) for i in range(60)],  # too few
    ],
)
def test_where_nothing_can_be_told_there_is_no_slope(calls: list[tuple[int, float]]) -> None:
    assert slopes(calls) == []
