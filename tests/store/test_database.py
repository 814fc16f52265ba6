"""Opening, refusing, locking and sandboxing a database file."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from llmlogs.errors import Exit, LockedError, StorageError
from llmlogs.store import database

HOLD = """
import sys, time
from pathlib import Path
from llmlogs.store import database
con = database.open_for_write(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(float(sys.argv[2]))
con.close()
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "logs.duckdb"
    database.open_for_write(path).close()
    return path


def test_a_new_database_has_every_table_of_the_contract(db: Path) -> None:
    from llmlogs.schema.ddl import TABLES

    con = database.open_for_read(db)
    for table in TABLES:
        described = [(row[0], row[1]) for row in con.execute(f'describe "{table.name}"').fetchall()]
        assert described == [(column.name, column.type) for column in table.columns]
    con.close()


def test_every_column_carries_its_comment(db: Path) -> None:
    from llmlogs.schema.ddl import TABLES

    con = database.open_for_read(db)
    stored = {(t, c): comment for t, c, comment in con.execute("select table_name, column_name, comment from duckdb_columns()").fetchall()}
    con.close()
    assert {(t.name, c.name): c.comment for t in TABLES for c in t.columns}.items() <= stored.items()


def test_a_column_that_no_source_brought_is_null_and_one_that_is_added_keeps_the_rows(db: Path) -> None:
    con = database.open_for_write(db)
    con.execute("insert into ingests (ingest_id, finished_at) values (1, now()::timestamp)")
    con.execute("insert into call_rows (call_id, ingest_id) values ('a', 1)")
    assert con.execute("select call_id, ttft_ms, sample_weight from calls").fetchall() == [("a", None, 1.0)]
    database.ensure_columns(con, {"ttft_ms", "sample_weight"})
    con.execute("update call_rows set ttft_ms = 3")
    assert con.execute("select call_id, ttft_ms, sample_weight from calls").fetchall() == [("a", 3.0, 1.0)]
    con.close()


def test_rows_of_an_unfinished_ingest_are_hidden_and_then_removed(db: Path) -> None:
    con = database.open_for_write(db)
    con.execute("insert into ingests (ingest_id, finished_at) values (1, now()::timestamp), (2, null)")
    con.execute("insert into call_rows (call_id, ingest_id) values ('a', 1), ('b', 2)")
    assert con.execute("select call_id from calls").fetchall() == [("a",)]
    con.close()
    con = database.open_for_write(db)
    assert con.execute("select call_id from call_rows").fetchall() == [("a",)]
    con.close()


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (os.urandom(9000), "not a DuckDB"), (b"SQLite format 3\0" + bytes(4000), "not a DuckDB"), (b"DUCK" * 5000, "cannot open")],
)
def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "x.duckdb"
    path.write_bytes(content)
    for open_it in (database.open_for_read, database.open_for_write):
        with pytest.raises(StorageError) as caught:
            open_it(path)
        assert word in str(caught.value)
        assert caught.value.code == Exit.STORAGE
    assert path.read_bytes() == content


def test_a_foreign_duckdb_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table mine (a int)")
    for open_it in (database.open_for_read, database.open_for_write):
        with pytest.raises(StorageError, match="not an llmlogs database"):
            open_it(path)


def test_a_database_made_by_a_newer_llmlogs_is_refused(db: Path) -> None:
    with duckdb.connect(str(db)) as con:
        con.execute("update meta set value = '999' where key = 'schema_version'; update meta set value = '9.9.9' where key = 'llmlogs_version'")
    for open_it in (database.open_for_read, database.open_for_write):
        with pytest.raises(StorageError, match=r"made by llmlogs 9\.9\.9 \(schema 999\)"):
            open_it(db)


def test_a_locked_database_names_the_process(db: Path) -> None:
    child = hold(db, 20)
    try:
        for open_it in (database.open_for_read, database.open_for_write):
            with pytest.raises(LockedError, match=f"process {child.pid}") as caught:
                open_it(db, wait_s=0.2)
            assert caught.value.code == Exit.LOCKED
    finally:
        child.kill()
        child.communicate()


def test_a_lock_that_ends_is_waited_for(db: Path) -> None:
    child = hold(db, 0.5)
    told: list[str] = []
    con = database.open_for_write(db, wait_s=20, notice=told.append)
    con.close()
    child.communicate()
    assert len(told) == 1
    assert "waiting" in told[0]


FORBIDDEN = [
    "select * from read_csv('/etc/hostname')",
    "select * from read_json('/etc/hostname')",
    "select * from read_text('/etc/*')",
    "select * from read_blob('/etc/hostname')",
    "select * from read_parquet('/tmp/x.parquet')",
    "select * from glob('/etc/*')",
    "select * from '/etc/hostname'",
    "select * from query('select * from read_csv(''/etc/hostname'')')",
    "copy calls to '/tmp/llmlogs-should-not-exist.csv'",
    "copy (select 1) to '/tmp/llmlogs-should-not-exist.parquet'",
    "export database '/tmp/llmlogs-should-not-exist'",
    "import database '/tmp'",
    "attach '/tmp/other.duckdb'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '100GB'",
    "set temp_directory = '/tmp'",
    "reset memory_limit",
    "pragma threads = 8",
    "insert into ingests (ingest_id) values (1)",
    "delete from call_rows",
    "drop table call_rows",
    "create table t (a int)",
    "create secret s (type http, bearer_token 'x')",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_typed_sql_reaches_nothing_but_the_database(db: Path, statement: str) -> None:
    con = database.open_sandboxed(db)
    try:
        with pytest.raises(duckdb.Error):
            con.execute(statement).fetchall()
    finally:
        con.close()
    assert not list(Path("/tmp").glob("llmlogs-should-not-exist*"))


def test_typed_sql_can_still_answer(db: Path) -> None:
    con = database.open_sandboxed(db)
    assert con.execute("select count(*), quantile_cont(duration_ms, 0.95) from calls").fetchall() == [(0, None)]
    con.close()
