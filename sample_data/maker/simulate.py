"""Runs the period: who asks for what and when, then the shop that answers."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta

from maker.shop import Shop
from maker.world import RELEASES, Plan, Request, World, stamp


def simulate(plan: Plan) -> World:
    """Run the whole period."""
    dice = random.Random(plan.seed)
    world = World(plan)
    updates = _updates(plan, dice)
    world.events = [{"type": "event", "at": stamp(at), "kind": "source_update", "subject": f"page-{key}"} for at, key in updates]
    world.events += [{"type": "event", "at": stamp(world.moment(share)), "kind": "deploy", "subject": "shop", "value": name} for share, name in RELEASES]
    world.events.sort(key=lambda event: event["at"])
    shop = Shop(world, dice, updates)
    requests = _requests(plan, dice)
    requests += _burst(plan, dice, len(requests))
    for request in sorted(requests):
        shop.serve(_changed(plan, request))
    world.calls.sort(key=lambda call: (call["started_at"], call["call_id"]))
    return world


def _requests(plan: Plan, dice: random.Random) -> list[Request]:
    """Conversations over the day, each a few turns about a minute apart."""
    mean_turns = sum(f.share * f.turns for f in plan.features) / sum(f.share for f in plan.features)
    mood = [math.exp(dice.gauss(0, 0.5)) for _ in range(plan.users)]
    found: list[Request] = []
    for day in range(plan.days):
        weekday = (plan.start + timedelta(days=day)).weekday()
        busy = (1.12, 1.16, 1.15, 1.12, 1.06, 0.68, 0.71)[weekday] * math.exp(dice.gauss(0, 0.03))
        for _ in range(round(plan.calls_per_day * busy / mean_turns)):
            at = plan.start + timedelta(days=day, seconds=_second_of_day(dice))
            feature = dice.choices(plan.features, [f.share for f in plan.features])[0]
            user = dice.choices(range(plan.users), mood)[0]
            session = len(found)
            for turn in range(1 + (_poisson(dice, feature.turns - 1) if feature.turns > 1 else 0)):
                found.append(Request(at, len(found), feature, user, session, turn, _popular(dice)))
                at += timedelta(seconds=20 + dice.expovariate(1 / 45))
    return found


def _burst(plan: Plan, dice: random.Random, first: int) -> list[Request]:
    """The extra requests of a burst, evenly over its minutes."""
    if plan.burst is None:
        return []
    begun, feature = plan.window()[0], plan.feature(plan.burst.feature)
    many = plan.burst.minutes * plan.burst.per_minute
    times = [begun + timedelta(minutes=plan.burst.minutes * (n + dice.random() * 0.9) / many) for n in range(many)]
    return [Request(at, first + n, feature, 0, first + n, 0, _popular(dice)) for n, at in enumerate(times)]


def _changed(plan: Plan, request: Request) -> Request:
    """The request with its feature as it was at that time."""
    for since, name, news in plan.changes:
        if request.feature.name == name and request.at >= since:
            request = replace(request, feature=replace(request.feature, **news))
    return request


def _second_of_day(dice: random.Random) -> float:
    """Quiet at four in the morning, busiest in the afternoon."""
    while True:
        second = dice.random() * 86400
        if dice.random() < 0.55 - 0.45 * math.cos((second / 3600 - 3.5) / 24 * 2 * math.pi):
            return second


def _popular(dice: random.Random) -> int:
    """Few pages are asked for often."""
    return min(int(dice.paretovariate(0.9)), 90)


def _updates(plan: Plan, dice: random.Random) -> list[tuple[datetime, int]]:
    """When the page behind a cached answer changed: each about twice a week."""
    seconds = plan.days * 86400
    return sorted((plan.start + timedelta(seconds=round(dice.random() * seconds)), key) for key in range(1, 91) for _ in range(_poisson(dice, plan.days / 3.5)))


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's method; means here are small."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count
