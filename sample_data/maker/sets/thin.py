"""A log that says almost nothing: when, which model, how long. Most questions cannot be answered, and the report has to say so."""

from maker import truth
from maker.files import Made, Scale, lines
from maker.simulate import simulate
from maker.world import Plan, stamp


def make(scale: Scale) -> Made:
    """Five days."""
    world = simulate(scale.plan(Plan(seed=17, days=5, calls_per_day=80)))
    world.events, world.feedback = [], []
    world.calls = [{name: call[name] for name in ("started_at", "request_model", "duration_ms", "call_id")} for call in world.calls]
    rows = [{"timestamp": stamp(c["started_at"]), "model": c["request_model"], "duration_ms": c["duration_ms"]} for c in world.calls]
    durations = [call["duration_ms"] for call in world.calls]
    known = {"totals": {"calls": len(rows)}, "calls_by_model": truth.count(c["request_model"] for c in world.calls)}
    known["percentiles"] = {f"duration_ms_p{share}": truth.quantile(durations, share / 100) for share in (50, 95)}
    return Made({"calls.jsonl": lines(rows)}, {"about": "a log that says almost nothing", "must_warn": ["data/coverage"], "may_warn": []} | known)
