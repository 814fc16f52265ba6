"""Raw provider responses in an envelope: one provider writes its answers at half the speed from one day on, the others do not."""

from maker import truth
from maker.files import Made, Scale, lines, packed
from maker.raw import exchange
from maker.simulate import simulate
from maker.world import Plan


def make(scale: Scale) -> Made:
    """From the sixteenth day of twenty-one."""
    plan = scale.plan(Plan(seed=19, days=21, calls_per_day=140))
    since = plan.day(plan.days * 5 // 7)
    plan.changes = [(since, "support_chat", {"ms_per_token": plan.feature("support_chat").ms_per_token * 2})]
    world = simulate(plan)
    world.events, world.feedback = [], []
    world.calls = [call for call in world.calls if call.get("app_cache") != "hit"]  # nobody was asked, so there is no response to log
    known = truth.of(world, "a provider that became slow", ["latency/by_model"], start=since, provider="anthropic", times=2)
    known["other_rows"] = {"rate_limits": sum("rate_limits" in call for call in world.calls if call["status"] == "ok")}
    return Made({"responses.jsonl.gz": packed(lines(map(exchange, world.calls)))}, known)
