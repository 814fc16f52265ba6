"""One run of `llmlogs ingest`: find the files, read each, and commit in batches that a crash cannot halve."""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import duckdb

from llmlogs.errors import LlmlogsError, StorageError
from llmlogs.ingest import archives, discover
from llmlogs.ingest.apart import Apart
from llmlogs.ingest.batch import Batch
from llmlogs.ingest.checkpoint import Known
from llmlogs.ingest.failpoint import Failpoint
from llmlogs.ingest.meter import Meter
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import FileReport, IngestReport
from llmlogs.store import database

__all__ = ["IngestOptions", "IngestReport", "run"]

BATCH_BYTES = 256 << 20
BATCH_FILES = 2000
STORAGE = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.TransactionException, duckdb.InternalException)


def run(paths: list[str], db: Path, options: IngestOptions | None = None, meter: Meter | None = None) -> IngestReport:
    """Read what is new in `paths` into the database. StorageError, LockedError; what goes wrong with one file is told in its report."""
    started = time.perf_counter()
    report = IngestReport(run_id=secrets.token_hex(8))
    with tempfile.TemporaryDirectory(prefix="llmlogs-input-") as folder:
        files, report.files = _find(paths, Path(folder))
        if not files:  # no database is made for nothing
            return report
        con = database.open_for_write(db)
        try:
            _read_all(con, files, options or IngestOptions(), report, meter or Meter())
        except STORAGE as failure:
            raise _storage_error(failure, db) from failure
        finally:
            con.close()
    report.seconds = time.perf_counter() - started
    report.bytes = sum(file.bytes for file in report.files)
    return report


def _find(paths: list[str], folder: Path) -> tuple[list[archives.Found], list[FileReport]]:
    """What is to be read and how the user calls it; `-` and the contents of archives lie in `folder`."""
    kept = folder / "stdin"
    if "-" in paths:
        _standard_input(kept)
    files, failed = discover.expand([str(kept) if path == "-" else path for path in paths])
    found, damaged = archives.unpack(files, folder)
    return [(path, "-" if path == kept else shown) for path, shown in found], failed + damaged


def _standard_input(kept: Path) -> None:
    """Kept in a file first: it may be slow, and formats look at their beginning twice."""
    with kept.open("wb") as file:
        while part := sys.stdin.buffer.read(1 << 20):
            file.write(part)


def _read_all(con: database.Connection, files: list[tuple[Path, str]], options: IngestOptions, report: IngestReport, meter: Meter) -> None:
    known = Known(con)
    finished = len(report.files)
    meter.total = sum(path.stat().st_size for path, _ in files if path.exists())
    try:
        with Apart() as apart:
            for group in _batches(files):
                with Batch(con, known, options, report.run_id, meter, apart) as batch:
                    for path, shown in group:
                        meter.begin(shown, path.stat().st_size if path.exists() else 0)
                        report.files.append(_read_one(batch, path, shown))
                        meter.end()
                    batch.commit()
                finished = len(report.files)
    except KeyboardInterrupt:
        report.interrupted = True
        del report.files[finished:]


def _read_one(batch: Batch, path: Path, shown: str) -> FileReport:
    try:
        return batch.read(path, shown)
    except OSError as failure:
        return FileReport(shown, error=f"cannot be read: {failure.strerror or failure}")
    except (LlmlogsError, Failpoint, duckdb.Error):
        raise
    except Exception as fault:  # what no format could recognise without a fault must not cost the other files
        return FileReport(shown, error=f"internal error, the file was not read: {type(fault).__name__}; please report it")


def _batches(files: Iterable[tuple[Path, str]]) -> Iterable[list[tuple[Path, str]]]:
    group: list[tuple[Path, str]] = []
    size = 0
    for path, shown in files:
        group.append((path, shown))
        size += path.stat().st_size if path.exists() else 0
        if size >= BATCH_BYTES or len(group) >= BATCH_FILES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _storage_error(failure: duckdb.Error, db: Path) -> StorageError:
    """Disk full, a lost permission, a damaged file, or not enough memory: what was committed is safe in each case."""
    why = str(failure).splitlines()[0][:300]
    return StorageError("the database could not be written", str(db), why, "make room, then run the same command again: it goes on where it stopped")
