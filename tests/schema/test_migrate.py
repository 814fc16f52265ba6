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


SHAPE = "select table_name, column_name, data_type, column_index, comment from duckdb_columns() where not internal order by all"


def test_a_migrated_database_has_the_shape_and_the_words_of_a_new_one(db: Path) -> None:
    with duckdb.connect(str(db)) as con:
        new = con.execute(SHAPE).fetchall()
        con.execute("drop table usage_buckets")
        con.execute("create table usage_buckets (bucket_start timestamp, provider varchar)")
        con.execute("update meta set value = '1' where key = 'schema_version'")
        assert migrate.upgrade(con, db, "9.9")
        assert con.execute(SHAPE).fetchall() == new
