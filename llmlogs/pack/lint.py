"""What is wrong with a question file that parses: names, parameters, results, sentences, spellings that go wrong elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb

from llmlogs.errors import LlmlogsError
from llmlogs.pack import parameters, rows, settings
from llmlogs.pack.judge import FIXED_COLUMNS
from llmlogs.pack.model import Question, Result
from llmlogs.pack.needs import fields_of
from llmlogs.pack.parse import body
from llmlogs.pack.run import results
from llmlogs.pack.sentences import placeholders
from llmlogs.schema.ddl import TABLES
from llmlogs.text import UNITS

MAX_LINES = 100
# Spellings that other engines refuse or, worse, answer differently (measured on ClickHouse and Spark).
NOT_PORTABLE = {
    r"\basof\b": "ASOF JOIN",
    r"\btime_bucket\s*\(": "time_bucket",
    r"\bepoch(_ms|_us)?\s*\(": "epoch",
    r"\bisodow\b": "isodow",
    r"\bmedian\s*\(": "median: a sampled estimate elsewhere; quantile_cont",
    r"\bapprox_\w+\s*\(": "approximate functions",
    r"\b(max_by|arg_max|min_by|arg_min)\s*\([^()]*,[^()]*,\s*\d+\s*\)": "max_by with a count",
    r"\b(string_agg|array_agg|list)\s*\(\s*distinct\b[^()]*\border\b": "ordered distinct aggregates",
    r"\b(strftime|strptime|split_part|regexp_\w+)\s*\(": "text functions",
    r"\bstruct_pack\s*\(": "struct_pack",
}
# What stands before the select in `create temp table x as select`.
MADE_FROM = re.compile(r"\A.*?\bcreate\b[^;(]*?\bas\b(?=\s*(--[^\n]*\s*)*(with|select|from)\b)", re.IGNORECASE | re.DOTALL)
COUNTS = re.compile(r"\b(count|sum|avg|quantile_cont|quantile_disc|stddev\w*|var_\w+)\s*\(", re.IGNORECASE)


def lint(question: Question) -> list[str]:
    """Everything wrong with the question; empty when it is sound. Runs it on an empty database."""
    code = body(question)
    found = [*_size(question), *_parameters(question, code), *_needs(question), *_spellings(question, code), *_charts(question)]
    try:
        return found + _run(question)
    except (duckdb.Error, LlmlogsError) as error:
        return [*found, f"it does not run on an empty database: {'; '.join(str(error).splitlines())[:300]}"]


def _size(question: Question) -> Iterator[str]:
    count = len(question.sql.splitlines())
    if count > MAX_LINES:
        yield f"{count} lines, at most {MAX_LINES}"


def _parameters(question: Question, code: str) -> Iterator[str]:
    explained = {p.name for p in question.parameters}
    for name in sorted(parameters.used(code) - explained):
        yield f"parameter {name} is not explained where it stands: coalesce(getvariable('{name}'), default) as {name} -- meaning"


def _needs(question: Question) -> Iterator[str]:
    for need in question.needs:
        try:
            fields_of(need)
        except LlmlogsError as error:
            yield "; ".join(str(error).splitlines())


def _spellings(question: Question, code: str) -> Iterator[str]:
    bare = re.sub(r"--[^\n]*|/\*.*?\*/|'[^']*'", " ", code, flags=re.DOTALL)
    if COUNTS.search(bare) and "sample_weight" not in bare and re.search(r"\bcalls\b", bare):
        yield "it counts calls and ignores sample_weight"
    if question.engine == "duckdb":
        return
    if question.engine != "portable":
        yield f"engine is portable or duckdb, not {question.engine}"
    for pattern, said in NOT_PORTABLE.items():
        if re.search(pattern, bare, re.IGNORECASE):
            yield f'not portable: {said} (engine = "duckdb" where nothing else says it well)'


def _charts(question: Question) -> Iterator[str]:
    for chart in question.charts:
        if chart.result not in question.results:
            yield f"a chart draws {chart.result}, which is no result"
    if question.results[:1] != ("verdict",):
        yield "the first result is the verdict"


def _run(question: Question) -> list[str]:
    con = rows.database()
    try:
        before = _relations(con)
        found = results(con, question)
        return [*_results(question, found), *_reads(con, question, before), *_settings(con, question)]
    finally:
        con.close()


def _results(question: Question, found: dict[str, Result]) -> Iterator[str]:
    verdict = found.get("verdict")
    if verdict is None:
        return
    if len(verdict.rows) != 1:
        yield f"the verdict has {len(verdict.rows)} rows on an empty database, not one"
    for name in FIXED_COLUMNS:
        if name not in verdict.columns:
            yield f"the verdict row lacks {name}"
    yield from _sentences(question, {*verdict.columns, "reason"})
    for result in found.values():
        yield from _names(result.columns, result.name)
    yield from _columns(question, {name for result in found.values() if result.name != "verdict" for name in result.columns}, set(verdict.columns))


def _sentences(question: Question, known: set[str]) -> Iterator[str]:
    titles = [chart.title for chart in question.charts]
    for template in (question.passes, question.fails, question.info, question.unknown, *titles):
        for name, unit in placeholders(template):
            if name not in known:
                yield f"a sentence names {name}, which the verdict row lacks"
            if "|" not in unit and unit not in UNITS:
                yield f"a sentence has the unknown unit {unit}"


def _names(columns: Iterable[str], result: str) -> Iterator[str]:
    tables = {table.name for table in TABLES}
    for name in columns:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield f"{result}: column {name!r} is not lower case letters, digits and _"
        if name in tables:
            yield f"{result}: column {name} is named as a table: in DuckDB that becomes the whole row"


def _columns(question: Question, shown: set[str], in_verdict: set[str]) -> Iterator[str]:
    for name in sorted(shown - set(question.columns)):
        yield f"column {name} is not described in [columns]"
    for name in sorted(set(question.columns) - shown - in_verdict):
        yield f"[columns] describes {name}, which no result has"
    for column in question.columns.values():
        if column.unit not in UNITS:
            yield f"column {column.name} has the unknown unit {column.unit}"


def _reads(con: duckdb.DuckDBPyConnection, question: Question, before: set[str]) -> Iterator[str]:
    """Tables and views a statement reads beside the contract's, the documented views and its own."""
    known = ({table.name for table in TABLES} | before | _relations(con)) - {"call_rows", "meta"}
    for statement in con.extract_statements(body(question)):
        # read off the syntax tree: get_table_names of DuckDB 2.0 binds what views contain, and refuses aliases it cannot resolve
        tree = json.loads(con.execute("select json_serialize_sql($1)", [MADE_FROM.sub("", statement.query)]).fetchall()[0][0])
        for name in sorted(set(_tables(tree)) - known):
            yield f"it reads {name}, which is no table or view of the contract"


def _settings(con: duckdb.DuckDBPyConnection, question: Question) -> Iterator[str]:
    """A table of settings that the file declares otherwise than the runner makes it."""
    con.execute("create schema told")
    for table in settings.named(question):
        con.execute(settings.declaration(table).replace("temp table if not exists ", "table told."))
        mine, right = (con.execute(f"describe {name}").fetchall() for name in (table, f"told.{table}"))
        if [row[:2] for row in mine] != [row[:2] for row in right]:
            yield f"its {table} is not the runner's: {settings.declaration(table)}"


def _tables(node: Any) -> Iterator[str]:
    """Names of base tables in a serialized statement; a CTE hides what it is named after."""
    if isinstance(node, list):
        for part in node:
            yield from _tables(part)
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"].lower()
        own = {entry["key"].lower() for entry in (node.get("cte_map") or {}).get("map", [])}
        for part in node.values():
            yield from (name for name in _tables(part) if name not in own)


def _relations(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables and views there are, temporary ones included."""
    found = con.execute("select table_name from duckdb_tables() union select view_name from duckdb_views() where not internal").fetchall()
    return {row[0] for row in found}
