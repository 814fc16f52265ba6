"""The careful reader: one file, record by record, through its carrier and source into the spool."""

from __future__ import annotations

import gc
import hashlib
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO

import orjson

from llmlogs.carriers.base import Position, Record
from llmlogs.ingest.discover import Plan
from llmlogs.ingest.fast_result import FastResult
from llmlogs.ingest.report import Counts
from llmlogs.ingest.spool import Spool, clean
from llmlogs.ingest.unread import Watch
from llmlogs.privacy import redact, shape
from llmlogs.sources.base import Context, Outcome, Row
from llmlogs.sources.common import labels

RECENT = 8192  # a source that works in batches may reject a record it was handed a while ago
HELD = 16 << 20  # bytes of those records; parsed they take some five times that
TEXT_LIMIT = 200


@dataclass
class Reading:
    """What came of one file so far."""

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
    """Reads one file; `loaded` is called when enough rows wait to be worth loading."""

    def __init__(self, plan: Plan, reading: Reading, spool: Spool, context: Context, loaded: Callable[[], None]) -> None:
        self._plan, self._reading, self._spool, self._context, self._loaded = plan, reading, spool, context, loaded
        self._recent: OrderedDict[int, tuple[int | None, int, Any]] = OrderedDict()
        self._valued: deque[tuple[int, int]] = deque()
        self._held = 0
        self._watch = Watch()
        self._features: OrderedDict[int, Row] = OrderedDict()  # what the places the user named say, by line
        self._known = 0  # the last line an earlier ingest accounted for, as far as the source was shown it again

    def run(self, stream: BinaryIO, earlier: Iterable[Record] = ()) -> None:
        """Read to the end. Damage in the stream keeps the good part and sets `error`; a fault of a source raises.

        `earlier` are records an earlier ingest accounted for: the source sees them again to know where it stands, and nothing more comes of them.
        """
        records = self._hand_over(self._plan.carrier.records(stream, self._reading.position))
        with fewer_collections():
            for outcome in self._plan.source.read(chain(self._again(earlier), records), self._context):
                if outcome.line > self._known:
                    self._take(outcome)
        for _ in records:  # a source that stops early must not lose lines silently: the accounts will not close
            pass
        for kind, count in self._reading.skips.items():
            self._spool.add("skips", {"file_id": self._reading.file_id, "kind": kind, "records": count})
        for row in self._watch.unread():
            self._spool.add("unread_fields", row | {"file_id": self._reading.file_id})

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
                    reading.main += 1
                    self._reject(record.line, record.offset, record.length, record.error, "")
                    continue
                if record.note:
                    self._note(record)
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

    def _note(self, record: Record) -> None:
        self._reading.notes[record.note] += 1
        self._spool.add("issues", {"file_id": self._reading.file_id, "line": record.line, "reason": record.note})

    def _take(self, outcome: Outcome) -> None:
        reading = self._reading
        reading.counts.records += 1
        reading.main += not outcome.nested
        call_id = self._call(outcome) if outcome.call is not None else ""
        if outcome.kind == "rejected":
            self._reject_outcome(outcome)
        else:
            name = "calls" if outcome.kind == "call" else outcome.kind
            setattr(reading.counts, name, getattr(reading.counts, name) + 1)
        if outcome.kind == "skipped":
            reading.skips[outcome.reason[:TEXT_LIMIT]] += 1
        elif outcome.kind == "merged":
            row = {"call_id": outcome.merged_into, "line": outcome.line, "why": outcome.reason or "part"}
            self._side("merged", row, outcome.line, "")
        for table, rows in outcome.rows.items():
            for row in rows:
                self._side(table, row, outcome.line, call_id)
        for column, reason, kind in outcome.issues:
            self._issue(outcome.line, call_id, (column, reason, kind))

    def _reject_outcome(self, outcome: Outcome) -> None:
        offset, length, value = self._recent.get(outcome.line, (None, None, None))
        self._reading.counts.records -= 1
        self._reject(outcome.line, offset, length, outcome.reason, shape(value) if value is not None else "")

    def _reject(self, line: int, offset: int | None, length: int | None, reason: str, seen: str) -> None:
        reading = self._reading
        reading.counts.records += 1
        reading.counts.rejected += 1
        reading.rejects[reason[:TEXT_LIMIT]] += 1
        row = {"line": line, "byte_offset": offset, "length": length if offset is not None else None, "reason": reason[:TEXT_LIMIT], "shape": seen}
        self._side("rejects", row, line, "")

    def _call(self, outcome: Outcome) -> str:
        """Spool the call; its id for now is the log's, the provider's, or a hash of what is known of it."""
        call = outcome.call or {}
        if outcome.line in self._features and call.get("feature_basis") != "config":  # a place the source itself has no words for
            call |= self._features[outcome.line]
        texts = {part: call.pop(f"{part}_text", None) for part in PARTS}
        row, bad = clean("call_rows", call, self._context.secret)
        row["source"] = self._plan.source.name
        row["call_id"] = call_id = row.get("call_id") or row.get("response_id") or self._content_id(row)
        self._spool.add("call_rows", row | {"file_id": self._reading.file_id, "line": outcome.line})
        self._keep_texts(texts, outcome.line, str(call_id))
        for problem in bad:
            self._issue(outcome.line, call_id, problem)
        if not self._reading.read % 4096:
            self._loaded()
        return str(call_id)

    def _keep_texts(self, texts: dict[str, Any], line: int, call_id: str) -> None:
        """The one gate for texts: nothing passes unless the user asked, whatever a source hands on."""
        wanted = self._context.store_text
        for part, text in texts.items():
            if isinstance(text, str) and text and wanted in ("redacted", "full"):
                content = redact(text) if wanted == "redacted" else text
                self._side("texts", {"part": part, "content": content, "redacted": wanted == "redacted"}, line, call_id)

    def _content_id(self, row: dict[str, Any]) -> str:
        """A copy of the file elsewhere must give the same id, so what was taken from its path does not count."""
        self._reading.idless = True
        left_out = {"feature", "feature_basis"} if row.get("feature_basis") == "path" else set()
        content = {key: value for key, value in row.items() if key not in left_out}
        return "h" + hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()

    def _side(self, table: str, row: dict[str, Any], line: int, call_id: str) -> None:
        good, bad = clean(table, row, self._context.secret)
        if call_id and "call_id" not in good and table in WITH_CALL:
            good["call_id"] = call_id
        good["file_id"] = self._reading.file_id
        good.setdefault("line", line)
        self._spool.add(table, good)
        for column, reason, kind in bad:
            self._issue(line, call_id, (f"{table}.{column}", reason, kind))

    def _issue(self, line: int, call_id: str, problem: tuple[str, str, str]) -> None:
        column, reason, kind = problem
        self._reading.notes[f"{column}: {reason}"] += 1
        row = {"file_id": self._reading.file_id, "line": line, "column_name": column, "reason": reason, "value_kind": kind}
        self._spool.add("issues", row | ({"call_id": call_id} if call_id else {}))


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Python's search for reference cycles, a hundred times rarer: parsed records have none, and looking at them took a quarter of the time (measured)."""
    usual = gc.get_threshold()
    gc.set_threshold(100 * max(usual[0], 700), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


WITH_CALL = {"spans", "attempts", "rate_limits", "feedback", "texts"}
PARTS = ("prompt", "completion")
