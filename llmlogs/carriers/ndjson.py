"""One JSON object a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from llmlogs.carriers.base import MAX_RECORD, Position, Record
from llmlogs.carriers.parsing import parse

BLANK = b" \t\r\n\0\x1e"  # NUL bytes are what a crash leaves at the end of a file; RS begins a record of a JSON text sequence
CUT = 64 * 1024  # a head of this size may end within a line


class NdJson:
    """JSON Lines: a line that is not exactly one object is rejected alone; a last line without newline that does not parse waits."""

    name = "ndjson"

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; lines say enough
        lines = [line.strip(BLANK) for line in head.split(b"\n")[:50] if line.strip(BLANK)]
        if len(lines) == 1 and len(head) >= CUT and b"\n" not in head and lines[0].startswith(b'{"'):
            return 0.6  # one line that goes on beyond the head: as good a line as a document, and a line is read many times faster
        good = sum(parse(line)[0] is not None for line in lines)
        if good * 4 < max(len(lines), 1):  # YAML and source code have a line that looks like JSON now and then
            return 0.1 if lines and lines[0].startswith(b"{") else 0.0
        return 0.9 if len(lines) > 1 else 0.8

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        stream.seek(position.offset)
        _finish_line(stream, position)
        while line := stream.readline(MAX_RECORD):
            cut = len(line) == MAX_RECORD and not line.endswith(b"\n")
            if record := _too_long(stream, len(line), position) if cut else _read(line, position, self.parse):
                yield record

    @staticmethod
    def parse(text: bytes) -> tuple[Any, str, str]:
        """The value of a line, or why it has none; a note when it had to be repaired."""
        return parse(text)


def _finish_line(stream: BinaryIO, position: Position) -> None:
    """The newline of a last line that was already read belongs to it, and is no blank line."""
    if not position.unterminated:
        return
    rest = stream.readline(MAX_RECORD)
    if rest.strip(BLANK):
        stream.seek(position.offset)
    else:
        position.offset += len(rest)
    position.unterminated = not rest


def _read(line: bytes, position: Position, read: Callable[[bytes], tuple[Any, str, str]]) -> Record | None:
    complete = line.endswith(b"\n")
    text = line.strip(BLANK)
    if not text:
        _blank(line, position, complete)
        return None
    value, error, note = read(text)
    if error and not complete:
        position.pending = len(line)
        return None
    start = position.offset
    position.line += 1
    position.offset += len(line)
    position.unterminated = not complete
    return Record(position.line, start, len(line.rstrip(b"\r\n")), value, error, note)


def _blank(line: bytes, position: Position, complete: bool) -> None:
    if not complete:
        position.pending = len(line)
        return
    position.line += 1
    position.blank += 1
    position.offset += len(line)


def _too_long(stream: BinaryIO, length: int, position: Position) -> Record | None:
    """Step over a line beyond the limit without holding it."""
    while part := stream.readline(MAX_RECORD):
        length += len(part)
        if part.endswith(b"\n"):
            start = position.offset
            position.line += 1
            position.offset += length
            return Record(position.line, start, length - 1, error=f"line longer than {MAX_RECORD >> 20} MB")
    position.pending = length
    return None


CARRIER = NdJson()
