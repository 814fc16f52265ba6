"""Refusals or errors over days: a background that comes in clumps, and one planted burst, or none."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection

ERRORS = {
    "rate_limit": ("429", "error"),
    "overloaded": ("529", "error"),
    "server": ("500", "error"),
    "timeout": ("null", "timeout"),
}
SIZES = {"feature": 6, "user_id": 40, "api_key_hash": 1, "endpoint": 2, "region": 3}


@dataclass(frozen=True)
class Truth:
    """`scope` and `value`: the attribute that holds the burst. `culprit`: (attribute, value) that sent the surge behind it."""

    question: str
    begin: dt.datetime | None
    end: dt.datetime | None
    error: str
    scope: str
    value: str
    culprit: tuple[str, str] | None


@dataclass(frozen=True)
class Burst:
    """Seconds from START, more failures as a share of the calls in its scope, calls of the culprit beside the usual ones."""

    begin: float
    end: float
    rise: float
    scope: str
    value: str
    culprit: tuple[str, str] | None
    surge: float


def make(
    con: Connection,
    rng: random.Random,
    *,
    per_minute: float,
    days: int = 30,
    error: str = "rate_limit",
    background: float = 0.002,
    clumps: float = 1.0,
    rise: float = 0.0,
    minutes: float = 5,
    scope: str = "all",
    culprit: str = "",
    surge: float = 4.0,
    diurnal: float = 0.3,
    models: int = 1,
) -> Truth:
    """Failures at `background`, each five minutes multiplied by a gamma number of variance `clumps`; `rise` more within the burst, in its scope only."""
    world.moments(con, world.hours(rng, days * 24, per_minute * 1440, diurnal=diurnal, noise=0.15, weekend=0.8))
    begin = rng.uniform(2, days - 1) * 86400
    who = (culprit, f"{culprit}-{rng.randrange(SIZES[culprit])}") if culprit else None
    burst = Burst(begin, begin + minutes * 60, rise, scope, _value(rng, scope), who, surge * per_minute * minutes if who else 0)
    windows = [rng.gammavariate(1 / clumps, clumps) if clumps else 1.0 for _ in range(days * 288 + 1)]
    world.table(con, "windows", {"w": list(range(len(windows))), "m": windows})
    _draw(con, rng, burst, models)
    _rows(con, burst, error, background)
    question = "limits/rate_limit_bursts" if error == "rate_limit" else "errors/bursts"
    begins, ends = (world.at(burst.begin), world.at(burst.end)) if rise else (None, None)
    return Truth(question, begins, ends, error, scope, burst.value, who)


def _value(rng: random.Random, scope: str) -> str:
    if scope == "all":
        return ""
    if scope == "provider":
        return "anthropic"
    return f"openai-{rng.randrange(2)}" if scope == "model" else f"{scope}-{rng.randrange(SIZES[scope])}"


def _draw(con: Connection, rng: random.Random, burst: Burst, models: int) -> None:
    """Table drawn: every call with its attributes; the culprit's surge begins a minute before the burst."""
    parts = ", ".join(f"'{name}-' || floor({size} * power(random(), 1.5))::bigint as {name}" for name, size in SIZES.items())
    con.execute(
        f"create or replace temp table drawn as select s, m, case when {models} > 1 and random() < 0.4 then 'anthropic' else 'openai' end as provider, "
        f"floor({models} * random())::bigint as which, {parts} from moments join windows on w = floor(s / 300)::bigint"
    )
    if burst.culprit:
        kind, value = burst.culprit
        extra, length = world.poisson(rng, burst.surge), burst.end - burst.begin + 60
        con.execute(
            f"insert into drawn by name select * replace ('{value}' as {kind}) from (select {burst.begin - 60} + random() * {length} as s, 1.0 as m, "
            f"'openai' as provider, 0 as which, {parts} from range({extra}))"
        )


def _rows(con: Connection, burst: Burst, error: str, background: float) -> None:
    code, status = ERRORS[error]
    column = {"model": "request_model"}.get(burst.scope, burst.scope)
    within = f"s between {burst.begin} and {burst.end}" + ("" if burst.scope == "all" else f" and {column} = '{burst.value}'")
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, provider, request_model, feature, user_id, api_key_hash, endpoint, region,
            case when bad then '{status}' else 'ok' end as status, case when bad then {code} else 200 end as status_code,
            case when bad then '{error}' end as error_class, 400 + 2000 * random() as duration_ms,
            case when not bad then exp(6 + gauss())::bigint end as input_tokens, case when not bad then exp(5 + 0.7 * gauss())::bigint end as output_tokens
        from (select *, random() < {background} * m + case when {within} then {burst.rise} else 0 end as bad
            from (select *, provider || '-' || which as request_model from drawn))""",
    )
