"""Lines of a big file, told apart from DuckDB: how many there are, which are blank, and the bytes of the few that must be read again."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STEP = 256 << 10
BLANK = b" \t\r"  # what DuckDB steps over; the empty start of an empty line is in it too


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its 1-based number, where it begins, and its bytes without the newline."""

    number: int
    offset: int
    text: bytes


@dataclass(frozen=True)
class Counted:
    """Lines and bytes of a file. `pending`: the last line has no newline and may be unfinished. `newlines`: how many come before each piece of STEP bytes."""

    lines: int
    bytes: int
    unterminated: bool
    pending: bool
    newlines: tuple[int, ...]


def plain_start(path: Path) -> bool:
    """Whether the file begins like UTF-8 text: no byte order mark, no NUL."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return not head.startswith(marks) and b"\0" not in head


def count(path: Path) -> Counted:
    """Count newlines. A last line without one counts when it ends like an object; whether it is one, its reader will tell."""
    lines = total = 0
    last = b""
    buffer = bytearray(STEP)
    before = []
    with path.open("rb") as file:
        while size := file.readinto(buffer):
            before.append(lines)
            at = buffer.find(b"\n", 0, size)
            while at >= 0:  # twice as fast as count(), which looks at every byte
                lines += 1
                at = buffer.find(b"\n", at + 1, size)
            total += size
            last = (last + bytes(buffer[max(0, size - 64) : size]))[-64:]
    open_end = bool(last) and not last.endswith(b"\n")
    pending = open_end and not last.rpartition(b"\n")[2].rstrip().endswith(b"}")
    return Counted(lines + open_end, total, open_end, pending, tuple(before))


def fetch(path: Path, counted: Counted, numbers: list[int]) -> list[Line]:
    """The lines of these rising 1-based numbers, each found through the piece of the file it begins in."""
    found = []
    with path.open("rb") as file:
        for number in numbers:
            piece = bisect_left(counted.newlines, number - 1) - 1 if number > 1 else 0
            file.seek(piece * STEP)
            for _ in range(number - 1 - counted.newlines[piece]):
                file.readline()
            found.append(Line(number, file.tell(), file.readline().removesuffix(b"\n")))
    return found


def walk(path: Path, ordinals: list[int]) -> tuple[list[int], list[Line]]:
    """Numbers of the lines DuckDB steps over, and the lines of these rising 0-based places among the others."""
    empty: list[int] = []
    found: list[Line] = []
    for first, offset, lines in _pieces(path):
        seen = first - 1 - len(empty)
        gaps = [place for place, line in enumerate(lines) if line[:1] in BLANK and not line.strip(BLANK)]
        empty += [first + gap for gap in gaps]
        after = bisect_left(ordinals, seen + len(lines) - len(gaps), len(found))
        here = [_skip(ordinal - seen, gaps) for ordinal in ordinals[len(found) : after]]
        found += _pick(lines, first, offset, here)
    return empty, found


def _skip(place: int, gaps: list[int]) -> int:
    """The place among all lines of what has this place among those that are not blank."""
    for gap in gaps:
        if gap > place:
            break
        place += 1
    return place


def _pick(lines: list[bytes], first: int, offset: int, places: list[int]) -> Iterator[Line]:
    at = 0
    for place in places:
        offset += sum(len(line) + 1 for line in lines[at:place])
        at = place
        yield Line(first + place, offset, lines[place])


def _pieces(path: Path) -> Iterator[tuple[int, int, list[bytes]]]:
    """Pieces of whole lines: (number of the first line, its offset, the lines)."""
    number, offset, rest = 1, 0, b""
    with path.open("rb", buffering=0) as file:
        while part := file.read(STEP):
            lines = (rest + part).split(b"\n")
            size = len(rest) + len(part)
            rest = lines.pop()
            if lines:
                yield number, offset, lines
                number += len(lines)
                offset += size - len(rest)
    if rest:
        yield number, offset, [rest]
