"""Streams chunk by chunk: pauses planted in some, readers who leave, and answers that were not streamed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

LONG = 200  # output tokens from which an answer should be streamed


@dataclass
class Truth:
    """Counts, and means over the calls concerned."""

    stalled: int = 0
    with_gap: int = 0
    broken: int = 0
    streams: int = 0
    wasted: int = 0  # tokens written after the reader left, where the provider went on
    long: int = 0
    unstreamed: int = 0
    saved_ms: float | None = None


@dataclass(frozen=True)
class Habits:
    """Share of streams with a planted pause, share a reader leaves, and the time a proxy cuts them at (0: it does not)."""

    stalls: float
    leaves: float
    limit_s: float


def make(
    con: Connection, rng: random.Random, *, n: int = 1500, stalls: float = 0.08, leaves: float = 0.05, limit_s: float = 0.0, unstreamed: float = 0.2
) -> Truth:
    """`limit_s`: a proxy cuts every stream that lasts longer; else readers leave at any moment. The provider writes on to the end."""
    truth, rows, waits, ttfts = Truth(), [], [], []
    habits = Habits(stalls, leaves, limit_s)
    for number in range(n):
        tokens, speed, ttft = max(8, round(rng.lognormvariate(5.5, 0.6))), rng.lognormvariate(3.0, 0.25), rng.lognormvariate(6.0, 0.4)
        row: dict[str, Any] = {"call_id": f"c{number}", "started_at": world.at(number * 60), "provider": "openai", "request_model": "gpt-x", "status": "ok"}
        row |= {"feature": rng.choice(["chat", "draft"]), "input_tokens": 700, "output_tokens": tokens, "finish_reason": "stop", "status_code": 200}
        truth.long += tokens >= LONG
        if rng.random() >= unstreamed:
            row |= _stream(rng, truth, ttft, speed, tokens, habits)
            ttfts.append(ttft)
        else:
            truth.unstreamed += tokens >= LONG
            row |= {"stream": False, "duration_ms": ttft + speed * tokens}
            if tokens >= LONG:
                waits.append(ttft + speed * tokens)
        rows.append(row)
    if waits and ttfts:
        truth.saved_ms = sum(waits) / len(waits) - median(ttfts)
    world.insert(con, "calls", rows)
    return truth


def _stream(rng: random.Random, truth: Truth, ttft: float, speed: float, tokens: int, habits: Habits) -> dict[str, Any]:
    """Gaps between chunks (one token each) are gamma; a planted pause is 2 to 6 s."""
    gaps = [rng.gammavariate(4, speed / 4) for _ in range(tokens - 1)]
    paused = rng.random() < habits.stalls
    if paused:
        gaps[rng.randrange(len(gaps))] = rng.uniform(2000, 6000)
    total = ttft + sum(gaps)
    leave = rng.uniform(ttft, total) if rng.random() < habits.leaves else None
    if habits.limit_s:
        leave = habits.limit_s * 1000 if total > habits.limit_s * 1000 else None
    truth.streams += 1
    told = {"stream": True, "ttft_ms": ttft, "ttft_basis": "client"}
    if leave is None or leave <= ttft:
        truth.with_gap += 1
        truth.stalled += paused
        return told | {"duration_ms": total, "max_gap_ms": max(gaps)}
    moment, seen = ttft, 1
    while seen < tokens and moment + gaps[seen - 1] <= leave:
        moment += gaps[seen - 1]
        seen += 1
    truth.broken += 1
    truth.wasted += tokens - seen
    return told | {"duration_ms": leave, "disconnect_ms": leave, "status": "cancelled", "finish_reason": None, "completion_chars": 4 * seen}
