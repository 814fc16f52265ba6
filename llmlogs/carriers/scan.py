"""Finds where each value of a JSON array, or of concatenated JSON texts, begins and ends, without holding the document or parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from llmlogs.carriers.base import MAX_RECORD

BLOCK = 1 << 20
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
QUOTE = ord('"')


@dataclass(slots=True)
class Piece:
    """A value (an object or array), or the text between two. `text` is None where it is longer than MAX_RECORD."""

    is_value: bool
    offset: int
    length: int
    text: bytes | None
    complete: bool = True


class _Part:
    """Bytes of the piece under way, held up to the limit."""

    def __init__(self, offset: int) -> None:
        self.offset, self.length = offset, 0
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        self.length += len(part)
        if self.length <= MAX_RECORD:
            self._parts.append(part)
        else:
            self._parts.clear()

    def piece(self, is_value: bool, complete: bool = True) -> Piece:
        return Piece(is_value, self.offset, self.length, b"".join(self._parts) if self.length <= MAX_RECORD else None, complete)


class Scanner:
    """Feed it blocks; it gives pieces. `base` is the depth values stand at: 1 inside an array, 0 for concatenated values."""

    def __init__(self, base: int, offset: int = 0) -> None:
        self.base, self.depth, self.at = base, 0, offset
        self.closed = False
        self._in_string = self._escaped = False
        self._part = _Part(offset)

    def feed(self, block: bytes) -> Iterator[Piece]:
        """Pieces that end in this block."""
        done = 0
        for index in self._brackets(block):
            opens = block[index] in b"{["
            cut = index if opens else index + 1
            if self._ends_here(opens):
                closes_array = not opens and self.depth == self.base == 1
                self._part.add(block[done : index if closes_array else cut])
                yield self._part.piece(is_value=not opens and self.depth > self.base)
                self._part, done = _Part(self.at + cut), cut
            elif opens and self.depth < self.base:  # the bracket of the array itself
                self._part, done = _Part(self.at + index + 1), index + 1
            self._step(opens)
        self._part.add(block[done:])
        self.at += len(block)

    def _ends_here(self, opens: bool) -> bool:
        """A value begins, ends, or the array closes at this bracket."""
        return self.depth == self.base if opens else self.depth in (self.base, self.base + 1) and not self.closed

    def _step(self, opens: bool) -> None:
        self.depth += 1 if opens else -1
        if self.depth < self.base or self.depth < 0:
            self.closed = self.closed or self.base > 0
            self.depth = self.base = 0

    def rest(self) -> Piece:
        """What is left at the end of the stream."""
        return self._part.piece(is_value=self.depth > self.base, complete=self.depth <= self.base)

    def _brackets(self, block: bytes) -> Iterator[int]:
        """Positions of brackets outside strings."""
        start = self._leave_string(block)
        for match in TOKEN.finditer(block, start):
            if block[match.start()] != QUOTE:
                yield match.start()
            elif match.end() - match.start() == 1:
                self._in_string = True
                self._escaped = _ends_escaped(block, match.end())
                return

    def _leave_string(self, block: bytes) -> int:
        """Where the string that the block before left open ends."""
        if not self._in_string:
            return 0
        start = 1 if self._escaped else 0
        found = IN_STRING.match(block, start)
        end = found.end() if found else start
        self._escaped = end < len(block) and block[end] != QUOTE
        if end >= len(block) or self._escaped:
            return len(block)
        self._in_string = False
        return end + 1


def _ends_escaped(block: bytes, start: int) -> bool:
    """The block ends in the middle of an escape."""
    found = IN_STRING.match(block, start)
    return bool(found and found.end() < len(block))


def pieces(stream: BinaryIO, base: int, offset: int) -> Iterator[Piece]:
    """All pieces of the stream from `offset` on; the last one may be incomplete."""
    scanner = Scanner(base, offset)
    while block := stream.read(BLOCK):
        yield from scanner.feed(block)
    yield scanner.rest()


LONGEST_KEY = 256
KEY = re.compile(rb'"([^"\\]*)"\s*:\s*\Z')


class InnerLists(Scanner):
    """Values of lists that stand at a place inside a document (`log.entries`), found without holding what is around them."""

    def __init__(self, places: tuple[tuple[str, ...], ...]) -> None:
        super().__init__(0)
        self._places = places
        self._path: list[str | None] = []  # the key before each bracket that is open
        self._inside = False
        self._tail = b""
        self.stray: tuple[int, int] | None = None  # the first text outside all documents: offset and length

    def feed(self, block: bytes) -> Iterator[Piece]:
        """Pieces of the lists that end in this block: their values, and what stands between them."""
        done = 0
        for index in self._brackets(block):
            opens = block[index] in b"{["
            if not self._inside:
                self._step_outside(block, done, index, opens)
                done = index + 1
                self._part = _Part(self.at + done)
            elif self.depth == 0 or (self.depth == 1 and not opens):
                cut = index if opens or self.depth == 0 else index + 1
                self._part.add(block[done:cut])
                yield self._part.piece(is_value=self.depth == 1)
                done = index if opens else index + 1
                self._part = _Part(self.at + done)
                self._step_inside(opens)
            else:
                self._step_inside(opens)
        self._finish_block(block, done)

    def _step_inside(self, opens: bool) -> None:
        if self.depth == 0 and not opens:
            self._inside = False
            self._path.pop()
        else:
            self.depth += 1 if opens else -1

    def _step_outside(self, block: bytes, done: int, index: int, opens: bool) -> None:
        self._look_for_stray(block, done, index)
        if not opens:
            if self._path:
                self._path.pop()
            return
        before = block[max(0, index - LONGEST_KEY) : index]
        found = KEY.search(before if index >= LONGEST_KEY else self._tail + before)
        self._path.append(found.group(1).decode("utf-8", "replace") if found else None)
        self._inside = block[index] == ord("[") and tuple(self._path[1:]) in self._places

    def _finish_block(self, block: bytes, done: int) -> None:
        if self._inside:
            self._part.add(block[done:])
        else:
            self._look_for_stray(block, done, len(block))
        self._tail = (self._tail + block)[-LONGEST_KEY:]
        self.at += len(block)

    def _look_for_stray(self, block: bytes, start: int, end: int) -> None:
        text = block[start:end].strip(b" \t\r\n\0\x1e,\xef\xbb\xbf") if not self._path and self.stray is None else b""
        if text:
            self.stray = (self.at + start, end - start)

    @property
    def whole(self) -> bool:
        """Whether every document that began has ended."""
        return not self._path
