"""llmlogs from Python: the four functions, and nothing heavy loaded before one of them is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from llmlogs import api
from llmlogs.errors import StorageError, UsageError


@pytest.fixture
def db(tmp_path: Path) -> Path:
    rows = [{"timestamp": f"2026-11-01T09:00:{n:02d}Z", "model": "gpt-4o", "provider": "openai", "input_tokens": 10, "output_tokens": 2} for n in range(5)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"format": "llmlogs/1"} | row) + "\n" for row in rows), encoding="utf-8")
    done = api.ingest(tmp_path / "a.jsonl", db=tmp_path / "calls.duckdb")
    assert (done.total.calls, done.errors) == (5, [])
    return tmp_path / "calls.duckdb"


def test_connect(db: Path) -> None:
    with api.connect(db) as con:
        assert con.execute("select count(*), sum(input_tokens) from calls").fetchall() == [(5, 50)]


def test_query(db: Path) -> None:
    answer = api.query("cost/by_model", db)
    assert answer.values["n"] == 5
    with pytest.raises(UsageError, match="no such question"):
        api.query("cost/by_modell", db)


def test_report(db: Path) -> None:
    made = api.report(db, title="Ours")
    assert (made.title, made.header.calls) == ("Ours", 5)


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database"):
        api.connect(tmp_path / "none.duckdb")


def test_the_package_and_its_api_load_nothing_heavy() -> None:
    script = "import sys, llmlogs.api; print([name for name in ('duckdb', 'polars', 'plotly', 'genai_prices') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
