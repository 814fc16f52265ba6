"""Ten weeks of a key whose load grows towards a limit its headers tell."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """Peak a minute (q99.9 of the rolling minute, over the last week), the limit, and when the growing peak meets it."""

    limit: float
    peak: float
    headroom: float
    ends: dt.datetime
    runs_out: dt.datetime | None


def make(con: Connection, rng: random.Random, *, growth: float, per_minute: float = 6, weeks: int = 8, spare: float = 1.6) -> Truth:
    """`spare` = limit over the last week's peak; `growth` a week, compounded."""
    world.moments(con, world.hours(rng, weeks * 168, per_minute * 1440, diurnal=0.6, noise=0.05, weekend=0.5, growth=growth))
    con.execute("create or replace temp table rolling as select s, count(*) over (order by s range between 60 preceding and current row) as load from moments")
    (peak,) = con.execute("select quantile_cont(load, 0.999) from rolling where s >= (select max(s) from moments) - 604800").fetchall()[0]
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
    left = math.log(spare) / math.log(1 + growth) if growth else None  # weeks from the middle of the last week
    return Truth(limit, peak, 1 - peak / limit, ends, ends + dt.timedelta(weeks=left - 0.5) if left else None)
