"""Which files are meant, and for each: container, format, how sure, and why."""

from __future__ import annotations

import glob
import itertools
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llmlogs import sources
from llmlogs.carriers import candidates, compression
from llmlogs.carriers.base import Carrier, Head, Position, Record
from llmlogs.carriers.sqlite import COMPANIONS
from llmlogs.ingest.report import FileReport
from llmlogs.privacy import shape
from llmlogs.sources.base import Context, Source

HEAD_BYTES = 64 * 1024
HEAD_RECORDS = 50
HEAD_RECORD_BYTES = 1 << 20  # a record may be megabytes: so many of them tell what fifty lines would
CERTAIN = 0.9  # the format names itself: a record that breaks it is a bad record
YAML = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s*(?:#[^\n]*)?\n)*(?:---[ \t]*\r?\n|[\w.-]+:(?:[ \t][^\n]*)?\r?\n(?:[ \t]+\S|- |[\w.-]+:(?:\s|\Z)))")
OURS = (".duckdb", ".duckdb.wal", ".duckdb.tmp")


@dataclass(frozen=True)
class Plan:
    """How one file will be read."""

    path: Path
    shown: str
    carrier: Carrier
    source: Source
    compression: str
    why: str

    @property
    def container(self) -> str:
        return f"{self.carrier.name}.{self.compression}" if self.compression else self.carrier.name


def expand(paths: list[str]) -> tuple[list[Path], list[FileReport]]:
    """Regular files behind paths, folders and globs, each once, in order; and a report for every path that gave none."""
    found: dict[str, Path] = {}
    failed: list[FileReport] = []
    for text in paths:
        named = list(_resolve(text))
        if not named:
            failed.append(FileReport(text, error="no files in this folder"))
        for path in named:
            trouble = _trouble(path)
            if trouble:
                failed.append(FileReport(str(path), error=trouble))
            else:
                found.setdefault(os.path.realpath(path), path)
    return list(found.values()), failed


def _resolve(text: str) -> Iterator[Path]:
    path = Path(text).expanduser()
    if path.is_dir():
        yield from _walk(path)
    elif not path.exists() and glob.has_magic(text):
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 # the pattern may be absolute
        for match in matches:
            yield from _walk(match) if match.is_dir() else [match]
        if not matches:
            yield path
    else:
        yield path


def _walk(root: Path) -> Iterator[Path]:
    """Files below a folder; hidden ones and our own databases are not logs, and links to folders could run in circles."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and not name.endswith((*OURS, *COMPANIONS)) and (path.is_file() or path.is_symlink()):
                yield path


def _trouble(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not stat.S_ISREG(mode):
        return "not a regular file (a pipe, socket or device); write it to a file first, or pipe it in with -"
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def identify(path: Path, shown: str, wanted: str = "") -> Plan | FileReport:
    """How to read the file; or, when no source takes it, a report that says what was seen."""
    start = compression.first_bytes(path, HEAD_BYTES)
    if not start.strip():
        return FileReport(shown, carrier="empty")
    seen = compression.foreign(start)
    if seen:
        return FileReport(shown, unknown=f"{seen}: no log that can be read here")
    options = candidates(start, shown)
    damage: list[str] = []
    heads = [(carrier, _head(carrier, path, shown, damage)) for carrier in options]
    choice = _forced(heads, wanted) if wanted else _best(heads)
    if choice is None:
        return FileReport(shown, unknown=_describe(heads, damage, start))
    carrier, source, why = choice
    return Plan(path, shown, carrier, source, compression.kind(path), why)


def _head(carrier: Carrier, path: Path, shown: str, damage: list[str]) -> Head:
    """What the file begins with; of a damaged one its good part, and a note of the damage."""
    first: list[Record] = []
    columns: tuple[str, ...] = ()
    try:
        with compression.open_plain(path) as stream:
            columns = getattr(carrier, "columns", _no_columns)(stream)
        with compression.open_plain(path) as stream:
            first.extend(_first(carrier.records(stream, Position())))
    except OSError as failure:
        damage.append(str(failure))
    return Head(shown, carrier.name, tuple(record.value for record in first if not record.error), columns)


def _first(records: Iterator[Record]) -> Iterator[Record]:
    size = 0
    for record in itertools.islice(records, HEAD_RECORDS):
        yield record
        size += record.length
        if size > HEAD_RECORD_BYTES:
            return


def _no_columns(stream: BinaryIO) -> tuple[str, ...]:
    return ()


def _forced(heads: list[tuple[Carrier, Head]], wanted: str) -> tuple[Carrier, Source, str] | None:
    source = sources.get(wanted)
    usable = [carrier for carrier, head in heads if head.values] or [carrier for carrier, _ in heads]
    return (usable[0], source, "named by --format") if usable else None


def _best(heads: list[tuple[Carrier, Head]]) -> tuple[Carrier, Source, str] | None:
    """The surest source; of equals the one over the surest carrier."""
    sure = [(found, carrier, head) for carrier, head in heads if head.values or head.columns for found in sources.find(head)]
    for (source, detection), carrier, head in sorted(sure, key=lambda x: -x[0][1].confidence):
        if detection.confidence >= CERTAIN or (detection.confidence >= sources.SURE_ENOUGH and _understands(source, head)):
            return carrier, source, detection.why
    return None


def _understands(source: Source, head: Head) -> bool:
    """Not every first record is rejected: what a source would throw away whole is better left to a mapping of the user's own."""
    told = getattr(source, "understands", None)  # a source may know a cheaper way than reading
    if told:
        return bool(told(head.values))
    records = (Record(number, 0, 0, value) for number, value in enumerate(head.values, start=1))
    return any(outcome.kind != "rejected" for outcome in source.read(records, Context(head.path)))


def _describe(heads: list[tuple[Carrier, Head]], damage: list[str], start: bytes) -> str:
    carrier, head = next(((c, h) for c, h in heads if h.values), (None, None))
    if carrier is None or head is None:
        if damage:
            return damage[0]
        if YAML.match(start):
            return "YAML, but no recording of HTTP calls: a cassette has interactions with a request and a response"
        return "no records were found in it: not JSON, JSON lines, CSV, Parquet, SQLite, a HAR or a cassette"
    return f"{carrier.name} with {shape(head.values[0], 1)[:300]}, which no source takes; `llmlogs source new NAME --from FILE` writes a mapping"
