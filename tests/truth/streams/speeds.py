"""Weeks of two models; one becomes slower for the same tokens, or none does, or answers only become longer."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """Model that became slower, since when."""

    model: str | None
    since: dt.datetime


def make(
    con: Connection, rng: random.Random, *, slower: float = 0.4, longer: float = 0.0, days: int = 28, per_day: float = 800, day_noise: float = 0.05
) -> Truth:
    """The change is 5 days and some hours before the end."""
    since = (days - 5) * 86400 - rng.uniform(0, 86400)
    model = rng.choice(["fast-1", "large-1"])
    world.moments(con, world.hours(rng, days * 24, per_day, weekend=0.5))
    world.table(con, "levels", {"day": list(range(days)), "level": world.ar1(rng, days, day_noise, 0.3)})
    world.calls(
        con,
        f"""select gen_random_uuid()::varchar as call_id, moment(s) as started_at, 'openai' as provider, model as request_model, 'chat' as feature,
            'ok' as status, 600 as input_tokens, o as output_tokens, exp(level + 0.25 * gauss()) * (400 + o * case when model = 'fast-1' then 8 else 25 end)
            * case when s >= {since} and model = '{model}' then {1 + slower} else 1 end as duration_ms
        from (select *, cast(exp(5.2 + 0.6 * gauss() + case when s >= {since} then {math.log(1 + longer)} else 0 end) as bigint) as o
            from (select s, level, case when random() < 0.5 then 'fast-1' else 'large-1' end as model
                from moments join levels on day = floor(s / 86400)::bigint))""",
    )
    return Truth(model if slower else None, world.at(since))
