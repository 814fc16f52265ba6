"""An application's exact answer cache, lookup by lookup: lifetimes, changes of the source, a bug that stops expiry, a change of model."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

DAYS = 10
MODELS = ("gpt-a", "gpt-b")


@dataclass
class Truth:
    """Counted while simulating."""

    hits: int = 0
    asked: int = 0
    over_ttl: int = 0
    outdated: int = 0
    stale: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    hit_rate: float | None = None  # of the population of users, where that is what is simulated


def make(con: Connection, rng: random.Random, *, logs: str = "age", bug: bool = True, lookups: int = 6000, switch: bool = False, keys: int = 400) -> Truth:
    """`logs`: age or only the key on hits. `bug`: from day 5 entries do not expire. `switch`: from day 6 another model, cached apart."""
    ttl = rng.choice([24, 48] if switch else [1, 6, 24]) * 3600.0
    updates = {key: sorted(rng.uniform(0, DAYS * 86400) for _ in range(world.poisson(rng, 3))) for key in range(keys)}
    cumulated = list(accumulate(1 / (rank + 3) for rank in range(keys)))
    entries: dict[tuple[int, str], float] = {}
    truth, calls = Truth(), []
    for number, s in enumerate(sorted(rng.uniform(0, DAYS * 86400) for _ in range(lookups))):
        key = rng.choices(range(keys), cum_weights=cumulated)[0]
        model = MODELS[1] if switch and s > 6 * 86400 else MODELS[0]
        expires = not (bug and s > 5 * 86400)
        made = entries.get((key, model))
        row = {"call_id": f"c{number}", "started_at": world.at(s), "feature": "search", "provider": "openai", "request_model": model, "status": "ok"}
        row |= {"cache_kind": "exact", "cache_key": f"k{key}", "cache_ttl_ms": ttl * 1000, "user_id": f"u{rng.randrange(80)}"}
        if made is not None and (s - made <= ttl or not expires):
            row |= {"app_cache": "hit", "duration_ms": 5.0} | ({"cache_age_ms": (s - made) * 1000} if logs == "age" else {})
            _hit(truth, s, made, ttl, updates[key])
        else:
            row |= {"app_cache": "miss", "duration_ms": rng.lognormvariate(7, 0.4), "input_tokens": 900, "output_tokens": 200}
            truth.causes[_cause(entries, key, model, s, ttl)] += 1
            entries[key, model] = s
        truth.asked += 1
        calls.append(row)
    world.insert(con, "calls", calls)
    kinds = ("source_update", "source_update", "cache_invalidation")
    events = [{"at": world.at(s), "kind": rng.choice(kinds), "subject": f"k{key}"} for key, moments in updates.items() for s in moments]
    world.insert(con, "events", events)
    return truth


def _hit(truth: Truth, s: float, made: float, ttl: float, updates: list[float]) -> None:
    over, outdated = s - made > ttl + 1, any(made < update <= s for update in updates)
    truth.hits += 1
    truth.over_ttl += over
    truth.outdated += outdated
    truth.stale += over or outdated


def _cause(entries: dict[tuple[int, str], float], key: int, model: str, s: float, ttl: float) -> str:
    if (key, model) in entries:
        return "ttl_lapse"
    others = [made for (other, _), made in entries.items() if other == key]
    if not others:
        return "cold"
    return "model_changed" if s - max(others) <= ttl else "ttl_lapse"


def people(con: Connection, rng: random.Random, *, users: int, mean: float = 0.4, strength: float = 4.0) -> Truth:
    """No cache at all but its log: every user has a hit rate of their own, Beta(mean * strength, (1 - mean) * strength)."""
    calls: list[dict[str, Any]] = []
    for user in range(users):
        own = rng.betavariate(mean * strength, (1 - mean) * strength)
        for _ in range(1 + world.poisson(rng, rng.lognormvariate(3, 0.6))):
            hit = rng.random() < own
            row = {"call_id": f"c{len(calls)}", "started_at": world.at(rng.uniform(0, DAYS * 86400)), "feature": "search", "user_id": f"u{user}"}
            calls.append(row | {"app_cache": "hit" if hit else "miss", "cache_kind": "exact", "cache_key": f"k{len(calls)}", "status": "ok"})
    world.insert(con, "calls", calls)
    return Truth(hits=sum(row["app_cache"] == "hit" for row in calls), asked=len(calls), hit_rate=mean)
