"""Tables, views and months of features as files: exact, whole or not at all, and harmless in a spreadsheet."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from llmlogs.errors import StorageError, UsageError
from llmlogs.exports import files, tables
from llmlogs.pack import rows
from llmlogs.schema.ddl import TABLES, VIEWS


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two months: 3 calls of chat at 0.1 in November, one of them without a price; 2 of no feature at 0.2 in December, of weight 10."""
    made = rows.database()
    november = {"started_at": "2026-11-30 23:59:59.25", "feature": "=1+1", "cost_usd": "0.1", "input_tokens": 10, "output_tokens": 1, "cache_read_tokens": 4}
    december = {"started_at": "2026-12-01 00:00:00", "cost_usd": "0.2", "input_tokens": 10, "sample_weight": 10.0}
    rows.insert(made, "calls", [november | {"repeat": 2}, {k: v for k, v in november.items() if k != "cost_usd"}, december | {"repeat": 2}])
    yield made
    made.close()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_features_by_month_add_up_and_what_has_no_price_is_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert tables.write_features(con, tmp_path / "x.csv") == 2
    assert read(tmp_path / "x.csv") == [
        {
            "month": "2026-11", "feature": "'=1+1", "calls": "3", "unpriced_calls": "1", "input_tokens": "30", "output_tokens": "3",
            "cache_read_tokens": "12", "cost_usd": "0.2", "list_usd": "0.2",
        },
        {
            "month": "2026-12", "feature": "", "calls": "20", "unpriced_calls": "0", "input_tokens": "200", "output_tokens": "",
            "cache_read_tokens": "", "cost_usd": "4", "list_usd": "4",
        },
    ]  # fmt: skip


def test_a_table_as_csv_has_exact_numbers_and_times_in_utc(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables.write_table(con, "calls", tmp_path / "x.csv")
    found = read(tmp_path / "x.csv")
    assert [(row["started_at"], row["cost_usd"], row["feature"]) for row in found[2:4]] == [
        ("2026-11-30T23:59:59.250000Z", "", "'=1+1"),
        ("2026-12-01T00:00:00Z", "0.2", ""),
    ]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "'=1", "x=1", ' "quoted", text', "", "line\nbreak"])
def test_a_text_never_begins_as_a_formula(con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str) -> None:
    files.write(
        con, f"select '{text.replace(chr(39), chr(39) * 2)}' as t, -1.50::decimal(9, 2) as d, -2::double as n, 100::decimal(9, 0) as w", tmp_path / "x.csv"
    )
    (row,) = read(tmp_path / "x.csv")
    assert row == {"t": f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "＝"} and text else text, "d": "-1.5", "n": "-2.0", "w": "100"}


def test_parquet_keeps_every_digit_of_a_sum(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files.write(con, "select sum(x)::hugeint as s from (values (9007199254740993), (2)) t(x)", tmp_path / "x.parquet")
    assert con.execute("select s from read_parquet($1)", [str(tmp_path / "x.parquet")]).fetchall() == [(Decimal(9007199254740995),)]


def test_everything_goes_into_parquet(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    written = tables.write_all(con, tmp_path)
    assert set(written) == {t.name for t in TABLES} | {path.stem for path in VIEWS.glob("*.sql")}
    for name, count in written.items():
        assert con.execute("select count(*) from read_parquet($1)", [str(tmp_path / f"{name}.parquet")]).fetchall() == [(count,)]
        assert con.execute(f"select count(*) from {name}").fetchall() == [(count,)]


@pytest.mark.parametrize(("by", "parts"), [("day", ["day=2026-11-30", "day=2026-12-01"]), ("month", ["month=2026-11", "month=2026-12"])])
def test_parts_are_folders_of_the_whole(con: duckdb.DuckDBPyConnection, tmp_path: Path, by: str, parts: list[str]) -> None:
    assert tables.write_table(con, "calls", tmp_path / "out", by) == 5
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == parts
    assert con.execute(f"select count(*), count(distinct {by}) from read_parquet('{tmp_path}/out/*/*.parquet', hive_partitioning = true)").fetchall() == [
        (5, 2)
    ]
    with pytest.raises(UsageError, match="something already"):
        tables.write_table(con, "calls", tmp_path / "out", by)


def test_what_cannot_be_written(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"in this form"):
        files.check(tmp_path / "x.xlsx")
    with pytest.raises(StorageError, match="no such folder"):
        files.check(tmp_path / "no" / "x.csv")
    with pytest.raises(UsageError, match="no such column"):
        tables.write_table(con, "calls", tmp_path / "out", "nope")
    files.check(tmp_path / "x.csv")


def test_a_write_that_fails_leaves_what_was_there(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(duckdb.Error):
        files.write(con, "select error('late') as e from range(3)", tmp_path / "x.csv")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.csv", "mine")]
