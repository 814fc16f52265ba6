"""Lines of a big file, told apart from DuckDB: how many there are, which are blank, and the bytes of the few that must be read again."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STEP = 64 << 10  # to find a line again one reads half a piece; smaller ones cost more to count than they save
NEWLINE = ord("\n")  # a number is found quicker than a text of one byte
SHORT = 8  # bytes: no record is that short, a blank line is
BLANK = b" \t\r"  # what DuckDB steps over; the empty start of an empty line is in it too


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its 1-based number, where it begins, and its bytes without the newline."""

    number: int
    offset: int
    text: bytes


@dataclass(frozen=True)
class Counted:
    """Lines and bytes of a file. `pending`: the last line has no newline and may be unfinished. `newlines`: how many come before each piece of STEP bytes.

    `short`: numbers of lines that may be blank.
    """

    lines: int
    bytes: int
    unterminated: bool
    pending: bool
    newlines: tuple[int, ...]
    short: tuple[int, ...]


def plain_start(path: Path) -> bool:
    """Whether the file begins like UTF-8 text: no byte order mark, no NUL."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return not head.startswith(marks) and b"\0" not in head


def count(path: Path) -> Counted:
    """Count newlines. A last line without one counts when it ends like an object; whether it is one, its reader will tell."""
    lines = total = 0
    begins = 0  # of the line at hand, in the piece at hand; below zero when it began in an earlier one
    last = b""
    buffer = bytearray(STEP)
    before, short = [], []
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            before.append(lines)
            at = buffer.find(NEWLINE, 0, size)
            while at >= 0:  # twice as fast as count(), which looks at every byte
                lines += 1
                if at - begins <= SHORT:
                    short.append(lines)
                begins = at + 1
                at = buffer.find(NEWLINE, begins, size)
            begins -= size
            total += size
            last = (last + bytes(buffer[max(0, size - 64) : size]))[-64:]
    open_end = bool(last) and not last.endswith(b"\n")
    if open_end and -begins <= SHORT:
        short.append(lines + 1)
    pending = open_end and not last.rpartition(b"\n")[2].rstrip().endswith(b"}")
    return Counted(lines + open_end, total, open_end, pending, tuple(before), tuple(short))


def blanks(path: Path, counted: Counted) -> list[int]:
    """Numbers of the lines DuckDB steps over; of a longer line of blanks the accounts do not close, and the careful reader takes the file."""
    return [line.number for line in fetch(path, counted, list(counted.short)) if not line.text.strip(BLANK)]


def numbers(places: Iterable[int], empty: list[int]) -> list[int]:
    """Line numbers of rising 0-based places among the lines that are not blank."""
    found: list[int] = []
    passed = 0
    for place in places:
        while passed < len(empty) and empty[passed] <= place + 1 + passed:
            passed += 1
        found.append(place + 1 + passed)
    return found


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
