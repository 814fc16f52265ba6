"""Which unit a number is in, and whether input tokens include cached ones: told by the name, else by what the values allow."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from llmlogs.sources.common import aliases
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.declared.fields import Field, median, number, numbers

SECONDS_BY_CUSTOM = {"retry_after_ms", "cache_age_ms", "cache_ttl_ms"}  # HTTP headers and caches count in seconds
FACTOR = {"s": 1000.0, "ms": 1.0, "us": 0.001, "ns": 1e-6}


@dataclass(frozen=True)
class Unit:
    """`name` is empty when the column's own unit holds; `why` says how it was found."""

    name: str = ""
    why: str = ""


def unit_of(column: str, found: Field, chosen: dict[str, Field]) -> Unit:
    """The unit of a field that is mapped to `column`."""
    if column.endswith("_usd"):
        cents = "cent" in aliases.fold(found.path[-1])
        return Unit("cents", "cents by its name") if cents else Unit("", "taken to be US dollars")
    if not column.endswith("_ms"):
        return Unit()
    named = aliases.match(found.path)[1]
    if named:
        return Unit("" if named == "ms" else named, f"{named} by its name")
    return _by_clock(column, found, chosen) or _by_size(column, found)


def _by_clock(column: str, found: Field, chosen: dict[str, Field]) -> Unit | None:
    """A duration beside a start and an end tells its unit itself."""
    if column != "duration_ms" or not {"started_at", "ended_at"} <= set(chosen):
        return None
    starts, ends = chosen["started_at"].values, chosen["ended_at"].values
    if not len(starts) == len(ends) == len(found.values):
        return None
    ratios = []
    for start, end, value in zip(starts, ends, found.values, strict=True):
        begun, done, size = to_utc(start), to_utc(end), number(value)
        if begun and done and size and done > begun:
            ratios.append((done - begun).total_seconds() * 1000 / size)
    if not ratios:
        return None
    ratio = statistics.median(ratios)
    name = min(FACTOR, key=lambda unit: abs(1 - ratio / FACTOR[unit]))
    return Unit("" if name == "ms" else name, f"{name}, as end minus start says") if 0.5 < ratio / FACTOR[name] < 2 else None


def _by_size(column: str, found: Field) -> Unit:
    middle = median(found)
    fractions = any(n != int(n) for n in numbers(found))
    if column in SECONDS_BY_CUSTOM:
        return Unit("s", "GUESS: seconds, as such fields usually are; check")
    if middle < 100 and fractions:
        return Unit("s", f"GUESS: seconds, because its median is {middle:g}; check")
    if middle >= 1e7:
        return Unit("ns", f"GUESS: nanoseconds, because its median is {middle:g}; check")
    return Unit("", f"GUESS: milliseconds, because its median is {middle:g}; check")


def tokens_rule(records: list[dict[str, Any]], chosen: dict[str, Field]) -> tuple[str, str]:
    """('inside' | 'outside' | '', a sentence): whether input tokens have the cached ones in them, as the totals or the sizes prove."""
    if "input_tokens" not in chosen or "cache_read_tokens" not in chosen:
        return "", ""
    inside = outside = larger = 0
    for record in records:
        given, read, written, out = (_at(record, chosen.get(c)) for c in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"))
        cached, total = read + written, _total(record, chosen["input_tokens"])
        larger += cached > given
        inside += cached > 0 and total == given + out
        outside += cached > 0 and total == given + cached + out
    if outside > inside or (larger and not inside):
        why = "the total says so" if outside else f"in {larger} of {len(records)} records more was cached than sent"
        return "outside", f"input tokens exclude cached ones ({why}): they are added"
    why = "the total says so" if inside else "GUESS: never more cached than sent; check"
    return "inside", f"input tokens include cached ones ({why})"


def _at(record: dict[str, Any], found: Field | None) -> float:
    value: Any = record
    for part in found.path if found else ():
        value = value.get(part) if isinstance(value, dict) else None
    return (number(value) or 0.0) if found else 0.0


def _total(record: dict[str, Any], beside: Field) -> float:
    home: Any = record
    for part in beside.path[:-1]:
        home = home.get(part, {}) if isinstance(home, dict) else {}
    totals = [number(value) for key, value in home.items() if aliases.fold(str(key)) in ("total_tokens", "total", "total_token_count")]
    return next((total for total in totals if total is not None), -1.0)
