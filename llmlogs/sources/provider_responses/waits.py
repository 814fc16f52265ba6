"""What the caller waited for, from times that were logged beside the answer: a HAR's steps, the events of a stream, the server's own time."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from llmlogs.sources.base import Row
from llmlogs.sources.common.times import duration_ms
from llmlogs.sources.provider_responses.answers import Answer
from llmlogs.sources.provider_responses.facts import Facts

CONNECTING = ("blocked", "dns", "connect", "send")  # steps of a HAR's timings; `ssl` is part of connect, -1 is not applicable


def event_times(answer: Answer, start: datetime | None) -> Row:
    """The first token and the longest pause, where each event was logged with its time."""
    times = answer.event_times
    gaps = [(later - earlier) / timedelta(milliseconds=1) for earlier, later in pairwise(times)]
    row: Row = {"max_gap_ms": max(gaps)} if gaps and min(gaps) >= 0 else {}
    if start is not None and answer.first_token_at is not None and start < answer.first_token_at:
        wait = (answer.first_token_at - start) / timedelta(milliseconds=1)
        row |= {"first_token_at": answer.first_token_at, "ttft_ms": wait, "ttft_basis": "event"}
    return row


def first_byte(facts: Facts) -> float | None:
    """A HAR's steps up to the first byte, where it measured that apart: Polly.js calls the whole time `wait`."""
    wait, receive = _step(facts, "wait"), _step(facts, "receive")
    return sum(_step(facts, name) or 0.0 for name in CONNECTING) + wait if wait is not None and receive else None


def network(facts: Facts, duration: float | None, server: float | None, streamed: bool) -> float | None:
    """Connecting and sending where a HAR has them; else what is left of the wait beside the server's own time, for whole answers only."""
    known = [step for step in (_step(facts, name) for name in CONNECTING) if step is not None]
    if known and sum(known) > 0:
        return sum(known)
    if server is None or duration is None or streamed:
        return None
    return duration - server if duration >= server else None


def _step(facts: Facts, name: str) -> float | None:
    return duration_ms(facts.first(name, under="timings"), "ms")
