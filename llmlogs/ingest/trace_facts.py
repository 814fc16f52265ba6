"""What one record says of a whole trace reaches the calls of that trace, in whatever order and ingest the two were read.

A source hands on rows of `trace_facts`. They fill what a call does not say itself; of several facts about one trace the newest wins, also over what an
older one filled in before. Ids shorter than LONG_ENOUGH are counters or words that other programs use too: they meet within their source only.
"""

from __future__ import annotations

from llmlogs.ingest.load import add_columns
from llmlogs.ingest.spool import Spool
from llmlogs.schema.ddl import quote
from llmlogs.store.database import Connection, physical_columns

TABLE = "trace_facts"
FILLED = ("user_id", "session_id", "team", "feature", "tags", "environment", "service", "release")
WEAK = ("path", "prompt", "agent")  # a feature guessed from these gives way to what the trace says
LONG_ENOUGH = 16
KEY = f"case when length(trace_id) >= {LONG_ENOUGH} then trace_id else source || ' ' || trace_id end"


def prepare(con: Connection, spool: Spool) -> None:
    """The columns that the facts will fill; before the final transaction, as every change of columns."""
    brought = spool.columns.get(TABLE, set()) if spool.size(TABLE) else set()
    names = brought & set(FILLED)
    if names:
        add_columns(con, names | {"trace_id"} | ({"feature_basis"} if "feature" in names else set()))


def apply(con: Connection, ingest_id: int) -> None:
    """Fill calls of every trace of which this ingest brought a fact or a call."""
    have = physical_columns(con)
    if "trace_id" not in have or not con.execute(f"select exists (select 1 from {TABLE})").fetchall()[0][0]:
        return
    con.execute(
        f"create or replace temp table told as select {KEY} as k, {', '.join(_newest(name) for name in FILLED)} from {TABLE} "
        f"where trace_id is not null and {KEY} in (select {KEY} from {TABLE} where ingest_id = {ingest_id} "
        f"union select {KEY} from call_rows where ingest_id = {ingest_id} and trace_id in (select trace_id from {TABLE})) group by 1"
    )
    for name in FILLED:
        if name in have:
            _fill(con, name, "feature_basis" in have)
    con.execute("drop table told")


def _newest(name: str) -> str:
    column = quote(name)
    return f"arg_max({column}, (coalesce(updated_at, timestamp '1970-01-01'), {column})) as {column}, list(distinct {column}) as {quote('all_' + name)}"


def _fill(con: Connection, name: str, with_basis: bool) -> None:
    """One column at a time: most are filled for few calls, and a row that does not change is not written."""
    column, known = f"c.{quote(name)}", f"t.{quote('all_' + name)}"
    basis = name == "feature" and with_basis
    open_to = f"({column} is null or list_contains({known}, {column}){f' or c.feature_basis in {WEAK}' if basis else ''})"
    more = ", feature_basis = 'trace'" if basis else ""
    con.execute(
        f"create or replace temp table filling as select c.rowid as row, t.{quote(name)} as value "
        f"from call_rows c join told t on t.k = {KEY.replace('trace_id', 'c.trace_id').replace('source', 'c.source')} "
        f"where {open_to} and t.{quote(name)} <> coalesce({column}, '')"
    )
    con.execute(f"update call_rows set {quote(name)} = f.value{more} from filling f where call_rows.rowid = f.row")
    con.execute("drop table filling")
