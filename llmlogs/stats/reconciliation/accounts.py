"""Which column of the log holds the project (workspace, account, team) and the key that a bill is split by, if any does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

TAGS = ("project", "project_id", "workspace", "workspace_id", "account", "team_id")
PROJECTS = ("team", "service", "environment", *(f"json_extract_string(tags, '$.{tag}')" for tag in TAGS))
KEYS = ("api_key_hash",)
FILLED = 0.9  # of the calls: a column that fewer have would turn calls without it into a difference


@dataclass(frozen=True)
class Own:
    """SQL over calls; a NULL where the log cannot tell."""

    project: str
    key: str


def columns(con: duckdb.DuckDBPyConnection) -> Own:
    """The first column whose values the bill uses too."""
    return Own(_shared(con, "project", PROJECTS), _shared(con, "api_key_hash", KEYS))


def _shared(con: duckdb.DuckDBPyConnection, column: str, candidates: tuple[str, ...]) -> str:
    if not con.execute(f"select exists (select 1 from usage_buckets where {column} is not null)").fetchall()[0][0]:
        return "null::varchar"
    for candidate in candidates:
        filled, shared = con.execute(
            f"""with own as (select {candidate} as value, count(*) as n from calls group by all)
            select coalesce(sum(n) filter (value is not null) / nullif(sum(n), 0), 0), count(*) filter (value in (select {column} from usage_buckets))
            from own"""
        ).fetchall()[0]
        if shared and filled >= FILLED:
            return candidate
    return "null::varchar"
