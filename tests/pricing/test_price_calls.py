"""Calls get their price from the book, or a reason."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.pricing import price_calls
from llmlogs.store import database


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = database.open_for_write(tmp_path / "calls.duckdb")
    yield connection
    connection.close()


def load(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any], ingest_id: int = 1) -> None:
    """Put calls into the database as a source would; `started_at` has a default."""
    for i, row in enumerate(rows):
        full = {"call_id": f"call-{i}", "ingest_id": ingest_id, "started_at": "2026-05-01 12:00:00"} | row
        database.ensure_columns(con, set(full))
        columns = ", ".join(f'"{name}"' for name in full)
        con.execute(f"insert into call_rows ({columns}) values ({', '.join('?' * len(full))})", list(full.values()))


def test_a_call_costs_its_uncached_cached_and_output_tokens(con: duckdb.DuckDBPyConnection) -> None:
    load(con, {"provider": "openai", "request_model": "gpt-5", "input_tokens": 1000, "cache_read_tokens": 500, "output_tokens": 100})
    summary = price_calls(con, 1)
    assert summary.usd == Decimal("0.0016875")  # 500 x 1.25 + 500 x 0.125 + 100 x 10, per million
    assert summary.by_status == {"priced": 1}
