"""Traces of nested steps: a kind of request repeated, or trees as messy as they come; and what waiting they hold, told by a walk of our own."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.truth import world
from tests.truth.world import Connection

KINDS = ("retrieval", "tool", "chain", "guardrail", "embedding", "http", "app")


@dataclass
class Step:
    """Times in microseconds from the trace's start."""

    id: str
    kind: str
    t0: int
    t1: int
    children: list[Step] = field(default_factory=list)


@dataclass
class Truth:
    """Waiting by trace and step in microseconds, in the ways a tie may be decided; sums by kind; what 10 % less of a kind saves, as a share."""

    traces: dict[str, list[dict[str, int]]]
    by_kind: dict[str, float]
    total_us: int
    saved: dict[str, float]


def make(con: Connection, rng: random.Random, *, traces: int, messy: bool) -> Truth:
    """`messy`: overlaps, steps of no length, children that begin before and end after their parents."""
    truth = Truth({}, defaultdict(float), 0, defaultdict(float))
    spans: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for number in range(traces):
        root = _messy(rng, f"t{number}") if messy else _request(rng, f"t{number}")
        base = number * 400 * 1_000_000
        _rows(root, f"t{number}", None, base, spans, calls)
        truth.traces[f"t{number}"] = [walk(root, order) for order in (1, -1)]
        truth.total_us += root.t1 - root.t0
        kinds = {step.id: step.kind for step in _all(root)}
        for step, own in truth.traces[f"t{number}"][0].items():
            truth.by_kind[kinds[step]] += own
        if not messy:
            for kind in sorted(set(kinds.values())):
                truth.saved[kind] += root.t1 - root.t0 - _replay(root, kind)
    truth.saved = {kind: saved / truth.total_us for kind, saved in truth.saved.items()}
    world.insert(con, "spans", spans)
    world.insert(con, "calls", calls)
    return truth


def _request(rng: random.Random, name: str) -> Step:
    """Look up two ways at once, ask the model, perhaps a tool, then the model again."""
    us = 1_000_000
    root = Step(f"{name}-0", "app", 0, 0)
    clock = round(rng.lognormvariate(-4, 0.5) * us)
    for stage in range(3):
        together = (
            [("retrieval", -1.8, 0.6), ("embedding", -2.5, 0.4)]
            if stage == 0
            else [("tool", -0.9, 0.8)] * rng.randint(0, 3)
            if stage == 2
            else [("model", 0.3, 0.6)]
        )
        ends = [clock]
        for kind, mu, sigma in together:
            step = Step(f"{name}-{len(root.children) + 1}", kind, clock, clock + round(rng.lognormvariate(mu, sigma) * us))
            root.children.append(step)
            ends.append(step.t1)
        clock = max(ends) + round(rng.lognormvariate(-5, 0.5) * us)
    root.t1 = clock
    return root


def _replay(root: Step, kind: str) -> float:
    """Microseconds the same request takes where every step of that kind is 10 % faster: what waited for its end begins sooner."""
    now, before, shrink = 0.0, 0, 0.9 if kind == root.kind else 1.0
    by_start: dict[int, list[Step]] = defaultdict(list)
    for step in root.children:
        by_start[step.t0].append(step)
    for start in sorted(by_start):
        now += (start - before) * shrink
        now += max((step.t1 - step.t0) * (0.9 if step.kind == kind else 1.0) for step in by_start[start])
        before = max(step.t1 for step in by_start[start])
    return now + (root.t1 - before) * shrink


def _messy(rng: random.Random, name: str) -> Step:
    """Up to 25 steps; a fifth have no length or leave their parent's time."""
    root = Step(f"{name}-0", "chain", 0, rng.randint(1, 5_000_000))
    steps = [root]
    for number in range(1, rng.randint(2, 25)):
        parent = rng.choice(steps)
        length = max(1, parent.t1 - parent.t0)
        t0 = parent.t0 + round(rng.uniform(-0.1, 1.05) * length)
        t1 = t0 if rng.random() < 0.1 else t0 + round(rng.uniform(0, 0.8) * length)
        step = Step(f"{name}-{number}", rng.choice([*KINDS, "model"]), t0, t1)
        parent.children.append(step)
        steps.append(step)
    return root


def walk(root: Step, order: int) -> dict[str, int]:
    """Who holds the wait, microsecond by microsecond from the end back: the child that ends last within the window, else the step itself.

    `order` decides between children that end together: by id up (1) or down (-1).
    """
    own: dict[str, int] = defaultdict(int)

    def within(step: Step, begin: int, end: int) -> None:
        while True:
            inside = [c for c in step.children if c.t0 < end and c.t1 > begin]
            if not inside:
                own[step.id] += end - begin
                return
            last = max(min(c.t1, end) for c in inside)
            child = sorted((c for c in inside if min(c.t1, end) == last), key=lambda c: c.id)[0 if order == 1 else -1]
            own[step.id] += end - last
            within(child, max(child.t0, begin), last)
            if child.t0 <= begin:
                return
            end = child.t0

    within(root, root.t0, root.t1)
    return {step: time for step, time in own.items() if time}


def _all(step: Step) -> list[Step]:
    return [step, *(below for child in step.children for below in _all(child))]


def _rows(step: Step, trace: str, parent: str | None, base: int, spans: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    started, ended = world.at((base + step.t0) / 1e6), world.at((base + step.t1) / 1e6)
    row: dict[str, Any] = {"trace_id": trace, "span_id": step.id, "parent_span_id": parent, "started_at": started, "duration_ms": (step.t1 - step.t0) / 1e3}
    if step.kind == "model":
        calls.append(row | {"call_id": f"call-{step.id}", "provider": "openai", "request_model": "gpt-x", "status": "ok", "ended_at": ended})
    else:
        spans.append(row | {"kind": step.kind, "name": step.kind, "ended_at": ended, "status": "ok"})
    for child in step.children:
        _rows(child, trace, step.id, base, spans, calls)
