"""What the carriers of tables (Parquet, SQLite) share: a file that needs a path, and cells as a JSON reader would give them."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from llmlogs.carriers.base import Position

BLOCK = 1 << 20


@contextmanager
def on_disk(stream: BinaryIO) -> Iterator[Path]:
    """A path whose content is the stream's: the file itself where it is plain, else a copy that is removed again."""
    name = getattr(stream, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        yield Path(name)
        return
    stream.seek(0)
    with tempfile.TemporaryDirectory(prefix="llmlogs-") as folder:
        copy = Path(folder) / "content"
        with copy.open("wb") as file:
            shutil.copyfileobj(stream, file, BLOCK)
        yield copy


def finish(stream: BinaryIO, position: Position) -> None:
    """All of the file is accounted for: tables have no half-written last line."""
    while part := stream.read(BLOCK):
        position.offset += len(part)


def cell(value: Any) -> Any:
    """A value as JSON would have it: instants as ISO text (UTC with Z where a zone was known), decimals as text, NaN and bytes as null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): cell(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cell(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None if isinstance(value, bytes | bytearray | memoryview) else str(value)


def size_of(value: Any) -> int:
    """About how many bytes a cell or row holds; what is kept of it for the shape of a reject is bounded by this."""
    if isinstance(value, dict):
        return sum(len(str(key)) + size_of(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(size_of, value))
    return len(value) if isinstance(value, str) else 8
