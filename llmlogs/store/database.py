"""Open, create and extend a database file."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from llmlogs import __version__
from llmlogs.errors import LlmlogsError, LockedError, StorageError
from llmlogs.schema import ddl, migrate
from llmlogs.schema.calls import CALLS, HIDDEN

# The oldest storage format that keeps every type we use: files open in DuckDB 1.1+ shells. Measured cost against 2.0's own: none.
STORAGE_VERSION = "v1.1.0"
SETTINGS = {
    "enable_progress_bar": "true",  # DuckDB then knows how far a query is; it must not print that itself
    "enable_progress_bar_print": "false",
    "TimeZone": "'UTC'",
    "disabled_compression_methods": "'fsst'",  # trying it costs 5 % of an ingest and saves 2 % of the file: labels lie in dictionaries
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# DuckDB says of itself that this is no full sandbox: it keeps a slip of the owner's from touching files, it does not hold an attacker.
SANDBOX = {"memory_limit": "'4GB'", "temp_directory": "''", "enable_external_access": "false", "lock_configuration": "true"}
LOCK_WAIT_S = 30.0

Connection = duckdb.DuckDBPyConnection


def open_for_write(path: Path, wait_s: float = LOCK_WAIT_S, notice: Callable[[str], None] | None = None) -> Connection:
    """The database at `path`, made when there is none, migrated when it is older, with rows of an unfinished ingest removed.

    Waits up to `wait_s` seconds for another process and calls `notice` once when it has to. LockedError, StorageError.
    """
    _check_file(path)
    con = _connect(path, read_only=False, wait_s=wait_s, notice=notice)
    try:
        _settle(con, SETTINGS)
        if not _has_table(con, "meta"):
            _create(con, path)
        else:
            migrate.upgrade(con, path, __version__)
            for statement in ddl.views():  # they follow the program, not the file
                con.execute(statement)
        con.execute(f"delete from call_rows where not ({ddl.VISIBLE})")
        con.execute("delete from ingests where finished_at is null")
    except BaseException:
        con.close()
        raise
    return con


def open_for_read(path: Path, wait_s: float = LOCK_WAIT_S, notice: Callable[[str], None] | None = None) -> Connection:
    """The database at `path`, read only; as many processes as like may do so together."""
    _check_file(path)
    if not path.exists():
        raise StorageError("no database", str(path), "nothing has been ingested here yet", "llmlogs ingest LOGS makes one")
    con = _connect(path, read_only=True, wait_s=wait_s, notice=notice)
    try:
        _settle(con, SETTINGS)
        _require_ours(con, path)
        migrate.refuse_other_versions(con, path, __version__)
    except BaseException:
        con.close()
        raise
    return con


def open_sandboxed(path: Path, wait_s: float = LOCK_WAIT_S) -> Connection:
    """Read only, and without files, network or settings: for SQL a person types."""
    con = open_for_read(path, wait_s)
    _settle(con, SANDBOX)
    return con


def physical_columns(con: Connection) -> set[str]:
    """Columns of call_rows that some source has brought."""
    return {row[0] for row in con.execute("select name from pragma_table_info('call_rows')").fetchall()}  # duckdb_columns() looks at every view too


def ensure_columns(con: Connection, names: set[str]) -> None:
    """Add to call_rows what is missing of `names` (public or hidden) and renew the calls view."""
    have = physical_columns(con)
    missing = [c for c in (*CALLS.names, *HIDDEN) if c in names and c not in have]
    if missing:
        con.execute(";".join(map(ddl.add_column, missing)))
    if not HIDDEN.keys() >= set(missing):
        con.execute(";".join([ddl.calls_view(have | set(missing)), *ddl.comments(CALLS)]))


def secret(con: Connection) -> bytes:
    """The key of this database's hashes."""
    return bytes.fromhex(con.execute("select value from meta where key = 'secret'").fetchall()[0][0])


def _check_file(path: Path) -> None:
    """Say clearly what is wrong with the file before DuckDB guesses (for a SQLite file it would look for an extension on the network)."""
    if path.is_dir():
        raise StorageError("the database is a folder", str(path), next_step="name a file with --db")
    if not path.parent.is_dir():
        raise StorageError("no such folder", str(path.parent), next_step="make it, or name another --db")
    try:
        head = _head(path)
    except OSError as error:
        raise StorageError("cannot open the database", str(path), error.strerror or str(error), "check its permissions") from error
    if head is not None and head[8:12] != b"DUCK":
        why = "the file is empty" if not head else "it is not a DuckDB file"
        raise StorageError("not an llmlogs database", str(path), why, "name another --db, or move the file away")


def _head(path: Path) -> bytes | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        return file.read(16)


def _connect(path: Path, *, read_only: bool, wait_s: float, notice: Callable[[str], None] | None) -> Connection:
    until = time.monotonic() + wait_s
    told = False
    while True:
        try:
            if read_only:
                return duckdb.connect(str(path), read_only=True)
            return duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})
        except duckdb.IOException as error:
            failure = _explain(error, path)
            if not isinstance(failure, LockedError) or time.monotonic() >= until:
                raise failure from error
            if notice and not told:
                notice(f"waiting for the database: {failure.why}")
                told = True
            time.sleep(0.1)
        except duckdb.Error as error:
            raise _explain(error, path) from error


def _explain(error: duckdb.Error, path: Path) -> LlmlogsError:
    text = str(error)
    lock = re.search(r"Conflicting lock is held in (\S+).*?\(PID (\d+)\)", text)
    if lock:
        holder = f"process {lock[2]} ({Path(lock[1]).name}) has it open"
        return LockedError("the database is locked", str(path), holder, "wait until it is done, or close it, and run again")
    why = text.split("\n", 1)[0].removeprefix("IO Error: ")[:200]
    return StorageError("cannot open the database", str(path), why, "restore it from a copy, or name another --db and ingest again")


def _has_table(con: Connection, name: str) -> bool:
    return bool(con.execute("select count(*) from duckdb_tables() where table_name = $1", [name]).fetchall()[0][0])


def _require_ours(con: Connection, path: Path) -> None:
    if not _has_table(con, "meta"):
        raise StorageError("not an llmlogs database", str(path), "it is a DuckDB file without llmlogs' tables", "name another --db")


def _create(con: Connection, path: Path) -> None:
    if con.execute("select count(*) from duckdb_tables()").fetchall()[0][0]:
        raise StorageError("not an llmlogs database", str(path), "it is a DuckDB file with other tables", "name another --db")
    con.execute("begin")
    con.execute(";\n".join(ddl.create_all()))
    values = [str(ddl.SCHEMA_VERSION), secrets.token_hex(32), __version__]
    con.execute("insert into meta values ('schema_version', $1), ('secret', $2), ('llmlogs_version', $3)", values)
    con.execute("commit")


def _settle(con: Connection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        con.execute(f"set {name} = {value}")
