"""A provider's prompt cache of five minutes, call by call: pauses, new prompt versions, a new model, sessions; and a prompt that breaks it, or not."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

TTL = 300.0
PREFIX, TAIL = 2400, 400


@dataclass
class Truth:
    """Why each unread long prompt was not read, and the feature whose prefix is broken from the middle on."""

    broken: str | None
    causes: Counter[str] = field(default_factory=Counter)


def make(con: Connection, rng: random.Random, *, broken: bool, days: int = 8, hashed: str = "sent", pace_s: float = 60.0) -> Truth:
    """Three features send in busy spells; `chat` in sessions of its own; one of the other two breaks at half time: a clock is put first.

    `hashed`: the prefix as it is sent (a broken one is new in every call), the `template` the programmer meant (it stays the same), or `nothing`.
    """
    truth, rows = Truth(rng.choice(["report", "search"]) if broken else None), []
    for feature in ("report", "search", "chat"):
        rows += _sessions(rng, days, truth) if feature == "chat" else _feature(rng, feature, days, pace_s, truth, hashed)
    for number, row in enumerate(rows):
        row |= {"call_id": f"c{number}", "provider": "anthropic", "status": "ok", "stream": True, "output_tokens": 150, "started_at": world.at(row.pop("s"))}
        if hashed == "nothing":
            del row["prefix_hash"]
    world.insert(con, "calls", rows)
    return truth


@dataclass
class Memory:
    """When each (prefix, model) was last sent, and as what it was logged; and any prefix of this owner, by model."""

    sent: dict[tuple[str, str], float] = field(default_factory=dict)
    logged: dict[tuple[str, str], float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    def cause(self, prefix: str, model: str, s: float) -> str:
        """Why it was not read, as far as a log that names the prefix so can tell."""
        then = self.logged.get((prefix, model))
        if then is not None:
            return "ttl_lapse" if s - then > TTL else "unknown"
        elsewhere = [when for (other, _), when in self.logged.items() if other == prefix]
        if elsewhere:
            return "ttl_lapse" if s - max(elsewhere) > TTL else "model_changed"
        return "prefix_changed" if model in self.last and s - self.last[model] <= TTL else "cold"


def _feature(rng: random.Random, feature: str, days: int, pace_s: float, truth: Truth, hashed: str) -> list[dict[str, Any]]:
    """Version v1, then v2 at a third of the time (a fair change), from half time on broken where that is planted; another model in the last fifth."""
    memory, rows, s, end = Memory(), [], rng.uniform(0, 600), days * 86400
    while s < end:
        version = "v1" if s < end / 3 else "v2" if s < end / 2 or truth.broken != feature else "v3"
        template = f"{feature}-{version}"
        sent = f"{template}-{s}" if version == "v3" else template
        model = "claude-a" if s < end * 0.8 else "claude-b"
        rows.append(_call(feature, s, (sent, template if hashed == "template" else sent), model, version, memory, truth))
        s += rng.expovariate(1 / pace_s) if rng.random() < 0.97 else rng.uniform(600, 5400)
    return rows


def _sessions(rng: random.Random, days: int, truth: Truth) -> list[dict[str, Any]]:
    """Conversations: each has a prefix of its own, which is read again while its turns come quickly; in some the model changes."""
    rows = []
    for number in range(days * 60):
        s, memory = rng.uniform(0, days * 86400), Memory()
        model = "claude-a"
        for _ in range(rng.randint(1, 6)):
            model = "claude-b" if rng.random() < 0.1 else model
            row = _call("chat", s, (f"s{number}", f"s{number}"), model, "v1", memory, truth)
            rows.append(row | {"session_id": f"session-{number}"})
            s += rng.expovariate(1 / 60) if rng.random() < 0.85 else rng.uniform(400, 2000)
    return rows


def _call(feature: str, s: float, prefix: tuple[str, str], model: str, version: str, memory: Memory, truth: Truth) -> dict[str, Any]:
    """One call; `prefix` as it is sent and as it is logged."""
    sent, logged = prefix
    then = memory.sent.get((sent, model))
    read = then is not None and s - then <= TTL
    if not read:
        truth.causes[memory.cause(logged, model, s)] += 1
    memory.sent[sent, model] = memory.logged[logged, model] = memory.last[model] = s
    row = {"s": s, "feature": feature, "request_model": model, "prompt_name": feature, "prompt_version": version, "prefix_hash": logged}
    return row | {"input_tokens": PREFIX + TAIL, "cache_read_tokens": PREFIX if read else 0, "cache_write_tokens": 0 if read else PREFIX}
