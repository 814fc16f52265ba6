"""Rows a Claude Code line makes: calls, tool spans, failed attempts."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.claude_code.chain import Link, Tool, wait_ms
from llmlogs.sources.claude_code.usage import Issues, tokens
from llmlogs.sources.common.error_classes import Fault, fault_of, status_in
from llmlogs.sources.common.rate_limits import limits_of, retry_after_ms
from llmlogs.sources.common.session_lines import word
from llmlogs.sources.common.times import to_utc

SERVED_BY = (("msg_bdrk_", "aws"), ("msg_vrtx_", "google"))  # ids tell Bedrock and Vertex from Anthropic's own API
NO_GEO = ("", "not_available", "global")
# Characters of one token: most, usual, fewest. 102 calls of versions whose counts are right, text and thinking, had 2.9 to 4.2 (90 %), in the median 3.5;
# what tools are asked for (code, paths, JSON) is denser or looser.
CHARS_PER_TOKEN = (6, 4, 3)


def call_row(line: dict[str, Any], before: Link, project: str | None, written: int, issues: Issues) -> Row:
    """The call of a usage-carrying line, as a snapshot: the engine folds the lines of one call."""
    message = line["message"]
    usage = message["usage"]
    stop = word(message.get("stop_reason"))
    at = to_utc(line.get("timestamp"))
    if at is None:
        issues.append(("started_at", "not_a_time", type(line.get("timestamp")).__name__))
    duration = wait_ms(before.sent, at)
    row: Row = _place(line, before, project) | tokens(usage, issues)
    row |= {
        "response_id": word(message.get("id")),
        "response_model": word(message.get("model")),
        "provider": _provider(message),
        "started_at": at if duration is None else before.sent,
        "ended_at": at,
        "duration_ms": duration,
        "service_tier": "fast" if usage.get("speed") == "fast" else word(usage.get("service_tier")),
        "region": None if usage.get("inference_geo") in NO_GEO else word(usage.get("inference_geo")),
        "finish_reason": stop,
        # Most versions write only the snapshot taken when the stream began, whose output count is a placeholder of a few tokens.
        # A line with a stop reason is the final one; without any, the output is a lower bound.
        "usage_status": "partial" if stop is None or row["input_tokens"] is None or row["output_tokens"] is None else "reported",
        "reported_usd": line.get("costUSD"),
        "status": "blocked" if stop == "refusal" else "ok",
        "merge_try": word(line.get("requestId")),
        "merge_copy": line.get("isSidechain") is True,
        "merge_growing": True,
    }
    if written:
        row["completion_chars"] = written
        if stop is None:
            row |= estimate(written, row["output_tokens"] or 0)
    return {name: value for name, value in row.items() if value is not None}


def estimate(written: int, counted: int) -> Row:
    """Output from its length, with the range it may have; the logged count is a lower bound of all three."""
    low, point, high = (max(counted, round(written / ratio)) for ratio in CHARS_PER_TOKEN)
    return {"estimated_output_low": low, "estimated_output_tokens": point, "estimated_output_high": high}


def failed_call(line: dict[str, Any], before: Link, project: str | None) -> Row:
    """The call that Claude Code gave up on and told the user about."""
    at = to_utc(line.get("timestamp"))
    duration = wait_ms(before.sent, at)
    row = _place(line, before, project) | {
        "call_id": word(line["message"].get("id")) or word(line.get("uuid")),
        "provider": "anthropic",
        "started_at": at if duration is None else before.sent,
        "ended_at": at,
        "duration_ms": duration,
        "usage_status": "missing",
        "status": "error",
    }
    row |= before.retries[-1]["error"] if before.retries else _told_error(line)
    return {name: value for name, value in row.items() if value is not None}


def _told_error(line: dict[str, Any]) -> Row:
    """What the user was told: one word in `error`, and a text such as `API Error: 400 {...}`."""
    blocks = line["message"].get("content")
    texts = [block.get("text") for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else [blocks]
    text = next((text for text in texts if isinstance(text, str)), "").removeprefix("API Error:").lstrip()
    said = word(line.get("error"))
    status = status_in(text)
    return Fault(codes=[said] if said and said != "unknown" else [], message=text).columns(status) | {"status_code": status}


def attempt_row(line: dict[str, Any]) -> Row:
    """The failed try of a `system/api_error` line. `waits`, `error` and `limits` are for the chain: the back-off after it, the error
    columns of a call that ends with it, the quotas its headers told."""
    error = line["error"] if isinstance(line.get("error"), dict) else {}
    logged = error["headers"] if isinstance(error.get("headers"), dict) else {}
    headers = {name.lower(): value for name, value in logged.items() if isinstance(value, str)}
    at = to_utc(line.get("timestamp"))
    status = error.get("status") if type(error.get("status")) is int else None
    columns = fault_of(error.get("error") or error.get("cause") or {}).columns(status) | {"status_code": status}
    return {
        "attempt": _small(line.get("retryAttempt")),
        "provider": "anthropic",
        "status_code": status,
        "error_class": columns["error_class"],
        "retry_after_ms": retry_after_ms(headers, at),
        "limits": [{"at": at, "provider": "anthropic", "origin": "provider"} | limit for limit in limits_of(headers, at, "anthropic")],
        "waits": _milliseconds(line.get("retryInMs")),
        "error": columns,
        "origin": "explicit",
        "is_final": False,
    }


def final_attempt(retries: tuple[Row, ...], status: str) -> Row:
    """The try after the last failed one: not a record of its own, so inferred."""
    last = retries[-1]
    return {
        "attempt": (last["attempt"] or len(retries)) + 1,
        "provider": "anthropic",
        "wait_before_ms": last["waits"],
        "error_class": last["error_class"] if status == "error" else None,
        "origin": "inferred",
        "is_final": True,
    }


def tool_span(tool_id: str, tool: Tool, block: dict[str, Any], line: dict[str, Any]) -> Row:
    """From asking for a tool to its result. The tool's own clock is used where logged; line times include a person's permission."""
    ended = to_utc(line.get("timestamp"))
    logged = line.get("toolUseResult")
    result = logged if isinstance(logged, dict) else {}
    own = _milliseconds(result.get("totalDurationMs")) or _milliseconds(result.get("durationMs"))
    begun = ended - timedelta(milliseconds=own) if own is not None and ended is not None else tool.at
    status = "cancelled" if result.get("interrupted") is True else "error" if block.get("is_error") is True else "ok"
    return {
        "span_id": word(tool_id), "trace_id": tool.turn, "parent_span_id": tool.turn, "call_id": tool.call_id,
        "kind": "agent" if tool.name in ("Task", "Agent") else "tool", "name": tool.name,
        "started_at": begun, "ended_at": ended, "duration_ms": own if own is not None else wait_ms(begun, ended), "status": status,
    }  # fmt: skip


def turn_span(line: dict[str, Any], turn: str | None) -> Row | None:
    """A whole turn, from the prompt to the end of the answer; None when its length cannot be read."""
    ended, length = to_utc(line.get("timestamp")), _milliseconds(line.get("durationMs"))
    if ended is None or length is None:
        return None
    begun = ended - timedelta(milliseconds=length)
    return {
        "span_id": turn or word(line.get("uuid")), "trace_id": turn, "kind": "chain", "name": "turn",
        "started_at": begun, "ended_at": ended, "duration_ms": length, "status": "ok",
    }  # fmt: skip


def _place(line: dict[str, Any], before: Link, project: str | None) -> Row:
    """Where a call belongs: session, turn, sub-agent, project, program version."""
    return {
        "session_id": word(line.get("sessionId")),
        "trace_id": before.turn,
        "parent_span_id": before.turn,
        "agent_name": word(line.get("agentId")),
        "feature": project,
        "feature_basis": "project" if project else None,
        "service": "claude-code",
        "release": word(line.get("version")),
        "operation": "chat",
    }


def _provider(message: dict[str, Any]) -> str | None:
    """Who served it. A model that is not Claude came through a proxy that the log does not name."""
    identity, model = str(message.get("id")), str(message.get("model"))
    served = next((name for prefix, name in SERVED_BY if identity.startswith(prefix)), None)
    return served or ("anthropic" if model.startswith("claude") else None)


def _small(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 10_000 else None


def _milliseconds(value: Any) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e10
    return float(value) if good else None
