"""Parquet and SQLite: every row is a record with values as JSON would have them; damage is told, and nothing beside the file changes."""

import io
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.carriers import all_carriers, candidates
from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.compression import open_plain

ROW = """select 1::bigint as n, 2.5 as money, 'nan'::double as bad, timestamp '2026-03-01 10:00:00.25' as naive, timestamptz '2026-03-01 10:00:00+02' as zoned,
    map {'a': 1} as labels, {'x': [1, 2], 'y': null} as nested, 'z'::blob as raw, null::varchar as gone"""
WANT = {
    "n": 1, "money": "2.5", "bad": None, "naive": "2026-03-01T10:00:00.250000", "zoned": "2026-03-01T08:00:00Z",
    "labels": {"a": 1}, "nested": {"x": [1, 2], "y": None}, "raw": None, "gone": None,
}  # fmt: skip


def parquet(path: Path, query: str = ROW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.connect().execute(f"copy ({query}) to '{path}' (format parquet)")
    return path


def read(path: Path, position: Position | None = None) -> list[Record]:
    (carrier,) = candidates(path.read_bytes()[:65536], str(path))
    with open_plain(path) as stream:
        return list(carrier.records(stream, position or Position()))


def test_a_parquet_row_is_a_record_of_plain_values(tmp_path: Path) -> None:
    position = Position()
    (record,) = read(parquet(tmp_path / "a.parquet"), position)
    assert record.value == WANT
    assert (record.line, record.offset, record.error) == (1, None, "")
    assert position.offset == (tmp_path / "a.parquet").stat().st_size


def test_folders_of_a_partitioned_export_are_columns(tmp_path: Path) -> None:
    (record,) = read(parquet(tmp_path / "runs/project=p1/year=2026/data.parquet", "select 'x' as id"))
    assert record.value == {"id": "x", "project": "p1", "year": 2026}


@pytest.mark.parametrize("keep", [4, 100, -8])
def test_a_damaged_parquet_file_is_told(tmp_path: Path, keep: int) -> None:
    path = parquet(tmp_path / "a.parquet", "select range as n, 'text ' || range as t from range(5000)")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(OSError, match="damaged parquet"):
        read(path)


def test_a_parquet_file_reads_no_other_file(tmp_path: Path) -> None:
    """A name with a pattern in it is one file's name."""
    parquet(tmp_path / "a1.parquet", "select 'other' as id")
    (record,) = read(parquet(tmp_path / "a[1].parquet", "select 'own' as id"))
    assert record.value == {"id": "own"}


def test_columns_of_an_empty_parquet_file(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", "select 1 as id, 'x' as name limit 0")
    with open_plain(path) as stream:
        assert all_carriers()["parquet"].columns(stream) == ("id", "name")  # type: ignore[attr-defined] # an optional part of the contract
    assert read(path) == []


def database(path: Path, *, live: bool = False) -> sqlite3.Connection:
    con = sqlite3.connect(path)
    if live:
        con.execute("pragma journal_mode = wal")
    con.execute("create table b (id integer, name text, raw blob)")
    con.execute('create table "a ""quoted""" (v real)')
    con.execute("insert into b values (1, 'x', x'00ff'), (2, null, null)")
    con.commit()
    return con


def values(records: list[Record]) -> list[Any]:
    return [record.value for record in records]


def test_rows_of_every_sqlite_table(tmp_path: Path) -> None:
    con = database(tmp_path / "a.db")
    con.execute('insert into "a ""quoted""" values (0.5)')
    con.commit()
    con.close()
    rows = values(read(tmp_path / "a.db"))
    assert rows == [
        {"table": 'a "quoted"', "row": {"v": 0.5}},
        {"table": "b", "row": {"id": 1, "name": "x", "raw": None}},
        {"table": "b", "row": {"id": 2, "name": None, "raw": None}},
    ]


def test_what_stands_in_the_log_of_a_database_in_use_is_read_and_its_folder_left_alone(tmp_path: Path) -> None:
    con = database(tmp_path / "a.db", live=True)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(read(tmp_path / "a.db")) == 2
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    con.close()


def test_a_full_text_index_repeats_nothing(tmp_path: Path) -> None:
    con = database(tmp_path / "a.db")
    con.execute("create virtual table b_fts using fts5(name)")
    con.execute("insert into b_fts values ('x')")
    con.commit()
    con.close()
    assert {row["table"] for row in values(read(tmp_path / "a.db"))} == {"b"}


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    database(tmp_path / "a.db").close()
    (tmp_path / "a.db").write_bytes((tmp_path / "a.db").read_bytes()[:5000])
    with pytest.raises(OSError, match="damaged SQLite"):
        read(tmp_path / "a.db")


def test_a_stream_that_is_no_file_is_copied(tmp_path: Path) -> None:
    content = parquet(tmp_path / "a.parquet").read_bytes()
    position = Position()
    (record,) = all_carriers()["parquet"].records(io.BytesIO(content), position)
    assert (record.value, position.offset) == (WANT, len(content))
