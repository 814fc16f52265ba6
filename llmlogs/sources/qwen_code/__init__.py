"""Qwen Code sessions: `~/.qwen/projects/<project>/chats/<session>.jsonl`. The envelope is Claude Code's, the content Gemini's.

Traps: every call stands twice, as a `ui_telemetry` event (time, status, provider's id) and as the assistant's line (`usageMetadata`): the event before an
assistant's line with the same counts is part of its call, any other is a call of its own (titles, compressions). Thoughts are inside `candidatesTokenCount`
where the total says so. Lines have no `requestId` and no `message.usage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.error_classes import Fault
from llmlogs.sources.common.session_lines import folder, kind_of, known, objects, part, timed, word
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, read_usage
from llmlogs.sources.qwen_code.samples import SAMPLES

RESPONSE, ERROR, TOOL = "qwen-code.api_response", "qwen-code.api_error", "qwen-code.tool_call"
NAMES = {
    "input_token_count": "promptTokenCount", "output_token_count": "candidatesTokenCount", "cached_content_token_count": "cachedContentTokenCount",
    "thoughts_token_count": "thoughtsTokenCount", "tool_token_count": "toolUsePromptTokenCount", "total_token_count": "totalTokenCount",
}  # fmt: skip
PROVIDER_IDS = ("chatcmpl-", "resp_", "msg_")


@dataclass(slots=True)
class Chat:
    """One file: the telemetry event that waits for its assistant's line, and the failed tries that wait for their call."""

    event: Outcome | None = None
    usage: Usage | None = None
    failed: dict[int, Row] = field(default_factory=dict)
    sent: datetime | None = None


class QwenCode:
    """Recorded chats of Qwen Code."""

    name = "qwen_code"
    title = "Qwen Code sessions (JSONL)"
    docs = "https://github.com/QwenLM/qwen-code/blob/main/packages/core/src/services/chatRecordingService.ts"
    tokens = "input includes cached; thoughts are outside output unless the total says they are inside; telemetry repeats the assistant's usage"
    remembers = True
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "latency/slowest_calls", "errors/by_class", "data/coverage")
    places = ("~/.qwen/projects/*/chats", "~/.qwen/tmp/*/chats")

    def detect(self, head: Head) -> Detection | None:
        """Sure where most lines have a session and what Claude Code's never have: parts, a system payload, usage metadata."""
        lines = [value for value in head.values if isinstance(value, dict)]
        own = sum(_is_own(line) for line in lines)
        return Detection(0.97, f"{own} of {len(lines)} first lines are those of a Qwen Code session") if lines and own * 2 > len(lines) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every assistant's line with usage and every event without one; spans for tools; attempts for failed tries."""
        chat = Chat()
        for record in records:
            if isinstance(record.value, dict):
                yield from _line(record.line, record.value, chat)
            else:
                yield Outcome(record.line, "rejected", "not an object")
        yield from _leave(chat)
        yield from _give_up(chat)


def _line(number: int, line: dict[str, Any], chat: Chat) -> Iterator[Outcome]:
    kind, event, at = line.get("type"), part(line, "systemPayload", "uiEvent"), to_utc(line.get("timestamp"))
    name = event.get("event.name")
    if name == RESPONSE:
        yield from _leave(chat)
        chat.usage = _usage({NAMES[key]: value for key, value in event.items() if key in NAMES})
        chat.event = Outcome(number, "call", call=_call(line, chat.usage, event, at), issues=chat.usage.issues)
    elif name == ERROR:
        yield from _leave(chat)
        chat.failed[number] = _error(line, event, at)
    elif name == TOOL:
        yield Outcome(number, "other", rows={"spans": [_tool_span(event, at)]})
    elif kind == "assistant" and part(line, "usageMetadata"):
        yield from _answer(number, line, at, chat)
    elif not isinstance(kind, str):
        yield Outcome(number, "rejected", "no type")
    else:
        if kind in ("user", "tool_result"):
            chat.sent = at
        if kind == "user":
            yield from _leave(chat)
            yield from _give_up(chat)
        yield Outcome(number, "skipped", kind_of(kind, line.get("subtype")))


def _answer(number: int, line: dict[str, Any], at: datetime | None, chat: Chat) -> Iterator[Outcome]:
    usage, event = _usage(line["usageMetadata"]), chat.event
    call = _call(line, usage, {}, at) | timed(chat.sent, at)
    call |= {"call_id": word(line.get("uuid")), "tool_calls": sum("functionCall" in item for item in objects(part(line, "message").get("parts")))}
    chat.sent = None
    if event is not None and event.call is not None and chat.usage is not None and (usage.input, usage.output) == (chat.usage.input, chat.usage.output):
        call = event.call | call | {key: event.call[key] for key in ("started_at", "ended_at", "duration_ms") if key in event.call}
        chat.event = None
        yield Outcome(event.line, "merged", "part", merged_into=str(call["call_id"] or call.get("response_id") or ""))
    else:
        yield from _leave(chat)
    yield from _with_tries(Outcome(number, "call", call=known(call), issues=usage.issues), chat)


def _leave(chat: Chat) -> Iterator[Outcome]:
    """An event whose assistant's line never came is a call of its own."""
    if chat.event is not None and chat.event.call is not None:
        event, chat.event = chat.event, None
        event.call = known(part(event.call))
        yield from _with_tries(event, chat)


def _give_up(chat: Chat) -> Iterator[Outcome]:
    """Failed tries without an answer: the last is what the user got."""
    if chat.failed:
        number, row = chat.failed.popitem()
        call = row.pop("call")
        yield from _with_tries(Outcome(number, "call", call=known(call)), chat)


def _with_tries(outcome: Outcome, chat: Chat) -> Iterator[Outcome]:
    tries, chat.failed = chat.failed, {}
    rows = [{key: value for key, value in row.items() if key != "call"} | {"attempt": place} for place, row in enumerate(tries.values(), 1)]
    if rows and outcome.call is not None:
        outcome.call["attempts"] = len(rows) + 1
        last = {"attempt": len(rows) + 1, "error_class": outcome.call.get("error_class"), "origin": "inferred", "is_final": True}
        outcome.rows["attempts"] = [*rows, last]
    yield from (Outcome(line, "other") for line in tries)
    yield outcome


def _place(line: dict[str, Any], event: dict[str, Any]) -> Row:
    project = folder(line.get("cwd"))
    model = word(event.get("model")) or word(line.get("model"))
    return {
        "session_id": word(line.get("sessionId")), "trace_id": word(event.get("prompt_id")), "service": "qwen-code", "release": word(line.get("version")),
        "feature": project, "feature_basis": "project" if project else None, "operation": "chat", "request_model": model,
        "provider": {"qwen-oauth": "qwen", "gemini": "google", "anthropic": "anthropic"}.get(str(event.get("auth_type"))),
    }  # fmt: skip


def _call(line: dict[str, Any], usage: Usage, event: dict[str, Any], at: datetime | None) -> Row:
    length, ended = duration_ms(event.get("duration_ms"), "ms"), to_utc(event.get("event.timestamp")) or at
    begun = ended - timedelta(milliseconds=length) if length is not None and ended is not None else ended
    response = word(event.get("response_id"))
    row = _place(line, event) | {"started_at": begun, "ended_at": ended, "duration_ms": length} | usage.columns()
    row |= {"response_id": response if response and response.startswith(PROVIDER_IDS) else None, "status": "ok"}
    return known(row | {"call_id": None if row["response_id"] else word(line.get("uuid"))})


def _error(line: dict[str, Any], event: dict[str, Any], at: datetime | None) -> Row:
    """A failed try, with the call it is if nothing better comes."""
    code = event.get("status_code", event.get("error.status_code"))
    number = integer(code)
    status = number if number is not None and 400 <= number < 600 else None
    said = [word(event.get(name)) for name in ("error_type", "error.type")]
    text = event.get("error", event.get("error.message"))
    columns = Fault(codes=[name for name in said if name], message=text if isinstance(text, str) else "").columns(status)
    call = _call(line, Usage(), event, at) | columns | {"status": "error", "status_code": status, "call_id": word(line.get("uuid"))}
    return {
        "started_at": call.get("started_at"), "duration_ms": call.get("duration_ms"), "model": call.get("request_model"), "status_code": status,
        "error_class": columns["error_class"], "origin": "explicit", "is_final": False, "call": call,
    }  # fmt: skip


def _tool_span(event: dict[str, Any], at: datetime | None) -> Row:
    length, ended = duration_ms(event.get("duration_ms"), "ms"), to_utc(event.get("event.timestamp")) or at
    begun = ended - timedelta(milliseconds=length) if length is not None and ended is not None else None
    status = {"success": "ok", "error": "error", "cancelled": "cancelled"}.get(str(event.get("status")), "unknown")
    return {
        "trace_id": word(event.get("prompt_id")), "kind": "tool", "name": word(event.get("function_name")) or "unnamed", "started_at": begun,
        "ended_at": ended, "duration_ms": length, "status": status,
    }  # fmt: skip


def _usage(raw: Any) -> Usage:
    """Zeros throughout are an answer that was broken off, not one that was free."""
    usage = read_usage(raw)
    return Usage() if not usage.issues and not any((usage.input, usage.output, usage.total)) else usage


def _is_own(line: dict[str, Any]) -> bool:
    said = isinstance(part(line, "message").get("parts"), list) or "systemPayload" in line or "usageMetadata" in line
    return "sessionId" in line and isinstance(line.get("type"), str) and said


SOURCE = QwenCode()
