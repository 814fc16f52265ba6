"""The first half of the careful reader: one file, record by record, through its carrier and source. What the source tells is kept by `Keeper`.

The two halves meet in `Listener` alone, so that the first can work in a process of its own (ingest/apart.py) and nothing depends on where it did.
"""

from __future__ import annotations

import gc
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Protocol, cast

from llmlogs.carriers import compression
from llmlogs.carriers.base import Position, Record
from llmlogs.ingest import checkpoint
from llmlogs.ingest.discover import Plan
from llmlogs.ingest.fast_result import FastResult
from llmlogs.ingest.report import Counts
from llmlogs.ingest.unread import Watch
from llmlogs.privacy import shape
from llmlogs.sources.base import Context, Outcome, Row
from llmlogs.sources.common import labels

RECENT = 8192  # a source that works in batches may reject a record it was handed a while ago
HELD = 16 << 20  # bytes of those records; parsed they take some five times that
Place = tuple[int | None, int | None, str]  # offset and length of a record, and the shape of what it holds


class Listener(Protocol):
    """Who is told what became of the records, in their order."""

    def take(self, outcome: Outcome, place: Place | None = None) -> None:
        """One outcome; a rejected one with its place."""

    def note(self, line: int, note: str) -> None:
        """A record had to be repaired to be read."""


@dataclass
class Reading:
    """What came of one file so far: `position`, `read` and `error` are the first half's, all else is counted where it is kept."""

    file_id: int
    position: Position
    counts: Counts = field(default_factory=Counts)
    read: int = 0
    main: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    idless: bool = False
    error: str = ""

    def take(self, fast: FastResult) -> None:
        """What the fast reader loaded, as if it had been read record by record."""
        self.position = Position(fast.read_bytes, fast.lines, fast.blank_lines, 0, fast.unterminated)
        self.read = self.main = self.counts.records = self.counts.calls = fast.rows


class Reader:
    """Reads one file; the listener is told of every record."""

    def __init__(self, plan: Plan, reading: Reading, context: Context, listener: Listener) -> None:
        self._plan, self._reading, self._context, self._listener = plan, reading, context, listener
        self._recent: OrderedDict[int, tuple[int | None, int, Any]] = OrderedDict()
        self._valued: deque[tuple[int, int]] = deque()
        self._held = 0
        self._watch = Watch()
        self._features: OrderedDict[int, Row] = OrderedDict()  # what the places the user named say, by line
        self._known = 0  # the last line an earlier ingest accounted for, as far as the source was shown it again

    def run(self, stream: BinaryIO, earlier: Iterable[Record] = ()) -> list[dict[str, Any]]:
        """Read to the end; rows of unread_fields. Damage in the stream keeps the good part and sets `error`; a fault of a source raises.

        `earlier` are records an earlier ingest accounted for: the source sees them again to know where it stands, and nothing more comes of them.
        """
        records = self._hand_over(self._plan.carrier.records(stream, self._reading.position))
        take, recent = self._listener.take, self._recent
        with fewer_collections():
            for outcome in self._plan.source.read(chain(self._again(earlier), records), self._context):
                if outcome.line > self._known:
                    if outcome.call is not None and outcome.line in self._features and outcome.call.get("feature_basis") != "config":
                        outcome.call |= self._features[outcome.line]  # a place the source itself has no words for
                    take(outcome, _place(recent.get(outcome.line)) if outcome.kind == "rejected" else None)
        for _ in records:  # a source that stops early must not lose lines silently: the accounts will not close
            pass
        return self._watch.unread()

    def _again(self, earlier: Iterable[Record]) -> Iterator[Record]:
        for record in earlier:
            self._known = record.line
            yield record

    def _hand_over(self, records: Iterator[Record]) -> Iterator[Record]:
        reading = self._reading
        try:
            for record in records:
                reading.read += 1
                if record.error:
                    self._listener.take(Outcome(record.line, "rejected", record.error), (record.offset, record.length, ""))
                    continue
                if record.note:
                    self._listener.note(record.line, record.note)
                self._remember(record)
                yield self._watch.over(record)
        except OSError as failure:
            reading.error = str(failure)

    def _remember(self, record: Record) -> None:
        """Where the last records stand, and of as many as HELD bytes allow what they hold, for the shape of a reject."""
        if self._context.feature_from and (found := labels.feature(record.value, self._context.feature_from)):
            self._features[record.line] = found
            if len(self._features) > RECENT:
                self._features.popitem(last=False)
        self._recent[record.line] = (record.offset, record.length, record.value)
        self._valued.append((record.line, record.length))
        self._held += record.length
        while self._held > HELD or len(self._valued) > RECENT:
            line, length = self._valued.popleft()
            self._held -= length
            if line in self._recent:
                self._recent[line] = (*self._recent[line][:2], None)
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)


def _place(seen: tuple[int | None, int, Any] | None) -> Place | None:
    return (*seen[:2], shape(seen[2]) if seen[2] is not None else "") if seen else None


def read(plan: Plan, reading: Reading, context: Context, listener: Listener, watched: Callable[[BinaryIO], None]) -> tuple[list[dict[str, Any]], str]:
    """Read one file from where `reading` stands; rows of unread_fields, and the tail mark of what was read. `watched` gets the stream, to see how far it is."""
    reader = Reader(plan, reading, context, listener)
    with compression.open_plain(plan.path) as stream:
        watched(stream)
        earlier = _earlier(plan, reading.position.offset)
        if not plan.compression:
            unread = reader.run(stream, earlier)
            return unread, checkpoint.file_tail(plan.path, reading.position.offset)
        tail = checkpoint.Tail(stream)
        unread = reader.run(cast(BinaryIO, tail), earlier)
        return unread, tail.fingerprint(reading.position.offset)


def _earlier(plan: Plan, end: int) -> Iterator[Record]:
    """What stands before the place reading goes on from, for a source whose lines build on earlier ones."""
    if not end or not getattr(plan.source, "remembers", False):
        return
    with compression.open_plain(plan.path) as stream:
        for record in plan.carrier.records(stream, Position()):
            if record.offset is None or record.offset >= end:
                return
            if not record.error:
                yield record


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Python's search for reference cycles, a thousand times rarer: parsed records have none, and looking at them took a quarter of the time (measured)."""
    usual = gc.get_threshold()
    gc.set_threshold(1000 * max(usual[0], 700), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
