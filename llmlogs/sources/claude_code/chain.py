"""The thread of a session. Every line names its parent, so a call's start is found by walking back to the user or tool line that caused it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.common.times import to_utc

LONGEST_CALL = timedelta(hours=1)  # more between a question and its answer is a closed laptop, not a wait


@dataclass(frozen=True, slots=True)
class Link:
    """What the lines that follow need to know of one line."""

    sent: datetime | None = None  # when the request that follows was sent
    turn: str | None = None  # uuid of the prompt that began the turn
    call: str = ""  # key of the call the line belongs to
    retries: tuple[Row, ...] = ()  # failed tries of the request that follows


@dataclass(slots=True)
class Tool:
    """A tool the model asked for, until its result arrives."""

    name: str
    at: datetime | None
    call_id: str | None
    turn: str | None


@dataclass(slots=True)
class Chain:
    """State of one file."""

    links: dict[str, Link] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    calls: dict[str, Link] = field(default_factory=dict)  # where the first line of a call came from
    agents: dict[str, Link] = field(default_factory=dict)  # sub-agents told of inside their parent's lines name no parent line
    failed: dict[int, Row] = field(default_factory=dict)  # attempts by line, until a call claims them
    chars: dict[str, int] = field(default_factory=dict)  # what each call has written so far
    told: set[str] = field(default_factory=set)  # lines whose characters are in it

    def parent(self, line: dict[str, Any]) -> Link:
        """The link of the line before this one in the thread."""
        key = line.get("parentUuid") or line.get("logicalParentUuid")
        return self.links.get(key, Link()) if isinstance(key, str) else Link()

    def put(self, line: dict[str, Any], link: Link) -> None:
        """Remember a line for those that name it as their parent."""
        uuid = line.get("uuid")
        if isinstance(uuid, str):
            self.links[uuid] = link

    def pass_on(self, line: dict[str, Any]) -> None:
        """A line that neither asks nor answers: what follows it follows its parent."""
        self.put(line, self.parent(line))

    def ask(self, line: dict[str, Any], is_result: bool) -> Link:
        """A prompt or a tool result: the next call begins here; a prompt begins a turn as well."""
        turn = self.parent(line).turn
        if not is_result and not (line.get("isMeta") and turn):
            turn = line["uuid"] if isinstance(line.get("uuid"), str) else None
        link = Link(to_utc(line.get("timestamp")), turn)
        self.put(line, link)
        return link

    def end_turn(self, line: dict[str, Any]) -> str | None:
        """The turn that ends with this line; what follows belongs to another."""
        self.put(line, Link())
        return self.parent(line).turn

    def answer(self, line: dict[str, Any], before: Link) -> Link:
        """A line of a call: where it comes from, with the start and the failed tries that are this call's own, each claimed once."""
        key = call_key(line)
        if before.call and before.call != key:  # follows another call with no question between: its start is unknown
            before = Link(turn=before.turn)
        if key:  # a tool may answer before the call's last line is written: the first line knows the question
            before = self.calls.setdefault(key, before)
        self.put(line, Link(before.sent, before.turn, key))
        claimed = tuple(row for row in before.retries if self.failed.pop(row["line"], None))
        return Link(before.sent, before.turn, key, claimed)

    def written(self, line: dict[str, Any], key: str) -> int:
        """Characters of the call up to this line; a line that is told again adds nothing."""
        uuid = line.get("uuid")
        again = isinstance(uuid, str) and uuid in self.told
        total = (self.chars.get(key, 0) if key else 0) + (0 if again else content_chars(line["message"].get("content")))
        if key:
            self.chars[key] = total
        if isinstance(uuid, str):
            self.told.add(uuid)
        return total

    def fail(self, line: dict[str, Any], number: int, attempt: Row) -> None:
        """A try that failed; its start is the end of the wait before it."""
        before = self.parent(line)
        earlier = before.retries[-1] if before.retries else None
        ended = to_utc(line.get("timestamp"))
        begun = _after(earlier["ended"], earlier["waits"]) if earlier else before.sent
        attempt |= {"line": number, "started_at": begun, "ended": ended, "wait_before_ms": earlier["waits"] if earlier else None}
        attempt["duration_ms"] = wait_ms(begun, ended)
        self.failed[number] = attempt
        self.put(line, Link(before.sent, before.turn, "", (*before.retries, attempt)))


def content_chars(content: Any) -> int:
    """Characters a model wrote: text, thinking, and what it asked its tools for (as JSON, in bytes)."""
    if not isinstance(content, list):
        return len(content) if isinstance(content, str) else 0
    total = 0
    for block in content:
        if isinstance(block, dict):
            texts = (block.get("text"), block.get("thinking"), block.get("name"))
            total += sum(len(text) for text in texts if isinstance(text, str))
            asked = block.get("input")
            total += len(orjson.dumps(asked)) if isinstance(asked, dict) and asked else 0
    return total


def call_key(line: dict[str, Any]) -> str:
    """What the lines of one call share; empty without an id."""
    identity = line["message"].get("id")
    return f"{identity} {line.get('requestId')}" if isinstance(identity, str) and identity else ""


def wait_ms(begun: datetime | None, ended: datetime | None) -> float | None:
    """Milliseconds between two line times; None when one is missing, they run backwards, or nobody waits that long."""
    if begun is None or ended is None or not timedelta(0) <= ended - begun <= LONGEST_CALL:
        return None
    return (ended - begun) / timedelta(milliseconds=1)


def _after(at: datetime | None, wait: float | None) -> datetime | None:
    return None if at is None or wait is None else at + timedelta(milliseconds=wait)
