"""Cold start is a feature: help loads nothing heavy, and sql loads only the database."""

import subprocess
import sys

import pytest

HEAVY = ("duckdb", "polars", "plotly", "genai_prices", "jinja2", "orjson", "rich", "hypothesis")  # pydantic is typer's own, for options with a range
PROBE = """
import sys
sys.argv = ["llmlogs", *{arguments!r}]
from llmlogs.cli import main
try:
    main()
except SystemExit:
    pass
print(" ".join(sorted(m for m in {heavy!r} if m in sys.modules)), file=sys.stderr)
"""


def loaded(arguments: list[str]) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROBE.format(arguments=arguments, heavy=HEAVY)], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ingest", "--help"], ["report", "--help"], ["sql", "--help"], ["queries", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(arguments) == set()


def test_sql_loads_only_the_database(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from llmlogs.store import database

    database.open_for_write(tmp_path / "x.duckdb").close()
    assert loaded(["sql", "--db", str(tmp_path / "x.duckdb"), "select 1"]) == {"duckdb"}
