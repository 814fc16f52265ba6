"""A database, and a way to put calls into it as a source would."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from priced_database import insert, price_all

from llmlogs.store import database


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = database.open_for_write(Path(":memory:"))  # nothing here is about files
    yield connection
    connection.close()


@pytest.fixture
def load(con: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    def put(*rows: dict[str, Any], ingest_id: int = 1) -> None:
        insert(con, rows, ingest_id)

    return put


@pytest.fixture
def price(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Callable[..., Any]:
    """Price one call, or a dict of calls, with the text of a price file or without: its cost and status, or a dict of them."""

    def run(rows: dict[str, Any], own: str = "") -> Any:
        single = not isinstance(next(iter(rows.values())), dict)
        named = {"call": rows} if single else rows
        found = price_all(con, named, tmp_path / "llmlogs.prices.toml", own)
        return found["call"] if single else found

    return run
