"""What a carrier is: the container of a log. It turns bytes into records and keeps track of where it stands; it knows no meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

# A longer line or element is stepped over without being held in memory, and rejected with its length.
MAX_RECORD = 32 * 1024 * 1024


@dataclass(slots=True)
class Record:
    """The smallest unit of a file that can become a call, as its carrier read it.

    `value` is the parsed JSON value (for CSV: a dict of strings; an empty cell is None). `offset` and `length` are bytes of the decompressed content;
    a row of Parquet or SQLite has no place in them: its offset is None and its length about what it takes.
    `error` is set, and `value` is None, when the carrier could not parse it: the engine rejects it, the source never sees it.
    `note` names what had to be repaired to read it (`encoding`, `not_a_number`): the engine counts it as an issue.
    """

    line: int
    offset: int | None
    length: int
    value: Any = None
    error: str = ""
    note: str = ""


@dataclass(frozen=True)
class Head:
    """The first records of a file, for detection. `values` are parsed; `columns` are those of a CSV or Parquet file,
    of SQLite `table` and `table.column`; `path` is the user's path."""

    path: str
    carrier: str
    values: tuple[Any, ...]
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Position:
    """Where reading of one stream stands. A carrier moves it as it goes; the engine keeps it as the checkpoint.

    `offset` is the end of what is accounted for; `line` is the last line (or record) number used; `pending` bytes after `offset` wait to be completed.
    """

    offset: int = 0
    line: int = 0
    blank: int = 0
    pending: int = 0
    unterminated: bool = False  # the last line so far had no newline: one that comes first next time belongs to it


class Carrier(Protocol):
    """The contract of a carrier: a module in `llmlogs/carriers/` with a module-level `CARRIER` (or `CARRIERS`).

    One that knows its columns without a record has `columns(stream) -> tuple[str, ...]` too, so that an empty table is recognised.
    """

    name: str

    def sniff(self, head: bytes, path: str) -> float:
        """How sure it is (0..1), from the first bytes of the decompressed content, that it can read the file."""

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        """Records from `position.offset` on, in order. `stream` stands at byte 0 and seeks; bytes that are no record are never silently dropped."""
