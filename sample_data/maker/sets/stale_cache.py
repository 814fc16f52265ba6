"""The answer cache stops listening to updates and stops expiring: search serves answers that are out of date."""

from datetime import timedelta

from maker import truth
from maker.files import Made, Scale, own_files
from maker.simulate import simulate
from maker.world import APP_TTL_MS, Plan, World, stamp


def make(scale: Scale) -> Made:
    """From the tenth day of fourteen."""
    plan = scale.plan(Plan(seed=12, days=14))
    plan.forgets_updates_from = plan.day(plan.days * 2 // 3)
    world = simulate(plan)
    over = sum(call.get("cache_age_ms", 0) > APP_TTL_MS for call in world.calls)
    fault = {"start": plan.forgets_updates_from, "feature": "product_search", "stale_hits": stale(world), "hits_over_ttl": over}
    return Made(own_files(world), truth.of(world, "stale answers from the application's cache", ["cache/staleness"], **fault))


def stale(world: World) -> int:
    """Hits on an entry that is older than the last update of its page."""
    updates: dict[str, list[str]] = {}
    for event in world.events:
        updates.setdefault(event["subject"], []).append(event["at"])
    found = 0
    for call in world.calls:
        if call.get("app_cache") == "hit":
            made, now = stamp(call["started_at"] - timedelta(milliseconds=call["cache_age_ms"])), stamp(call["started_at"])
            found += any(made < at <= now for at in updates.get(call["cache_key"], ()))
    return found
