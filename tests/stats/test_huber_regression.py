"""Parts of the wait out of totals and tokens: planted lines come back, and traps are refused."""

import datetime as dt
import math
import random
from collections.abc import Callable, Iterator

import duckdb
import pytest

from llmlogs.pack import rows
from llmlogs.stats import Inputs
from llmlogs.stats.huber_regression import Sums, compute, solve

START = dt.datetime(2026, 1, 5)
Call = tuple[int, int, float]  # input, output, ms


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = rows.database()
    yield con
    con.close()


def ask(con: duckdb.DuckDBPyConnection, calls: list[Call], **more: object) -> dict[str, tuple[float | None, float | None, float | None, bool]]:
    entries = [
        {
            "started_at": START + dt.timedelta(minutes=i),
            "response_model": "m",
            "input_tokens": a,
            "output_tokens": b,
            "duration_ms": ms,
            "cache_read_tokens": 0,
            "status": "ok",
        }
        | more
        for i, (a, b, ms) in enumerate(calls)
    ]
    rows.insert(con, "calls", entries)
    compute(con, Inputs())
    return {part: tuple(told) for part, *told in con.execute("select part, share, lo, hi, is_identified from stat_latency_parts").fetchall()}


def calls(seed: int, n: int, time: Callable[[random.Random, int, int], float]) -> list[Call]:
    dice = random.Random(seed)
    tokens = [(int(dice.lognormvariate(6.7, 0.7)), int(dice.lognormvariate(5, 0.8)) + 1) for _ in range(n)]
    return [(a, b, time(dice, a, b)) for a, b in tokens]


def usual(dice: random.Random, a: int, b: int) -> float:
    return (400 + 0.5 * a + 20 * b) * dice.lognormvariate(-0.02, 0.2)


def share(found: list[Call], part: Callable[[int, int], float]) -> float:
    return sum(part(a, b) for a, b, _ in found) / sum(ms for *_, ms in found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_line_comes_back(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    planted = calls(seed, 1500, usual)
    told = ask(con, planted)
    for part, true in (("generation", share(planted, lambda _a, b: 20 * b)), ("prefill", share(planted, lambda a, _b: 0.5 * a))):
        middle, lo, hi, is_identified = told[part]
        assert is_identified
        assert lo is not None and hi is not None and lo <= true <= hi
        assert middle == pytest.approx(true, rel=0.15 if part == "prefill" else 0.03)
    assert sum(middle or 0.0 for middle, *_ in told.values()) == pytest.approx(1)


def test_a_few_calls_that_hang_move_only_the_excess(con: duckdb.DuckDBPyConnection) -> None:
    planted = calls(4, 1500, lambda dice, a, b: usual(dice, a, b) * (6 if dice.random() < 0.03 else 1))
    told = ask(con, planted)
    assert told["generation"][0] == pytest.approx(share(planted, lambda _a, b: 20 * b), rel=0.05)
    assert (told["excess"][0] or 0) > 0.08


@pytest.mark.parametrize(
    ("why", "planted"),
    [
        ("hidden reasoning", calls(5, 3000, lambda dice, a, b: 400 + 0.5 * a + 20 * b * (1 + dice.lognormvariate(0, 1.2)))),
        ("tokens without influence", calls(6, 1000, lambda dice, _a, _b: dice.uniform(100, 9000))),
        ("constant answers", [(a, 200, ms) for a, _, ms in calls(7, 1000, lambda dice, a, _b: 400 + 0.5 * a + dice.uniform(0, 400))]),
    ],
)
def test_traps_are_refused(con: duckdb.DuckDBPyConnection, why: str, planted: list[Call]) -> None:
    assert not ask(con, planted)["generation"][3], why


def test_constant_prompts_are_no_number_for_reading(con: duckdb.DuckDBPyConnection) -> None:
    told = ask(con, [(550, b, 900 + 30 * b + 10 * (i % 7)) for i, (_, b, _) in enumerate(calls(8, 400, usual))])
    assert told["prefill"] == (None, None, None, False)
    assert told["generation"][3]
    assert told["overhead"][3] is False  # the prompt's part hides in it


@pytest.mark.parametrize(("prompt", "cached", "is_told"), [(5000, None, False), (5000, 0, True), (300, None, True)])
def test_reading_is_told_only_where_cached_prompts_are_known(con: duckdb.DuckDBPyConnection, prompt: int, cached: int | None, is_told: bool) -> None:
    dice = random.Random(9)
    planted = [(a := int(prompt * dice.uniform(0.5, 1.5)), b := dice.randint(5, 40), 100 + 2.0 * a + 20 * b + dice.uniform(0, 50)) for _ in range(1000)]
    assert ask(con, planted, cache_read_tokens=cached)["prefill"][3] is is_told


def test_least_squares_against_a_solution_by_hand() -> None:
    data = [
        (1.0, 2.0, 3.0, 19.0),
        (1.0, 1.0, 5.0, 22.0),
        (2.0, 4.0, 1.0, 17.0),
        (1.0, 3.0, 3.0, 22.0),
        (1.0, 0.5, 0.5, 5.0),
    ]  # weight, u, v, y = about 1 + 3 u + 4 v

    def total(of: Callable[[float, float, float], float]) -> float:
        return math.fsum(h * of(u, v, y) for h, u, v, y in data)

    sums = Sums(*[0.0] * 6, *(total(of) for of in (
        lambda u, v, y: 1, lambda u, v, y: u, lambda u, v, y: v, lambda u, v, y: u * u, lambda u, v, y: u * v, lambda u, v, y: v * v,
        lambda u, v, y: y, lambda u, v, y: u * y, lambda u, v, y: v * y)))  # fmt: skip
    line = solve(sums, uses_input=True)
    assert line is not None
    for of in (lambda u, v: 1.0, lambda u, v: u, lambda u, v: v):  # residuals are orthogonal to every regressor
        assert math.fsum(h * of(u, v) * (y - line.a - line.b * u - line.c * v) for h, u, v, y in data) == pytest.approx(0, abs=1e-9)
