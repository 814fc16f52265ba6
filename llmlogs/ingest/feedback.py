"""Judgements that name a span find its call and trace, in whatever order and ingest the two were read.

A tool keeps annotations apart from spans and names the span alone. Which call a span became is known here only, where spans of one call were merged.
"""

from __future__ import annotations

from llmlogs.schema.ddl import quote
from llmlogs.store.database import Connection, physical_columns

FOUND = ("call_id", "trace_id")


def link_fresh(con: Connection) -> set[str]:
    """Fill what is known already in the rows being loaded (`fresh_rows`), so that one read again equals its earlier self; the columns they have then."""
    have = {row[0] for row in con.execute("select column_name from duckdb_columns() where table_name = 'fresh_rows'").fetchall()}
    for name in FOUND:
        if name not in have:
            con.execute(f"alter table fresh_rows add column {name} varchar")
    _link(con, "fresh_rows")
    return set(FOUND)


def link_waiting(con: Connection) -> None:
    """Fill rows whose span was not known when they were read."""
    _link(con, "feedback")


def _link(con: Connection, table: str) -> None:
    waiting = f"select span_id from {quote(table)} where span_id is not null and call_id is null"
    if not con.execute(f"select exists ({waiting})").fetchall()[0][0]:
        return
    if {"span_id", "trace_id"} <= physical_columns(con):
        con.execute(
            f"update {quote(table)} set call_id = c.call_id, trace_id = coalesce({quote(table)}.trace_id, c.trace_id) from (select span_id, "
            f"min(call_id) as call_id, arg_min(trace_id, call_id) as trace_id from call_rows where span_id in ({waiting}) group by span_id) c "
            f"where {quote(table)}.span_id = c.span_id and {quote(table)}.call_id is null"
        )
    con.execute(
        f"update {quote(table)} set trace_id = s.trace_id from (select span_id, min(trace_id) as trace_id from spans where span_id in ({waiting}) "
        f"group by span_id) s where {quote(table)}.span_id = s.span_id and {quote(table)}.trace_id is null and {quote(table)}.call_id is null"
    )
