"""The user's own prices: `llmlogs.prices.toml`. Every mistake is told with file, line and what is allowed.

    [[alias]]     provider = "azure"   model = "prod-chat"  to = "openai/gpt-4o-2024-08-06"
    [[price]]     provider = "vllm"    model = "llama-3.1-8b*"  input_mtok = "0.05"  output_mtok = "0.10"  valid_from = 2026-01-01  valid_to = 2026-06-30
    [[free]]      provider = "openrouter"  model = "*:free"
    [[discount]]  provider = "openai"  percent = "12.5"  valid_from = 2026-07-01
    [[discount]]  provider = "openai"  graduated = [[0, 0], [100000, 5], [500000, 12]]    # by the list spend of the UTC month; account = "acme": the tag
    [[allowance]] provider = "google"  unit = "web_searches"  free = 1500  per = "day"
    [[capacity]]  provider = "azure"  model = "gpt-5-ptu"  kind = "ptu"  units = 100  usd_per_unit_hour = "1.00"
                  tokens_per_minute = 2500  weights = { input = 1, cache_read = 0, output = 8 }    # of one unit: a call pays the share it takes
    [[capacity]]  provider = "vllm"  kind = "gpu"  units = 8  usd_per_unit_hour = "2.50"  concurrency = 64    # or no concurrency: all of it is one line
    [[fx]]        currency = "EUR"  usd_per_unit = "1.08"  valid_from = 2026-11-01
    [[uplift]]    provider = "openai"  region = "eu"  factor = "1.10"
    [[hours]]     provider = "deepseek"  model = "*"  usual_hour = "12:00"  days = ["sat", "sun"]    # no peak hours at weekends
    [[same]]      provider = "openrouter"  model = "openai/x"  to = "openai/x"  valid_to = 2026-08-20    # was sold at that entry's price
    [[tier]]      provider = "openai"  model = "*"  service_tier = "batch"    # before the book lists the tier: its share of the standard price as on that day
    [[disputed]]  provider = "x"  model = "y"  reason = "two lists say two things"  source = "https://..."    # above = 200000: input tokens

`provider`, `model` and `region` may hold `*`; the first entry of a kind that fits is taken. `valid_to` is the last day that counts, in UTC.
A price without `service_tier` is for standard calls only ("*" = every tier). Discounts and uplifts change the book's price, never an own one.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.pricing.own_keys import KEYS, NEEDED, READ, rate
from llmlogs.pricing.rates import EVERY_DAY
from llmlogs.pricing.units import BY_KEY, UNITS, Rates


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
    source: str | None = None
    above: int = 0  # input tokens
    account: str | None = None  # what goes over many calls: see terms.py
    steps: tuple[tuple[Decimal, Decimal], ...] = ()
    unit: str | None = None
    free: int | None = None
    per: str | None = None
    capacity: str | None = None
    units: Decimal = Decimal(1)
    usd_per_unit_hour: Decimal = Decimal(0)
    tokens_per_minute: Decimal | None = None
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    concurrency: Decimal | None = None
    currency: str | None = None
    usd_per_unit: Decimal | None = None

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
    if kind not in KEYS:
        raise here.error(f"unknown table [[{kind}]]", _hint(kind, KEYS))
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
                rates[BY_KEY[name].name] = rate(name, value)
            else:
                values |= READ[name](value)
        except (TypeError, ValueError, InvalidOperation) as error:
            raise place.key(name).error(f"bad value for `{name}` in [[{kind}]]", str(error)) from error
    for name in NEEDED[kind]:
        if name not in row:
            raise place.error(f"[[{kind}]] needs `{name}`", f"found: {_listed(row)}")
    entry = Entry(kind, place.line, rates=rates, **values)
    _consistent(entry, place)
    return entry


def _known(kind: str, name: str, place: _Place) -> None:
    if name not in KEYS[kind]:
        raise place.error(f"unknown key `{name}` in [[{kind}]]", _hint(name, KEYS[kind]))


def _consistent(entry: Entry, place: _Place) -> None:
    if entry.valid_from and entry.valid_to and entry.valid_from >= entry.valid_to:
        raise place.key("valid_to").error("`valid_to` is before `valid_from`")
    if entry.kind == "discount":
        _discount(entry, place)
    if entry.kind == "capacity" and entry.tokens_per_minute and entry.concurrency:
        raise place.key("concurrency").error("`tokens_per_minute` and `concurrency` at once", "use is counted in tokens or in busy seconds")
    if entry.kind == "capacity" and bool(entry.weights) != bool(entry.tokens_per_minute):
        raise place.error("[[capacity]] counts use in tokens by `tokens_per_minute` with `weights`", "one without the other says nothing")
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


def _discount(entry: Entry, place: _Place) -> None:
    if bool(entry.steps) == (entry.factor != 1):
        raise place.error("[[discount]] needs `percent` or `graduated`, one of them", f"found: {'both' if entry.steps else 'neither'}")
    if entry.account and not entry.steps:
        raise place.key("account").error("`account` goes with `graduated` only", "a flat discount is by provider, model and region")
    if entry.steps and entry.region != "*":
        raise place.key("region").error("`region` goes with `percent` only", "a graduated discount is by the spend of an account")


def _listed(names: Any) -> str:
    return ", ".join(names)


def _hint(name: str, allowed: Any) -> str:
    close = difflib.get_close_matches(name, list(allowed), 1)
    return f"did you mean `{close[0]}`?" if close else f"allowed: {_listed(allowed)}"
