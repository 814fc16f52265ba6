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


def _feature(rng: random.Random, feature: str, days: int, pace_s: float, truth: Truth, hashed: str) -> list[dict[str, Any]]:
    """Version v1, then v2 at a third of the time (a fair change), from half time on broken where that is planted; another model in the last fifth."""
    seen: dict[tuple[str, str], float] = {}
    rows, s, end, count = [], rng.uniform(0, 600), days * 86400, 0
    last_by_model: dict[str, float] = {}
    while s < end:
        count += 1
        version = "v1" if s < end / 3 else "v2" if s < end / 2 or truth.broken != feature else "v3"
        template = f"{feature}-{version}"
        prefix = template + (f"-{count}" if version == "v3" else "")
        model = "claude-a" if s < end * 0.8 else "claude-b"
        row = _call(feature, s, prefix, model, version, seen, last_by_model, truth)
        if hashed == "template" and version == "v3":
            row["prefix_hash"] = template
            if count > 1 and rows[-1].get("prefix_hash") == template and rows[-1]["request_model"] == model and s - rows[-1]["s"] <= TTL:
                truth.causes.update(prefix_changed=-1, unknown=1)  # nothing in the log tells why it was not read
        rows.append(row)
        s += rng.expovariate(1 / pace_s) if rng.random() < 0.97 else rng.uniform(600, 5400)
    return rows


def _sessions(rng: random.Random, days: int, truth: Truth) -> list[dict[str, Any]]:
    """Conversations: each has a prefix of its own, which is read again while its turns come quickly."""
    rows = []
    for number in range(days * 60):
        s, seen, last = rng.uniform(0, days * 86400), {}, {}
        for _ in range(rng.randint(1, 6)):
            row = _call("chat", s, f"s{number}", "claude-a", "v1", seen, last, truth)
            rows.append(row | {"session_id": f"session-{number}"})
            s += rng.expovariate(1 / 60) if rng.random() < 0.85 else rng.uniform(400, 2000)
    return rows


def _call(
    feature: str, s: float, prefix: str, model: str, version: str, seen: dict[tuple[str, str], float], last: dict[str, float], truth: Truth
) -> dict[str, Any]:
    """One call; `seen` and `last` (by model) hold when the prefix, and any prefix of this owner, was last sent."""
    then = seen.get((prefix, model))
    read = then is not None and s - then <= TTL
    if not read:
        elsewhere = [when for (other, _), when in seen.items() if other == prefix]
        if then is not None or (elsewhere and s - max(elsewhere) > TTL):
            cause = "ttl_lapse"
        elif elsewhere:
            cause = "model_changed"
        else:
            cause = "prefix_changed" if model in last and s - last[model] <= TTL else "cold"
        truth.causes[cause] += 1
    seen[prefix, model] = last[model] = s
    row = {"s": s, "feature": feature, "request_model": model, "prompt_name": feature, "prompt_version": version, "prefix_hash": prefix}
    return row | {"input_tokens": PREFIX + TAIL, "cache_read_tokens": PREFIX if read else 0, "cache_write_tokens": 0 if read else PREFIX}
