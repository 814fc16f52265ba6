"""Calls of which only the whole time and the tokens are logged, though the true parts are known; among them what cannot be told."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.truth import world
from tests.truth.streams.tokens import SHAPES, mixture
from tests.truth.world import Connection

TRAPS = ("hidden reasoning", "constant tokens", "few", "cache not logged", "varying speed", "queueing", "short outputs")


@dataclass(frozen=True)
class Truth:
    """True shares of mean latency, and whether it is a trap."""

    generation: float
    prefill: float
    trap: str


def make(con: Connection, rng: random.Random, *, n: int = 1000, shape: str = "chat", trap: str = "", outliers: float = 0.03, noise: float = 0.12) -> Truth:
    """Duration = network + queue + b * uncached input + c * output (c varies from call to call) + now and then something slow."""
    per_in, per_out, overhead = rng.uniform(0.05, 0.4), rng.uniform(6, 40), rng.uniform(80, 500)
    ins, outs = (mixture(parts) for parts in SHAPES[shape])
    if trap == "few":
        n = rng.randint(60, 190)
    if trap == "constant tokens":
        ins, outs = "6.3", "5.4"
    if trap == "short outputs":
        outs = "(3.2 + 0.08 * gauss())"
    speed = 0.7 if trap == "varying speed" else noise
    queue = 4.0 if trap == "queueing" else 0.15
    con.execute(
        f"""create or replace temp table drawn as select *,
            {per_in} * (i - read) as prefill, {per_out} * (o + hidden) * exp({speed} * gauss()) as generation,
            {overhead} * exp(0.25 * gauss()) + {queue * overhead} * case when random() < 0.35 then -ln(1 - random()) else 0 end as fixed,
            case when random() < {outliers} then 2 + 6 * random() else 1 end as slow
        from (select number, i, o, cast(case when {trap == "cache not logged"} and random() < 0.6 then 0.8 * i else 0 end as bigint) as read,
            case when {trap == "hidden reasoning"} then exp(ln(o + 1) + 0.5 + 1.2 * gauss()) else 0 end as hidden
            from (select number, greatest(1, cast(exp({ins}) as bigint)) as i, greatest(1, cast(exp({outs}) as bigint)) as o from range({n}) t(number)))"""
    )
    world.calls(
        con,
        f"""select 'c' || number as call_id, moment(number * 97 + 60 * random()) as started_at, 'openai' as provider, 'gpt-x' as request_model,
            {"null::bigint" if trap == "cache not logged" else "read"} as cache_read_tokens,
            'chat' as feature, 'ok' as status, false as stream, i as input_tokens, o as output_tokens,
            (fixed + prefill + generation) * slow as duration_ms from drawn""",
    )
    shares = con.execute(
        "select sum(generation) / sum((fixed + prefill + generation) * slow), sum(prefill) / sum((fixed + prefill + generation) * slow) from drawn"
    )
    generation, prefill = shares.fetchall()[0]
    return Truth(generation, prefill, trap)
