"""One span as it is held until its trace is judged: ids, times and the fields that mean something here. No text of prompts or answers."""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Row

Fields = dict[str, Any]


class Span:
    """What is kept of a span. Times are nanoseconds since the epoch; None where they are not told.

    `kind` is "call" for a model call, else a kind of the spans table; `weak` marks a call known by its counts alone. `emitter` is who wrote it.
    `done` is the id of the call that was already told of it. `resource` holds the fields of its resource, shared by all spans of it.
    """

    __slots__ = (
        "belongs",
        "done",
        "emitter",
        "end",
        "error",
        "exception",
        "fields",
        "first_token",
        "id",
        "issues",
        "judgements",
        "kind",
        "labels",
        "line",
        "log",
        "max_gap",
        "name",
        "nested",
        "operation",
        "parent",
        "pending",
        "resource",
        "start",
        "trace",
        "weak",
    )  # fmt: skip

    def __init__(self, line: int, nested: bool, trace: str, identity: str, parent: str, name: str) -> None:
        self.line, self.nested = line, nested
        self.trace, self.id, self.parent, self.name = trace, identity, parent, name
        self.start: int | None = None
        self.end: int | None = None
        self.emitter = ""
        self.kind, self.operation = "app", ""
        self.weak = self.pending = self.log = self.error = False
        self.fields: Fields = {}
        self.resource: Fields = {}
        self.labels: Fields | None = None  # those of the fields that tell whose it is, once somebody asked
        self.exception: tuple[str, str] = ("", "")
        self.first_token: int | None = None
        self.judgements: list[Row] = []  # rows of feedback: evaluations written as events of the span
        self.max_gap: int | None = None
        self.done = ""
        self.belongs: Span | None = None  # the span of the call that this one only adds to
        self.issues: list[tuple[str, str, str]] = []

    @property
    def duration_ms(self) -> float | None:
        return (self.end - self.start) / 1e6 if self.start is not None and self.end is not None and self.end >= self.start else None
