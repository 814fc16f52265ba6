"""The user's own prices: `llmlogs.prices.toml`. Every mistake is told with file, line and what is allowed.

    [[alias]]     provider = "azure"   model = "prod-chat"  to = "openai/gpt-4o-2024-08-06"
    [[price]]     provider = "vllm"    model = "llama-3.1-8b*"  input_mtok = "0.05"  output_mtok = "0.10"  valid_from = 2026-01-01  valid_to = 2026-06-30
    [[free]]      provider = "openrouter"  model = "*:free"
    [[discount]]  provider = "openai"  percent = "12.5"  valid_from = 2026-07-01
    [[uplift]]    provider = "openai"  region = "eu"  factor = "1.10"
    [[hours]]     provider = "deepseek"  model = "*"  usual_hour = "12:00"  days = ["sat", "sun"]    # no peak hours at weekends
    [[same]]      provider = "openrouter"  model = "openai/x"  to = "openai/x"  valid_to = 2026-08-20    # was sold at that entry's price
    [[tier]]      provider = "openai"  model = "*"  service_tier = "batch"    # before the book lists the tier: its share of the standard price as on that day

`provider`, `model` and `region` may hold `*`; the first entry of a kind that fits is taken. `valid_to` is the last day that counts, in UTC.
A price without `service_tier` is for standard calls only ("*" = every tier). Discounts and uplifts change the book's price, never an own one.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.pricing.rates import EVERY_DAY, WEEK
from llmlogs.pricing.units import BY_KEY, UNITS, Rates

_LATER = {"capacity": "provisioned capacity and own GPUs", "allowance": "free allowances"}
_LATER_KEYS = {"account": "prices of one account", "graduated": "graduated discounts"}
_HIGHEST = 5  # USD for one token or request: the largest counts times the largest prices still add up in 38 digits


@dataclass(frozen=True)
class Entry:
    """One table of the file: who it is for, when it holds, and what it says."""

    kind: str
    line: int
    provider: str = "*"
    model: str = "*"
    region: str = "*"
    service_tier: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    to: tuple[str, str] | None = None
    rates: Rates = field(default_factory=dict)
    factor: Decimal = Decimal(1)
    usual_hour: int = 0
    days: int = EVERY_DAY
    reason: str | None = None

    def fits(self, providers: set[str], models: set[str], region: str | None) -> bool:
        """The entry is meant for a call that goes by these names."""
        named = any(fnmatchcase(name, self.provider) for name in providers) and any(fnmatchcase(name, self.model) for name in models)
        return named and (self.region == "*" or fnmatchcase((region or "").lower(), self.region))

    def holds(self, instant: datetime | None) -> bool:
        """The entry is in force at an instant; None is before all time."""
        return (self.valid_from is None or (instant is not None and instant >= self.valid_from)) and (
            self.valid_to is None or instant is None or instant < self.valid_to
        )


@dataclass(frozen=True)
class Overrides:
    """A valid file of own prices."""

    path: Path
    sha256: str
    entries: tuple[Entry, ...] = ()

    def of(self, *kinds: str) -> tuple[Entry, ...]:
        """The entries of some kinds, in file order."""
        return tuple(entry for entry in self.entries if entry.kind in kinds)


def load_overrides(path: Path) -> Overrides:
    """Read and check a file of own prices. UsageError tells the first mistake."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("the price file is not TOML", str(path), str(error), "correct that line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot read the price file", str(path), str(error)) from error
    entries = [entry for kind, tables in raw.items() for entry in _kind(kind, tables, _Place(path, text))]
    return Overrides(path, hashlib.sha256(content).hexdigest(), tuple(sorted(entries, key=lambda entry: entry.line)))


@dataclass(frozen=True)
class _Place:
    """Where in the file a mistake is."""

    path: Path
    text: str
    line: int = 1

    def table(self, kind: str, number: int) -> _Place:
        """The place of the number-th [[kind]]."""
        heads = list(re.finditer(rf"^[ \t]*\[\[?[ \t]*{re.escape(kind)}[ \t]*\]", self.text, re.MULTILINE))
        return _Place(self.path, self.text, self._line_at(heads[number].start()) if number < len(heads) else 1)

    def key(self, name: str) -> _Place:
        """The place of a key of this table."""
        start = sum(len(row) + 1 for row in self.text.split("\n")[: self.line - 1])
        found = re.compile(rf"^[ \t]*\"?{re.escape(name)}\"?[ \t]*=", re.MULTILINE).search(self.text, start)
        return _Place(self.path, self.text, self._line_at(found.start()) if found else self.line)

    def _line_at(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def error(self, what: str, why: str = "", next_step: str = "") -> UsageError:
        return UsageError(what, f"{self.path}:{self.line}", why, next_step)


def _kind(kind: str, tables: Any, place: _Place) -> list[Entry]:
    here = place.table(kind, 0)
    if kind in _LATER:
        raise here.error(f"[[{kind}]] is not there yet", f"{_LATER[kind]} come later", f"use one of {_listed(_KEYS)}")
    if kind not in _KEYS:
        raise here.error(f"unknown table [[{kind}]]", _hint(kind, _KEYS))
    if not isinstance(tables, list) or not all(isinstance(row, dict) for row in tables):
        raise here.error(f"`{kind}` must be a list of tables", f"write [[{kind}]] with two brackets")
    return [_entry(kind, row, place.table(kind, number)) for number, row in enumerate(tables)]


def _entry(kind: str, row: Mapping[str, Any], place: _Place) -> Entry:
    values: dict[str, Any] = {}
    rates: Rates = {}
    for name, value in row.items():
        _known(kind, name, place.key(name))
        try:
            if kind == "price" and name in BY_KEY:
                rates[BY_KEY[name].name] = _rate(name, value)
            else:
                values |= _READ[name](value)
        except (TypeError, ValueError, InvalidOperation) as error:
            raise place.key(name).error(f"bad value for `{name}` in [[{kind}]]", str(error)) from error
    for name in _NEEDED[kind]:
        if name not in row:
            raise place.error(f"[[{kind}]] needs `{name}`", f"found: {_listed(row)}")
    entry = Entry(kind, place.line, rates=rates, **values)
    _consistent(entry, place)
    return entry


def _known(kind: str, name: str, place: _Place) -> None:
    if name in _LATER_KEYS:
        raise place.error(f"`{name}` is not there yet", f"{_LATER_KEYS[name]} come later")
    if name not in _KEYS[kind]:
        raise place.error(f"unknown key `{name}` in [[{kind}]]", _hint(name, _KEYS[kind]))


def _consistent(entry: Entry, place: _Place) -> None:
    if entry.valid_from and entry.valid_to and entry.valid_from >= entry.valid_to:
        raise place.key("valid_to").error("`valid_to` is before `valid_from`")
    if entry.kind != "price":
        return
    if not entry.rates:
        raise place.error("[[price]] has no price", f"give one of {_listed(BY_KEY)}")
    if not any(entry.rates.values()):
        raise place.error("[[price]] is zero", next_step="say [[free]] where a call costs nothing")
    for unit in UNITS:
        if unit.name in entry.rates and unit.parent and unit.parent not in entry.rates:
            parent = next(other.key for other in UNITS if other.name == unit.parent)
            raise place.key(unit.key).error(f"`{unit.key}` needs `{parent}`", f"{unit.column} are a part of what `{parent}` is the price of")


def _listed(names: Any) -> str:
    return ", ".join(names)


def _hint(name: str, allowed: Any) -> str:
    close = difflib.get_close_matches(name, list(allowed), 1)
    return f"did you mean `{close[0]}`?" if close else f"allowed: {_listed(allowed)}"


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


def _rate(key: str, value: Any) -> Decimal:
    rate = _number(value) / BY_KEY[key].per
    if rate > _HIGHEST:
        raise ValueError(f"is more than {_HIGHEST} USD for one; `{key}` is the price of {BY_KEY[key].per:,}")
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
        raise ValueError(f"must be a list of {_listed(WEEK)}, found {value!r}")
    return sum(1 << WEEK.index(name) for name in set(value))


def _target(value: Any) -> tuple[str, str]:
    provider, slash, model = _text(value).partition("/")
    if not (slash and provider and model):
        raise ValueError(f'must be "provider/model" of the price book, found {value!r}')
    return provider, model


_READ: dict[str, Callable[[Any], dict[str, Any]]] = {
    "provider": lambda value: {"provider": _text(value).lower()},
    "model": lambda value: {"model": _text(value).lower()},
    "region": lambda value: {"region": _text(value).lower()},
    "service_tier": lambda value: {"service_tier": _text(value).lower()},
    "reason": lambda value: {"reason": _text(value)},
    "to": lambda value: {"to": _target(value)},
    "usual_hour": lambda value: {"usual_hour": _hour(value)},
    "days": lambda value: {"days": _days(value)},
    "percent": lambda value: {"factor": _percent(value)},
    "factor": lambda value: {"factor": _factor(value)},
    "valid_from": lambda value: {"valid_from": _day(value)},
    "valid_to": lambda value: {"valid_to": _day(value) + timedelta(days=1)},
}
_WHO, _WHEN = ("provider", "model"), ("valid_from", "valid_to", "reason")
_KEYS = {
    "alias": (*_WHO, "to", "reason"),
    "price": (*_WHO, "region", "service_tier", *_WHEN, *BY_KEY),
    "free": (*_WHO, *_WHEN),
    "discount": (*_WHO, "region", *_WHEN, "percent"),
    "uplift": (*_WHO, "region", *_WHEN, "factor"),
    "hours": (*_WHO, *_WHEN, "usual_hour", "days", "factor"),
    "tier": (*_WHO, "service_tier", *_WHEN),
    "same": (*_WHO, "to", *_WHEN),
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "alias": (*_WHO, "to"),
    "price": _WHO,
    "free": _WHO,
    "discount": ("provider", "percent"),
    "uplift": ("provider", "region", "factor"),
    "hours": (*_WHO, "usual_hour"),
    "tier": (*_WHO, "service_tier"),
    "same": (*_WHO, "to"),
}
