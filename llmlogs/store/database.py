"""Open, create and extend a database file."""

from __future__ import annotations

import secrets
from pathlib import Path

import duckdb

from llmlogs.errors import StorageError
from llmlogs.schema import ddl
from llmlogs.schema.calls import CALLS, HIDDEN

# The oldest storage format that keeps every type we use: files open in DuckDB 1.1+ shells. Measured cost against 2.0's own: none.
STORAGE_VERSION = "v1.1.0"
SETTINGS = (
    "set enable_progress_bar = false",
    "set TimeZone = 'UTC'",
    "set python_enable_replacements = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
)


def open_for_write(path: Path) -> duckdb.DuckDBPyConnection:
    """The database at `path`, made when there is none, with rows of an unfinished ingest removed."""
    con = duckdb.connect()
    con.execute(f"attach {ddl.literal(str(path))} as llmlogs (storage_version '{STORAGE_VERSION}')")
    con.execute("use llmlogs")
    _settle(con)
    if not con.execute("select count(*) from duckdb_tables() where table_name = 'meta'").fetchall()[0][0]:
        _create(con)
    con.execute(f"delete from call_rows where not ({ddl.VISIBLE})")
    con.execute("delete from ingests where finished_at is null")
    return con


def open_for_read(path: Path) -> duckdb.DuckDBPyConnection:
    """The database at `path`, read only."""
    if not path.exists():
        raise StorageError("no database", str(path), next_step="llmlogs ingest LOGS makes one")
    con = duckdb.connect(str(path), read_only=True)
    _settle(con)
    return con


def physical_columns(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Columns of call_rows that some source has brought."""
    return {row[0] for row in con.execute("select column_name from duckdb_columns() where table_name = 'call_rows'").fetchall()}


def ensure_columns(con: duckdb.DuckDBPyConnection, names: set[str]) -> None:
    """Add to call_rows what is missing of `names` (public or hidden) and renew the calls view."""
    have = physical_columns(con)
    missing = [c for c in (*CALLS.names, *HIDDEN) if c in names and c not in have]
    for name in missing:
        con.execute(ddl.add_column(name))
    if missing:
        con.execute(ddl.calls_view(have | set(missing)))
        for statement in ddl.comments(CALLS):
            con.execute(statement)


def secret(con: duckdb.DuckDBPyConnection) -> bytes:
    """The key of this database's hashes."""
    return bytes.fromhex(con.execute("select value from meta where key = 'secret'").fetchall()[0][0])


def _create(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("begin")
    for statement in ddl.create_all():
        con.execute(statement)
    con.execute("insert into meta values ('schema_version', $1), ('secret', $2)", [str(ddl.SCHEMA_VERSION), secrets.token_hex(32)])
    con.execute("commit")


def _settle(con: duckdb.DuckDBPyConnection) -> None:
    for statement in SETTINGS:
        con.execute(statement)
