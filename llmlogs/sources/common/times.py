"""One parser for every notation of an instant or a duration that LLM logs use. Instants become naive UTC datetimes, durations milliseconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)  # naive UTC is what the database stores
FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)  # outside there were no model calls: a relative clock, or a broken one
TICKS_TO_EPOCH = 621_355_968_000_000_000  # .NET: units of 100 ns since 0001-01-01
TICKS = range(630_000_000_000_000_000, 663_000_000_000_000_000)  # the ticks of 1997 to 2101; as nanoseconds that would be 1990
PLAIN_LENGTHS = (20, 24, 27)  # 2026-03-02T10:00:00Z, with milliseconds, with microseconds

LONGEST_MS = 1e13  # three centuries: a longer duration is none

LONGEST_MS = 1e13  # three centuries: a longer duration is none

_DIGITS = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\Z")
_ISO = re.compile(r"(\d{4}-?\d\d-?\d\d)(?:[T\s_]\s*(\d\d:?\d\d(?::?\d\d)?)(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[-+]\d\d(?::?\d\d)?)?\Z", re.IGNORECASE)
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h|d)")
_GO_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3600e3, "d": 86400e3}


def to_utc(value: Any, zone: str = "UTC") -> datetime | None:
    """The instant as naive UTC in microseconds; None for what is no instant between 2000 and 2100. A text without a zone is in `zone`.

    Reads ISO 8601 with any number of decimals, RFC 1123, epoch seconds, milliseconds, microseconds and nanoseconds (told apart by size),
    .NET ticks, `[seconds, nanoseconds]`, protobuf's `{seconds, nanos}`, and all of these as text.
    """
    try:
        instant = _from_text(value.strip()[:64], zone) if type(value) is str else _parse(value, zone)
    except (ValueError, OverflowError, TypeError, KeyError, OSError):
        return None
    return instant if instant is not None and FIRST <= instant < LAST else None


def _parse(value: Any, zone: str) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _from_number(value)
    if isinstance(value, str):
        return _from_text(value.strip()[:64], zone)
    if isinstance(value, Mapping):
        return _from_parts(value.get("seconds", value.get("_seconds")), value.get("nanos", value.get("_nanoseconds", 0)))
    return _from_parts(*value) if isinstance(value, (list, tuple)) and len(value) == 2 else None


def _from_parts(seconds: Any, nanos: Any) -> datetime | None:
    return EPOCH + timedelta(seconds=int(seconds), microseconds=int(nanos) // 1000)


def _from_number(value: float) -> datetime | None:
    if not math.isfinite(value):
        return None
    if isinstance(value, int) and value in TICKS:
        return EPOCH + timedelta(microseconds=(value - TICKS_TO_EPOCH) // 10)
    size = abs(value)
    per_second = 1 if size < 1e11 else 10**3 if size < 1e14 else 10**6 if size < 1e17 else 10**9
    if isinstance(value, int):
        return EPOCH + timedelta(microseconds=value * 10**6 // per_second)
    return EPOCH + timedelta(microseconds=round(value * (10**6 / per_second)))


def _from_text(text: str, zone: str) -> datetime | None:
    if len(text) in PLAIN_LENGTHS and text[-1] == "Z" and text[10] == "T" and text[4] == text[7] == "-":  # nearly all there are, at a fifth of the price
        return datetime.fromisoformat(text[:-1])
    if _DIGITS.match(text):
        return _from_number(int(text) if text.lstrip("+-").isdigit() else float(text))
    found = _ISO.match(text)
    if found:
        return _from_iso(*found.groups(), zone=zone)
    instant = parsedate_to_datetime(text)
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _from_iso(day: str, clock: str | None, decimals: str | None, offset: str | None, *, zone: str) -> datetime:
    micros = int((decimals or "0")[:6].ljust(6, "0"))
    moment = datetime.fromisoformat(f"{day}T{clock}" if clock else day) + timedelta(microseconds=micros)
    return moment.replace(tzinfo=_zone(offset, zone)).astimezone(UTC).replace(tzinfo=None)


def _zone(offset: str | None, default: str) -> tzinfo:
    if offset is None:
        return UTC if default == "UTC" else ZoneInfo(default)
    if offset.upper() in ("Z", "UTC", "GMT"):
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def duration_ms(value: Any, unit: str = "") -> float | None:
    """A duration in ms. A text may carry its unit the way Go writes it (`1h2m3.5s`, `20ms`); a bare number is in `unit`, and without one unknown."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()[:64]
        if not _DIGITS.match(text):
            return _from_go(text)
        value = float(text)
    if not isinstance(value, (int, float)) or unit not in _GO_MS or not 0 <= value < LONGEST_MS / _GO_MS[unit]:  # NaN is in no range, nor is a giant int
        return None
    return round(value * _GO_MS[unit], 6)


def _from_go(text: str) -> float | None:
    parts = _GO_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return round(sum(float(number) * _GO_MS[unit] for number, unit in parts), 6)
