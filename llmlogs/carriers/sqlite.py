"""SQLite: a record is a row of any table, as `{"table": name, "row": {column: value}}`, table by table.

A database that is in use has a log beside it (`-wal`) with what was written last: both are copied and read together, and the folder is left as it was.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.tables import cell, finish, on_disk, size_of

MAGIC = b"SQLite format 3\0"
WAL = "-wal"  # beside a database in use: what was written last
COMPANIONS = (WAL, "-shm", "-journal")  # SQLite's own files beside a database, no logs


class Sqlite:
    """Every row of every table, SQLite's own tables left out; bytes are null."""

    name = "sqlite"

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; the first bytes say it all
        return 1.0 if head.startswith(MAGIC) else 0.0

    def columns(self, stream: BinaryIO) -> tuple[str, ...]:
        """`table` and `table.column` for all of them."""
        with on_disk(stream) as path, _connected(path) as con:
            tables = _tables(con)
            return tuple(name for table in tables for name in (table, *(f"{table}.{column}" for column in _columns(con, table))))

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        with on_disk(stream) as path, _connected(path) as con:
            for table in _tables(con):
                for row in _rows(con, table):
                    position.line += 1
                    yield Record(position.line, None, size_of(row), {"table": table, "row": row})
        stream.seek(position.offset)
        finish(stream, position)


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """OSError for a damaged file: what was read before it stays."""
    log = Path(f"{path}{WAL}")
    with tempfile.TemporaryDirectory(prefix="llmlogs-") as folder:
        live = log.is_file() and log.stat().st_size > 0
        if live:
            copy = Path(folder) / "copy.db"
            shutil.copyfile(path, copy)
            shutil.copyfile(log, f"{copy}{WAL}")
        address = f"{copy.as_uri()}?mode=rw" if live else f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as con:
                con.text_factory = lambda raw: raw.decode("utf-8", "replace")
                yield con
        except sqlite3.Error as failure:
            raise OSError(f"damaged SQLite database: {failure}") from failure


def _tables(con: sqlite3.Connection) -> list[str]:
    """Tables with rows of their own, in order of their names; a virtual table (full-text search) repeats what stands elsewhere."""
    found = con.execute("select name, coalesce(sql, '') from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name").fetchall()
    virtual = [name for name, sql in found if sql.lower().startswith("create virtual")]
    return [name for name, _ in found if not any(name == other or name.startswith(f"{other}_") for other in virtual)]


def _columns(con: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in con.execute(f"pragma table_info({_quote(table)})").fetchall()]


def _rows(con: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    cursor = con.execute(f"select * from {_quote(table)}")
    names = [str(column[0]) for column in cursor.description]
    for values in cursor:
        yield {name: cell(value) for name, value in zip(names, values, strict=True)}


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


CARRIER = Sqlite()
