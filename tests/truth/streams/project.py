"""A project of ten features, so of twenty series of tokens, over 58 days in which nothing changes."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from tests.truth import world
from tests.truth.streams import tokens
from tests.truth.world import Connection

DAYS = 58


@dataclass(frozen=True)
class Truth:
    """The log's end; the last 30 days are asked about day by day."""

    ends: dt.datetime
    watched_days: int = 30


def make(con: Connection, rng: random.Random, loads: list[int], **cell: Any) -> Truth:
    """Features of the loads in turn; shapes, weekends and noise differ from one to the other."""
    ends = world.at(DAYS * 86400 + rng.uniform(0, 86400))
    clean = tokens.Truth(ends, ends, "input", 0.0, 0, {})
    for number in range(10):
        own: dict[str, Any] = {
            "shape": rng.choice(list(tokens.SHAPES)),
            "weekend": rng.choice([0.0, -0.08, -0.08, -0.25]),
            "volume_noise": rng.choice([0.1, 0.2, 0.5]),
        }
        tokens.series(con, rng, clean, f"feature-{number}", load=loads[number % len(loads)], **(own | cell))
    return Truth(ends)
