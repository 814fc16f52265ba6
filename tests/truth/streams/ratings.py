"""Answers, thumbs of users with opinions of their own, and questions asked again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.truth import world
from tests.truth.world import Connection


@dataclass
class Truth:
    """Counts, and the population's negative rate over users weighted by how much they rate (independent of how they rate)."""

    rate: float
    answers: int = 0
    rated: int = 0
    negative: int = 0
    follow_ups: int = 0


def make(con: Connection, rng: random.Random, *, users: int, mean: float = 0.15, strength: float = 3.0) -> Truth:
    """A user's own negative rate is Beta; sessions of a few answers; one answer in ten is asked for again within ten minutes."""
    truth = Truth(mean)
    calls: list[dict[str, Any]] = []
    thumbs: list[dict[str, Any]] = []
    for user in range(users):
        own = rng.betavariate(mean * strength, (1 - mean) * strength)
        for session in range(1 + world.poisson(rng, rng.lognormvariate(1, 0.7))):
            _session(rng, truth, f"u{user}", f"s{user}-{session}", own, calls, thumbs)
    world.insert(con, "calls", calls)
    world.insert(con, "feedback", thumbs)
    return truth


def _session(rng: random.Random, truth: Truth, user: str, session: str, own: float, calls: list[dict[str, Any]], thumbs: list[dict[str, Any]]) -> None:
    s, prompt = rng.uniform(0, 20 * 86400), 0
    for turn in range(rng.randint(1, 6)):
        again = turn > 0 and rng.random() < 0.1
        pause = rng.uniform(30, 500) if again or rng.random() < 0.9 else rng.uniform(700, 3000)
        s, prompt = s + pause, prompt + (not again)
        call_id = f"{session}-{turn}"
        row = {
            "call_id": call_id,
            "started_at": world.at(s),
            "feature": "chat",
            "provider": "openai",
            "request_model": "gpt-x",
            "status": "ok",
            "duration_ms": 1500.0,
        }
        calls.append(row | {"user_id": user, "session_id": session, "prompt_hash": f"{session}-p{prompt}", "input_tokens": 500, "output_tokens": 150})
        truth.answers += 1
        truth.follow_ups += again
        if rng.random() < 0.3:
            bad = rng.random() < own
            truth.rated, truth.negative = truth.rated + 1, truth.negative + bad
            thumb = {"call_id": call_id, "at": world.at(s + 30), "name": "thumb", "value": -1.0 if bad else 1.0, "label": "down" if bad else "up"}
            thumbs.append(thumb | {"kind": "human", "source": "truth"})
