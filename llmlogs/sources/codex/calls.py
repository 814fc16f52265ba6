"""Calls of a session: those that were counted, and those that failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlogs.sources.base import Outcome, Row
from llmlogs.sources.codex.rows import error_columns, gauges
from llmlogs.sources.codex.session import Session
from llmlogs.sources.codex.totals import Step, counts_of
from llmlogs.sources.common.session_lines import known, part, timed, word


def count(number: int, payload: dict[str, Any], at: Any, session: Session) -> Iterator[Outcome]:
    """The heart: what a line of cumulative counts adds."""
    info = part(payload, "info")
    total, last = counts_of(info.get("total_token_usage")), counts_of(info.get("last_token_usage"))
    limits = {} if session.replaying else {"rate_limits": list(gauges(payload.get("rate_limits"), at))}
    rows = {name: found for name, found in limits.items() if found}
    if total is None and last is None and any(info.get(name) is not None for name in ("total_token_usage", "last_token_usage")):
        yield Outcome(number, "rejected", "token counts that are no numbers")
        return
    step = session.totals.add(total, last)
    if step.kind == "call":
        yield from with_tries(_call(number, step, (total, last), info, at, session, rows), session)
    elif step.kind == "full":
        yield Outcome(number, "other" if rows else "skipped", "context full, no call", rows=rows)
    elif step.kind == "repeat" and session.call_id:
        yield Outcome(number, "merged", "repeat", rows=rows, merged_into=session.call_id)
    else:
        yield Outcome(number, "other" if rows else "skipped", "no usage", rows=rows)


def _call(number: int, step: Step, counts: tuple[Any, Any], info: dict[str, Any], at: Any, session: Session, rows: dict[str, list[Row]]) -> Outcome:
    total, last = counts
    session.call_id = session.totals.identity(last) if total is not None else f"{session.totals.identity(last)}-{number}"
    issues = [("input_tokens", "inconsistent", "int")] if step.gap else []
    model = word(info.get("model")) or session.model
    if model is None:
        issues.append(("request_model", "not_logged", "null"))
    row = _place(session) | step.columns() | timed(session.count(at), at)
    row |= {
        "call_id": session.call_id,
        "request_model": model,
        "service_tier": session.tier,
        "tool_calls": session.tool_calls,
        "web_searches": session.searches or None,
        "usage_status": "reported",
        "status": "ok",
        "merge_growing": True,
        "merge_copy": session.replaying,
        "merge_family": session.kin(),
    }
    if session.replaying:
        row["ended_at"] = None  # the time of copying
    session.tool_calls = session.searches = 0
    return Outcome(number, "call", call=known(row), rows=rows, issues=issues)


def failure(number: int, payload: dict[str, Any], at: Any, session: Session) -> Outcome:
    """A request that failed for good or was broken off: what it cost is not logged."""
    cancelled = payload.get("type") == "turn_aborted"
    row = _place(session) | timed(session.count(at), at)
    row |= {"usage_status": "missing", "status": "cancelled"} if cancelled else {"usage_status": "missing", "status": "error"} | error_columns(payload)
    return Outcome(number, "call", call=known(row))


def with_tries(outcome: Outcome, session: Session) -> Iterator[Outcome]:
    """The call after the failed tries that are its own: their lines are told of now that it is known."""
    tries, session.failed = session.failed, {}
    if tries and outcome.call is not None:
        number = len(tries) + 1
        final = {"attempt": number, "provider": "openai", "error_class": outcome.call.get("error_class"), "origin": "inferred", "is_final": True}
        outcome.call["attempts"] = number
        outcome.rows["attempts"] = [*tries.values(), final]
    yield from (Outcome(line, "other") for line in tries)
    yield outcome


def _place(session: Session) -> Row:
    """Where a call belongs. A model of another house was served by whom the session's provider names."""
    provider = session.provider or ("openai" if str(session.model).startswith(("gpt-", "codex-", "o1", "o3", "o4")) else None)
    told = {"trace_id": session.turn, "parent_span_id": session.turn, "provider": provider, "request_model": session.model, "operation": "chat", "stream": True}
    return {"service": "codex"} | session.place | told
