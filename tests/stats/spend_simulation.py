"""Months of daily spend with known truth, independent of the method that forecasts them: lognormal days around a level that grows, jumps and wanders."""

import math
import random
from dataclasses import dataclass

WEEKS = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),  # a service that never sleeps
    (1.05, 1.1, 1.1, 1.1, 1.05, 0.7, 0.75),  # consumers
    (1.1, 1.15, 1.2, 1.15, 1.0, 0.35, 0.4),  # an office
)


@dataclass(frozen=True)
class Month:
    """What is known at the origin, and what the days after it really cost."""

    history: list[float]  # USD a day, oldest first
    weekday: int  # of the first day, 0 = Monday
    future: list[float]
    kind: str


def month(seed: int) -> Month:
    """One simulated project. Every property is drawn, none is the method's own."""
    dice = random.Random(seed)
    past, ahead = dice.choice((40, 60, 90, 150)), dice.choice((3, 7, 14, 20, 28))
    week, weekday = dice.choice(WEEKS), dice.randrange(7)
    growth = dice.choice((0.0, 0.0, 0.003, 0.01, -0.004))  # a day, in logs: up to 35 % a month
    noise, memory = dice.choice((0.05, 0.12, 0.25)), dice.choice((0.0, 0.3, 0.6))
    wander = dice.choice((0.0, 0.01, 0.02))
    shifts = dice.choice((0.0, 0.0, 1 / 60))
    level, drag, days = math.log(dice.uniform(5, 500)), 0.0, []
    for day in range(past + ahead):
        level += growth + dice.gauss(0, wander)
        if dice.random() < shifts:
            level += dice.choice((-1, 1)) * dice.uniform(0.1, 0.4)
        drag = memory * drag + dice.gauss(0, noise) * math.sqrt(1 - memory**2)
        days.append(math.exp(level + drag) * week[(weekday + day) % 7])
    kind = "shifts" if shifts else "growth" if growth else "steady"
    return Month(days[:past], weekday, days[past:], kind)
