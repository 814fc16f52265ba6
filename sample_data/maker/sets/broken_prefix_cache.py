"""Prompt version v4 of the support chat puts the time of day in front: the provider's prefix cache is never hit again."""

from maker import truth
from maker.files import Made, Scale, own_files
from maker.simulate import simulate
from maker.world import Plan


def make(scale: Scale) -> Made:
    """From the tenth day of fourteen; the prefix that could be cached stays the same."""
    plan = scale.plan(Plan(seed=13, days=14))
    since = plan.prefix_breaks_from = plan.day(plan.days * 2 // 3)
    plan.prefix_breaks_for = "support_chat"
    plan.changes = [(since, "support_chat", {"prompt_version": "v4"})]
    world = simulate(plan)
    chat = [call for call in world.calls if call["feature"] == "support_chat" and "cache_read_tokens" in call]
    fault = {"start": since, "feature": "support_chat"}
    for name, part in (("before", [c for c in chat if c["started_at"] < since]), ("after", [c for c in chat if c["started_at"] >= since])):
        fault[f"cache_read_tokens_{name}"] = sum(c["cache_read_tokens"] for c in part)
        fault[f"input_tokens_{name}"] = sum(c["input_tokens"] for c in part)
    return Made(own_files(world), truth.of(world, "a prompt that breaks the prefix cache", ["cache/prefix_cache"], ["cost/by_feature"], **fault))
