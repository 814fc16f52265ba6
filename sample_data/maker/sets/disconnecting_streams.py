"""A new proxy closes every stream after three seconds: long answers end in the middle."""

from maker import truth
from maker.files import Made, Scale, own_files
from maker.simulate import simulate
from maker.world import CUT_MS, Plan


def make(scale: Scale) -> Made:
    """From the tenth day of fourteen."""
    plan = scale.plan(Plan(seed=14, days=14))
    plan.proxy_cuts_from = plan.day(plan.days * 2 // 3)
    world = simulate(plan)
    cut = [call for call in world.calls if call["status"] == "cancelled"]
    fault = {"start": plan.proxy_cuts_from, "cut_after_ms": CUT_MS, "disconnected": len(cut), "disconnected_by_feature": truth.count(c["feature"] for c in cut)}
    return Made(own_files(world), truth.of(world, "streams cut by a proxy", ["streaming/disconnects"], ["errors/by_class"], **fault))
