"""Months of spend: weekdays, growth, days that resemble their neighbours; the log stops within a month whose total is known."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection

RATE_IN, RATE_OUT = 2.5e-6, 1e-5


@dataclass(frozen=True)
class Truth:
    """USD of the whole month in which the log ends, of which `spent` had been spent."""

    month_usd: float
    spent: float


def make(con: Connection, rng: random.Random, *, history_days: int, left_days: int, growth: float = 0.0, noise: float = 0.15, per_day: float = 300) -> Truth:
    """`growth` a week; the log ends at a midnight, `left_days` before its month does."""
    first = world.START.date()
    day = first + dt.timedelta(days=history_days)
    month_end = dt.date(day.year, day.month, calendar.monthrange(day.year, day.month)[1]) + dt.timedelta(days=1)
    ends = month_end - dt.timedelta(days=left_days)
    days = (month_end - first).days
    weekly = [1, 1.05, 1.1, 1.05, 0.95, rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.8)]
    walk = world.ar1(rng, days, noise, 0.4)
    counts = []
    for number in range(days):
        level = per_day * weekly[number % 7] * math.exp(walk[number]) * (1 + growth) ** (number / 7)
        counts += [world.poisson(rng, level / 24) for _ in range(24)]
    world.moments(con, counts)
    con.execute("create or replace temp table whole as select s, exp(6.8 + 0.8 * gauss())::bigint as i, exp(5.4 + 0.7 * gauss())::bigint as o from moments")
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, 'openai' as provider, 'gpt-4o' as request_model, 'chat' as feature,
            'ok' as status, i as input_tokens, o as output_tokens, cast({RATE_IN} * i + {RATE_OUT} * o as decimal(18, 12)) as cost_usd
        from whole where moment(s) < timestamp '{ends}'""",
    )
    begin = dt.date((month_end - dt.timedelta(days=1)).year, (month_end - dt.timedelta(days=1)).month, 1)
    total = f"select sum({RATE_IN} * i + {RATE_OUT} * o) from whole where moment(s) >= timestamp '{begin}' and moment(s) < timestamp"
    ((month,),) = con.execute(f"{total} '{month_end}'").fetchall()
    ((spent,),) = con.execute(f"{total} '{ends}'").fetchall()
    return Truth(month, spent or 0.0)
