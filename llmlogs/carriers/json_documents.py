"""JSON that is not one object a line: an array of objects, and objects one after the other, however they are laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from llmlogs.carriers.base import MAX_RECORD, Position, Record
from llmlogs.carriers.ndjson import BLANK
from llmlogs.carriers.parsing import BOM, parse
from llmlogs.carriers.scan import Piece, pieces

LATER = re.compile(rb'^\{[ \t\r]*\n[ \t]+"', re.MULTILINE)
SEPARATOR = {1: re.compile(rb"[^,]+"), 0: re.compile(rb"[^,\n]+")}


class JsonArray:
    """One array. A broken element is rejected alone; an array cut short gives its complete elements, the rest waits."""

    name, base = "json", 1

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; the bytes say enough
        start = head.removeprefix(BOM).lstrip(BLANK)
        if not start.startswith(b"["):
            return 0.0
        lines = [line for line in head.split(b"\n")[:3] if line.strip(BLANK)]
        return 0.3 if len(lines) > 1 and lines[0].rstrip().endswith(b"]") else 0.95

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        start = 0 if self.base else position.offset
        stream.seek(start)
        done = position.offset
        last = Piece(False, start, 0, b"")
        for last in pieces(stream, self.base, start):
            if last.offset >= done and last.complete:
                yield from self._read(last, position)
        if last.complete and last.is_value is False:
            position.offset = max(position.offset, last.offset + last.length)
        position.pending = 0 if last.complete else last.length

    def _read(self, piece: Piece, position: Position) -> Iterator[Record]:
        if piece.is_value:
            yield self._value(piece, position)
        elif piece.text is None or piece.text.strip(BLANK + b","):
            yield from self._between(piece, position)
        position.offset = piece.offset + piece.length

    def _value(self, piece: Piece, position: Position) -> Record:
        position.line += 1
        if piece.text is None:
            return Record(position.line, piece.offset, piece.length, error=f"longer than {MAX_RECORD >> 20} MB")
        value, error, note = parse(piece.text)
        return Record(position.line, piece.offset, piece.length, value, error, note)

    def _between(self, piece: Piece, position: Position) -> Iterator[Record]:
        """Text between values that is more than separators: numbers, strings, debris."""
        if piece.text is None:
            position.line += 1
            yield Record(position.line, piece.offset, piece.length, error="not JSON")
            return
        for found in SEPARATOR[self.base].finditer(piece.text):
            text = found.group().strip(BLANK).removeprefix(BOM)
            if text:
                position.line += 1
                _, error, _ = parse(text)
                yield Record(position.line, piece.offset + found.start(), len(found.group()), error=error or "not JSON")


class JsonStream(JsonArray):
    """Objects one after the other, indented or not, with any white space or commas between."""

    name, base = "json_stream", 0

    def sniff(self, head: bytes, path: str) -> float:
        start = head.removeprefix(BOM).lstrip(BLANK)
        if re.match(rb'\{\s*["}]', start):
            return 0.5
        return 0.15 if LATER.search(head) else 0.0  # what a program printed between lines of its own


CARRIERS = (JsonArray(), JsonStream())
