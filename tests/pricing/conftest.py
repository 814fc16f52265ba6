"""A database, and a way to put calls into it as a source would."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.pricing import load_overrides, price_calls
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


def insert(con: duckdb.DuckDBPyConnection, rows: Iterable[dict[str, Any]], ingest_id: int) -> None:
    """Put calls into the database as an ingest would; `started_at` has a default."""
    full = [{"call_id": f"call-{ingest_id}-{i}", "ingest_id": ingest_id, "started_at": "2026-05-01 12:00:00"} | row for i, row in enumerate(rows)]
    database.ensure_columns(con, set().union(*full))
    for row in full:
        columns = ", ".join(f'"{name}"' for name in row)
        con.execute(f"insert into call_rows ({columns}) values ({', '.join('?' * len(row))})", list(row.values()))
    con.execute("delete from ingests where ingest_id = $1", [ingest_id])
    con.execute("insert into ingests (ingest_id, finished_at) values ($1, now())", [ingest_id])


def price_all(con: duckdb.DuckDBPyConnection, rows: dict[str, dict[str, Any]], file: Path, own: str = "") -> dict[str, tuple[Decimal | None, str]]:
    """Price named calls; their cost and status by name."""
    ingest_id = con.execute("select coalesce(max(ingest_id), 0) + 1 from ingests").fetchall()[0][0]
    insert(con, ({"call_id": name} | row for name, row in rows.items()), ingest_id)
    file.write_text(own, encoding="utf-8")
    price_calls(con, ingest_id, load_overrides(file) if own else None)
    found = con.execute("select call_id, cost_usd, cost_status from calls where ingest_id = $1", [ingest_id]).fetchall()
    return {name: (usd, status) for name, usd, status in found}
