"""Call logs and the bills for them, with known reasons why they differ. Knows nothing of how llmlogs compares them.

A world is a list of calls that really happened. From it are made: the provider's reports (from all that happened) and a call log (with planted faults). What
each fault moves is written down as it is planted, as (bill's day, model, kind) -> tokens, and in USD. Differences of quantity are valued at what was billed,
differences of price at what was logged: the usual order of a variance analysis, in which each dollar has one cause.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

KINDS = ("input", "cache_read", "cache_write", "output")
Cell = tuple[str, str, str]  # day, model, kind
# USD a million tokens: fresh input, cache read, cache write, output.
PRICES = {
    "gpt-5": (1.25, 0.125, 1.25, 10.0), "gpt-5-mini": (0.25, 0.025, 0.25, 2.0), "gpt-4.1": (2.0, 0.5, 2.0, 8.0), "gpt-4o": (2.5, 1.25, 2.5, 10.0),
    "gpt-5.6-sol": (4.0, 0.4, 5.0, 20.0),
    "claude-sonnet-4-5": (3.0, 0.3, 3.75, 15.0), "claude-haiku-4-5": (1.0, 0.1, 1.25, 5.0), "claude-opus-4-6": (5.0, 0.5, 6.25, 25.0),
}  # fmt: skip
FULL = {
    "gpt-5": "gpt-5-2025-08-07", "gpt-5-mini": "gpt-5-mini-2025-08-07", "gpt-4.1": "gpt-4.1-2025-04-14", "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-5.6-sol": "gpt-5.6-sol",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929", "claude-haiku-4-5": "claude-haiku-4-5-20251001", "claude-opus-4-6": "claude-opus-4-6",
}  # fmt: skip
OLD = {"gpt-5.6-sol": (5.0, 0.5, 6.25, 30.0)}  # what it cost before 2026-08-21
OPENAI, ANTHROPIC = ("gpt-5", "gpt-5-mini", "gpt-4.1"), ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-6")


@dataclass(frozen=True)
class Call:
    """A call that happened, and a line of the log after `logged` went over it."""

    at: datetime
    model: str
    tokens: tuple[int, int, int, int]  # in the order of KINDS
    batch: bool = False
    project: str = "web"
    number: int = 0
    usage: bool = True
    copied: bool = False


@dataclass
class World:
    """What happened, what was logged, and what was planted."""

    seed: int
    provider: str
    form: str  # api | api-hourly | litellm | focus | costs (money alone) | usage (tokens alone)
    happened: list[Call]  # all that is billed
    logged: list[Call]
    days: int
    start: datetime
    zone: int = 0  # hours the bill's day is off UTC
    discount: float = 0.0
    discount_from: int = 0
    credit: float = 0.0
    free: str = ""  # model that is billed at nothing
    old: str = ""  # model that is billed at its old price, until the day before `old_until`
    old_until: str = ""
    digits: int = 12  # decimals of the bill's amounts
    clock: int = 0  # hours the log's clock is off
    tax: float = 0.0
    planted: tuple[str, ...] = ()
    tokens: dict[str, dict[Cell, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    usd: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))

    def day(self, at: datetime) -> str:
        """The bill's day of a moment."""
        return (at + timedelta(hours=self.zone)).strftime("%Y-%m-%d")

    def covers(self, day: str) -> bool:
        """A day that the log has whole: the bill's days before and after are not compared."""
        return self.start.strftime("%Y-%m-%d") <= day < (self.start + timedelta(days=self.days)).strftime("%Y-%m-%d")

    def paid(self, day: str) -> float:
        """Share of the list price that is paid on a day."""
        return 1 - self.discount if day >= (self.start + timedelta(days=self.discount_from)).strftime("%Y-%m-%d") else 1.0

    def move(self, cause: str, call: Call, sign: float, tokens: Iterable[float] | None = None, day: str | None = None) -> None:
        """Write down what a cause adds to the bill less the log."""
        when = day or self.day(call.at)
        if not self.covers(when):
            return
        for kind, count, rate in zip(KINDS, tokens if tokens is not None else call.tokens, asked(self, call, when), strict=True):
            if count:
                self.tokens[cause][when, call.model, kind] += sign * count
                self.usd[cause][when] += sign * count * rate


def rates(call: Call) -> tuple[float, ...]:
    """USD for one token of each kind by the list, batches at half."""
    return tuple(price / 1e6 * (0.5 if call.batch else 1) for price in PRICES[call.model])


def asked(world: World, call: Call, day: str) -> tuple[float, ...]:
    """What the provider asks for one token of each kind on a day."""
    if call.model == world.free:
        return (0.0,) * 4
    prices = OLD[call.model] if call.model == world.old and day < world.old_until else PRICES[call.model]
    return tuple(price / 1e6 * (0.5 if call.batch else 1) * world.paid(day) for price in prices)


def price(call: Call) -> float:
    """List price of a call."""
    return sum(count * rate for count, rate in zip(call.tokens, rates(call), strict=True))


def make(seed: int, causes: tuple[str, ...], form: str = "", provider: str = "") -> World:
    """A world with these causes planted, all else drawn from the seed."""
    rng = random.Random(seed * 7919 + 17)
    provider = "openai" if "old_price" in causes else provider or rng.choice(("openai", "anthropic"))
    form = form or rng.choice(("api", "api-hourly", "litellm", "focus"))
    start = datetime(2026, 10, 15, tzinfo=UTC) + timedelta(days=rng.randrange(0, 14))
    days = rng.randrange(10, 21)
    calls = _happened(rng, provider, start, days, rng.uniform(250, 500))
    world = World(seed, provider, form, calls, list(calls), days, start, planted=causes)
    for name in sorted(causes, key=list(PLANTS).index):
        PLANTS[name](world, rng)
    _close(world)
    return world


def _happened(rng: random.Random, provider: str, start: datetime, days: int, a_day: float) -> list[Call]:
    """Two or three models with habits of their own, more by day than by night, some calls cached."""
    models = rng.sample(OPENAI if provider == "openai" else ANTHROPIC, rng.choice((2, 3)))
    habits = {m: (rng.uniform(300, 4000), rng.uniform(50, 700), rng.uniform(0.2, 0.8), rng.uniform(0.5, 2)) for m in models}
    calls: list[Call] = []
    for day in range(days):
        volume = a_day * rng.lognormvariate(0, 0.2)
        for hour in range(24):
            share = (0.5 + (0.9 if 7 <= hour <= 20 else 0)) / (24 * 0.5 + 14 * 0.9)
            for _ in range(_poisson(rng, volume * share)):
                model = rng.choices(models, [habits[m][3] for m in models])[0]
                sent, made, cached, _ = habits[model]
                size = sent * rng.lognormvariate(0, 0.7)
                read = size * rng.uniform(0.3, 0.9) if rng.random() < cached else 0
                written = size * 0.3 if provider == "anthropic" and not read and rng.random() < 0.5 else 0
                tokens = (int(size) + 5, int(read), int(written), int(made * rng.lognormvariate(0, 0.6)) + 1)
                at = start + timedelta(days=day, hours=hour, seconds=rng.uniform(0, 3600))
                calls.append(Call(at, model, tokens, project=rng.choice(("web", "jobs")), number=len(calls)))
    return sorted(calls, key=lambda call: call.at)


def _poisson(rng: random.Random, mean: float) -> int:
    count, passed = 0, rng.expovariate(1)
    while passed < mean:
        count, passed = count + 1, passed + rng.expovariate(1)
    return count


# --- what is planted -------------------------------------------------------------------------------------------------------------------


def _by_number(world: World) -> dict[int, Call]:
    return {call.number: call for call in world.happened}


def missing_hour(world: World, rng: random.Random) -> None:
    """The log lacks one to four hours of the busy part of a day, or a whole day."""
    day = world.start + timedelta(days=rng.randrange(1, world.days - 1))
    begins, hours = (day + timedelta(hours=rng.randrange(8, 17)), rng.choice((1, 2, 4))) if rng.random() < 0.75 else (day, 24)
    ends, truth = begins + timedelta(hours=hours), _by_number(world)
    for call in [c for c in world.logged if begins <= c.at < ends]:
        world.move("missing_logs", truth[call.number], 1)
    world.logged = [c for c in world.logged if not begins <= c.at < ends]


def duplicated_file(world: World, rng: random.Random) -> None:
    """The calls of a few days are in a second file, written by another program a moment later."""
    first = rng.randrange(0, world.days - 3)
    begins, ends = world.start + timedelta(days=first), world.start + timedelta(days=first + rng.choice((1, 2, 3)))
    again = [replace(c, at=c.at + timedelta(seconds=rng.uniform(0.2, 3)), copied=True) for c in world.logged if begins <= c.at < ends]
    for call in again:
        if call.usage:
            world.move("duplicates", call, -1)
    world.logged = world.logged + again


def wrong_tier(world: World, rng: random.Random) -> None:
    """A part of one model's calls ran as a batch at half the price; the log says nothing of it."""
    model = rng.choice(sorted({c.model for c in world.happened}))
    share = rng.uniform(0.2, 0.8)
    moved = {c.number for c in world.happened if c.model == model and rng.random() < share}
    world.happened = [replace(c, batch=c.number in moved) for c in world.happened]


def cached_twice(world: World, rng: random.Random) -> None:
    """The log adds cache reads to an input that holds them already."""
    world.logged = [replace(c, tokens=(c.tokens[0] + c.tokens[1], *c.tokens[1:])) if c.tokens[1] else c for c in world.logged]


def shifted_days(world: World, rng: random.Random) -> None:
    """The bill's days are those of a place east or west."""
    world.zone = rng.choice((-11, -8, -7, -5, -4, 2, 5, 8, 9, 10))


def discounted(world: World, rng: random.Random) -> None:
    """A contract's discount, from the first day or from a later one."""
    world.discount = rng.choice((0.05, 0.08, 0.1, 0.15, 0.22))
    world.discount_from = rng.choice((0, 0, world.days // 2))


def another_client(world: World, rng: random.Random) -> None:
    """Somebody else uses a model that the log never names."""
    used = {c.model for c in world.happened}
    model = rng.choice(sorted(set(PRICES) & {*((*OPENAI, "gpt-4o") if world.provider == "openai" else ANTHROPIC)} - used) or ["gpt-4o"])
    if model in used or (world.provider == "anthropic" and model == "gpt-4o"):
        return another_project(world, rng)
    return _other(world, rng, model, "web")


def another_project(world: World, rng: random.Random) -> None:
    """Somebody else's project on the same account."""
    _other(world, rng, rng.choice(sorted({c.model for c in world.happened})), "stranger")


def _other(world: World, rng: random.Random, model: str, project: str) -> None:
    for _ in range(rng.randrange(150, 900)):
        at = world.start + timedelta(seconds=rng.uniform(0, world.days * 86400 - 1))
        tokens = (int(rng.uniform(100, 6000)), int(rng.uniform(0, 500)), 0, int(rng.uniform(10, 900)))
        call = Call(at, model, tokens, project=project, number=10**6 + len(world.happened))
        world.happened.append(call)
        world.move("other_client", call, 1)


def no_usage(world: World, rng: random.Random) -> None:
    """Streams whose usage nobody asked for."""
    share = rng.uniform(0.03, 0.15)
    lost = {c.number for c in world.logged if rng.random() < share}
    truth = _by_number(world)
    for number in lost:
        world.move("usage_not_logged", truth[number], 1)
    world.logged = [replace(c, usage=c.number not in lost) for c in world.logged]


def free_model(world: World, rng: random.Random) -> None:
    """One model costs nothing by contract."""
    world.free = rng.choice(sorted({c.model for c in world.happened}))


def old_price(world: World, rng: random.Random) -> None:
    """The provider bills the price of before for some days."""
    others = sorted({c.model for c in world.happened})
    swap = others[0]
    world.happened = [replace(c, model="gpt-5.6-sol") if c.model == swap else c for c in world.happened]
    world.logged = [replace(c, model="gpt-5.6-sol") if c.model == swap else c for c in world.logged]
    world.old, world.old_until = "gpt-5.6-sol", (world.start + timedelta(days=rng.randrange(3, world.days))).strftime("%Y-%m-%d")


def cents(world: World, _rng: random.Random) -> None:
    """Each line's amount is rounded to whole cents, as no LiteLLM table does."""
    if world.form == "litellm":
        world.form = "focus"
    world.digits = 2


def wrong_clock(world: World, rng: random.Random) -> None:
    """The log's times are local, and say they are UTC."""
    world.clock = rng.choice((-8, -7, -5, -4, 1, 2, 8, 9))


def credited(world: World, rng: random.Random) -> None:
    """A credit row, and tax where the report has a row for it."""
    if world.form == "litellm":
        world.form = "focus"
    world.credit = round(rng.uniform(1, 20), 2)
    world.tax = 0.19 if world.form == "focus" else 0.0


PLANTS: dict[str, Callable[[World, random.Random], None]] = {
    "wrong_tier": wrong_tier, "shifted_days": shifted_days, "discount": discounted, "another_client": another_client, "another_project": another_project,
    "cached_twice": cached_twice, "missing_hour": missing_hour, "no_usage": no_usage, "duplicated_file": duplicated_file, "credit": credited,
    "free_model": free_model, "old_price": old_price, "cents": cents, "wrong_clock": wrong_clock,
}  # fmt: skip


def _close(world: World) -> None:
    """What follows from the whole: tiers, doubled cached tokens, days and discounts concern all that was logged."""
    truth = _by_number(world)
    for call in world.logged:
        if not call.usage:
            continue
        real, day = truth[call.number], world.day(call.at)
        if not call.copied:
            extra = call.tokens[0] - real.tokens[0]
            if extra:
                world.move("cache_semantics", call, -1, (extra, 0, 0, 0))
            if real.batch and world.covers(day):
                half = sum(count * rate for count, rate in zip(real.tokens, asked(world, real, day), strict=True))
                world.usd["batch"][day] -= half  # a batch costs half of what the same tokens do
        own_day = (call.at + timedelta(hours=world.clock)).strftime("%Y-%m-%d")
        if own_day != day:
            world.move("day_boundary", call, 1)
            world.move("day_boundary", call, -1, day=own_day)
        _priced(world, replace(call, batch=False), own_day)
    if world.credit:
        world.usd["credit"][world.start.strftime("%Y-%m-%d")] -= world.credit
        for call in world.happened:
            day = world.day(call.at)
            billed = sum(count * rate for count, rate in zip(call.tokens, asked(world, call, day), strict=True))
            world.usd["tax"][world.start.strftime("%Y-%m-%d")] += billed * world.tax


def _priced(world: World, call: Call, day: str) -> None:
    """What other prices than the list's make of a logged call."""
    if not world.covers(day):
        return
    whole, paid = price(call), world.paid(day)
    billed = sum(count * rate for count, rate in zip(call.tokens, asked(world, call, day), strict=True))
    world.usd["discount"][day] += whole * (paid - 1)
    world.usd["free_tier" if call.model == world.free else "price_date"][day] += billed - whole * paid
