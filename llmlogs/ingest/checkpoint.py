"""How a stream of bytes is known again: by its head and by what stands just before the place reading stopped, whatever the file is called."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from llmlogs.carriers import compression
from llmlogs.carriers.sqlite import WAL

if TYPE_CHECKING:
    from llmlogs.store.database import Connection

HEAD = 4096
TAIL = 4 << 20  # a small file is known by all its bytes; reading 4 MB costs 4 ms
KEPT = TAIL + (36 << 20)  # an unfinished line may stand behind the tail


@dataclass
class FileState:
    """A row of the table files."""

    file_id: int
    ingest_id: int
    path: str
    source: str = ""
    carrier: str = ""
    reader: str = ""
    fingerprint: str = ""
    head_bytes: int = 0
    tail_fingerprint: str = ""
    bytes: int = 0
    read_bytes: int = 0
    modified_ns: int = 0
    lines: int = 0
    blank_lines: int = 0
    records: int = 0
    calls: int = 0
    other: int = 0
    merged: int = 0
    skipped: int = 0
    rejected: int = 0
    pending_bytes: int = 0


class Known:
    """Every stream the database has read, by head and by path."""

    def __init__(self, con: Connection) -> None:
        names = ", ".join(field.name for field in fields(FileState))
        self.states = [FileState(*row) for row in con.execute(f"select {names} from files order by file_id").fetchall()]
        self._by_path = {state.path: state for state in self.states}
        self._by_head: dict[tuple[int, str], list[FileState]] = {}
        for state in self.states:
            self._by_head.setdefault((state.head_bytes, state.fingerprint), []).append(state)
        self.next_id = max((state.file_id for state in self.states), default=0) + 1

    def unchanged(self, path: Path, shown: str, head: bytes) -> FileState | None:
        """The stream last seen at this path, when name, size, time and head say nothing has happened to it."""
        state = self._by_path.get(shown)
        if not state or (state.bytes, state.modified_ns) != touched(path):
            return None
        return state if fingerprint(head[: state.head_bytes]) == state.fingerprint else None

    def alike(self, head: bytes) -> list[FileState]:
        """Streams that began the same way, the one read farthest first."""
        found = []
        for size in {size for size, _ in self._by_head if 0 < size <= len(head)}:
            found += self._by_head.get((size, fingerprint(head[:size])), [])
        return sorted(found, key=lambda state: (-state.read_bytes, state.file_id))

    def add(self, state: FileState) -> None:
        """Remember a stream read in this run, so that a copy later in the same run is known."""
        self._by_head.setdefault((state.head_bytes, state.fingerprint), []).append(state)
        self._by_path[state.path] = state


def touched(path: Path) -> tuple[int, int]:
    """Size, and when the content last changed: a database in use changes in the log beside it."""
    told, log = path.stat(), in_use(path)
    return told.st_size, max(told.st_mtime_ns, log.stat().st_mtime_ns) if log else told.st_mtime_ns


def in_use(path: Path) -> Path | None:
    """SQLite's log beside a database, if it holds anything: then the file alone does not say what is in it."""
    log = Path(f"{path}{WAL}")
    return log if log.is_file() and log.stat().st_size else None


def fingerprint(content: bytes) -> str:
    """Of the head of a stream."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class Tail:
    """A stream that remembers its last bytes as they pass, for those that cannot be read backwards."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner, self._kept, self._held, self.end = inner, deque[bytes](), 0, 0

    def readline(self, limit: int = -1) -> bytes:
        return self._keep(self.inner.readline(limit))

    def read(self, size: int = -1) -> bytes:
        return self._keep(self.inner.read(size))

    def seek(self, offset: int) -> int:
        """Forward only; what is stepped over is remembered too."""
        while self.end < offset and self.read(min(compression.BLOCK, offset - self.end)):
            pass
        return self.end

    def _keep(self, part: bytes) -> bytes:
        self._kept.append(part)
        self._held += len(part)
        self.end += len(part)
        while self._held - len(self._kept[0]) > KEPT:
            self._held -= len(self._kept.popleft())
        return part

    def fingerprint(self, offset: int) -> str:
        """Of up to TAIL bytes before `offset`; '' when they are no longer held."""
        held = b"".join(self._kept)
        first = self.end - len(held)
        span = min(TAIL, offset)
        if offset - span < first:
            return ""
        return tail_mark(held[offset - span - first : offset - first])


def tail_mark(content: bytes) -> str:
    """How many bytes, and their hash."""
    return f"{len(content)}:{fingerprint(content)}"


def file_tail(path: Path, offset: int) -> str:
    """The tail mark of a plain file at `offset`."""
    with path.open("rb") as file:
        span = min(TAIL, offset)
        file.seek(offset - span)
        return tail_mark(file.read(span))


def holds(path: Path, state: FileState) -> tuple[bool, bool, bool]:
    """(the file contains what was read as `state`, there is more behind it, what was read ended without a newline)."""
    if not state.tail_fingerprint:
        return False, False, False
    span = int(state.tail_fingerprint.split(":")[0])
    try:
        with compression.open_plain(path) as stream:
            stream.seek(state.read_bytes - span)
            tail = stream.read(span)
            more = bool(stream.read(1))
    except OSError:
        return False, False, False
    return tail_mark(tail) == state.tail_fingerprint, more, not tail.endswith(b"\n")


def still_there(state: FileState, path: Path) -> bool:
    """The stream's old path is another file that still has the size it had: this one only starts like it."""
    old = Path(state.path)
    return old != path and old.is_file() and not old.samefile(path) and old.stat().st_size == state.bytes
