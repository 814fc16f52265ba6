"""Conversations whose context grows turn by turn, and tools of which one fails."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.truth import world
from tests.truth.world import Connection

GROWTH = ("linear", "faster", "none")
TOOLS = ("search", "database", "mail", "browser")


@dataclass
class Truth:
    """Tokens a turn adds, by feature (None where growth is not linear), and runs and errors of each tool."""

    per_turn: dict[str, float | None] = field(default_factory=dict)
    sessions: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failing: str | None = None


def make(con: Connection, rng: random.Random, *, sessions: int = 120, failing: bool = True) -> Truth:
    """Features grow in their own way: by a steady number of tokens a turn, by ever more, or not at all. One tool fails a quarter of its runs."""
    truth, calls, spans = Truth(failing=rng.choice(TOOLS) if failing else None), [], []
    adds = rng.uniform(150, 900)
    for shape in GROWTH:
        truth.per_turn[shape] = {"linear": adds, "none": 0.0}.get(shape)
        for number in range(sessions):
            truth.sessions[shape] += 1
            s, size, step = rng.uniform(0, 14 * 86400), rng.lognormvariate(7, 0.2), adds
            for turn in range(rng.randint(4, 12)):
                trace = f"{shape}-{number}-{turn}"
                row = {
                    "call_id": f"c-{trace}",
                    "trace_id": trace,
                    "started_at": world.at(s),
                    "feature": shape,
                    "session_id": f"{shape}-{number}",
                    "status": "ok",
                }
                calls.append(
                    row
                    | {
                        "provider": "openai",
                        "request_model": "gpt-x",
                        "duration_ms": 2000.0,
                        "input_tokens": max(10, round(size + rng.gauss(0, 40))),
                        "output_tokens": 150,
                    }
                )
                size += 0 if shape == "none" else step * rng.lognormvariate(0, 0.3) / 1.046
                step *= 1.5 if shape == "faster" else 1.0
                s += rng.uniform(20, 200)
                for i in range(rng.randint(0, 2)):
                    tool = rng.choice(TOOLS)
                    bad = rng.random() < (0.25 if tool == truth.failing else 0.01)
                    truth.runs[tool] += 1
                    truth.errors[tool] += bad
                    span = {"span_id": f"{trace}-{i}", "trace_id": trace, "kind": "tool", "name": tool, "started_at": world.at(s), "duration_ms": 300.0}
                    spans.append(span | {"ended_at": world.at(s + 0.3), "status": "error" if bad else "ok"})
    world.insert(con, "calls", calls)
    world.insert(con, "spans", spans)
    return truth
