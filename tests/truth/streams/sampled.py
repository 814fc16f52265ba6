"""A log of which a tenth of the traces was kept, and every trace with an error; the numbers of the whole log are the truth."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """Of the whole log."""

    calls: float
    error_rate: float
    mean_input: float
    mean_output: float
    ttft_p95: float
    spend: float | None


def make(con: Connection, rng: random.Random, *, traces: int = 20_000, keep: float = 0.1, errors: float = 0.02) -> Truth:
    """One to five calls a trace that share a level; a failed call is slow and costs little."""
    con.execute(
        f"create or replace temp table trace as select t, 10 * 86400 * random() as s, 0.4 * gauss() as level, "
        f"1 + floor(5 * power(random(), 2))::bigint as many, random() < {keep} as kept from range({traces}) r(t)"
    )
    con.execute(
        f"""create or replace temp table whole as select *, exp(6.5 + level + 0.7 * gauss())::bigint as i, exp(5 + 0.5 * level + 0.6 * gauss())::bigint as o,
            300 * exp(0.6 * gauss() + 0.3 * level) * case when bad then 8 else 1 end as ttft
        from (select t, s + 20 * k as s, level, kept, t || '-' || k as id, random() < {errors} as bad
            from trace, lateral (select unnest(range(many)) as k) ks)"""
    )
    con.execute("create or replace temp table bad_traces as select t, bool_or(bad) as any_bad from whole group by t")
    world.calls(
        con,
        f"""select id as call_id, 't' || t as trace_id, moment(s) as started_at, 'openai' as provider, 'gpt-4o-mini' as request_model, 'chat' as feature,
            'u' || t % 97 as user_id, case when bad then 'error' else 'ok' end as status, case when bad then 500 else 200 end as status_code,
            case when bad then 'server' end as error_class, true as stream, i as input_tokens, case when not bad then o end as output_tokens, ttft as ttft_ms,
            ttft + 12 * o as duration_ms, case when any_bad then 1.0 else {1 / keep} end as sample_weight,
            cast((i * 0.15 + case when bad then 0 else o end * 0.6) / 1e6 as decimal(18, 12)) as cost_usd
        from whole join bad_traces using (t) where kept or any_bad""",
    )
    row = con.execute(
        "select count(*), avg(bad::int), avg(i), avg(o) filter (where not bad), quantile_cont(ttft, 0.95) filter (where not bad), "
        "sum((i * 0.15 + case when bad then 0 else o end * 0.6) / 1e6) from whole"
    ).fetchall()[0]
    return Truth(*map(float, row))
