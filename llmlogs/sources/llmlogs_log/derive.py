"""What follows from what a log has: a duration from start and end, a status from a code or an error."""

from __future__ import annotations

from datetime import datetime, timedelta

from llmlogs.sources.base import Row

MS = timedelta(milliseconds=1)
YEAR_MS = 366 * 86_400_000
Issue = tuple[str, str, str]


def derive(call: Row, issues: list[Issue]) -> None:
    """Fill start, end, duration, time to first token and status of a call in place."""
    derive_times(call, issues)
    call.setdefault("status", _status(call))
    code = call.get("status_code")
    if code is not None and code >= 400 and call["status"] in ("ok", "error", "unknown"):
        call["status"] = of_code(code)
    start, first = call.get("started_at"), call.get("first_token_at")
    if isinstance(start, datetime) and isinstance(first, datetime) and first >= start:
        call.setdefault("ttft_ms", (first - start) / MS)


def derive_times(row: Row, issues: list[Issue]) -> None:
    """Of start, end and duration the one that is missing."""
    start, end, duration = row.get("started_at"), row.get("ended_at"), row.get("duration_ms")
    wait = duration * MS if isinstance(duration, float) and 0 <= duration < YEAR_MS else None
    if isinstance(start, datetime) and isinstance(end, datetime):
        if end < start:
            issues.append(("ended_at", "clock", "string"))
        elif duration is None:
            row["duration_ms"] = (end - start) / MS
    elif isinstance(start, datetime) and wait is not None:
        row["ended_at"] = start + wait
    elif isinstance(end, datetime) and wait is not None:
        row["started_at"] = end - wait


def _status(row: Row) -> str:
    code = row.get("status_code")
    if code is not None:
        return of_code(code)
    if any(row.get(name) for name in ("error_type", "error_template", "error_class")):
        return "error"
    return "ok" if row.get("finish_reason") or row.get("output_tokens") or row.get("completion_chars") else "unknown"


def of_code(code: int) -> str:
    """The status an HTTP code means."""
    if code < 400:
        return "ok"
    return {408: "timeout", 504: "timeout", 499: "cancelled"}.get(code, "error")
