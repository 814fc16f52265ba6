"""Ten weeks of a key whose load grows towards a limit its headers tell."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """Peak a minute (q99.9 of the rolling minute, over the last week), the limit, and the week in which the peak of the same load, grown on, meets it."""

    limit: float
    peak: float
    headroom: float
    ends: dt.datetime
    runs_out: dt.datetime | None


def make(con: Connection, rng: random.Random, *, growth: float, per_minute: float = 6, weeks: int = 8, spare: float = 1.6) -> Truth:
    """`spare` = limit over the last week's peak; `growth` a week, compounded."""
    world.moments(con, world.hours(rng, weeks * 168, per_minute * 1440, diurnal=0.6, noise=0.05, weekend=0.5, growth=growth))
    peak = _peak(con, "(select max(s) from moments) - 604800")
    limit = float(round(peak * spare))
    world.calls(
        con,
        "select gen_random_uuid()::varchar as call_id, moment(s) as started_at, 'openai' as provider, 'gpt-x' as request_model, 'k1' as api_key_hash, "
        "'ok' as status, 200 as status_code, cast(exp(6 + gauss()) as bigint) as input_tokens, 150 as output_tokens from moments",
    )
    con.execute(
        f"insert into rate_limits by name select call_id, started_at as at, provider, request_model as model, api_key_hash, 'requests' as scope, "
        f"{limit}::double as limit_value, {limit} - 1 as remaining, 'provider' as origin, 1 as ingest_id, 1 as file_id, line from calls"
    )
    ends = world.at(weeks * 604800)
    return Truth(limit, peak, 1 - peak / limit, ends, _runs_out(con, rng, limit, growth, per_minute, weeks) if growth else None)


def _peak(con: Connection, since: str = "0") -> float:
    con.execute("create or replace temp table rolling as select s, count(*) over (order by s range between 60 preceding and current row) as load from moments")
    return float(con.execute(f"select quantile_cont(load, 0.999) from rolling where s >= {since}").fetchall()[0][0])


def _runs_out(con: Connection, rng: random.Random, limit: float, growth: float, per_minute: float, weeks: int) -> dt.datetime | None:
    """Weeks simulated on from the end: peaks of few requests a minute grow slower than the load, for what chance adds to them grows with its root."""
    for week in range(weeks, weeks + 52):
        world.moments(con, world.hours(rng, 168, per_minute * 1440 * (1 + growth) ** week, diurnal=0.6, noise=0.05, weekend=0.5, growth=growth))
        if _peak(con) >= limit:
            return world.at((week + 0.5) * 604800)
    return None
