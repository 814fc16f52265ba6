"""A nightly import that runs at two in the afternoon: for 20 minutes one feature is refused with 429 nearly half of the time."""

from dataclasses import replace

from maker import truth
from maker.files import Made, Scale, own_files
from maker.simulate import simulate
from maker.world import FEATURES, Burst, Feature, Plan

IMPORT = Feature("catalog_import", "catalog", "openai", "gpt-4.1-mini", 0.15, 300, 120, 20, 8)


def make(scale: Scale) -> Made:
    """The import always runs a little; on the eleventh day it asks sixty times a minute."""
    features = (*(replace(f, share=f.share * 0.85) for f in FEATURES), IMPORT)
    plan = scale.plan(Plan(seed=11, days=14, calls_per_day=140, features=features))
    plan.burst = Burst("catalog_import", day=plan.days * 3 // 4, hour=14, minutes=20, per_minute=40, refused=0.45)
    world = simulate(plan)
    refused = [call for call in world.calls if call.get("status_code") == 429]
    fault = {"start": plan.window()[0], "end": plan.window()[1], "refused": len(refused), "model": IMPORT.model}
    fault["refused_by_feature"] = truth.count(call["feature"] for call in refused)
    return Made(own_files(world), truth.of(world, "a 429 burst by one feature", ["limits/rate_limit_bursts"], ["errors/by_class"], **fault))
