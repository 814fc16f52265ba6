"""Calls whose time is told by their tokens, but for a few; the slow ones are spread over all, or share a provider, release, user, hour or feature."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.streams.tokens import SHAPES, mixture
from tests.truth.world import Connection

SIZES = {"release": 4, "user_id": 40, "feature": 6, "region": 3, "endpoint": 3, "prompt_version": 5, "api_key_hash": 4}


@dataclass(frozen=True)
class Truth:
    """What the slow calls share; None: nothing."""

    culprit: tuple[str, str] | None


def make(con: Connection, rng: random.Random, *, culprit: str = "", slow_share: float = 0.3, n: int = 8000, background: float = 0.004) -> Truth:
    """`slow_share` of the culprit's calls take 3 to 10 times as long, `background` of all calls anyhow."""
    value = {"provider": "anthropic", "hour": str(rng.randrange(24))}.get(culprit) or (f"{culprit}-{rng.randrange(SIZES[culprit])}" if culprit else "")
    parts = ", ".join(f"'{name}-' || cast(floor({size} * power(random(), 1.3)) as bigint) as {name}" for name, size in SIZES.items())
    con.execute(
        f"create or replace temp table drawn as select number, number * {14 * 86400 / n} + 30 * random() as s, {parts}, "
        f"case when random() < 0.4 then 'anthropic' else 'openai' end as provider, cast(exp({mixture(SHAPES['chat'][0])}) as bigint) as i, "
        f"cast(exp({mixture(SHAPES['chat'][1])}) as bigint) as o from range({n}) t(number)"
    )
    hit = "false"
    if culprit:
        hit = f"hour(moment(s)) = {value}" if culprit == "hour" else f"{culprit} = '{value}'"
    world.calls(
        con,
        f"""select 'c' || number as call_id, moment(s) as started_at, provider, provider || '-model' as request_model, {", ".join(SIZES)}, 'ok' as status,
            false as stream, i as input_tokens, o as output_tokens,
            (250 * exp(0.3 * gauss()) + 0.15 * i + 18 * o * exp(0.15 * gauss()))
                * case when slow then exp(ln(3) + random() * ln(10.0 / 3)) else 1 end as duration_ms
        from (select *, random() < {background} + case when {hit} then {slow_share} else 0 end as slow from drawn)""",
    )
    return Truth((culprit, value) if culprit else None)
