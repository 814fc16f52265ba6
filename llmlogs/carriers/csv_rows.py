"""CSV with a header: comma, semicolon, tab or bar; quoted cells may hold line breaks."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from llmlogs.carriers.base import MAX_RECORD, Position, Record
from llmlogs.carriers.parsing import BOM

DELIMITERS = b",;\t|"
NAME = re.compile(r"[^\W\d][\w .:/()$%-]{0,80}")
INDEX = "index"  # pandas writes the numbers of its rows in front, without a name
LONGEST_ROW = 1 << 20  # a quote that is still open after this much was never meant to be one
csv.field_size_limit(MAX_RECORD)


class CsvRows:
    """Rows as dicts of strings; an empty cell is None. A row of another width is rejected."""

    name = "csv"

    def sniff(self, head: bytes, path: str) -> float:
        lines = head.removeprefix(BOM).splitlines()
        if not lines or head.lstrip()[:1] in (b"{", b"["):
            return 0.0
        names = _without_index(_cells(_text(lines[0])[0], _delimiter(lines[0])))
        if len(names) < 2 or not all(NAME.fullmatch(name.strip()) for name in names):
            return 0.0
        return 0.8 if ".csv" in path.lower() or ".tsv" in path.lower() else 0.6

    def columns(self, stream: BinaryIO) -> tuple[str, ...]:
        """The names in the header."""
        return tuple(self.header(stream)[1])

    def header(self, stream: BinaryIO) -> tuple[str, list[str], int]:
        """(delimiter, column names, bytes of the header). Names that repeat get a number."""
        first = stream.readline(MAX_RECORD)
        delimiter = _delimiter(first)
        names: list[str] = []
        for cell in _cells(_text(first.removeprefix(BOM))[0], delimiter):
            name = cell.strip() or INDEX
            names.append(name if name not in names else f"{name}_{len(names) + 1}")
        return delimiter, names, len(first)

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        stream.seek(0)
        delimiter, names, width = self.header(stream)
        if position.offset < width:
            position.offset, position.line = width, 1
        stream.seek(position.offset)
        if position.unterminated:
            _finish_line(stream, position)
        for rows in _rows(stream, position):
            record = _record(rows, position, delimiter, names)
            if record:
                yield record


def _without_index(names: list[str]) -> list[str]:
    return names[1:] if len(names) > 2 and not names[0].strip() else names


def _finish_line(stream: BinaryIO, position: Position) -> None:
    """The line break of a last row that was already read belongs to it."""
    rest = stream.readline(MAX_RECORD)
    if rest.strip():
        stream.seek(position.offset)
    else:
        position.offset += len(rest)
        position.unterminated = not rest


def _rows(stream: BinaryIO, position: Position) -> Iterator[list[bytes]]:
    """Physical lines of one row: a row ends where its quotes are even. One that never closes gives up its first line."""
    waiting: list[bytes] = []
    quotes = size = 0
    while line := stream.readline(MAX_RECORD):
        waiting.append(line)
        quotes += line.count(b'"')
        size += len(line)
        if quotes % 2 == 0:
            yield waiting
            waiting, quotes, size = [], 0, 0
        elif size > LONGEST_ROW:
            yield from _singly(waiting)
            waiting, quotes, size = [], 0, 0
    if waiting:
        position.pending = size


def _singly(lines: list[bytes]) -> Iterator[list[bytes]]:
    """A runaway quote: every line for itself, and the widths will tell which of them are rows."""
    return ([line] for line in lines)


def _record(lines: list[bytes], position: Position, delimiter: str, names: list[str]) -> Record | None:
    raw = b"".join(lines)
    start, number = position.offset, position.line + 1
    terminated = raw.endswith(b"\n")
    text, note = _text(raw)
    cells = _cells(text, delimiter)
    if not terminated and text.strip() and len(cells) != len(names):
        position.pending = len(raw)
        return None
    position.offset += len(raw)
    position.line += len(lines)
    position.unterminated = not terminated
    if not text.strip():
        position.blank += 1
        return None
    length = len(raw.rstrip(b"\r\n"))
    if len(cells) != len(names):
        return Record(number, start, length, error=f"{len(cells)} columns instead of {len(names)}")
    return Record(number, start, length, {name: cell or None for name, cell in zip(names, cells, strict=True)}, note=note)


def _text(raw: bytes) -> tuple[str, str]:
    """Without NUL bytes and final line break; what is no UTF-8 becomes a replacement character, and a note."""
    try:
        return raw.decode("utf-8").replace("\0", "").rstrip("\r\n"), ""
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace").replace("\0", "").rstrip("\r\n"), "encoding"


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _delimiter(line: bytes) -> str:
    """The one that splits the header into most cells."""
    return chr(max(DELIMITERS, key=lambda mark: (line.count(bytes([mark])), -DELIMITERS.index(mark))))


CARRIER = CsvRows()
