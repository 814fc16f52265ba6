"""Features by month, and every documented table and view as it is."""

from __future__ import annotations

from pathlib import Path

import duckdb

from llmlogs.exports import files
from llmlogs.schema.ddl import TABLES, VIEWS, quote

FEATURES = """select strftime(date_trunc('month', coalesce(started_at, ended_at)), '%Y-%m') as month, feature,
    round(sum(sample_weight))::bigint as calls, round(coalesce(sum(sample_weight) filter (money in ('unpriced', 'unfinished')), 0))::bigint as unpriced_calls,
    round(sum(tokens_in))::bigint as input_tokens, round(sum(tokens_out))::bigint as output_tokens,
    round(sum(cache_read_tokens * sample_weight))::bigint as cache_read_tokens, sum(spend)::decimal(38, 12) as cost_usd,
    sum(case when sample_weight = 1 then list_usd::decimal(38, 12) else (list_usd * sample_weight)::decimal(38, 12) end) as list_usd
    from call_costs where {where} group by all order by month, cost_usd desc nulls last, feature"""


def names() -> list[str]:
    """Every table of the contract and every documented view."""
    return [*(table.name for table in TABLES), *(path.stem for path in sorted(VIEWS.glob("*.sql")))]


def write_features(con: duckdb.DuckDBPyConnection, path: Path, where: str = "true") -> int:
    """One row a month (UTC) and feature, calls that name none in a row of their own; cost_usd is NULL where no call of it has a price. Returns the rows."""
    return files.write(con, FEATURES.format(where=where), path)


def write_table(con: duckdb.DuckDBPyConnection, name: str, path: Path, part_by: str = "") -> int:
    """A table or view into a file, or parted by a column (day and month are made of its time) into a folder. Returns the rows."""
    select = f"select * from {quote(name)}"
    if not part_by:
        return files.write(con, select, path)
    if part_by in ("day", "month"):
        columns = [row[0] for row in con.execute(f"describe {select}").fetchall()]
        time = next((c for c in ("started_at", "at", "bucket_start", "window_start") if c in columns), None)
        if time and part_by not in columns:
            form = "%Y-%m-%d" if part_by == "day" else "%Y-%m"
            select = f"select *, strftime({quote(time)}, '{form}') as {part_by} from {quote(name)}"
    return files.write_parts(con, select, path, part_by)


def write_all(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Every table and view as name.parquet in a folder. Returns the rows of each."""
    return {name: files.write(con, f"select * from {quote(name)}", folder / f"{name}.parquet") for name in names()}
