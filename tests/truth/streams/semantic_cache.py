"""A semantic cache whose hits below some similarity are complained about more often, or not."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """Similarity below which hits are bad; None: nowhere."""

    edge: float | None


def make(con: Connection, rng: random.Random, *, excess: float = 0.12, edge: float = 0.87, calls: int = 30_000, rated: float = 0.3) -> Truth:
    """Half of all lookups hit, at similarities from 0.78 to 1; `rated` of all answers get a thumb; 4 % of good ones a bad one."""
    world.calls(
        con,
        f"""select 'c' || i as call_id, moment(i * 60 + random()) as started_at, 'search' as feature, 'openai' as provider,
            'gpt-x' as request_model,
            'ok' as status, 'u' || cast(floor(400 * random()) as bigint) as user_id, 'semantic' as cache_kind,
            case when hit then 'hit' else 'miss' end as app_cache,
            case when hit then near end as cache_similarity, case when hit then 8.0 else 1500.0 end as duration_ms
        from (select i, random() < 0.5 as hit, 0.78 + 0.22 * power(random(), 0.8) as near from range({calls}) t(i))""",
    )
    con.execute(
        "insert into feedback by name select call_id, started_at + interval 20 seconds as at, 'thumb' as name, case when bad then -1.0 else 1.0 end as value, "
        "case when bad then 'down' else 'up' end as label, 'human' as kind, 'truth' as source, 1 as ingest_id, 1 as file_id, line "
        f"from (select *, random() < 0.04 + case when cache_similarity < {edge} then {excess} else 0 end as bad from calls where random() < {rated})"
    )
    return Truth(edge if excess else None)
