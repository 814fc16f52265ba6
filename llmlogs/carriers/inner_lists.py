"""Documents whose records are the objects of a list inside: a HAR's `log.entries`, a JSON cassette's `interactions`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from llmlogs.carriers.base import MAX_RECORD, Position, Record
from llmlogs.carriers.ndjson import BLANK
from llmlogs.carriers.parsing import parse
from llmlogs.carriers.scan import BLOCK, InnerLists, Piece

SEPARATOR = re.compile(rb"[^,]+")
Read = Callable[[Any], tuple[Any, str]]  # the record's value, or why it is none


def inner_records(stream: BinaryIO, position: Position, places: tuple[tuple[str, ...], ...], read: Read) -> Iterator[Record]:
    """The objects of the lists at `places`, as `read` gives them. A broken one is rejected alone; a document cut short gives its complete ones."""
    stream.seek(0)
    scanner = InnerLists(places)
    first = position.offset
    while block := stream.read(BLOCK):
        for piece in scanner.feed(block):
            if piece.offset >= first:
                yield from _records(piece, position, read)
    yield from _end(scanner, position, first, read)


def _end(scanner: InnerLists, position: Position, first: int, read: Read) -> Iterator[Record]:
    """What the stream ends with: the closing brackets, or what was cut short and waits for the rest."""
    if scanner.stray is not None and scanner.stray[0] >= first:
        position.line += 1
        yield Record(position.line, *scanner.stray, error="not JSON")
    if scanner.whole:
        position.offset = scanner.at
    position.pending = scanner.at - position.offset


def _records(piece: Piece, position: Position, read: Read) -> Iterator[Record]:
    if piece.is_value or piece.text is None:
        position.line += 1
        yield _value(piece, position.line, read)
    else:
        yield from _debris(piece, piece.text, position)
    position.offset = piece.offset + piece.length


def _value(piece: Piece, number: int, read: Read) -> Record:
    if piece.text is None:
        return Record(number, piece.offset, piece.length, error=f"longer than {MAX_RECORD >> 20} MB")
    value, error, note = parse(piece.text)
    if not error:
        value, error = read(value)
    return Record(number, piece.offset, piece.length, None if error else value, error, note)


def _debris(piece: Piece, text: bytes, position: Position) -> Iterator[Record]:
    """What stands between two values and is no separator: numbers, strings, damage."""
    for found in SEPARATOR.finditer(text):
        if found.group().strip(BLANK):
            position.line += 1
            _, error, _ = parse(found.group().strip(BLANK))
            yield Record(position.line, piece.offset + found.start(), len(found.group()), error=error or "not JSON")
