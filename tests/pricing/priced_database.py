"""Put calls into a database as an ingest would, and price them."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.pricing import load_overrides, price_calls
from llmlogs.store import database


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
