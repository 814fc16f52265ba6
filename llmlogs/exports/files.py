"""A relation into a CSV or Parquet file, whole or not at all; nothing of a log runs in a spreadsheet."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from llmlogs.errors import StorageError, UsageError
from llmlogs.schema.ddl import literal, quote
from llmlogs.text import FORMULA

FORMS = {".csv": "csv", ".parquet": "parquet"}
SIGNS = ", ".join(literal(sign) for sign in sorted(FORMULA))


def check(path: Path, *, folder: bool = False) -> None:
    """UsageError, before anything is computed, where the name says no form; StorageError where there is no such folder."""
    if not folder and path.suffix.lower() not in FORMS:
        raise UsageError("no export is written in this form", str(path), next_step=f"end the name in {' or '.join(FORMS)}")
    if folder and path.is_file():
        raise UsageError("there is a file already", str(path), next_step="name a folder with -o")
    if not path.resolve().parent.is_dir():
        raise StorageError("no such folder", str(path.parent), next_step="make it, or name another file with -o")


def write(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """Write the rows of a select, and say how many.

    CSV is UTF-8 with a head, decimals exact, times ISO 8601 with Z, and a text that a spreadsheet would run begins with a quote.
    """
    form = FORMS[path.suffix.lower()]
    columns = con.execute(f"describe {select}").fetchall()
    shown = ", ".join(f"{(_csv if form == 'csv' else _parquet)(quote(name), kind)} as {quote(name)}" for name, kind, *_ in columns)
    options = "format csv, header true" if form == "csv" else "format parquet, compression zstd"
    with tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=f".{path.name}.") as scratch:
        beside = Path(scratch) / path.name
        rows = _copy(con, f"select {shown} from ({select})", beside, options)
        beside.replace(path.resolve())
    return rows


def write_parts(con: duckdb.DuckDBPyConnection, select: str, path: Path, by: str) -> int:
    """Write Parquet files in folders `by=value`, as other engines read them. UsageError where the folder holds something already."""
    columns = con.execute(f"describe {select}").fetchall()
    if by not in {name for name, *_ in columns}:
        raise UsageError("no such column to part by", by, next_step=f"one of: {', '.join(name for name, *_ in columns)[:300]}")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError("there is something already", str(path), next_step="name an empty folder with -o")
    shown = ", ".join(f"{_parquet(quote(name), kind)} as {quote(name)}" for name, kind, *_ in columns)
    try:
        return _copy(con, f"select {shown} from ({select})", path, f"format parquet, compression zstd, partition_by ({quote(by)})")
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _copy(con: duckdb.DuckDBPyConnection, select: str, path: Path, options: str) -> int:
    try:
        return int(con.execute(f"copy ({select}) to {literal(str(path))} ({options})").fetchall()[0][0])
    except duckdb.IOException as error:
        raise StorageError("the export cannot be written", str(path), str(error).split("\n", 1)[0][:200]) from error


def _csv(column: str, kind: str) -> str:
    if kind in ("VARCHAR", "JSON"):
        return f"case when left({column}, 1) in ({SIGNS}) then '''' || {column} else {column} end"
    if kind.startswith("DECIMAL"):
        return f"case when contains({column}::varchar, '.') then rtrim(rtrim({column}::varchar, '0'), '.') else {column}::varchar end"
    if kind.startswith("TIMESTAMP"):
        return rf"regexp_replace(strftime({column}::timestamp, '%Y-%m-%dT%H:%M:%S.%f'), '\.0+$', '') || 'Z'"
    return column


def _parquet(column: str, kind: str) -> str:
    """Parquet has no HUGEINT: it would become a DOUBLE and lose digits."""
    return f"{column}::decimal(38, 0)" if kind in ("HUGEINT", "UHUGEINT") else column
