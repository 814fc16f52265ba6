"""Weeks of calls under an hourly load that wanders (AR(1)); the last seven days differ from the seven before, or do not."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """The two periods, half open, and the planted change of latency as a share."""

    before: tuple[dt.datetime, dt.datetime]
    after: tuple[dt.datetime, dt.datetime]
    change: float


def make(
    con: Connection, rng: random.Random, *, phi: float, load_sd: float = 0.15, change: float = 0.0, per_day: float = 1500, history_days: int = 28
) -> Truth:
    """Latency is lognormal around a level that the hour's load moves; tokens follow nothing."""
    days = history_days + 14
    world.moments(con, world.hours(rng, days * 24, per_day, diurnal=0.5, weekend=0.6))
    world.table(con, "levels", {"hour": list(range(days * 24)), "level": world.ar1(rng, days * 24, load_sd, phi)})
    split = (days - 7) * 86400
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, 'openai' as provider, 'gpt-x' as request_model, 'chat' as feature,
            'ok' as status, 'u' || cast(floor(50 * random()) as bigint) as user_id, case when s < {split} then 'r1' else 'r2' end as release,
            exp({math.log(1500)} + level + 0.5 * gauss() + case when s >= {split} then {math.log(1 + change)} else 0 end) as duration_ms,
            cast(exp(6 + 0.8 * gauss()) as bigint) as input_tokens, cast(exp(5 + 0.6 * gauss()) as bigint) as output_tokens
        from moments join levels using (hour)""",
    )
    return Truth((world.at(split - 7 * 86400), world.at(split)), (world.at(split), world.at(split + 7 * 86400)), change)
