"""Parquet: a record is a row, as a dict of its columns. The folders of a partitioned export (`year=2026/`) are columns too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.tables import cell, finish, on_disk, size_of
from llmlogs.schema.ddl import literal

if TYPE_CHECKING:
    import duckdb

MAGIC = b"PAR1"
PATTERN = re.compile(r"[*?\[]")  # these would make a name match other files
ROWS = 1000  # fetched at once


class Parquet:
    """Instants are ISO texts, decimals texts, maps and structs dicts; bytes are left out."""

    name = "parquet"

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; the first bytes say it all
        return 1.0 if head.startswith(MAGIC) else 0.0

    def columns(self, stream: BinaryIO) -> tuple[str, ...]:
        """Names of the columns, also of a file without rows."""
        with on_disk(stream) as path:
            return _columns(_query(str(path), "limit 0"))

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        with on_disk(stream) as path:
            query = _query(str(path), "")
            names = _columns(query)
            for values in _rows(query):
                row = {name: cell(value) for name, value in zip(names, values, strict=True)}
                position.line += 1
                yield Record(position.line, None, size_of(row), row)
        stream.seek(position.offset)
        finish(stream, position)


def _query(path: str, more: str) -> duckdb.DuckDBPyConnection:
    """A connection that can read this one file and nothing else, with the rows waiting; OSError for a damaged one."""
    import duckdb

    con = duckdb.connect(config={"threads": 1})
    con.execute("set TimeZone = 'UTC'")
    one = PATTERN.sub(r"[\g<0>]", path)
    con.execute(f"set allowed_paths = [{literal(path)}, {literal(one)}]")
    con.execute("set enable_external_access = false")
    try:
        return con.execute(f"select * from read_parquet($1, hive_partitioning = true) {more}", [one])
    except duckdb.Error as failure:
        raise OSError(f"damaged parquet file: {str(failure).splitlines()[0][:200]}") from failure


def _columns(query: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    return tuple(str(column[0]) for column in query.description or ())


def _rows(query: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    import duckdb

    try:
        while rows := query.fetchmany(ROWS):
            yield from rows
    except duckdb.Error as failure:
        raise OSError(f"damaged parquet file: {str(failure).splitlines()[0][:200]}") from failure


CARRIER = Parquet()
