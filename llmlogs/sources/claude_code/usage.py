"""Tokens of one Claude Code line. Anthropic counts cache reads and writes beside `input_tokens`; here input holds all three."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Row

Issues = list[tuple[str, str, str]]
LARGEST = 10**12  # more tokens than any context: a broken counter


def tokens(usage: dict[str, Any], issues: Issues) -> Row:
    """Canonical token columns. A part that was logged and cannot be read leaves the sum NULL: a sum without it would be too small."""
    fresh = _count(usage, "input_tokens", "input_tokens", issues)
    read = _count(usage, "cache_read_input_tokens", "cache_read_tokens", issues)
    write, write_1h = _cache_writes(usage, issues)
    unreadable = any(reason != "inconsistent" for _, reason, _ in issues)
    row: Row = {
        "input_tokens": None if fresh is None or unreadable else fresh + (read or 0) + (write or 0),
        "cache_read_tokens": read,
        "cache_write_tokens": write,
        "cache_write_1h_tokens": write_1h,
        "output_tokens": _count(usage, "output_tokens", "output_tokens", issues),
        "reasoning_tokens": _count(_part(usage, "output_tokens_details"), "thinking_tokens", "reasoning_tokens", issues),
        "web_searches": _count(_part(usage, "server_tool_use"), "web_search_requests", "web_searches", issues),
    }
    return row


def _cache_writes(usage: dict[str, Any], issues: Issues) -> tuple[int | None, int | None]:
    """All writes and those that live an hour. The split repeats the total; where they differ, the larger is kept and the call is flagged."""
    total = _count(usage, "cache_creation_input_tokens", "cache_write_tokens", issues)
    split = _part(usage, "cache_creation")
    short = _count(split, "ephemeral_5m_input_tokens", "cache_write_tokens", issues)
    long = _count(split, "ephemeral_1h_input_tokens", "cache_write_1h_tokens", issues)
    parts = None if short is None and long is None else (short or 0) + (long or 0)
    if total is not None and parts is not None and total != parts:
        issues.append(("cache_write_tokens", "inconsistent", "int"))
    known = [value for value in (total, parts) if value is not None]
    return (max(known) if known else None), long


def _count(holder: dict[str, Any], key: str, column: str, issues: Issues) -> int | None:
    """A whole number of tokens; absent and null are NULL, anything else is NULL with an issue."""
    value = holder.get(key)
    if value is None or (type(value) is int and 0 <= value <= LARGEST):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        issues.append((column, "not_a_number", type(value).__name__))
        return None
    if not 0 <= value <= LARGEST:
        issues.append((column, "out_of_range", "int"))
        return None
    return value


def _part(usage: dict[str, Any], key: str) -> dict[str, Any]:
    part = usage.get(key)
    return part if isinstance(part, dict) else {}
