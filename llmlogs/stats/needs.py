"""Which fields the questions of the pack need, how far this log has them, and a line that would log them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from llmlogs.schema.ddl import TABLES
from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

    from llmlogs.schema.contract import Column

TABLE = "create or replace temp table stat_needs (question varchar, field varchar, state varchar, filled double, concerned bigint, log_line varchar)"
BY_SOURCE = "create or replace temp table stat_source_needs (source varchar, question varchar, field varchar, state varchar)"
BY_TYPE: dict[str, Any] = {"TIMESTAMP": "2026-01-31T12:00:00.250Z", "DOUBLE": 412.5, "BIGINT": 1200, "INTEGER": 1, "BOOLEAN": True}
BY_UNIT: dict[str, Any] = {"HTTP": 200, "ratio": 0.92}
COMES_FROM = {"cost_usd": ("request_model", "input_tokens", "output_tokens")}  # computed at ingest: what is logged are these
SPELLED = {"request_model": "model", "started_at": "timestamp"}  # the call log's own words, see sources/llmlogs_log


def compute(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Fill `stat_needs`, one row per question and need, and `stat_source_needs`, the same for every source by itself."""
    con.execute(TABLE)
    con.execute(BY_SOURCE)
    for question, need, words, filled, concerned, state in inputs.needs:
        con.execute("insert into stat_needs values ($1, $2, $3, $4, $5, $6)", [question, words, state, filled, concerned, log_line(need)])
    states = inputs.by_source()
    asked = [(question, need, words) for question, need, words, *_ in inputs.needs]
    rows = [
        (source, question, words, states[source, need])
        for source in sorted({s for s, _ in states})
        for question, need, words in asked
        if (source, need) in states
    ]
    if rows:
        con.executemany("insert into stat_source_needs values ($1, $2, $3, $4)", rows)


def log_line(need: str) -> str:
    """A line of llmlogs' own call log with the first field a need names: `{"ttft_ms": 412.5}`."""
    match = re.match(r"\s*(\w+)\.(\w+)", need)
    if not match:
        return ""
    table = next(t for t in TABLES if t.name == match[1])
    columns = [table.column(name) for name in COMES_FROM.get(match[2], (match[2],))]
    line = {SPELLED.get(column.name, column.name): example(column) for column in columns}
    return json.dumps(line if table.name == "calls" else {table.name: [line]})


def example(column: Column) -> Any:
    """A value such a column may have; for a text the first word its meaning lists, else its meaning in brackets."""
    if column.type.startswith("DECIMAL"):
        return "0.0042"
    if column.type != "VARCHAR":
        return BY_UNIT.get(column.unit, BY_TYPE[column.type])
    words = re.search(r"(?:^|: )(\w+)(?:, \w+)+", column.meaning)
    return words[1] if words else f"<{column.meaning.split(',')[0]}>"
