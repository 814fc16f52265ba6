"""What the fast reader hands to the engine, and the few lines that are read again with care as if they were a file of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.ndjson import BLANK
from llmlogs.carriers.parsing import parse
from llmlogs.ingest.fast_lines import Line

FAST_FROM = 4 << 20  # below, starting a parallel read costs more than it saves


@dataclass
class FastResult:
    """What came of a file. `again` are the records for the careful reader, in the order of the file; they are in no row yet."""

    rows: int
    lines: int
    blank_lines: int
    read_bytes: int
    unterminated: bool
    why: str  # fast, and in which way: shown in files.reader
    again: list[Line] = field(default_factory=list)


@dataclass
class FewLines:
    """A carrier over lines that are known already."""

    result: FastResult
    name: str = "ndjson"

    def sniff(self, head: bytes, path: str) -> float:
        """Never asked: these lines were found, not discovered."""
        return 0.0

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        """Each line as the carrier of the whole file would give it. A last line that is cut off waits."""
        for line in self.result.again:
            text = line.text.strip(BLANK)
            if not text:
                position.blank += 1
                continue
            value, error, note = parse(text)
            if error and self.result.unterminated and line.number == self.result.lines:
                position.pending, position.offset, position.line, position.unterminated = len(line.text), line.offset, line.number - 1, False
                return
            yield Record(line.number, line.offset, len(line.text.rstrip(b"\r")), value, error, note)
