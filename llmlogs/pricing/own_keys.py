"""The tables and keys of `llmlogs.prices.toml`, and how each value is read: a bad one is a TypeError or ValueError that says what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from llmlogs.pricing.rates import WEEK
from llmlogs.pricing.units import BY_KEY, UNITS

HIGHEST = 5  # USD for one token or request: the largest counts times the largest prices still add up in 38 digits
PERIODS = ("day", "month")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"must be a text, found {value!r}")
    return value.strip()


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f'must be a number, as in "0.05", found {value!r}')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f'must be a number, as in "0.05", found {value!r}') from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"must not be below 0, found {value!r}")
    return number


def rate(key: str, value: Any) -> Decimal:
    """USD for one, of a price for many."""
    rate = _number(value) / BY_KEY[key].per
    if rate > HIGHEST:
        raise ValueError(f"is more than {HIGHEST} USD for one; `{key}` is the price of {BY_KEY[key].per:,}")
    return rate


def _percent(value: Any) -> Decimal:
    number = _number(value)
    if not 0 < number < 100:
        raise ValueError(f"must be above 0 and below 100, found {value!r}")
    return 1 - number / 100


def _factor(value: Any) -> Decimal:
    number = _number(value)
    if not 0 < number <= 10:
        raise ValueError(f"must be above 0 and at most 10, found {value!r}")
    return number


def _day(value: Any) -> datetime:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TypeError(f"must be a day, as in 2026-07-01, found {value!r}")
    return datetime.combine(day, time(), UTC)


def _hour(value: Any) -> int:
    moment = time.fromisoformat(_text(value))
    return moment.hour * 3600 + moment.minute * 60


def _days(value: Any) -> int:
    if not isinstance(value, list) or not value or not all(name in WEEK for name in value):
        raise ValueError(f"must be a list of {', '.join(WEEK)}, found {value!r}")
    return sum(1 << WEEK.index(name) for name in set(value))


def _target(value: Any) -> tuple[str, str]:
    provider, slash, model = _text(value).partition("/")
    if not (slash and provider and model):
        raise ValueError(f'must be "provider/model" of the price book, found {value!r}')
    return provider, model


def _period(value: Any) -> str:
    if value not in PERIODS:
        raise ValueError(f"must be one of {', '.join(PERIODS)}, found {value!r}")
    return str(value)


def _unit(value: Any) -> str:
    names = {name: unit.name for unit in UNITS for name in (unit.name, unit.column) if name} | {"requests": "request"}
    if value not in names:
        raise ValueError(f"must be one of {', '.join(unit.column or 'requests' for unit in UNITS)}, found {value!r}")
    return names[value]


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"must be a whole number above 0, found {value!r}")
    return value


def _above_0(value: Any) -> Decimal:
    number = _number(value)
    if not number:
        raise ValueError(f"must be above 0, found {value!r}")
    return number


def _steps(value: Any) -> tuple[tuple[Decimal, Decimal], ...]:
    """[[USD from, percent off], ...], the first from 0."""
    if not isinstance(value, list) or not value or not all(isinstance(step, list) and len(step) == 2 for step in value):
        raise ValueError(f"must be a list of [USD of the month from which, percent off], as in [[0, 0], [100000, 5]], found {value!r}")
    steps = tuple((_number(start), _number(off)) for start, off in value)
    starts = [start for start, _ in steps]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise ValueError(f"must begin at 0 USD and rise, found {value!r}")
    if any(off >= 100 for _, off in steps):
        raise ValueError(f"percentages must be below 100, found {value!r}")
    return steps


def _weights(value: Any) -> dict[str, Decimal]:
    """How many tokens of throughput one token of a kind takes."""
    if not isinstance(value, dict) or "input" not in value or "output" not in value:
        raise ValueError(f"must be a table with input and output, as in {{ input = 1, cache_read = 0, output = 8 }}, found {value!r}")
    return {_unit(name): _number(weight) for name, weight in value.items()}


def _currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isalpha():
        raise ValueError(f"must be a code of three letters, as in EUR, found {value!r}")
    return value.upper()


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, found {value!r}")
        return str(value)

    return read


READ: dict[str, Callable[[Any], dict[str, Any]]] = {
    "provider": lambda value: {"provider": _text(value).lower()},
    "model": lambda value: {"model": _text(value).lower()},
    "region": lambda value: {"region": _text(value).lower()},
    "service_tier": lambda value: {"service_tier": _text(value).lower()},
    "reason": lambda value: {"reason": _text(value)},
    "source": lambda value: {"source": _text(value)},
    "to": lambda value: {"to": _target(value)},
    "usual_hour": lambda value: {"usual_hour": _hour(value)},
    "days": lambda value: {"days": _days(value)},
    "percent": lambda value: {"factor": _percent(value)},
    "factor": lambda value: {"factor": _factor(value)},
    "account": lambda value: {"account": _text(value)},
    "graduated": lambda value: {"steps": _steps(value)},
    "unit": lambda value: {"unit": _unit(value)},
    "above": lambda value: {"above": _count(value)},
    "free": lambda value: {"free": _count(value)},
    "per": lambda value: {"per": _period(value)},
    "kind": lambda value: {"capacity": _one_of("ptu", "gpu")(value)},
    "units": lambda value: {"units": _above_0(value)},
    "usd_per_unit_hour": lambda value: {"usd_per_unit_hour": _above_0(value)},
    "tokens_per_minute": lambda value: {"tokens_per_minute": _above_0(value)},
    "concurrency": lambda value: {"concurrency": _above_0(value)},
    "weights": lambda value: {"weights": _weights(value)},
    "currency": lambda value: {"currency": _currency(value)},
    "usd_per_unit": lambda value: {"usd_per_unit": _above_0(value)},
    "valid_from": lambda value: {"valid_from": _day(value)},
    "valid_to": lambda value: {"valid_to": _day(value) + timedelta(days=1)},
}
_WHO, _WHEN = ("provider", "model"), ("valid_from", "valid_to", "reason")
KEYS = {
    "alias": (*_WHO, "to", "reason"),
    "price": (*_WHO, "region", "service_tier", *_WHEN, *BY_KEY),
    "free": (*_WHO, *_WHEN),
    "discount": (*_WHO, "region", *_WHEN, "percent", "graduated", "account"),
    "allowance": (*_WHO, "account", *_WHEN, "unit", "free", "per"),
    "capacity": (*_WHO, *_WHEN, "kind", "units", "usd_per_unit_hour", "tokens_per_minute", "weights", "concurrency"),
    "fx": (*_WHEN, "currency", "usd_per_unit"),
    "uplift": (*_WHO, "region", *_WHEN, "factor"),
    "hours": (*_WHO, *_WHEN, "usual_hour", "days", "factor"),
    "tier": (*_WHO, "service_tier", *_WHEN),
    "same": (*_WHO, "to", *_WHEN),
    "disputed": (*_WHO, *_WHEN, "above", "source"),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "alias": (*_WHO, "to"),
    "price": _WHO,
    "free": _WHO,
    "discount": ("provider",),
    "allowance": ("provider", "unit", "free", "per"),
    "capacity": ("provider", "kind", "units", "usd_per_unit_hour"),
    "fx": ("currency", "usd_per_unit"),
    "uplift": ("provider", "region", "factor"),
    "hours": (*_WHO, "usual_hour"),
    "tier": (*_WHO, "service_tier"),
    "same": (*_WHO, "to"),
    "disputed": (*_WHO, "reason", "source"),
}
