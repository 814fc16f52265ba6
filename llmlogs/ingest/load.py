"""Spooled rows into tables, in sets."""

from __future__ import annotations

from typing import Any

from llmlogs.ingest import feedback
from llmlogs.ingest.spool import TYPES, Spool
from llmlogs.schema.ddl import literal, quote
from llmlogs.store.database import Connection, ensure_columns

IDENTITY = ("ingest_id", "file_id", "line")


def load_calls(con: Connection, ingest_id: int, spool: Spool) -> None:
    """Waiting call rows into call_rows, in autocommit: they stay hidden until the ingest is finished."""
    if not spool.size("call_rows"):
        return
    add_columns(con, spool.columns["call_rows"])
    con.execute(f"insert into call_rows by name select {ingest_id}::integer as ingest_id, * from {_spooled(spool, 'call_rows')}")
    spool.empty("call_rows")


def add_columns(con: Connection, names: set[str]) -> None:
    """Columns that are new, in one transaction: each statement on its own would wait for the disk (measured: 0.4 s)."""
    con.execute("begin")
    ensure_columns(con, names)
    con.execute("commit")


def load_others(con: Connection, ingest_id: int, spool: Spool) -> None:
    """Waiting rows of all other tables, with the final call ids; part of the final transaction."""
    for table in sorted(spool.columns):
        if table != "call_rows" and spool.size(table):
            _load_table(con, ingest_id, spool, table)
    feedback.link_waiting(con)


def replace_files(con: Connection, spool: Spool, states: list[dict[str, Any]]) -> None:
    """Rows of `files`, those of the same streams replaced; in one statement, because a folder may hold thousands."""
    con.execute("delete from files where file_id in (select unnest($1))", [[state["file_id"] for state in states]])
    for state in states:
        spool.add("files", state)
    con.execute(f"insert into files by name select * from {_spooled(spool, 'files')}")
    spool.empty("files")


def _load_table(con: Connection, ingest_id: int, spool: Spool, table: str) -> None:
    columns = spool.columns[table]
    has_call = "call_id" in columns
    keep = ", ".join(f"f.{quote(name)}" for name in sorted(columns) if name != "call_id")
    call = ", coalesce(m.new_id, f.call_id) as call_id" if has_call else ""
    join = "left join id_map m on m.file_id = f.file_id and m.line = f.line and m.old_id = f.call_id" if has_call else ""
    con.execute(f"create or replace temp table fresh_rows as select {ingest_id}::integer as ingest_id, {keep}{call} from {_spooled(spool, table)} f {join}")
    if table == "feedback" and "span_id" in columns:
        columns = columns | feedback.link_fresh(con)
    if "line" in columns and table not in ("rejects", "issues", "merged"):
        _drop_repeats(con, table, sorted(columns - set(IDENTITY)))
    if table == "spans" and {"span_id", "started_at", "ended_at"} <= columns:
        _drop_known_spans(con)
    con.execute(f"insert into {quote(table)} by name from fresh_rows")
    con.execute("drop table fresh_rows")


def _drop_repeats(con: Connection, table: str, columns: list[str]) -> None:
    """A side row of a record that was read before (an overlapping copy) adds nothing; equal rows inside one file stay apart."""
    names = ", ".join(quote(name) for name in columns)
    absent = [name for name in TYPES[table] if name not in columns and name not in IDENTITY]
    only = " and ".join(f"{quote(name)} is null" for name in absent) or "true"
    numbered = f"select {names}, row_number() over (partition by {names}, file_id) as n"
    con.execute(
        f"create or replace temp table kept_rows as with old as (select distinct {names}, n from ({numbered} from {quote(table)} "
        f"where ({only}) and file_id not in (select file_id from fresh_rows))), "
        f"new as (select rowid as row, file_id, line, {names}, row_number() over (partition by {names}, file_id order by line, rowid) as n from fresh_rows), "
        f"once as (select arg_min(row, (file_id, line, row)) as row, {names}, n from new group by {names}, n) "
        f"select o.row from once o where not exists (select 1 from old where {_same(columns)} and old.n = o.n)"
    )
    con.execute("delete from fresh_rows where rowid not in (select row from kept_rows)")
    con.execute("drop table kept_rows")


def _drop_known_spans(con: Connection) -> None:
    """A span of the same id and the same times is the same, even if a copy that was read in pieces knows less of its trace."""
    con.execute(
        """delete from fresh_rows where span_id is not null and started_at is not null and (
            rowid not in (select arg_min(rowid, (file_id, line, rowid)) from fresh_rows group by span_id, started_at, ended_at)
            or exists (select 1 from spans s where s.span_id = fresh_rows.span_id and s.started_at = fresh_rows.started_at
                and s.ended_at is not distinct from fresh_rows.ended_at))"""
    )


def _same(columns: list[str]) -> str:
    return " and ".join(f"old.{quote(name)} is not distinct from o.{quote(name)}" for name in columns)


def _spooled(spool: Spool, table: str) -> str:
    spool.flush()
    types = ", ".join(f"{quote(name)}: {literal(TYPES[table][name])}" for name in sorted(spool.columns[table]))
    return f"read_json({literal(str(spool.path(table)))}, format = 'newline_delimited', columns = {{{types}}})"
