"""Rows on their way from a source to the database: NDJSON in a temporary folder, one file a table, every value already of its column's type."""

from __future__ import annotations

import shutil
import tempfile
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from llmlogs.ingest.values import CLEANERS, Cleaned
from llmlogs.privacy import label
from llmlogs.schema.calls import CALLS, HIDDEN
from llmlogs.schema.others import OTHERS

CALL_TYPES = {column.name: column.type for column in CALLS.columns} | HIDDEN
TYPES = {table.name: {column.name: column.type for column in table.columns} for table in OTHERS} | {"call_rows": CALL_TYPES}
SHORT = 200  # a longer text is hardly told twice
Bad = tuple[str, str, str]  # (column, reason, type of the value found)


def clean(table: str, row: dict[str, Any], secret: bytes = b"") -> tuple[dict[str, Any], list[Bad]]:
    """The row with exact types, without NULLs, keys and addresses, and what could not be kept. A key the contract does not know is a KeyError."""
    types, good, bad = TYPES[table], {}, []
    gated = table != "texts"  # these are kept because they were asked for, and redacted apart
    for name, value in row.items():
        if value is None:
            continue
        kind = types[name]
        if (type(value) is bool and kind == "BOOLEAN") or (type(value) is float and kind == "DOUBLE" and isfinite(value)):
            good[name] = value
            continue
        if kind == "VARCHAR" and gated:
            cleaned, reason = _short(value, secret) if type(value) is str and len(value) < SHORT else _text(value, secret)
        else:
            cleaned, reason = CLEANERS[kind](value)
        if cleaned is not None:
            good[name] = cleaned
        if reason:
            bad.append((name, reason, "dict" if isinstance(value, dict) else type(value).__name__))  # the engine hands out dicts of its own kind
    return good, bad


def _text(value: Any, secret: bytes) -> Cleaned:
    cleaned, reason = CLEANERS["VARCHAR"](value)
    return (None if cleaned is None else label(cleaned, secret)), reason


_short = lru_cache(maxsize=8192)(_text)  # names of models, sessions, projects come again on every line


class Spool:
    """Append-only files in a temporary folder that is removed on exit, whatever happens."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="llmlogs-"))
        self._files: dict[str, BinaryIO] = {}
        self.columns: dict[str, set[str]] = {}
        self._marks: dict[str, int] = {}

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Append a clean row."""
        if table not in self._files:
            self._files[table] = self.path(table).open("w+b", buffering=1 << 18)
            self.columns[table] = set()
        self.columns[table] |= row.keys()
        self._files[table].write(encode(row) + b"\n")

    def path(self, table: str) -> Path:
        """Where the rows of a table lie."""
        return self.folder / f"{table}.ndjson"

    def size(self, table: str) -> int:
        """Bytes that wait for a table."""
        return self._files[table].tell() if table in self._files else 0

    def flush(self) -> None:
        """Let another reader see what was added."""
        for file in self._files.values():
            file.flush()

    def empty(self, table: str) -> None:
        """Forget the rows of a table: they are loaded."""
        if table in self._files:
            self._files[table].truncate(0)
            self._files[table].seek(0)
            self._marks[table] = 0

    def mark(self) -> None:
        """Remember here: what one file adds after this can be taken back."""
        self._marks = {table: file.tell() for table, file in self._files.items()}

    def take_back(self) -> None:
        """Forget everything since the mark."""
        for table, file in self._files.items():
            file.seek(self._marks.get(table, 0))
            file.truncate()


def encode(row: dict[str, Any]) -> bytes:
    """One row as JSON; half an emoji in a text becomes a replacement character."""
    try:
        return orjson.dumps(row)
    except TypeError:
        fixed = {k: v.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(v, str) else v for k, v in row.items()}
        return orjson.dumps(fixed)
