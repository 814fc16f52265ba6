"""Streams whose events stand one a line: collected until they end, then one call at the line of the first event; the others are parts of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from llmlogs.sources.base import Context, Outcome
from llmlogs.sources.provider_responses.answers import items_of
from llmlogs.sources.provider_responses.envelopes import Parts
from llmlogs.sources.provider_responses.exchange import Exchange
from llmlogs.sources.provider_responses.facts import STARTS, Facts
from llmlogs.sources.provider_responses.response_shapes import Raw, gemini_finished, shape_of
from llmlogs.sources.provider_responses.stream_parts import assemble

STARTING = frozenset({"message_start", "response.created", "message-start", "stream-start", "interaction.start", "interaction.created"})
ENDING = frozenset({"message_stop", "response.completed", "response.failed", "response.incomplete", "message-end", "stream-end", "interaction.complete"})
UNREADABLE = "its members are not what their names say"
SURPRISES = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError)
LONGEST = 100_000  # events; what is longer is closed and begun anew
PATIENCE = 5_000  # lines
MOST_OPEN = 2_000


@dataclass
class _Stream:
    """Events of one stream so far, with the line and the envelope of each."""

    key: str
    lines: list[int] = field(default_factory=list)
    events: list[Raw] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    first: Parts = field(default_factory=Parts)
    repeat: int = 0
    finished: bool = False

    def add(self, line: int, parts: Parts, events: list[Raw], context: Context) -> None:
        if not self.lines:
            self.first = parts
        self.lines.append(line)
        self.events += events
        self.finished = self.finished or any(choice.get("finish_reason") for event in events for choice in items_of(event.get("choices")))
        at = Facts(parts.facts).instant(STARTS, context.timezone)
        if at is not None:
            self.times.append(at)


class OpenStreams:
    """The streams of one file that have begun and not ended. An event without an id belongs to the stream of its kind that spoke last."""

    def __init__(self) -> None:
        self._open: dict[str, _Stream] = {}
        self._begun: dict[str, int] = {}

    def completes(self, parts: Parts) -> bool:
        """Whether a whole-looking answer is the last line of an open stream (the last chunk of Gemini, Ollama and text completions looks whole)."""
        nodes = parts.answers
        return len(nodes) == 1 and shape_of(nodes[0]) in ("gemini", "ollama", "completion") and self._key(nodes[0], parts) in self._open

    def breaks(self, parts: Parts) -> bool:
        """Whether a line is the error that ended the stream that spoke last."""
        alone = not parts.found() and not parts.prompts and not Facts(parts.facts).first("url", "path", "model", "status", "statuscode")
        return alone and bool(self._open) and bool(parts.errors) and isinstance(parts.errors[0], Mapping)

    def take(self, line: int, parts: Parts, context: Context) -> Iterator[Outcome]:
        """Add a line's events; when its stream ends with them, the outcomes of all its lines."""
        events = [*parts.chunks, *parts.answers] or parts.errors[:1]
        key = self._key(events[0], parts) if parts.found() else next(reversed(self._open))
        kind = str(events[0].get("type") or events[0].get("event_type"))
        yield from self._idle(line, context)
        if key in self._open and (kind in STARTING or (key.endswith(":") and self._open[key].finished and _speaks_first(events[0]))):
            yield from _close(self._open.pop(key), context)
        stream = self._open.pop(key, None) or self._begin(key)
        self._open[key] = stream  # the last that spoke is last
        stream.add(line, parts, events, context)
        if self._ends(events[-1], kind) or len(stream.lines) >= LONGEST:
            yield from _close(self._open.pop(key), context)

    def _idle(self, line: int, context: Context) -> Iterator[Outcome]:
        """Close what has been silent for long: not every stream says that it ends. The first of the open ones is the one silent for longest."""
        while self._open:
            key, oldest = next(iter(self._open.items()))
            if line - oldest.lines[-1] < PATIENCE and len(self._open) < MOST_OPEN:
                return
            yield from _close(self._open.pop(key), context)

    def _begin(self, key: str) -> _Stream:
        self._begun[key] = self._begun.get(key, 0) + (key.endswith(":"))
        return _Stream(key, repeat=self._begun[key])

    def finish(self, context: Context) -> Iterator[Outcome]:
        """What is open when the file ends."""
        for stream in self._open.values():
            yield from _close(stream, context)
        self._open.clear()

    def _key(self, event: Raw, parts: Parts) -> str:
        shape = {"completion": "chat_chunk"}.get(shape_of(event), shape_of(event))
        response = event.get("response")
        stated = event.get("id") if shape in ("chat_chunk", "cohere_event") else event.get("responseId")
        if shape == "responses_event" and isinstance(response, Mapping):
            stated = response.get("id")
        if not stated:
            stated = Facts(parts.facts).first("requestid", "callid", "streamid")
        if isinstance(stated, str) and stated:
            return f"{shape}:{stated}"
        family = f"{shape}:"
        if shape in ("chat_chunk", "gemini", "ollama", "titan_event"):  # these say their id on every line, or never
            return family
        return next((key for key in reversed(self._open) if key.startswith(family)), family)

    @staticmethod
    def _ends(event: Raw, kind: str) -> bool:
        shape = shape_of(event)
        if shape == "ollama":
            return event.get("done") is True
        if shape == "gemini":
            return gemini_finished(event)
        if shape == "titan_event":
            return bool(event.get("completionReason"))
        return kind in ENDING or "error" in event or (shape == "chat_chunk" and not event.get("choices") and bool(event.get("usage")))


def _speaks_first(event: Raw) -> bool:
    """Whether a chunk opens an answer: only the first names the role."""
    deltas = [choice.get("delta") for choice in items_of(event.get("choices"))]
    return any(isinstance(delta, Mapping) and delta.get("role") for delta in deltas)


def _close(stream: _Stream, context: Context) -> Iterator[Outcome]:
    try:
        yield from list(_outcomes(stream, context))
    except SURPRISES as surprise:
        for line in stream.lines:
            yield Outcome(line, "rejected", f"{UNREADABLE} ({type(surprise).__name__})")


def _outcomes(stream: _Stream, context: Context) -> Iterator[Outcome]:
    exchange = Exchange(stream.first, context, assemble(stream.events))
    row: dict[str, Any] = exchange.columns()
    if row.get("response_id"):
        row["merge_growing"] = True  # a later part of the file may bring the rest
    gaps = [(later - earlier) / timedelta(milliseconds=1) for earlier, later in zip(stream.times, stream.times[1:], strict=False)]
    if gaps and min(gaps) >= 0:
        row["max_gap_ms"] = max(gaps)
    if "response_id" not in row:  # the parts need a name for what they are parts of
        row["call_id"] = "s" + hashlib.blake2b(orjson.dumps([stream.repeat, row], option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
    yield Outcome(stream.lines[0], "call", call=row, issues=exchange.issues)
    for line in stream.lines[1:]:
        yield Outcome(line, "merged", "part", merged_into=str(row.get("response_id") or row["call_id"]))
