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


@dataclass
class Trouble:
    """When each provider is down [s], how often it fails otherwise; what was sent and failed, minute by minute."""

    spans: dict[str, list[tuple[float, float]]]
    failing: float
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    failed: Counter[tuple[str, int]] = field(default_factory=Counter)

    def strikes(self, rng: random.Random, provider: str, s: float) -> bool:
        """Whether a call sent then fails."""
        return rng.random() < (0.9 if any(a <= s < b for a, b in self.spans[provider]) else self.failing)


def make(con: Connection, rng: random.Random, *, days: int = 3, per_minute: float = 8, failing: float = 0.004, outages: int = 3) -> Truth:
    """Each provider gets half of the operations; in an outage 90 % of its calls fail; a failed operation goes to the other provider once."""
    truth, rows = Truth(), []
    down = {provider: [rng.uniform(0, days * 86400 - 3600) for _ in range(outages)] for provider in OTHER}
    trouble = Trouble({provider: [(s, s + 60 * rng.randint(3, 15)) for s in starts] for provider, starts in down.items()}, failing)
    s, number = 0.0, 0
    while s < days * 86400:
        s += rng.expovariate(per_minute / 60)
        number += 1
        rows += _operation(rng, truth, f"op-{number}", s, trouble)
    for (provider, minute), count in trouble.seen.items():
        truth.minutes[provider] += count >= 5
        truth.down[provider] += count >= 5 and trouble.failed[provider, minute] > count / 2
    world.insert(con, "calls", rows)
    return truth


def _operation(rng: random.Random, truth: Truth, operation: str, s: float, trouble: Trouble) -> list[dict[str, Any]]:
    provider = rng.choice(list(OTHER))
    truth.operations += 1
    kind = rng.random()
    if kind < 0.02:  # the caller's own fault, or the user went away: no matter of the provider
        code, error = rng.choice(CALLER) if kind < 0.01 else (None, None)
        return [_row(rng, f"{operation}-1", provider, s, "error" if code else "cancelled", code, error)]
    bad = trouble.strikes(rng, provider, s)
    truth.sent[provider] += 1
    truth.well[provider] += not bad
    trouble.seen[provider, int(s // 60)] += 1
    trouble.failed[provider, int(s // 60)] += bad
    code, error, status = rng.choice([(500, "server", "error"), (529, "overloaded", "error"), (None, "timeout", "timeout")]) if bad else (200, None, "ok")
    rows = [_row(rng, f"{operation}-1", provider, s, status, code, error)]
    if bad:
        other = OTHER[provider]
        lost = trouble.strikes(rng, other, s + 3)
        second = _row(rng, f"{operation}-2", other, s + 3, "error" if lost else "ok", 500 if lost else 200, "server" if lost else None)
        rows.append(second | {"fallback_from": MODEL[provider]})
        truth.fell_back += 1
        truth.saved += not lost
    return rows


def _row(rng: random.Random, call_id: str, provider: str, s: float, status: str, code: int | None, error: str | None) -> dict[str, Any]:
    row = {"call_id": call_id, "operation_id": call_id.rsplit("-", 1)[0], "started_at": world.at(s), "provider": provider, "request_model": MODEL[provider]}
    row |= {"status": status, "status_code": code, "error_class": error, "duration_ms": rng.lognormvariate(7, 0.4), "feature": "chat"}
    return row | ({"input_tokens": 400, "output_tokens": 120, "response_model": MODEL[provider]} if status == "ok" else {})
