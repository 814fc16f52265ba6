"""A result as a table, CSV, JSON, JSON lines, Parquet or Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from llmlogs import text
from llmlogs.errors import UsageError

Row = tuple[Any, ...]
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".md": "md", ".txt": "table"}


def format_for(path: Path | None, terminal: bool) -> str:
    """The format a file's suffix asks for; without a file a table on a terminal and CSV in a pipe."""
    if path is None:
        return "table" if terminal else "csv"
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("no format for this file name", str(path), f"known suffixes: {', '.join(SUFFIXES)}", "give --format")
    return SUFFIXES[path.suffix.lower()]


@contextmanager
def target(path: Path | None, form: str) -> Iterator[IO[bytes]]:
    """Where the bytes go. Parquet is not thrown at a terminal."""
    if path is not None:
        with path.open("wb") as stream:
            yield stream
        return
    if form == "parquet" and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", next_step="give -o FILE.parquet, or pipe it")
    yield sys.stdout.buffer


def write(columns: Sequence[str], types: Sequence[str], rows: Iterable[Row], form: str, stream: IO[bytes], *, guard: bool = True) -> None:
    """Write rows in `form`. `guard` defuses CSV cells a spreadsheet would run."""
    WRITERS[form](columns, types, rows, stream, guard)


def plain_value(value: Any) -> Any:
    """A value JSON can carry: times as ISO with Z, decimals as exact numbers, no NaN or infinity."""
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def _csv(columns: Sequence[str], _: Sequence[str], rows: Iterable[Row], stream: IO[bytes], guard: bool) -> None:
    buffer = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_csv_cell(value, guard) for value in row] for row in rows)
    finally:
        buffer.detach()


def _csv_cell(value: Any, guard: bool) -> Any:
    if isinstance(value, str):
        return text.cell(value) if guard else value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return plain_value(value) if isinstance(value, datetime) else value.isoformat()
    return json.dumps(plain_value(value), ensure_ascii=False) if isinstance(value, dict | list | tuple) else value


def _json_objects(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(dict(zip(columns, map(plain_value, row), strict=True)), ensure_ascii=False, allow_nan=False)


def _json(columns: Sequence[str], _: Sequence[str], rows: Iterable[Row], stream: IO[bytes], __: bool) -> None:
    stream.write(b"[")
    for number, line in enumerate(_json_objects(columns, rows)):
        stream.write((",\n " if number else "\n ").encode() + line.encode("utf-8", "replace"))
    stream.write(b"\n]\n")


def _jsonl(columns: Sequence[str], _: Sequence[str], rows: Iterable[Row], stream: IO[bytes], __: bool) -> None:
    for line in _json_objects(columns, rows):
        stream.write(line.encode("utf-8", "replace") + b"\n")


def _table(columns: Sequence[str], types: Sequence[str], rows: Iterable[Row], stream: IO[bytes], _: bool) -> None:
    lines = text.terminal_table(columns, [_unit(kind) for kind in types], [tuple(map(_shown, row)) for row in rows])
    stream.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _md(columns: Sequence[str], types: Sequence[str], rows: Iterable[Row], stream: IO[bytes], _: bool) -> None:
    lines = text.markdown_table(columns, [_unit(kind) for kind in types], [tuple(map(_shown, row)) for row in rows])
    stream.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _unit(kind: str) -> str:
    """Numbers are shown as they are: SQL that a person typed has no declared units."""
    return "text"


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, float) else str(plain_value(value))


def _parquet(columns: Sequence[str], _: Sequence[str], rows: Iterable[Row], stream: IO[bytes], __: bool) -> None:
    import polars

    if len(set(columns)) != len(columns):
        raise UsageError("Parquet needs distinct column names", why=", ".join(columns), next_step="give each column a name with `as`")
    frame = polars.DataFrame([list(row) for row in rows], schema=list(columns), orient="row", infer_schema_length=None)
    frame.write_parquet(stream)


WRITERS: dict[str, Callable[[Sequence[str], Sequence[str], Iterable[Row], IO[bytes], bool], None]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "table": _table,
    "md": _md,
    "parquet": _parquet,
}
