"""Migrations: one transaction, a backup, and the same schema as a new database."""

from pathlib import Path

import duckdb
import pytest

from llmlogs.schema import ddl, migrate
from llmlogs.store import database


def write_steps(folder: Path, texts: list[str]) -> Path:
    folder.mkdir()
    for number, text in enumerate(texts, start=ddl.SCHEMA_VERSION + 1):
        (folder / f"{number:04}_step.sql").write_text(text)
    return folder


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "old.duckdb"
    database.open_for_write(path).close()
    return path


def test_steps_run_in_order_and_leave_a_backup(db: Path, tmp_path: Path) -> None:
    steps = write_steps(tmp_path / "steps", ["create table one (a int)", "insert into one values (7)"])
    with duckdb.connect(str(db)) as con:
        assert migrate.upgrade(con, db, "9.9", steps)
        assert con.execute("from one").fetchall() == [(7,)]
        assert migrate.version_of(con) == (ddl.SCHEMA_VERSION + 2, "9.9")
    assert (tmp_path / f"old.duckdb.schema{ddl.SCHEMA_VERSION}.bak").exists()


def test_a_step_that_fails_leaves_the_old_version_whole(db: Path, tmp_path: Path) -> None:
    steps = write_steps(tmp_path / "steps", ["create table one (a int)", "select broken from nowhere"])
    with duckdb.connect(str(db)) as con, pytest.raises(duckdb.Error):
        migrate.upgrade(con, db, "9.9", steps)
    con = database.open_for_read(db)
    assert migrate.version_of(con)[0] == ddl.SCHEMA_VERSION
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'one'").fetchall() == [(0,)]
    con.close()


def test_the_shipped_steps_lead_to_the_contract_version() -> None:
    numbers = [number for number, _ in migrate.pending(0)]
    assert numbers == list(range(2, ddl.SCHEMA_VERSION + 1))


def columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Names and types of the columns of every table and of the calls view."""
    rows = con.execute("select table_name, column_name, data_type from duckdb_columns() where not internal order by table_name, column_name").fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in rows:
        found.setdefault(table, []).append((name, kind))
    return found


def test_an_old_database_becomes_what_a_new_one_is(tmp_path: Path) -> None:
    """Made as schema 1 made it, with a call in it; opened for writing once."""
    old, new = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    with duckdb.connect(str(old)) as con:
        con.execute((Path(__file__).parent / "schema_1.sql").read_text(encoding="utf-8"))
    database.open_for_write(old).close()
    database.open_for_write(new).close()
    assert (tmp_path / "old.duckdb.schema1.bak").exists()
    migrated, fresh = database.open_for_read(old), database.open_for_read(new)
    tables = [table.name for table in ddl.TABLES]
    assert {name: columns(migrated)[name] for name in tables} == {name: columns(fresh)[name] for name in tables}
    assert migrated.execute("select call_id, input_tokens, sample_weight from calls").fetchall() == [("c1", 7, 1.0)]
    assert migrated.execute("select count(*) from duckdb_columns() where table_name = 'merged' and comment is null").fetchall() == [(0,)]
    migrated.close()
    fresh.close()
