"""State of one rollout file while it is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.codex.rows import TIERS
from llmlogs.sources.codex.totals import Totals
from llmlogs.sources.common.session_lines import folder, part, word

PAUSE = timedelta(seconds=1)  # a copied history is written in one go; its first pause is where the session's own lines begin
BATCH = timedelta(milliseconds=100)  # old versions wrote the answer's items in one go after its usage


@dataclass(slots=True)
class Tool:
    """A tool the model asked for, until its result arrives."""

    name: str
    at: datetime | None
    call_id: str


@dataclass(slots=True)
class Session:
    """One file. Open tools and failed tries are all that grows, and both end with their call."""

    path: str
    own: str | None = None
    family: dict[str, None] = field(default_factory=dict)  # this session and those it copied its history from, as far as the file tells
    spawner: str | None = None  # the session that started this one as a sub-agent, with or without its history
    replaying: bool = False
    totals: Totals = field(default_factory=Totals)
    call_id: str = ""  # of the last call
    answers: int = 0
    place: Row = field(default_factory=dict)
    model: str | None = None
    provider: str | None = None
    tier: str | None = None
    turn: str | None = None
    turn_at: datetime | None = None
    seen: datetime | None = None  # time of the line before
    asked: datetime | None = None  # when the request that is open was sent
    asked_next: datetime | None = None
    answering: bool = False
    counted: datetime | None = None  # time of the last usage
    searches: int = 0
    tool_calls: int = 0
    failed: dict[int, Row] = field(default_factory=dict)  # tries that failed since the last call, by line
    tools: dict[str, Tool] = field(default_factory=dict)

    def tick(self, at: datetime | None) -> None:
        """A line's time: a pause ends the copied history."""
        if self.replaying and at is not None and self.seen is not None and at - self.seen >= PAUSE:
            self.replaying = self.answering = False
            self.asked, self.asked_next = self.asked_next or self.asked, None
        self.seen = at or self.seen

    def meet(self, payload: dict[str, Any]) -> None:
        """A `session_meta`: the first is the file's own; more of them were copied with the histories they stand in."""
        identity, parent = word(payload.get("id")) or word(payload.get("session_id")), word(payload.get("forked_from_id"))
        if not self.place:
            self._begin(payload, identity)
            self.replaying = parent is not None or self.spawner is not None
        self.family |= dict.fromkeys(name for name in (identity, parent) if name)

    def _begin(self, payload: dict[str, Any], identity: str | None) -> None:
        spawned = part(payload, "source", "subagent", "thread_spawn")
        self.own = identity
        self.spawner = word(payload.get("parent_thread_id")) or word(spawned.get("parent_thread_id"))
        self.provider = word(payload.get("model_provider")) or self.provider
        project = folder(payload.get("cwd"))
        self.place = {
            "session_id": identity,
            "service": "codex",
            "release": word(payload.get("cli_version")),
            "agent_name": word(payload.get("agent_nickname")) or word(payload.get("agent_role")) or word(spawned.get("agent_nickname")),
            "feature": project,
            "feature_basis": "project" if project else None,
        }

    def settle(self, payload: dict[str, Any]) -> None:
        """A `turn_context` or changed settings: the model of the calls that follow."""
        self.model = word(payload.get("model")) or self.model
        self.provider = word(payload.get("model_provider_id")) or self.provider
        tier = word(payload.get("service_tier"))
        self.tier = TIERS.get(tier, tier) if tier else self.tier
        self.turn = word(payload.get("turn_id")) or self.turn

    def kin(self) -> str:
        """The sessions whose lines may be copies of this one's, as hashes. Without any id the file's name stands for it."""
        names = [*self.family] or [PurePosixPath(self.path.replace("\\", "/")).stem]
        if self.replaying and self.spawner:
            names.append(self.spawner)
        return " ".join(sorted({_digest(name) for name in names}))

    def ask(self, at: datetime | None) -> None:
        """A prompt or a tool's result: the next request is sent now. While an answer is open it is the one after."""
        if self.answering:
            self.asked_next = at
        else:
            self.asked = at

    def answer(self, at: datetime | None) -> None:
        """An item of the answer."""
        late = self.counted is not None and at is not None and at - self.counted < BATCH
        self.answering = self.answering or not late
        self.answers += 1

    def count(self, at: datetime | None) -> datetime | None:
        """The answer is complete: when its request was sent. What follows belongs to the next."""
        begun = None if self.replaying else self.asked
        self.asked, self.asked_next, self.answering, self.counted = self.asked_next, None, False, at
        return begun


@lru_cache(maxsize=1024)
def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
