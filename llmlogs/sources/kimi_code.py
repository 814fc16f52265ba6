"""Kimi Code CLI: `~/.kimi/sessions/<hash>/<session>/wire.jsonl`, the messages between the agent and its screen: `{timestamp, message: {type, payload}}`.

Traps: times are epoch seconds as floats; only a `StatusUpdate` with `token_usage` is a call, others tell how full the context is; `input_other` excludes
both cached parts; a sub-agent's messages stand inside `SubagentEvent`; the model is not logged (it stands in the program's configuration).
`context.jsonl` and `state.json` beside it hold the conversation and no usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.session_lines import kind_of, known, part, timed, wait_ms, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage

PROVIDER_IDS = ("chatcmpl-", "msg_", "resp_")
STARTS = ("StepBegin", "TurnBegin")


@dataclass(slots=True)
class Wire:
    """One file: when each agent's request was sent, and the tools that run."""

    session: str | None
    sent: dict[str, datetime | None] = field(default_factory=dict)
    tools: dict[str, tuple[datetime | None, str]] = field(default_factory=dict)


class KimiCode:
    """Wire files of Kimi Code CLI."""

    name = "kimi_code"
    title = "Kimi Code sessions (wire.jsonl)"
    docs = "https://github.com/MoonshotAI/kimi-cli/blob/main/src/kimi_cli/wire/types.py"
    tokens = "input_other excludes cache reads and writes (added here); only status updates with token_usage are calls; the model is not logged"
    remembers = True
    answers = ("cost/by_feature", "cache/prefix_cache", "latency/slowest_calls", "data/coverage")
    places = ("$KIMI_DATA_DIR/sessions/*/*/wire.jsonl", "~/.kimi/sessions/*/*/wire.jsonl")
    samples = (
        Sample(
            note="a status update with usage is a call from the step's beginning; one without is none",
            lines="""
{"type":"metadata","protocol_version":"1.2"}
{"timestamp":1772445600.0,"message":{"type":"StepBegin","payload":{"n":1}}}
{"timestamp":1772445602.0,"message":{"type":"StatusUpdate","payload":{"context_usage":0.1,"token_usage":null,"message_id":null}}}
{"timestamp":1772445603.5,"message":{"type":"StatusUpdate","payload":{"context_usage":0.1,"token_usage":{"input_other":100,"output":20,"input_cache_read":800,"input_cache_creation":0},"message_id":"chatcmpl-k1"}}}
""",
            want=(
                {
                    "response_id": "chatcmpl-k1", "service": "kimi-code", "input_tokens": 900, "cache_read_tokens": 800, "cache_write_tokens": 0,
                    "output_tokens": 20, "duration_ms": 3500.0, "usage_status": "reported", "status": "ok", "request_model": None,
                },
            ),
            counts={"records": 4, "calls": 1, "other": 0, "merged": 0, "skipped": 3, "rejected": 0},
        ),
    )  # fmt: skip

    def detect(self, head: Head) -> Detection | None:
        """Sure where all lines but a first one about the protocol have a time and a message with a type."""
        lines = [value for value in head.values if isinstance(value, dict)]
        wired = [isinstance(line.get("timestamp"), float) and isinstance(part(line, "message").get("type"), str) for line in lines]
        head_line = bool(lines) and "protocol_version" in lines[0]
        if (wired and all(wired)) or (head_line and all(wired[1:])):
            return Detection(0.95, "lines are those of Kimi Code's wire.jsonl")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every status update with usage, a span for every tool that was answered."""
        parts = PurePosixPath(context.path.replace("\\", "/")).parts
        wire = Wire(word(parts[-2]) if len(parts) > 1 else None)
        for record in records:
            if isinstance(record.value, dict):
                yield _line(record.line, record.value, wire)
            else:
                yield Outcome(record.line, "rejected", "not an object")


def _line(number: int, line: dict[str, Any], wire: Wire) -> Outcome:
    message, at, agent = part(line, "message"), to_utc(line.get("timestamp")), ""
    if message.get("type") == "SubagentEvent":
        agent = word(part(message, "payload").get("task_tool_call_id")) or "subagent"
        message = part(message, "payload", "event")
    kind, payload = message.get("type"), part(message, "payload")
    if kind in STARTS:
        wire.sent[agent] = at
    elif kind == "StatusUpdate" and isinstance(payload.get("token_usage"), dict):
        return _call(number, payload, at, agent, wire)
    elif kind == "ToolCall" and isinstance(payload.get("id"), str):
        wire.tools[payload["id"]] = (at, word(part(payload, "function").get("name")) or "unnamed")
    elif kind == "ToolResult" and isinstance(payload.get("tool_call_id"), str) and payload["tool_call_id"] in wire.tools:
        begun, name = wire.tools.pop(payload["tool_call_id"])
        error = part(payload, "return_value").get("is_error", part(payload, "result").get("is_error"))
        span: Row = {"span_id": word(payload["tool_call_id"]), "kind": "tool", "name": name, "started_at": begun, "ended_at": at}
        return Outcome(number, "other", rows={"spans": [span | {"duration_ms": wait_ms(begun, at), "status": "error" if error is True else "ok"}]})
    known_kind = isinstance(kind, str) or isinstance(line.get("type"), str)
    return Outcome(number, "skipped", kind_of(line.get("type"), kind)) if known_kind else Outcome(number, "rejected", "neither a type nor a message")


def _call(number: int, payload: dict[str, Any], at: datetime | None, agent: str, wire: Wire) -> Outcome:
    raw, usage, response = payload["token_usage"], Usage(), word(payload.get("message_id"))
    plain, usage.output = usage.count(raw, "input_tokens", "input_other"), usage.count(raw, "output_tokens", "output")
    usage.cache_read = usage.count(raw, "cache_read_tokens", "input_cache_read")
    usage.cache_write = usage.count(raw, "cache_write_tokens", "input_cache_creation")
    usage.input = None if plain is None else plain + (usage.cache_read or 0) + (usage.cache_write or 0)
    row = timed(wire.sent.pop(agent, None), at) | usage.columns()
    row |= {
        "response_id": response if response and response.startswith(PROVIDER_IDS) else None,
        "session_id": wire.session,
        "agent_name": agent or None,
        "service": "kimi-code",
        "operation": "chat",
        "status": "ok",
    }
    return Outcome(number, "call", call=known(row), issues=[*usage.issues, ("request_model", "not_logged", "null")])


SOURCE = KimiCode()
