"""Sessions of pi (coding agent): `~/.pi/agent/sessions/<project>/<time>_<id>.jsonl`.

Traps: `usage.input` excludes cacheRead and cacheWrite; the inner `timestamp` (ms) is when the request was sent, the outer one (ISO) when the answer was
complete; a branched session repeats the lines of the one it began from, with their times; a failed or broken-off answer has zeros; what a compaction's
own call used is not logged. `usage.cost` is pi's own list price, which is why it can be compared with ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.error_classes import fault_of, status_in
from llmlogs.sources.common.session_lines import folder, kind_of, known, objects, part, timed, wait_ms, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage, money
from llmlogs.sources.pi_agent.samples import SAMPLES

PROVIDERS = {"openai-codex": "openai", "amazon-bedrock": "aws", "google-vertex": "google", "google-gemini-cli": "google", "xai": "x-ai"}
LINES = ("session", "message", "model_change", "thinking_level_change", "compaction", "branch_summary", "custom", "custom_message", "label", "session_info")
STATUS = {"error": "error", "aborted": "cancelled"}


@dataclass(slots=True)
class Session:
    """One file: where its calls belong, and the tools that still run."""

    place: Row = field(default_factory=dict)
    tools: dict[str, tuple[datetime | None, str]] = field(default_factory=dict)


class PiAgent:
    """Sessions of pi and of programs that keep its format."""

    name = "pi_agent"
    title = "pi sessions (JSONL)"
    docs = "https://github.com/badlogic/pi-mono/blob/main/packages/coding-agent/docs/session.md"
    tokens = "input excludes cache reads and writes (added here); cost is pi's own list price"
    remembers = True
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "latency/slowest_calls", "errors/by_class", "data/coverage")
    places = ("$PI_AGENT_DIR", "~/.pi/agent/sessions")

    def detect(self, head: Head) -> Detection | None:
        """Sure with pi's usage, or where a session line comes first and all others are of pi's types."""
        lines = [value for value in head.values if isinstance(value, dict)]
        if not lines or not all(line.get("type") in LINES for line in lines):
            return None
        counted = any({"cacheRead", "cacheWrite"} <= part(line, "message", "usage").keys() for line in lines)
        begun = lines[0].get("type") == "session" and "cwd" in lines[0] and "id" in lines[0]
        return Detection(0.96, "lines are those of a pi session") if counted or begun else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every message of the assistant, a span for every tool."""
        session = Session()
        for record in records:
            if isinstance(record.value, dict):
                yield _line(record.line, record.value, session)
            else:
                yield Outcome(record.line, "rejected", "not an object")


def _line(number: int, line: dict[str, Any], session: Session) -> Outcome:
    kind, message = line.get("type"), part(line, "message")
    if kind == "session":
        project = folder(line.get("cwd"))
        session.place = {"session_id": word(line.get("id")), "feature": project, "feature_basis": "project" if project else None}
    role = message.get("role") if kind == "message" else None
    if role == "assistant" and ("usage" in message or "stopReason" in message):
        return _call(number, line, message, session)
    if role == "toolResult":
        return _tool_done(number, message, session)
    return Outcome(number, "skipped", kind_of(kind, role)) if isinstance(kind, str) else Outcome(number, "rejected", "no type")


def _call(number: int, line: dict[str, Any], message: dict[str, Any], session: Session) -> Outcome:
    raw, begun, ended = part(message, "usage"), to_utc(message.get("timestamp")), to_utc(line.get("timestamp"))
    stop, provider = word(message.get("stopReason")), word(message.get("provider"))
    usage = _usage(raw)
    asked = [item for item in objects(message.get("content")) if item.get("type") == "toolCall"]
    for item in asked:
        session.tools |= {item["id"]: (ended, word(item.get("name")) or "unnamed")} if isinstance(item.get("id"), str) else {}
    row = session.place | timed(begun, ended) | usage.columns()
    row |= {
        "call_id": _identity(line, message),
        "response_id": word(message.get("responseId")),
        "service": "pi",
        "operation": "chat",
        "endpoint": word(message.get("api")),
        "provider": PROVIDERS.get(provider or "", provider),
        "request_model": word(message.get("model")),
        "finish_reason": stop,
        "tool_calls": len(asked),
        "completion_chars": sum(len(item["text"]) for item in objects(message.get("content")) if isinstance(item.get("text"), str)),
        "reported_usd": money(part(raw, "cost").get("total")) or None,
        "stream": True,
        "status": STATUS.get(stop or "", "ok"),
    }
    if stop in STATUS and not usage.empty:  # counted as far as it came
        row["usage_status"] = "partial"
    if stop == "error":
        said = message.get("errorMessage")
        text = said if isinstance(said, str) else ""
        row |= fault_of(text).columns(status_in(text)) | {"status_code": status_in(text)}
    return Outcome(number, "call", call=known(row), issues=usage.issues)


def _identity(line: dict[str, Any], message: dict[str, Any]) -> str:
    """Copies of a line in a branched session share it: times to the millisecond, model and counts, and nothing of the session."""
    told = repr([message.get("timestamp"), line.get("timestamp"), message.get("provider"), message.get("model"), dict(part(message, "usage"))])
    return "pi-" + hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _usage(raw: dict[str, Any]) -> Usage:
    """Zeros throughout are an answer that failed or was broken off, not one that was free."""
    usage = Usage()
    plain, usage.output = usage.count(raw, "input_tokens", "input"), usage.count(raw, "output_tokens", "output")
    usage.cache_read, usage.cache_write = usage.count(raw, "cache_read_tokens", "cacheRead"), usage.count(raw, "cache_write_tokens", "cacheWrite")
    usage.reasoning = usage.count(raw, "reasoning_tokens", "reasoning")
    if not any((plain, usage.output, usage.cache_read, usage.cache_write)) and not usage.issues:
        return Usage()
    usage.input = None if plain is None else plain + (usage.cache_read or 0) + (usage.cache_write or 0)
    return usage


def _tool_done(number: int, message: dict[str, Any], session: Session) -> Outcome:
    key, ended = message.get("toolCallId"), to_utc(message.get("timestamp"))
    begun, name = session.tools.pop(key, (None, "")) if isinstance(key, str) else (None, "")
    span: Row = {"span_id": word(key), "kind": "tool", "name": name or word(message.get("toolName")) or "unnamed", "started_at": begun, "ended_at": ended}
    span |= {"duration_ms": wait_ms(begun, ended), "status": "error" if message.get("isError") is True else "ok"}
    return Outcome(number, "other", rows={"spans": [span]})


SOURCE = PiAgent()
