"""Rate-limit headers of every provider -> rows of `rate_limits`. Only names, numbers and durations are read; no header value is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from llmlogs.sources.common.times import duration_ms, to_utc

UNLIMITED = 2**62  # an int64 overflow stands for "no limit" (Hugging Face in front of Cerebras)
_FIELDS = {"limit": "limit_value", "remaining": "remaining", "reset": "reset_ms"}
_NOISE = frozenset({"x", "anthropic", "ratelimit", "ratelimitbysize", "trial", "endpoint", "call", "usage", "based"})
_SCOPES = {"req": "requests", "request": "requests", "api": "requests", "default": "requests", "monthly": "requests_month"}
_BARE = {"x-ratelimit-requests": "requests", "x-ratelimit-tokens": "tokens"}  # the limit itself, as some proxies pass it on
_IETF = re.compile(r'"?([\w-]+)"?\s*;\s*(.*)\Z')
_GIVEN = ("x-ratelimit-", "anthropic-", "ratelimit", "x-ratelimitbysize-", "x-trial-endpoint-call-", "x-endpoint-monthly-call-")


def limits_of(headers: Mapping[str, str], at: datetime | None, provider: str | None) -> list[dict[str, Any]]:
    """One row a scope: `limit_value`, `remaining`, `reset_ms` as far as the headers tell. Header names are in lower case; `at` turns an instant into a wait."""
    rows: dict[str, dict[str, Any]] = {}
    for name, value in headers.items():
        if name in ("ratelimit", "ratelimit-policy"):
            _ietf(value, rows)
        elif name in _BARE:
            _limit(_BARE[name], value, rows)
        elif name.startswith(_GIVEN):
            _one(name, value, rows, at, provider)
    return [{"scope": scope, **row} for scope, row in rows.items() if row]


def _one(name: str, value: str, rows: dict[str, dict[str, Any]], at: datetime | None, provider: str | None) -> None:
    words = name.split("-")
    kind = next((word for word in words if word in _FIELDS), None)
    if kind is None:
        return
    scope = _scope([word for word in words if word != kind])
    scope = "requests_day" if provider == "groq" and scope == "requests" else scope  # said in their documentation, not in the header
    read = _wait(value, at, provider) if kind == "reset" else _count(value)
    if read is not None:
        rows.setdefault(scope, {})[_FIELDS[kind]] = read


def _limit(scope: str, value: str, rows: dict[str, dict[str, Any]]) -> None:
    read = _count(value)
    if read is not None:
        rows.setdefault(scope, {}).setdefault("limit_value", read)


def _scope(words: list[str]) -> str:
    """`requests`, `tokens`, `input_tokens`, `tokens_minute` ...: what is left of a header's name."""
    kept = [_SCOPES.get(word, word) for word in words if word not in _NOISE]
    return "_".join(kept) or "requests"


def _count(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < UNLIMITED else None


def _wait(value: str, at: datetime | None, provider: str | None) -> float | None:
    """Milliseconds until the quota is full again, from a Go duration, seconds, or an instant (RFC 3339, epoch seconds)."""
    ms = duration_ms(value)
    if ms is not None or provider == "azure":  # Azure sends a bare number and does not say of what
        return ms
    instant = to_utc(value)
    if instant is not None:
        return None if at is None else max(0.0, (instant - at) / timedelta(milliseconds=1))
    return duration_ms(value, "s")


def _ietf(value: str, rows: dict[str, dict[str, Any]]) -> None:
    """`"api";r=499;t=112` and `"api";q=500;w=300` (IETF draft): remaining, seconds to reset, quota; in its older form `limit=100, remaining=50, reset=30`."""
    plain = dict(pair.strip().split("=", 1) for pair in value.split(",") if "=" in pair and ";" not in pair)
    older = {_FIELDS[name]: _count(text) if name != "reset" else duration_ms(text, "s") for name, text in plain.items() if name in _FIELDS}
    if any(number is not None for number in older.values()):
        rows.setdefault("requests", {}).update({column: number for column, number in older.items() if number is not None})
        return
    for part in value.split(","):
        found = _IETF.search(part.strip().removeprefix('"fixed window";'))
        fields = dict(pair.strip().split("=", 1) for pair in found.group(2).split(";") if "=" in pair) if found else {}
        read = {"remaining": _count(fields.get("r", "")), "limit_value": _count(fields.get("q", "")), "reset_ms": duration_ms(fields.get("t"), "s")}
        known = {column: number for column, number in read.items() if number is not None}
        if found and known:
            rows.setdefault(_scope([found.group(1).lower()[:40]]), {}).update(known)


def retry_after_ms(headers: Mapping[str, str], at: datetime | None) -> float | None:
    """The wait a response asked for. Anthropic sends it with 200 too: it never means that there was a 429."""
    exact = duration_ms(headers.get("retry-after-ms"), "ms")
    stated = headers.get("retry-after", "")
    if exact:  # Azure sends 0 beside a whole second
        return exact
    seconds = duration_ms(stated, "s")
    if seconds is not None:
        return seconds
    instant = to_utc(stated)
    return None if instant is None or at is None else max(0.0, (instant - at) / timedelta(milliseconds=1))
