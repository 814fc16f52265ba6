"""Two providers that fail now and then and for whole minutes, callers who make faults of their own, and a fallback from one to the other."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

OTHER = {"openai": "anthropic", "anthropic": "openai"}
MODEL = {"openai": "gpt-x", "anthropic": "claude-x"}
CALLER = ((400, "bad_request"), (401, "auth"))


@dataclass
class Truth:
    """By provider: first tries at it, those that ended well, minutes with five of them or more, and such minutes in which more than half failed."""

    sent: Counter[str] = field(default_factory=Counter)
    well: Counter[str] = field(default_factory=Counter)
    minutes: Counter[str] = field(default_factory=Counter)
    down: Counter[str] = field(default_factory=Counter)
    operations: int = 0
    fell_back: int = 0
    saved: int = 0


def make(con: Connection, rng: random.Random, *, days: int = 3, per_minute: float = 8, failing: float = 0.004, outages: int = 3, fallback: bool = True) -> Truth:
    """Each provider gets half of the operations; in an outage 90 % of its calls fail; a failed operation goes to the other provider once."""
    truth, rows = Truth(), []
    down = {provider: [rng.uniform(0, days * 86400 - 3600) for _ in range(outages)] for provider in OTHER}
    spans = {provider: [(s, s + 60 * rng.randint(3, 15)) for s in starts] for provider, starts in down.items()}
    seen: Counter[tuple[str, int]] = Counter()
    failed: Counter[tuple[str, int]] = Counter()
    s, number = 0.0, 0
    while s < days * 86400:
        s += rng.expovariate(per_minute / 60)
        number += 1
        _operation(rng, truth, rows, f"op-{number}", s, spans, failing, fallback, seen, failed)
    for (provider, _), count in seen.items():
        truth.minutes[provider] += count >= 5
    for key, count in failed.items():
        truth.down[key[0]] += seen[key] >= 5 and count > seen[key] / 2
    world.insert(con, "calls", rows)
    return truth


def _operation(
    rng: random.Random,
    truth: Truth,
    rows: list[dict[str, Any]],
    operation: str,
    s: float,
    spans: dict[str, list[tuple[float, float]]],
    failing: float,
    fallback: bool,
    seen: Counter[tuple[str, int]],
    failed: Counter[tuple[str, int]],
) -> None:
    provider = rng.choice(list(OTHER))
    truth.operations += 1
    kind = rng.random()
    if kind < 0.02:  # the caller's own fault, or the user went away: no matter of the provider
        code, error = rng.choice(CALLER) if kind < 0.01 else (None, None)
        rows.append(_row(rng, operation, 1, provider, s, "error" if code else "cancelled", code, error))
        return
    bad = rng.random() < (0.9 if any(a <= s < b for a, b in spans[provider]) else failing)
    truth.sent[provider] += 1
    seen[provider, int(s // 60)] += 1
    failed[provider, int(s // 60)] += bad
    truth.well[provider] += not bad
    code, error, status = rng.choice([(500, "server", "error"), (529, "overloaded", "error"), (None, "timeout", "timeout")]) if bad else (200, None, "ok")
    rows.append(_row(rng, operation, 1, provider, s, status, code, error))
    if bad and fallback:
        other = OTHER[provider]
        lost = rng.random() < (0.9 if any(a <= s + 3 < b for a, b in spans[other]) else failing)
        rows.append(_row(rng, operation, 2, other, s + 3, "error" if lost else "ok", 500 if lost else 200, "server" if lost else None) | {"fallback_from": MODEL[provider]})
        truth.fell_back += 1
        truth.saved += not lost


def _row(rng: random.Random, operation: str, number: int, provider: str, s: float, status: str, code: int | None, error: str | None) -> dict[str, Any]:
    row = {"call_id": f"{operation}-{number}", "operation_id": operation, "started_at": world.at(s), "provider": provider, "request_model": MODEL[provider]}
    row |= {"status": status, "status_code": code, "error_class": error, "duration_ms": rng.lognormvariate(7, 0.4), "feature": "chat"}
    return row | ({"input_tokens": 400, "output_tokens": 120, "response_model": MODEL[provider]} if status == "ok" else {})
