"""Tokens a call over weeks: users of different habits, busy and quiet days, weekends, correlated day noise; and one planted change, or none."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

# Mixtures of lognormals, as (share, median, sigma): tokens in, tokens out.
SHAPES: dict[str, tuple[tuple[tuple[float, float, float], ...], tuple[tuple[float, float, float], ...]]] = {
    "chat": (((0.65, 190, 0.8), (0.35, 1100, 0.7)), ((0.8, 210, 0.7), (0.2, 40, 0.5))),
    "code": (((0.8, 2300, 0.9), (0.2, 7000, 0.4)), ((0.7, 35, 0.9), (0.3, 160, 0.7))),
    "rag": (((0.75, 3400, 0.3), (0.25, 1300, 0.35)), ((1.0, 240, 0.6),)),
}
HISTORY_DAYS = 30


@dataclass(frozen=True)
class Truth:
    """The planted change: of `direction` by `change` (share) or `add` (tokens) at `moment`; cause kind to new value."""

    moment: dt.datetime
    ends: dt.datetime
    direction: str
    change: float
    add: int
    cause: dict[str, str]
    feature: str = "assistant"
    features: int = 1


def make(con: Connection, rng: random.Random, **cell: Any) -> Truth:
    """A change 30 days and some hours into the log, which ends 72 hours later; with change 0 and add 0 nothing changes."""
    seconds = (HISTORY_DAYS * 24 + rng.uniform(0, 7 * 24)) * 3600
    truth = Truth(world.at(seconds), world.at(seconds + 72 * 3600), cell.get("direction", "input"), cell.get("change", 0.0), cell.get("add", 0), {})
    causes = cell.pop("causes", "none")
    for name in causes.split("+"):
        if name in NEW:
            truth.cause[name] = NEW[name]
    series(con, rng, truth, "assistant", mix=causes == "user_mix", **{k: v for k, v in cell.items() if k not in ("direction", "change", "add")})
    return truth


NEW = {"prompt_version": "v8", "response_model": "assist-2026-01", "release": "r-new", "user_mix": "user_mix"}


def series(
    con: Connection,
    rng: random.Random,
    truth: Truth,
    feature: str,
    *,
    load: float,
    mix: bool = False,
    users: bool = True,
    shape: str = "chat",
    people: int = 60,
    spread: float = 0.4,
    day_noise: float = 0.02,
    phi: float = 0.5,
    weekend: float = -0.08,
    weekend_volume: float = 0.4,
    volume_noise: float = 0.15,
    growth: float = 0.0,
) -> None:
    """The calls of one feature until the end of the truth."""
    total = (truth.ends - world.START).total_seconds() / 3600
    counts = world.hours(rng, math.ceil(total), load, weekend=weekend_volume, noise=volume_noise, growth=growth)
    world.moments(con, counts)
    days = math.ceil(total / 24)
    moment_s = (truth.moment - world.START).total_seconds()
    _people(con, rng, days, people, spread, moment_s / 86400 if mix else None)
    noise_in, noise_out = world.ar1(rng, days, day_noise, phi), world.ar1(rng, days, day_noise, phi)
    world.table(con, "day_levels", {"day": list(range(days)), "d_in": noise_in, "d_out": noise_out})
    con.execute(
        "create or replace temp table drawn as with who as (select s, hour, cast(floor(s / 86400) as bigint) as day, random() as pick from moments) "
        "select w.s, w.hour, p.user_no, p.level_in, p.level_out, d.d_in, d.d_out from who w "
        "asof join people p on w.day = p.day and w.pick >= p.low join day_levels d on d.day = w.day"
    )
    swing, phase = rng.uniform(0.05, 0.12), rng.uniform(0, 24)
    both = f" + {swing} * sin(2 * pi() * (hour % 24 - {phase}) / 24) + case when hour // 24 % 7 >= 5 then ln(1 + {weekend}) else 0 end"
    ins, outs = (mixture(parts) for parts in SHAPES[shape])
    factor, add = f"case when s >= {moment_s} then 1 + {truth.change} else 1 end", f"case when s >= {moment_s} then {truth.add} else 0 end"
    grown = (f"* {factor} + {add}", "") if truth.direction == "input" else ("", f"* {factor} + {add}")
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, '{feature}' as feature, 'openai' as provider, 'assist' as request_model,
            {attribute(truth, moment_s, "response_model", "'assist-2025-08'")} as response_model,
            {attribute(truth, moment_s, "prompt_version", "'v7'")} as prompt_version,
            {attribute(truth, moment_s, "release", f"'r' || cast(floor((s - {moment_s}) / 604800 + 0.55) as bigint)")} as release,
            {"'u' || user_no" if users else "null"} as user_id, 'ok' as status, 200 as status_code, true as stream,
            greatest(1, cast(exp({ins} + level_in + d_in{both}) {grown[0]} as bigint)) as input_tokens,
            greatest(1, cast(exp({outs} + level_out + d_out{both}) {grown[1]} as bigint)) as output_tokens
        from drawn where moment(s) < timestamp '{truth.ends}'""",
    )


def mixture(parts: tuple[tuple[float, float, float], ...]) -> str:
    """SQL of the logarithm of a number from a mixture of lognormals. One draw for the part, one for the size."""
    if len(parts) == 1:
        return f"({math.log(parts[0][1])} + {parts[0][2]} * gauss())"
    (share, a, sa), (_, b, sb) = parts
    return f"(case when random() < {share} then {math.log(a)} + {sa} * gauss() else {math.log(b)} + {sb} * gauss() end)"


def attribute(truth: Truth, moment_s: float, name: str, old: str) -> str:
    """SQL of an attribute: `old`, and the new value from the moment on where it is a cause. Releases go on every week otherwise, far from the moment."""
    return f"case when s >= {moment_s} then '{truth.cause[name]}' else {old} end" if name in truth.cause else old


def _people(con: Connection, rng: random.Random, days: int, people: int, spread: float, arrival_day: float | None) -> None:
    """Table people (day, low, user_no, level_in, level_out): who sends which part of a day. From `arrival_day` on four heavy users send a third."""
    base = [math.exp(rng.gauss(0, 0.8)) for _ in range(people)]
    levels = [(rng.gauss(0, spread), rng.gauss(0, spread)) for _ in range(people)]
    columns: dict[str, list[Any]] = {"day": [], "low": [], "user_no": [], "level_in": [], "level_out": []}
    for day in range(days):
        weights = [weight * rng.expovariate(1) for weight in base]
        mine = list(levels)
        if arrival_day is not None and day > arrival_day:
            weights += [sum(weights) / 8] * 4
            mine += [(1.0, 0.0)] * 4
        low, total = 0.0, sum(weights)
        for number, (weight, level) in enumerate(zip(weights, mine, strict=True)):
            for name, value in zip(columns, (day, low / total, number, *level), strict=True):
                columns[name].append(value)
            low += weight
    world.table(con, "people", columns)
