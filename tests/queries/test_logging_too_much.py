"""The precision a sampled log would have, against samples that are really drawn."""

import datetime as dt
import random
from statistics import fmean

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.run import run

QUESTION = load([resources.folder("queries")]).find("data/logging_too_much")
Request = list[tuple[float, float, bool]]  # cost, wait, failed: a call each


def log(dice: random.Random) -> list[Request]:
    """Requests of one to four calls, one in thirty failing."""
    made = []
    for _ in range(1200):
        scale = dice.lognormvariate(0, 0.5)
        made.append(
            [
                (0.01 * scale * dice.lognormvariate(0, 0.3), 1000 * scale * dice.lognormvariate(0, 0.5), dice.random() < 1 / 60)
                for _ in range(dice.randint(1, 4))
            ]
        )
    return made


def told(requests: list[Request]) -> dict[str, tuple[float, float]]:
    entries = [
        {"trace_id": f"t{i}", "cost_usd": round(usd, 9), "duration_ms": ms, "status": "error" if failed else "ok", "started_at": dt.datetime(2026, 1, 5)}
        for i, request in enumerate(requests)
        for usd, ms, failed in request
    ]
    con = rows.database()
    rows.insert(con, "calls", entries)
    found = run(con, [QUESTION], {"keep": 0.2})[0].results["evidence"]
    con.close()
    named = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return {str(row["number"]): (float(row["lo"]), float(row["hi"])) for row in named}


def p95(calls: list[tuple[float, float]]) -> float:
    """Of (wait, weight)."""
    total, below = sum(w for _, w in calls), 0.0
    for ms, weight in sorted(calls):
        below += weight
        if below >= 0.95 * total:
            return ms
    raise AssertionError


def test_nineteen_of_twenty_samples_land_inside() -> None:
    dice = random.Random(7)
    requests = log(dice)
    ranges = told(requests)
    hits: dict[str, list[bool]] = {name: [] for name in ("calls", "spend", "error rate", "p95 of the wait")}
    for _ in range(400):
        kept = [(request, w) for request in requests if (w := 1.0 if any(call[2] for call in request) else 5.0 * (dice.random() < 0.2))]
        n = sum(w * len(request) for request, w in kept)
        values = {
            "calls": n,
            "spend": sum(w * usd for request, w in kept for usd, _, _ in request),
            "error rate": sum(w * failed for request, w in kept for _, _, failed in request) / n,
            "p95 of the wait": p95([(ms, w) for request, w in kept for _, ms, failed in request if not failed]),
        }
        for name, found in hits.items():
            lo, hi = ranges[name]
            found.append(lo <= values[name] <= hi)
    assert all(0.91 <= fmean(found) <= 0.985 for found in hits.values()), {name: fmean(found) for name, found in hits.items()}
