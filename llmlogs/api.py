"""llmlogs from Python: the same four steps as on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmlogs import __version__

if TYPE_CHECKING:
    import duckdb

    from llmlogs.ingest.report import IngestReport
    from llmlogs.pack.load import Pack
    from llmlogs.pack.model import Answer
    from llmlogs.report.model import Report

DEFAULT = "llmlogs.duckdb"
Place = str | PathLike[str]


def ingest(*paths: Place, db: Place = DEFAULT, **options: Any) -> IngestReport:
    """Read files, folders and globs into the database; `options` are those of IngestOptions. Its `files` say what became of each; LlmlogsError."""
    from llmlogs.ingest import engine
    from llmlogs.ingest.options import IngestOptions

    return engine.run([fspath(path) for path in paths], Path(db), IngestOptions(**options))


def connect(db: Place = DEFAULT) -> duckdb.DuckDBPyConnection:
    """A read-only DuckDB connection with every documented table and view; StorageError where there is no database."""
    from llmlogs.store.database import open_for_read

    return open_for_read(Path(db))


def query(question: str, db: Place = DEFAULT, **parameters: Any) -> Answer:
    """The answer to one question of the pack, by its id: verdict, sentence, values and results."""
    from llmlogs.pack.run import run

    found = _pack()
    return run(Path(db), [found.find(question)], parameters, known=found.questions)[0]


def report(db: Place = DEFAULT, title: str = "") -> Report:
    """Every question answered, as the model that all reports are written from (llmlogs.report.write.write writes one)."""
    from llmlogs.pack.run import run
    from llmlogs.report.build import build

    found = _pack()
    con = connect(db)
    try:
        answers = run(con, found.questions, known=found.questions)
        return build(con, answers, now=datetime.now(UTC).replace(tzinfo=None), version=__version__, title=title)
    finally:
        con.close()


def _pack() -> Pack:
    from llmlogs.pack import load

    return load.load()
