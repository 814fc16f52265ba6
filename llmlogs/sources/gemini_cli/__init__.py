"""Gemini CLI sessions: `~/.gemini/tmp/<project>/chats/session-*.json`, one object with `messages[]`, and newer `.jsonl`, a message a line.

Traps: `tokens.input` includes `cached` and excludes `tool`, `output` excludes `thoughts`; a message is written again as it grows (tools, tokens), so the
last line of an id is the one; `$set` may repeat whole messages; what `$rewindTo` takes back was paid all the same; an answer that was broken off has
zeros; a message that only asks for tools is stamped when they are done, its tools' ids hold the millisecond it was complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.error_classes import fault_of, status_in
from llmlogs.sources.common.session_lines import folder, kind_of, known, objects, part, timed, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.gemini_cli.rows import asked_at, body_of, length_of, project_of, tool_span, usage_of
from llmlogs.sources.gemini_cli.samples import SAMPLES

KINDS = ("user", "gemini", "info", "error", "warning")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
API_ERROR = "[API Error:"


@dataclass(slots=True)
class Chat:
    """One file. The calls of the session are held until its end, because a later line may be the last of an id."""

    place: Row
    sent: datetime | None = None  # when the request that follows was sent
    starts: dict[str, datetime | None] = field(default_factory=dict)
    held: dict[str, Outcome] = field(default_factory=dict)

    def begin(self, head: dict[str, Any]) -> None:
        """What the head of a session says of it."""
        folders = head.get("directories")
        project = folder(folders[0]) if isinstance(folders, list) and folders else None
        agent = "subagent" if head.get("kind") == "subagent" else None
        told = {"session_id": word(head.get("sessionId")), "agent_name": agent, "feature": project, "feature_basis": "project" if project else None}
        self.place |= known(told)

    def name(self, identity: Any) -> str | None:
        """An id of the message: its own where it is one for the whole world, else with its session."""
        label = word(identity)
        return label if label is None or UUID.match(label) else f"{self.place.get('session_id', '')}/{label}"

    def start(self, name: str | None) -> datetime | None:
        """When the request of this answer was sent; a line that tells it again began when its first did."""
        return self.starts.setdefault(name, self.sent) if name else self.sent

    def hold(self, name: str, outcome: Outcome) -> Iterator[Outcome]:
        """The outcome stands until another of its id comes."""
        before = self.held.pop(name, None)
        self.held[name] = outcome
        if before is not None:
            yield Outcome(before.line, "merged", "growing", merged_into=name, nested=before.nested)


class GeminiCli:
    """Recorded chats of Gemini CLI."""

    name = "gemini_cli"
    title = "Gemini CLI sessions (JSON, JSONL)"
    docs = "https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/services/chatRecordingService.ts"
    tokens = "input includes cached and excludes tool tokens, output excludes thoughts; a message grows over several lines, the last is the one"
    remembers = True
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "latency/slowest_calls", "data/coverage")
    places = ("~/.gemini/tmp/*/chats",)

    def detect(self, head: Head) -> Detection | None:
        """Sure with a session object, with the head of a session, or with messages of type gemini."""
        lines = [value for value in head.values if isinstance(value, dict)]
        if not lines:
            return None
        if all(_is_session(line) for line in lines):
            return Detection(0.96, "an object with the session and messages of Gemini CLI")
        if _is_head(lines[0]) or any(line.get("type") == "gemini" and ("tokens" in line or "content" in line) for line in lines):
            return Detection(0.96, "lines are those of a Gemini CLI session")
        if all({"sessionId", "messageId", "message", "type"} <= line.keys() for line in lines):
            return Detection(0.96, "prompts as Gemini CLI keeps them in logs.json")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every answer, spans for its tools; a failed request that the user was told about is a call too."""
        project = project_of(context.path)
        chat = Chat({"service": "gemini-cli", "operation": "chat", "provider": "google", "stream": True} | project)
        for record in records:
            if isinstance(record.value, dict):
                yield from _line(record.line, record.value, chat)
            else:
                yield Outcome(record.line, "rejected", "not an object")
        yield from chat.held.values()


def _line(number: int, line: dict[str, Any], chat: Chat) -> Iterator[Outcome]:
    changed = part(line, "$set")
    if isinstance(line.get("messages"), list):
        chat.begin(line)
        yield Outcome(number, "skipped", "session")
        for message in line["messages"]:
            yield from _message(number, message, chat, nested=True)
    elif "$set" in line or "$rewindTo" in line:
        chat.begin(changed)
        yield Outcome(number, "skipped", "change of the session")
        for message in objects(changed.get("messages")):
            yield from _message(number, message, chat, nested=True)
    elif _is_head(line):
        chat.begin(line)
        yield Outcome(number, "skipped", "session")
    elif "messageId" in line and "tokens" not in line:
        yield Outcome(number, "skipped", "prompt")
    else:
        yield from _message(number, line, chat, nested=False)


def _message(number: int, message: Any, chat: Chat, *, nested: bool) -> Iterator[Outcome]:
    kind, name, at = part(message).get("type"), chat.name(part(message).get("id")), to_utc(part(message).get("timestamp"))
    if not isinstance(message, dict) or not isinstance(kind, str):
        yield Outcome(number, "rejected", "neither a session nor a message", nested=nested)
        return
    outcome = None
    if kind == "gemini":
        outcome = _answer(number, message, name, at, chat)
    elif kind == "error" and str(message.get("content")).startswith(API_ERROR) and chat.sent is not None:
        outcome = _failure(number, str(message["content"]), name, at, chat)
    elif kind == "user":
        chat.sent = at
    if outcome is None:
        yield Outcome(number, "skipped", kind_of(kind), nested=nested)
    elif name is None:
        outcome.nested = nested
        yield outcome
    else:
        outcome.nested = nested
        yield from chat.hold(name, outcome)


def _answer(number: int, message: dict[str, Any], name: str | None, at: datetime | None, chat: Chat) -> Outcome:
    begun, tools = chat.start(name), objects(message.get("toolCalls"))
    asked = [moment for moment in map(asked_at, tools) if moment is not None and at is not None and moment <= at]
    ended = min(asked, default=at)
    usage = usage_of(message.get("tokens"))
    row = chat.place | timed(begun, ended) | usage.columns()
    row |= {
        "call_id": name,
        "request_model": word(message.get("model")),
        "completion_chars": length_of(message.get("content")),
        "tool_calls": len(tools),
        "status": "ok",
        "merge_growing": True,
    }
    done = [to_utc(tool.get("timestamp")) for tool in tools]
    chat.sent = max((moment for moment in done if moment is not None), default=at) if tools else None
    spans = [tool_span(tool, name, ended) for tool in tools]
    return Outcome(number, "call", call=known(row), rows={"spans": spans} if spans else {}, issues=usage.issues)


def _failure(number: int, text: str, name: str | None, at: datetime | None, chat: Chat) -> Outcome:
    told = text.removeprefix(API_ERROR).strip().removesuffix("]")
    status = status_in(told)
    row = chat.place | timed(chat.sent, at) | {"call_id": name, "status": "error", "status_code": status, "usage_status": "missing"}
    chat.sent = None
    return Outcome(number, "call", call=known(row | fault_of(body_of(told)).columns(status)))


def _is_session(line: dict[str, Any]) -> bool:
    messages = line.get("messages")
    if "sessionId" not in line or not isinstance(messages, list):
        return False
    return all(message.get("type") in KINDS for message in objects(messages)) and ("projectHash" in line or "startTime" in line)


def _is_head(line: dict[str, Any]) -> bool:
    return "sessionId" in line and "startTime" in line and "type" not in line and ("projectHash" in line or "kind" in line)


SOURCE = GeminiCli()
