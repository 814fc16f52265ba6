"""`llmlogs sql` and `llmlogs connect` as a user meets them."""

import json
from pathlib import Path

import polars
import pytest

from llmlogs.store import database
from tests.cli.conftest import Run

ODD = "select 1 as n, 'a,\"b' as t, null as nothing, 1.50::decimal(4,2) as money, '=1+1' as formula, timestamp '2026-01-02 03:04:05' as t2"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "llmlogs.duckdb"
    database.open_for_write(path).close()
    return path


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", 'n,t,nothing,money,formula,t2\n1,"a,""b",,1.50,\'=1+1,2026-01-02T03:04:05Z\n'),
        ("jsonl", '{"n": 1, "t": "a,\\"b", "nothing": null, "money": 1.5, "formula": "=1+1", "t2": "2026-01-02T03:04:05Z"}\n'),
    ],
)
def test_each_format_is_exact(llmlogs: Run, form: str, expected: str) -> None:
    assert llmlogs("sql", ODD, "--format", form).out == expected


@pytest.mark.usefixtures("db")
def test_json_is_one_array_even_when_empty(llmlogs: Run) -> None:
    assert json.loads(llmlogs("sql", "select 1 as a where false", "-f", "json").out) == []
    assert json.loads(llmlogs("sql", "from range(3)", "-f", "json").out) == [{"range": 0}, {"range": 1}, {"range": 2}]


@pytest.mark.usefixtures("db")
def test_raw_csv_leaves_formulas_alone(llmlogs: Run) -> None:
    assert llmlogs("sql", "select '=1+1' as f", "-f", "csv", "--raw").out == "f\n=1+1\n"


def test_parquet_keeps_types(llmlogs: Run, db: Path) -> None:
    out = db.parent / "x.parquet"
    assert llmlogs("sql", ODD, "-o", out).code == 0
    frame = polars.read_parquet(out)
    assert frame.columns == ["n", "t", "nothing", "money", "formula", "t2"]
    assert str(frame["money"][0]) == "1.50"
    assert str(frame["t2"][0]) == "2026-01-02 03:04:05"


@pytest.mark.usefixtures("db")
def test_a_query_can_come_from_stdin(llmlogs: Run) -> None:
    assert llmlogs("sql", "-", stdin="select 7 as x").out == "x\n7\n"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("selec 1", "the SQL does not run"),
        ("from nowhere", "the SQL does not run"),
        ("from read_csv('/etc/passwd')", "not allowed"),
        ("copy calls to 'x.csv'", "not allowed"),
        ("delete from call_rows", "the SQL does not run"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_printed_as_data(llmlogs: Run, query: str, word: str) -> None:
    done = llmlogs("sql", query)
    assert (done.code, done.out) == (2, "")
    assert word in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("db")
def test_a_runaway_query_is_stopped(llmlogs: Run) -> None:
    done = llmlogs("sql", "select sum(a.range * b.range) from range(10000000) a, range(10000000) b", "--timeout", "0.5")
    assert done.code == 2
    assert "was stopped" in done.err


def test_without_a_database_the_next_step_is_named(llmlogs: Run) -> None:
    done = llmlogs("sql", "select 1")
    assert done.code == 5
    assert "llmlogs ingest" in done.err


def test_connect_prints_the_line_that_opens_the_file(llmlogs: Run, db: Path) -> None:
    assert llmlogs("connect").out == f"duckdb -readonly {db}\n"


def test_the_environment_names_the_database(llmlogs: Run, db: Path) -> None:
    moved = db.rename(db.with_name("other name.duckdb"))
    assert llmlogs("connect", LLMLOGS_DB=str(moved)).out == f"duckdb -readonly '{moved}'\n"
