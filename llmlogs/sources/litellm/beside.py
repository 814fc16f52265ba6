"""What an entry tells beside its call: quotas, steps, tries that only a counter knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import listed, mapping, opened, word
from llmlogs.sources.common.rate_limits import limits_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.litellm.entry import Entry

MOST_TRIES = 50
GUARDED = {"success": "ok", "guardrail_intervened": "error", "failure": "error", "guardrail_failed_to_respond": "error"}


def rows_beside(entry: Entry, call: Row) -> dict[str, list[Row]]:
    """Rows of other tables by their name."""
    found = {"rate_limits": limits(entry, call), "spans": steps(entry, call), "attempts": tries(entry, call)}
    return {table: rows for table, rows in found.items() if rows}


def limits(entry: Entry, call: Row) -> list[Row]:
    """Quotas told in the provider's headers."""
    if not entry.headers:
        return []
    at = to_utc(entry.headers.get("date")) or entry.started
    common: Row = {"at": at, "provider": call.get("provider"), "model": call.get("request_model"), "origin": "provider"}
    return [common | row for row in limits_of(entry.headers, at, call.get("provider"))]


def tries(entry: Entry, call: Row) -> list[Row]:
    """One row for each try that LiteLLM counted and did not log, and one for the last."""
    failed = min((entry.retries or 0) + (entry.fallbacks or 0), MOST_TRIES)
    if not failed:
        return []
    rows: list[Row] = [{"attempt": number, "origin": "inferred", "is_final": False} for number in range(1, failed + 1)]
    last: Row = {name: call.get(column) for name, column in (("provider", "provider"), ("model", "request_model"), ("status_code", "status_code"))}
    return [*rows, last | {"attempt": failed + 1, "error_class": call.get("error_class"), "origin": "inferred", "is_final": True}]


def steps(entry: Entry, call: Row) -> list[Row]:
    """Guardrails, searches in vector stores and MCP tools that the proxy ran for the call."""
    guards = opened(entry.raw.get("guardrail_information")) or opened(entry.meta.get("guardrail_information"))
    searches = listed(entry.meta.get("vector_store_request_metadata")) or listed(entry.raw.get("vector_store_request_metadata"))
    rows = [_guard(item) for item in (guards if isinstance(guards, list) else [guards]) if isinstance(item, dict) and item.get("guardrail_status") != "not_run"]
    rows += [_search(item) for item in searches if isinstance(item, dict)]
    tool = mapping(entry.meta.get("mcp_tool_call_metadata"))
    if tool:
        rows.append({"kind": "tool", "name": word(tool.get("namespaced_tool_name")) or word(tool.get("name")) or "mcp tool", "status": "unknown"})
    base = entry.litellm_id or entry.id
    shared: Row = {"trace_id": call.get("trace_id") or entry.operation_id}
    return [shared | {"span_id": f"{base}:{row['kind']}:{number}" if base else None} | row for number, row in enumerate(rows, start=1)]


def _guard(item: dict[str, Any]) -> Row:
    status = GUARDED.get(str(item.get("guardrail_status")), "unknown")
    blocked = item.get("guardrail_status") == "guardrail_intervened"
    name = word(item.get("guardrail_name")) or "guardrail"
    return {"kind": "guardrail", "name": name, "status": status, "error_class": "content_filter" if blocked else None} | _times(item)


def _search(item: dict[str, Any]) -> Row:
    answer = mapping(item.get("vector_store_search_response"))
    found = answer.get("data")
    return {
        "kind": "retrieval",
        "name": word(item.get("vector_store_id")) or "vector store",
        "status": "ok" if answer else "unknown",
        "document_count": len(found) if isinstance(found, list) else None,
    } | _times(item)


def _times(item: dict[str, Any]) -> Row:
    """Epoch seconds."""
    started, ended = to_utc(item.get("start_time")), to_utc(item.get("end_time"))
    return {"started_at": started, "ended_at": ended, "duration_ms": _ms(started, ended)}


def _ms(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(milliseconds=1) if start is not None and end is not None and end >= start else None
