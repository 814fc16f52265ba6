"""`llmlogs show`: one call or trace as a tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from llmlogs.errors import UsageError
from llmlogs.report import show_tree
from llmlogs.store.database import ensure_columns, open_for_write
from llmlogs.text import width

START = datetime(2026, 1, 1)


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A trace of one agent span over a retrieval and a call with two attempts, and a lone call."""
    con = open_for_write(tmp_path / "x.duckdb")
    ensure_columns(con, {"trace_id", "span_id", "parent_span_id", "response_model", "duration_ms", "status", "input_tokens", "output_tokens", "operation"})
    con.execute("insert into ingests values (1, 'run', $1, $1, '0', '{}')", [START])
    insert = (
        "insert into call_rows (call_id, source, ingest_id, started_at, cost_usd, cost_status, trace_id, span_id, parent_span_id, response_model, duration_ms,"
        " status, input_tokens, output_tokens, operation) values ($1, 's', 1, $2, $3, $4, $5, $6, $7, 'gpt-x', 400, 'ok', 1200, 30, 'chat')"
    )
    con.execute(insert, ["c1", START + timedelta(milliseconds=100), "0.5", None, "t1", "s2", "s1"])
    con.execute(insert, ["c2", None, None, "unknown_model", None, None, None])
    con.execute(
        "insert into spans (span_id, trace_id, kind, name, started_at, duration_ms, status) values ('s1', 't1', 'agent', 'answer', $1, 600, 'ok')", [START]
    )
    con.execute(
        "insert into spans (span_id, trace_id, parent_span_id, kind, name, started_at, duration_ms) values ('s3', 't1', 's1', 'retrieval', 'find', $1, 90)",
        [START],
    )
    con.execute(
        "insert into attempts (call_id, attempt, model, status_code, error_class, started_at) values ('c1', 1, 'gpt-x', 429, 'rate_limit', $1)",
        [START],
    )
    con.execute("insert into attempts (call_id, attempt, model, status_code) values ('c1', 2, 'gpt-x', 200)")
    yield con
    con.close()


def test_a_trace(con: duckdb.DuckDBPyConnection) -> None:
    """Parents over children in the order of time, attempts under their call, sums at the root."""
    lines = show_tree.as_lines(show_tree.find(con, "t1"), 200)
    assert [re.split(r"  [·█ ]{24}", line)[0].rstrip() for line in lines] == [
        "trace t1", "└─ agent answer", "   ├─ retrieval find", "   └─ chat gpt-x", "      ├─ attempt gpt-x", "      └─ attempt gpt-x",
    ]  # fmt: skip
    assert lines[0].split("  +0 ms")[1].split() == ["600", "ms", "1.2k", "in,", "30", "out", "$0.50"]
    assert "429 rate_limit" in lines[4]


def test_a_lone_call(con: duckdb.DuckDBPyConnection) -> None:
    """A call without a time or a price says why it has no price and is not given a zero."""
    (line,) = show_tree.as_lines(show_tree.find(con, "c2"))
    assert "unknown_model" in line
    assert "$" not in line


def test_json_is_the_same_tree(con: duckdb.DuckDBPyConnection) -> None:
    """Raw values, the same nesting."""
    root = json.loads(show_tree.as_json(show_tree.find(con, "t1")))
    assert (root["kind"], root["input_tokens"], root["cost_usd"], root["duration_ms"]) == ("trace", 1200, 0.5, 600)
    assert [child["kind"] for child in root["children"][0]["children"]] == ["retrieval", "chat"]


def test_an_unknown_id_says_where_ids_are(con: duckdb.DuckDBPyConnection) -> None:
    """The next step names a query that lists ids; the id is made harmless."""
    with pytest.raises(UsageError, match=r"nope\\x00.*\n.*select call_id"):
        show_tree.find(con, "nope\x00")


@pytest.mark.parametrize("count", [3, 500])
def test_spans_that_are_their_own_ancestors(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """A circle is cut, and every span of it is still shown once."""
    con.execute(
        "insert into spans (span_id, trace_id, parent_span_id, name) select i::varchar, 'ring', ((i + 1) % $1)::varchar, 'n' || i from range($1) t(i)", [count]
    )
    root = show_tree.find(con, "ring")
    assert sorted(re.findall(r'"name": "(n\d+)"', show_tree.as_json(root))) == sorted(f"n{i}" for i in range(count))
    assert len(show_tree.as_lines(root)) == count + 1


def test_lines_keep_their_width_and_harmless(con: duckdb.DuckDBPyConnection) -> None:
    """A name can neither move the cursor nor push the numbers out of the terminal."""
    con.execute("insert into spans (span_id, trace_id, name, started_at, duration_ms) values ('h', 't9', $1, $2, 5)", ["\x1b[2J" + "x" * 500, START])
    lines = show_tree.as_lines(show_tree.find(con, "t9"), 80)
    assert max(map(width, lines)) <= 80
    assert "\x1b" not in "".join(lines)
