"""A key whose provider limits requests and tokens a minute, and a client that retries: event by event."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from tests.truth import world
from tests.truth.streams.gates import KINDS
from tests.truth.world import Connection

MAX_TRIES = 6


@dataclass
class Truth:
    """The limit that refused most, its size a minute, and what the client did."""

    kind: str
    size: float
    refused: int
    operations: int = 0
    tries: int = 0
    waits: list[list[float]] = field(default_factory=list)  # of each operation
    asked: int = 0
    obeyed: int = 0
    client: str = ""

    @property
    def growth(self) -> float | None:
        ratios = [b / a for waits in self.waits for a, b in pairwise(waits)]
        return median(ratios) if len(ratios) >= 20 else None


def make(con: Connection, rng: random.Random, *, limiter: str, limited: str, client: str, rpm: float = 120, hours: float = 1.5, as_calls: bool = True) -> Truth:
    """Arrivals swing around the limit. `limited`: requests, tokens, or both (one of them binds). Tries are calls of their own, or rows of attempts."""
    mean_tokens = 900.0
    binds = limited if limited != "both" else rng.choice(["requests", "tokens"])
    tpm = round(rpm * mean_tokens * (0.6 if binds == "tokens" else 2.5), -2)
    gates = {}
    if limited in ("requests", "both"):
        gates["requests"] = KINDS[limiter](rpm)
    if limited in ("tokens", "both"):
        gates["tokens"] = KINDS[limiter](tpm)
    level = rpm if binds == "requests" else tpm / mean_tokens
    arrivals = _arrivals(rng, hours * 3600, level / 60)
    tried, counts = _simulate(rng, arrivals, gates, client)
    kind = max(counts, key=lambda name: counts[name])
    truth = Truth(kind, rpm if kind == "requests" else tpm, sum(counts.values()), client=client)
    _log(con, truth, tried, as_calls)
    return truth


def _arrivals(rng: random.Random, seconds: float, rate: float) -> list[float]:
    """Half-hours below the limit and busy quarters above it."""
    now, found = 0.0, []
    while now < seconds:
        busy = now % 2700 > 1500
        now += rng.expovariate(rate * (1.35 if busy else 0.5))
        found.append(now)
    return found


def _simulate(rng: random.Random, arrivals: list[float], gates: dict[str, Any], client: str) -> tuple[list[list[dict[str, Any]]], dict[str, int]]:
    """Every operation's tries, in order; refusals by gate."""
    tried: list[list[dict[str, Any]]] = [[] for _ in arrivals]
    tokens = [(max(20, round(rng.lognormvariate(6.2, 0.7))), max(5, round(rng.lognormvariate(5.3, 0.6)))) for _ in arrivals]
    queue = [(moment, number, 0.0) for number, moment in enumerate(arrivals)]
    heapq.heapify(queue)
    counts = dict.fromkeys(gates, 0)
    while queue:
        now, number, waited = heapq.heappop(queue)
        size = {"requests": 1.0, "tokens": float(sum(tokens[number]))}
        waits = {name: gate.wait(now, min(size[name], gate.limit)) for name, gate in gates.items()}
        refused = max(waits.values()) > 0
        retry_after = max(1, -int(-max(waits.values()) // 1)) if refused else None
        spent = 0.04 if refused else 0.4 + tokens[number][1] * 0.012
        one = {"s": now, "refused": refused, "in": tokens[number][0], "out": tokens[number][1], "spent": spent, "after": retry_after, "waited": waited}
        tried[number].append(one)
        if not refused:
            for name, gate in gates.items():
                gate.take(now, min(size[name], gate.limit))
            continue
        counts[max(waits, key=lambda name: waits[name])] += 1
        if len(tried[number]) < MAX_TRIES:
            pause = _pause(rng, client, len(tried[number]), retry_after or 1)
            heapq.heappush(queue, (now + spent + pause, number, pause))
    return tried, counts


def _pause(rng: random.Random, client: str, failures: int, retry_after: float) -> float:
    if client == "exponential":
        return float(2 ** (failures - 1)) * rng.uniform(0.95, 1.05)
    if client == "jitter":
        return float(2 ** (failures - 1)) * rng.uniform(0.5, 1.5)
    if client == "none":
        return 0.5
    return retry_after + rng.uniform(0.01, 0.3)  # obeys the header


def _log(con: Connection, truth: Truth, tried: list[list[dict[str, Any]]], as_calls: bool) -> None:
    """Rows, and the truth about retries, which is counted here and nowhere else."""
    calls, attempts = [], []
    for number, tries in enumerate(tried):
        truth.operations += 1
        truth.tries += len(tries)
        truth.waits.append([one["waited"] for one in tries[1:]])
        for before, one in pairwise(tries):
            truth.asked += 1
            truth.obeyed += one["waited"] >= before["after"]
        if as_calls:
            calls += [_call(f"op-{number}", f"{number}-{i}", one) for i, one in enumerate(tries)]
        else:
            calls.append(_whole(number, tries))
            attempts += [_attempt(number, i, one, i + 1 == len(tries)) for i, one in enumerate(tries)]
    world.insert(con, "calls", calls)
    world.insert(con, "attempts", attempts)


def _call(operation: str, call_id: str, one: dict[str, Any]) -> dict[str, Any]:
    row = {"call_id": call_id, "operation_id": operation, "started_at": world.at(one["s"]), "duration_ms": 1000 * one["spent"], **COMMON}
    if one["refused"]:
        return row | {"status": "error", "status_code": 429, "error_class": "rate_limit", "retry_after_ms": 1000.0 * one["after"]}
    return row | {"status": "ok", "status_code": 200, "input_tokens": one["in"], "output_tokens": one["out"]}


COMMON = {"provider": "openai", "request_model": "gpt-x", "api_key_hash": "abcdef0123456789", "feature": "report"}


def _whole(number: int, tries: list[dict[str, Any]]) -> dict[str, Any]:
    last = tries[-1]
    row = _call(f"op-{number}", f"c-{number}", last)
    return row | {"started_at": world.at(tries[0]["s"]), "duration_ms": 1000 * (last["s"] + last["spent"] - tries[0]["s"]), "attempts": len(tries)}


def _attempt(number: int, i: int, one: dict[str, Any], final: bool) -> dict[str, Any]:
    row = {
        "call_id": f"c-{number}",
        "attempt": i + 1,
        "started_at": world.at(one["s"]),
        "duration_ms": 1000 * one["spent"],
        "provider": "openai",
        "model": "gpt-x",
    }
    row |= {"status_code": 429, "error_class": "rate_limit", "retry_after_ms": 1000.0 * one["after"]} if one["refused"] else {"status_code": 200}
    return row | {"origin": "explicit", "is_final": final} | ({"wait_before_ms": 1000 * one["waited"]} if i else {})
