"""`llmlogs export` on the command line: files, what is said, exit codes."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_manners import check, log


@pytest.fixture
def read(llmlogs: Run, tmp_path: Path) -> Run:
    path = log(tmp_path, 20)
    unknown = '{"format": "llmlogs/1", "timestamp": "2026-11-01T09:00:00Z", "model": "no-such", "provider": "x", "input_tokens": 10, "output_tokens": 2}\n'
    path.write_text(path.read_text() + unknown)
    llmlogs("ingest", path)
    return llmlogs


def test_focus_says_what_has_no_price(read: Run, tmp_path: Path) -> None:
    done = read("export", "focus", "-o", "costs.csv", "--month", "2026-11", "--granularity", "hour", "--tags", "feature")
    check(done, 0, "not in the file: 1 calls with 12 tokens that have no price", "wrote costs.csv: 2 rows")
    assert done.out == ""
    with (tmp_path / "costs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    spent = read("sql", "select sum(cost_usd) from calls", "--format", "csv").out.split()[1]
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(spent)
    assert {row["ChargePeriodEnd"] for row in rows} == {"2026-11-01T10:00:00Z"}
    assert read("export", "focus", "-o", "costs.csv", "--strict").code == 1


def test_tables_and_features(read: Run, tmp_path: Path) -> None:
    check(read("export", "features", "-o", "f.parquet"), 0, "wrote f.parquet: 1 rows")
    check(read("export", "calls", "-o", "calls", "--part-by", "day"), 0, "21 rows")
    check(read("export", "all", "-o", "everything"), 0)
    assert (tmp_path / "everything" / "call_costs.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["meta", "-o", "x.csv"], 2, "nothing to export by that name"),
        (["calls", "-o", "x.xlsx"], 2, "in .csv or .parquet"),
        (["calls", "-o", "no/x.csv"], 5, "no such folder"),
        (["focus", "-o", "x.csv", "--month", "2026-13"], 2, "not a month"),
        (["focus", "-o", "x.csv", "--tags", "colour"], 2, "no such tag"),
        (["calls", "-o", "x.csv", "--month", "2026-11"], 2, "--month does not go with calls"),
        (["focus", "-o", "x", "--part-by", "day"], 2, "--part-by does not go with focus"),
        (["calls"], 2, "--output"),
    ],
)
def test_wrong_usage(read: Run, arguments: list[str], code: int, words: str) -> None:
    check(read("export", *arguments), code, words)
