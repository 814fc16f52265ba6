"""Numbered migrations: each is one file `migrations/NNNN_what.sql`, applied in one transaction after a backup copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from llmlogs.errors import StorageError
from llmlogs.schema import ddl

FOLDER = Path(__file__).parent / "migrations"


def version_of(con: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """Schema version of a database and the llmlogs that wrote it last."""
    meta = dict(con.execute("select key, value from meta where key in ('schema_version', 'llmlogs_version')").fetchall())
    return int(meta["schema_version"]), meta.get("llmlogs_version", "an unknown version")


def refuse_newer(con: duckdb.DuckDBPyConnection, path: Path, program: str) -> None:
    """StorageError when the database was made by a newer llmlogs."""
    version, writer = version_of(con)
    if version > ddl.SCHEMA_VERSION:
        why = f"it was made by llmlogs {writer} (schema {version}); this is llmlogs {program} (schema {ddl.SCHEMA_VERSION})"
        raise StorageError("the database is newer than this llmlogs", str(path), why, "upgrade llmlogs, or name another --db")


def refuse_other_versions(con: duckdb.DuckDBPyConnection, path: Path, program: str) -> None:
    """For readers, which cannot migrate: refuse a newer database, and say how an older one is brought up to date."""
    refuse_newer(con, path, program)
    version, writer = version_of(con)
    if version < ddl.SCHEMA_VERSION:
        why = f"it was made by llmlogs {writer} (schema {version}); this llmlogs reads schema {ddl.SCHEMA_VERSION}"
        raise StorageError("the database is older than this llmlogs", str(path), why, "run `llmlogs ingest` on it once: that migrates it")


def pending(version: int, folder: Path = FOLDER) -> list[tuple[int, Path]]:
    """Migrations above `version`, in order."""
    numbered = sorted((int(path.name[:4]), path) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(number, path) for number, path in numbered if number > version]


def upgrade(con: duckdb.DuckDBPyConnection, path: Path, program: str, folder: Path = FOLDER) -> bool:
    """Bring an older database to this version; True when something was done. The file is copied beside itself first."""
    refuse_newer(con, path, program)
    version, _ = version_of(con)
    steps = pending(version, folder)
    if not steps:
        return False
    con.execute("checkpoint")
    shutil.copyfile(path, path.with_name(f"{path.name}.schema{version}.bak"))
    con.execute("begin")
    for number, step in steps:
        con.execute(step.read_text(encoding="utf-8"))
        con.execute("update meta set value = $1 where key = 'schema_version'", [str(number)])
    _renew(con)
    con.execute("update meta set value = $1 where key = 'llmlogs_version'", [program])
    con.execute("commit")
    return True


def _renew(con: duckdb.DuckDBPyConnection) -> None:
    """What is made of the contract and not of a step: the calls view over the columns there are, and the comments."""
    physical = {row[0] for row in con.execute("select column_name from duckdb_columns() where table_name = 'call_rows'").fetchall()}
    con.execute(ddl.calls_view(physical))
    for table in ddl.TABLES:
        con.execute(";".join(ddl.comments(table)))
