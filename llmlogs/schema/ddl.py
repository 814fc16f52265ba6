"""DDL made from the contract. `calls` is a view: it hides rows of an ingest that never finished and names columns no source has brought yet."""

from __future__ import annotations

from pathlib import Path

from llmlogs.schema.calls import ALWAYS, CALLS, DEFAULTS, HIDDEN
from llmlogs.schema.contract import Table
from llmlogs.schema.others import OTHERS

SCHEMA_VERSION = 3
VIEWS = Path(__file__).parent / "views"
TABLES: tuple[Table, ...] = (CALLS, *OTHERS)
META = 'create table meta ("key" varchar, "value" varchar)'
# Ids are random text: packing them halves their bytes and costs a tenth of the load.
RANDOM = {"call_id", "response_id", "trace_id", "span_id", "parent_span_id"}
VISIBLE = "ingest_id <= (select coalesce(max(ingest_id), 0) from ingests where finished_at is not null)"


def quote(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def create_table(table: Table) -> str:
    """CREATE TABLE for a table that is not calls."""
    columns = ", ".join(f"{quote(c.name)} {c.type}" for c in table.columns)
    return f"create table {quote(table.name)} ({columns})"


def create_call_rows() -> str:
    """The physical table behind calls, with only the columns every row has."""
    return f"create table call_rows ({', '.join(map(_physical, ALWAYS))})"


def add_column(name: str) -> str:
    """ALTER TABLE that adds a public or hidden column to call_rows."""
    return f"alter table call_rows add column {_physical(name)}"


def _physical(name: str) -> str:
    packing = " using compression uncompressed" if name in RANDOM else ""
    return f"{quote(name)} {HIDDEN.get(name) or CALLS.column(name).type}{packing}"


def calls_view(physical: set[str]) -> str:
    """The calls view over the physical columns there are; the others read as NULL, or their stated default."""
    parts = [f"{_expression(c.name, c.type, physical)} as {quote(c.name)}" for c in CALLS.columns]
    return f"create or replace view calls as select {', '.join(parts)} from call_rows where {VISIBLE}"


def _expression(name: str, kind: str, physical: set[str]) -> str:
    if name == "cost_status":  # stored only where there is no price: a text on every row would cost a second update of all rows
        return "coalesce(cost_status, case when cost_usd is not null then 'priced' end)"
    if name == "list_usd" and name not in physical:  # stored, for every row, from the first own price or discount on
        return "cost_usd"
    default = DEFAULTS.get(name)
    if name in physical:
        return f"coalesce({quote(name)}, {default})" if default else quote(name)
    return default or f"null::{kind}"


def comments(table: Table) -> list[str]:
    """COMMENT ON statements for a table (or the calls view) and its columns."""
    kind = "view" if table.name == "calls" else "table"
    rows = [f"comment on {kind} {quote(table.name)} is {literal(table.meaning)}"]
    rows += [f"comment on column {quote(table.name)}.{quote(c.name)} is {literal(c.comment)}" for c in table.columns]
    return rows


def views() -> list[str]:
    """The documented layer under the questions: one `create or replace view` a file, in the order of their names."""
    return [path.read_text(encoding="utf-8") for path in sorted(VIEWS.glob("*.sql"))]


def create_all() -> list[str]:
    """Every statement that makes an empty database of this version."""
    statements = [META, create_call_rows(), *(create_table(t) for t in OTHERS), calls_view(set(ALWAYS))]
    for table in TABLES:
        statements += comments(table)
    return statements + views()
