"""Rows a Codex line makes: calls, tool and turn spans, failed tries, quota gauges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.error_classes import Fault
from llmlogs.sources.common.session_lines import part, wait_ms, word
from llmlogs.sources.common.times import duration_ms, to_utc

WINDOWS = ((1440, "d"), (60, "h"), (1, "min"))
TIERS = {"fast": "priority"}  # what the program calls fast it asks for as priority


def gauges(limits: Any, at: datetime | None) -> Iterator[Row]:
    """Quota windows of a subscription, told in per cent: the limit is 100."""
    name = word(part(limits).get("limit_id"))
    for window in (part(limits, "primary"), part(limits, "secondary")):
        used, minutes = window.get("used_percent"), window.get("window_minutes")
        if isinstance(used, bool) or not isinstance(used, (int, float)):
            continue
        reset = to_utc(window.get("resets_at"))
        left = duration_ms(window.get("resets_in_seconds"), "s")
        if reset is not None and at is not None:
            left = max(0.0, (reset - at) / timedelta(milliseconds=1))
        scope = _window(minutes)
        yield {
            "at": at, "provider": "openai", "scope": scope if name in (None, "codex") else f"{name} {scope}", "limit_value": 100,
            "remaining": 100 - used, "reset_ms": left, "origin": "provider",
        }  # fmt: skip


def _window(minutes: Any) -> str:
    if isinstance(minutes, bool) or not isinstance(minutes, int) or minutes <= 0:
        return "percent"
    size, unit = next((size, unit) for size, unit in WINDOWS if minutes % size == 0)
    return f"percent of {minutes // size}{unit}"


def error_columns(payload: dict[str, Any]) -> Row:
    """Class, type and template of an `error` or `stream_error`. Its kind is a word, or an object of one key that holds the HTTP status."""
    info = payload.get("codex_error_info")
    code, detail = next(iter(info.items()), ("", None)) if isinstance(info, dict) else (info, None)
    status = part(detail).get("http_status_code", part(detail).get("httpStatusCode"))
    status = status if type(status) is int else None
    codes = [code] if isinstance(code, str) and code not in ("", "other") else []
    texts = [text for text in (payload.get("message"), payload.get("additional_details")) if isinstance(text, str)]
    return Fault(codes=codes, message=" ".join(texts)).columns(status) | {"status_code": status}


def attempt(payload: dict[str, Any], number: int, at: datetime | None, begun: datetime | None, model: str | None) -> Row:
    """A try whose stream broke; the program tries again by itself."""
    columns = error_columns(payload)
    return {
        "attempt": number, "started_at": at if wait_ms(begun, at) is None else begun, "duration_ms": wait_ms(begun, at), "provider": "openai", "model": model,
        "status_code": columns["status_code"], "error_class": columns["error_class"], "origin": "explicit", "is_final": False,
    }  # fmt: skip


def turn_span(payload: dict[str, Any], turn: str | None, at: datetime | None, begun: datetime | None, status: str) -> Row | None:
    """A whole turn; None when its length is not known."""
    length = duration_ms(payload.get("duration_ms"), "ms")
    if length is None and begun is not None and at is not None and at >= begun:
        length = (at - begun) / timedelta(milliseconds=1)
    if length is None or at is None:
        return None
    return {
        "span_id": turn, "trace_id": turn, "kind": "chain", "name": "turn",
        "started_at": at - timedelta(milliseconds=length), "ended_at": at, "duration_ms": length, "status": status,
    }  # fmt: skip


def tool_status(payload: dict[str, Any]) -> str:
    """What became of a tool. Most outputs are texts without a verdict; newer ones say `success`."""
    output = payload.get("output")
    told = output.get("success") if isinstance(output, dict) else payload.get("success")
    return "error" if told is False or payload.get("status") == "failed" else "ok" if told is True else "unknown"
