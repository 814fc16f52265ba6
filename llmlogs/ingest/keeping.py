"""The second half of the careful reader: what a source tells of the records of one file becomes rows in the spool, and counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from llmlogs.ingest.reading import Place, Reading
from llmlogs.ingest.spool import Spool, clean
from llmlogs.privacy import redact
from llmlogs.sources.base import Context, Outcome

TEXT_LIMIT = 200
LOOK = 1024  # calls between two looks at how much waits to be loaded
WITH_CALL = {"spans", "attempts", "rate_limits", "feedback", "texts"}
PARTS = ("prompt", "completion")


class Keeper:
    """Keeps what is told of one file; `loaded` is called now and then, to load what waits when it is worth it."""

    def __init__(self, source: str, reading: Reading, spool: Spool, context: Context, loaded: Callable[[], None]) -> None:
        self._source, self._reading, self._spool, self._context, self._loaded = source, reading, spool, context, loaded

    def note(self, line: int, note: str) -> None:
        """A record had to be repaired to be read."""
        self._reading.notes[note] += 1
        self._spool.add("issues", {"file_id": self._reading.file_id, "line": line, "reason": note})

    def finish(self, unread: list[dict[str, Any]]) -> None:
        """The file is read to its end; `unread` are the rows of unread_fields."""
        file_id = self._reading.file_id
        for kind, count in self._reading.skips.items():
            self._spool.add("skips", {"file_id": file_id, "kind": kind, "records": count})
        for row in unread:
            self._spool.add("unread_fields", row | {"file_id": file_id})

    def take(self, outcome: Outcome, place: Place | None = None) -> None:
        """One outcome; `place` is where a rejected record stands and what it looks like."""
        reading = self._reading
        reading.counts.records += 1
        reading.main += not outcome.nested
        call_id = self._call(outcome) if outcome.call is not None else ""
        if outcome.kind == "rejected":
            self._reject(outcome, *(place or (None, None, "")))
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

    def _reject(self, outcome: Outcome, offset: int | None, length: int | None, seen: str) -> None:
        reading, reason = self._reading, outcome.reason[:TEXT_LIMIT]
        reading.counts.rejected += 1
        reading.rejects[reason] += 1
        row = {"line": outcome.line, "byte_offset": offset, "length": length if offset is not None else None, "reason": reason, "shape": seen}
        self._side("rejects", row, outcome.line, "")

    def _call(self, outcome: Outcome) -> str:
        """Spool the call; its id for now is the log's, the provider's, or a hash of what is known of it."""
        call = outcome.call or {}
        texts = {part: call.pop(f"{part}_text", None) for part in PARTS}
        row, bad = clean("call_rows", call, self._context.secret)
        row["source"] = self._source
        row["call_id"] = call_id = row.get("call_id") or row.get("response_id") or self._content_id(row)
        self._spool.add("call_rows", row | {"file_id": self._reading.file_id, "line": outcome.line})
        self._keep_texts(texts, outcome.line, str(call_id))
        for problem in bad:
            self._issue(outcome.line, call_id, problem)
        if not self._reading.counts.calls % LOOK:
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
