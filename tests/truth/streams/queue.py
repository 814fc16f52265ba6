"""One server, first come first served, that streams: the true queue, prefill and writing time of every request; the log has the first token and the whole."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.truth import world
from tests.truth.world import Connection


@dataclass(frozen=True)
class Truth:
    """True shares of the wait before the first token that is no prefill, of all time and of that of the slow tail (p93 to p97); of writing."""

    wait: float
    wait_tail: float
    writing: float


def make(con: Connection, rng: random.Random, *, load: float, n: int = 4000, logged: bool = False) -> Truth:
    """`load` = busy share of the server; `logged`: the server tells its queue and prefill time."""
    sizes = [(max(8, round(rng.lognormvariate(6.2, 0.9))), max(4, round(rng.lognormvariate(4.6, 0.7)))) for _ in range(n)]
    work = [0.9 * i + 4.0 * o for i, o in sizes]
    gap = sum(work) / n / load
    now, free, written, rows, parts = 0.0, 0.0, 0.0, [], []
    for number, (i, o) in enumerate(sizes):
        now += rng.expovariate(1 / gap)
        speed = rng.lognormvariate(0, 0.08)
        network, queue, prefill, write = rng.lognormvariate(2.7, 0.3), max(0.0, free - now), 0.9 * i * speed, 4.0 * o * speed
        free = max(free, now) + prefill + write
        first = network + queue + prefill
        row: dict[str, Any] = {
            "call_id": f"c{number}",
            "started_at": world.at(now / 1000),
            "provider": "own",
            "request_model": "small",
            "feature": "chat",
            "status": "ok",
        }
        row |= {"stream": True, "input_tokens": i, "output_tokens": o, "ttft_ms": first, "duration_ms": first + write, "ttft_basis": "client"}
        if logged:
            row |= {"queue_ms": queue, "prefill_ms": prefill, "network_ms": network, "generation_ms": write}
        rows.append(row)
        parts.append((first + write, network + queue))
        written += write
    world.insert(con, "calls", rows)
    parts.sort()
    tail = parts[int(0.93 * n) : int(0.97 * n)]
    return Truth(_share(parts), _share(tail), written / sum(total for total, _ in parts))


def _share(parts: list[tuple[float, float]]) -> float:
    return sum(wait for _, wait in parts) / sum(total for total, _ in parts)
