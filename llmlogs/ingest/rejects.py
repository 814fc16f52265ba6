"""Rejected records, read back from the user's own files: the database never held their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb

from llmlogs.carriers.compression import open_plain

LISTED = "select f.path, r.line, r.byte_offset, r.length, r.reason, r.shape from rejects r join files f using (file_id) order by f.path, r.byte_offset, r.line"


@dataclass(frozen=True)
class Reject:
    """Where a rejected record stands and why it was rejected."""

    path: str
    line: int
    byte_offset: int | None
    length: int | None
    reason: str
    shape: str | None


def listed(con: duckdb.DuckDBPyConnection) -> list[Reject]:
    """Every rejected record, by file and position."""
    return [Reject(*row) for row in con.execute(LISTED).fetchall()]


def exported(rejects: list[Reject]) -> Iterator[tuple[Reject, bytes | None]]:
    """Each reject with its bytes; None where the file is gone, shorter, or damaged there, or where the record is a row of a table."""
    by_path: dict[str, list[Reject]] = {}
    for reject in rejects:
        by_path.setdefault(reject.path, []).append(reject)
    for path, group in by_path.items():
        yield from _from_file(Path(path), sorted(group, key=lambda r: r.byte_offset or 0))


def _from_file(path: Path, group: list[Reject]) -> Iterator[tuple[Reject, bytes | None]]:
    try:
        stream = open_plain(path)
    except OSError:
        yield from ((reject, None) for reject in group)
        return
    with stream:
        for reject in group:
            yield reject, _bytes_of(stream, reject)


def _bytes_of(stream: BinaryIO, reject: Reject) -> bytes | None:
    if reject.byte_offset is None or reject.length is None:
        return None
    try:
        stream.seek(reject.byte_offset)
        found = stream.read(reject.length)
    except OSError:
        return None
    return found if len(found) == reject.length else None
