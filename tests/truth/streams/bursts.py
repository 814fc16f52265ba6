"""Refusals or errors over days: a background that comes in clumps, and one planted burst, or none."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

ERRORS = {
    "rate_limit": (429, "rate_limit", "error"),
    "overloaded": (529, "overloaded", "error"),
    "server": (500, "server", "error"),
    "timeout": (None, "timeout", "timeout"),
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
    counts = world.hours(rng, days * 24, per_minute * 1440, diurnal=diurnal, noise=0.15, weekend=0.8)
    world.moments(con, counts)
    begin = rng.uniform(2, days - 1) * 86400
    end = begin + minutes * 60
    who = (culprit, f"{culprit}-{rng.randrange(SIZES[culprit])}") if culprit else None
    if who:
        extra = world.poisson(rng, surge * per_minute * minutes)
        con.execute(f"insert into moments select cast(floor({begin} / 3600) as bigint), {begin - 60} + random() * {end - begin + 60} from range({extra})")
    value = _value(rng, scope)
    windows = [rng.gammavariate(1 / clumps, clumps) if clumps else 1.0 for _ in range(days * 288 + 1)]
    world.table(con, "windows", {"w": list(range(len(windows))), "m": windows})
    _rows(con, rng, error, background, rise, (begin, end), (scope, value), who, models, (end - begin + 60, surge * per_minute * minutes))
    question = "limits/rate_limit_bursts" if error == "rate_limit" else "errors/bursts"
    planted = rise > 0
    return Truth(question, world.at(begin) if planted else None, world.at(end) if planted else None, error, scope, value, who)


def _value(rng: random.Random, scope: str) -> str:
    if scope == "all":
        return ""
    if scope == "provider":
        return "anthropic"
    return f"model-{rng.randrange(2)}" if scope == "model" else f"{scope}-{rng.randrange(SIZES[scope])}"


def _rows(
    con: Connection,
    rng: random.Random,
    error: str,
    background: float,
    rise: float,
    span: tuple[float, float],
    scope: tuple[str, str],
    who: tuple[str, str] | None,
    models: int,
    sent: tuple[float, float],
) -> None:
    code, error_class, status = ERRORS[error]
    column = {"provider": "provider", "model": "request_model"}.get(scope[0], scope[0])
    within = f"s between {span[0]} and {span[1]}" + ("" if scope[0] == "all" else f" and {column} = '{scope[1]}'")
    parts = ", ".join(f"'{name}-' || cast(floor({size} * power(random(), 1.5)) as bigint) as {name}" for name, size in SIZES.items())
    con.execute(
        f"create or replace temp table drawn as select s, m, case when {models} > 1 and random() < 0.4 then 'anthropic' else 'openai' end as provider, "
        f"random() as pick, {parts} from moments join windows on w = cast(floor(s / 300) as bigint)"
    )
    con.execute(f"alter table drawn add column request_model varchar; update drawn set request_model = provider || '-' || cast(floor({models} * random()) as bigint)")
    if scope[0] == "model":
        con.execute(f"update drawn set request_model = 'model-' || right(request_model, 1), provider = 'openai' where {models} > 1")
    if who:  # of the calls in the surge, all but the usual ones are the culprit's
        usual = f"(select count(*) from drawn where s between {span[0] - 60 - sent[0]} and {span[0] - 60})"
        con.execute(
            f"update drawn set {who[0]} = '{who[1]}' where s between {span[0] - 60} and {span[1]} "
            f"and random() > least(1.0, {usual} / (select count(*) from drawn where s between {span[0] - 60} and {span[1]}))"
        )
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, provider, request_model, feature, user_id, api_key_hash, endpoint, region,
            case when bad then '{status}' else 'ok' end as status, {f"case when bad then {code} else 200 end" if code else "case when not bad then 200 end"} as status_code,
            case when bad then '{error_class}' end as error_class, cast(400 + 2000 * random() as double) as duration_ms,
            case when not bad then cast(exp(6 + gauss()) as bigint) end as input_tokens, case when not bad then cast(exp(5 + 0.7 * gauss()) as bigint) end as output_tokens
        from (select *, random() < {background} * m + case when {within} then {rise} else 0 end as bad from drawn)""",
    )
