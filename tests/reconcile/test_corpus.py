"""Real billing files load, and what is said of them is true: nobody here has the calls of those days."""

from pathlib import Path

import pytest

from llmlogs.ingest import engine
from llmlogs.ingest.options import IngestOptions
from llmlogs.pack.load import load
from llmlogs.reconcile import exit_code, reconcile


@pytest.mark.shared
def test_bills_without_logs(shared: Path, tmp_path: Path) -> None:
    read = engine.run([str(shared / "corpus" / "provider" / "billing")], tmp_path / "x.duckdb", IngestOptions())
    assert read.total.rejected == 0
    answer = reconcile(tmp_path / "x.duckdb", load())
    assert (answer.verdict, exit_code(answer)) == ("unknown", 3)
    assert "the bill and the log share no day" in answer.reason
    sellers = {row[0] for row in answer.results["compared"].rows}
    assert {"openai", "anthropic", "openrouter", "cursor"} <= sellers
