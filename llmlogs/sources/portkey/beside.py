"""What a Portkey record tells beside its call: tries, guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import listed, mapping, word
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import integer

Raw = Mapping[str, Any]
MOST_TRIES = 20


def tries(raw: Raw, headers: dict[str, str], row: Row) -> list[Row]:
    """Tries that only a counter knows."""
    counted = integer(headers.get("x-portkey-retry-attempt-count"))
    retries = integer(raw.get("retry_success_count")) if counted is None else counted
    if retries is None:
        return []
    row["attempts"] = retries + 1
    if not retries:
        return []
    rows: list[Row] = [{"attempt": number, "origin": "inferred", "is_final": False} for number in range(1, min(retries, MOST_TRIES) + 1)]
    last: Row = {
        "provider": row.get("provider"),
        "model": row.get("request_model"),
        "status_code": row.get("status_code"),
        "error_class": row.get("error_class"),
    }
    return [*rows, last | {"attempt": retries + 1, "origin": "inferred", "is_final": True}]


def guards(body: Raw, row: Row) -> list[Row]:
    """Guardrails that Portkey ran before and after."""
    hooks = mapping(body.get("hook_results"))
    checks = [check for name in ("before_request_hooks", "after_request_hooks") for check in listed(hooks.get(name)) if isinstance(check, dict)]
    rows: list[Row] = []
    for check in checks:
        at, took = to_utc(check.get("created_at")), duration_ms(check.get("execution_time"), "ms")
        rows.append(
            {
                "kind": "guardrail", "name": word(check.get("id")) or "guardrail", "started_at": at, "duration_ms": took, "trace_id": row.get("trace_id"),
                "status": "unknown" if not isinstance(check.get("verdict"), bool) else "ok" if check["verdict"] else "error",
            }
        )  # fmt: skip
    return rows
