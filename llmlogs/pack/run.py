"""Run questions on a database: each on its own cursor, read only, and one that fails leaves the others alone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from llmlogs import stats
from llmlogs.errors import LlmlogsError
from llmlogs.pack import parameters, settings
from llmlogs.pack.judge import broken, correct, judge
from llmlogs.pack.model import Answer, Need, Question, Result
from llmlogs.pack.needs import Coverage, said
from llmlogs.pack.parse import QuestionError, body
from llmlogs.pack.settings import Tables
from llmlogs.store.database import open_for_read

MAX_ROWS = 1000  # of one result; how many there were is kept
TEMPORARY = re.compile(r"(--[^\n]*\n|/\*.*?\*/|\s)*create\s+(or\s+replace\s+)?temp(orary)?\s+(table|view|macro)\b", re.IGNORECASE | re.DOTALL)

Connection = duckdb.DuckDBPyConnection


@dataclass
class _Run:
    """What the questions of one run share."""

    con: Connection
    coverage: Coverage
    parameters: Mapping[str, Any]
    known: tuple[Question, ...]
    timeout_s: float | None
    max_rows: int
    tables: Tables

    def needs(self, question: Question) -> tuple[Need, ...]:
        return tuple(self.coverage.of(need) for need in question.needs)

    def inputs(self) -> stats.Inputs:
        """What methods may know beside the tables."""
        needs = [(q.id, n) for q in self.known for n in self._needs_if_sound(q)]
        told = tuple((question, n.field, said(n.field), n.filled, n.of, n.state) for question, n in needs)
        return stats.Inputs(told, lambda: self.coverage.by_source(n.field for _, n in needs))

    def _needs_if_sound(self, question: Question) -> tuple[Need, ...]:
        try:
            return self.needs(question)
        except (duckdb.Error, LlmlogsError):
            return ()  # its own card says what is wrong with it


def run(
    database: Path | Connection,
    questions: Iterable[Question],
    values: Mapping[str, Any] | None = None,
    *,
    known: Iterable[Question] | None = None,
    timeout_s: float | None = None,
    max_rows: int = MAX_ROWS,
    tables: Tables | None = None,
) -> list[Answer]:
    """The answers, in the order of `questions`.

    `values` are parameters by name; `known` is the whole pack where only a part of it is asked; `tables` are the configuration's budgets and SLOs.
    """
    asked = tuple(questions)
    parameters.check(values or {}, asked)
    with _connection(database) as con, _cursor(con) as cursor:
        this = _Run(con, Coverage(cursor), values or {}, asked if known is None else tuple(known), timeout_s, max_rows, tables or {})
        return correct([_ask(this, question) for question in asked])


@contextmanager
def _connection(database: Path | Connection) -> Iterator[Connection]:
    if not isinstance(database, Path):
        yield database
        return
    con = open_for_read(database)
    try:
        yield con
    finally:
        con.close()


@contextmanager
def _cursor(con: Connection) -> Iterator[Connection]:
    """A session of its own on the same database: it sees neither variables nor temp tables of another."""
    cursor = con.cursor()
    try:
        cursor.execute("set TimeZone = 'UTC'")
        yield cursor
    finally:
        cursor.close()


def _ask(this: _Run, question: Question) -> Answer:
    started = time.perf_counter()
    needs: tuple[Need, ...] = ()
    mine: dict[str, Any] = {}
    try:
        needs = this.needs(question)
        with _cursor(this.con) as cursor, _time_limit(cursor, this.timeout_s):
            mine = parameters.settle(cursor, question, this.parameters)
            settings.hand_over(cursor, question, this.tables)
            if question.method:
                stats.find(question.method)(cursor, this.inputs())
            answer = judge(question, results(cursor, question, this.max_rows), needs)
    except duckdb.InterruptException as error:
        if this.timeout_s is None:  # not our clock but the user's Ctrl-C
            raise KeyboardInterrupt from error
        answer = broken(question, f"it took longer than {this.timeout_s:g} seconds", needs)
    except Exception as error:  # a question may be anybody's file: whatever breaks in it, the others go on and its card says so
        answer = broken(question, _one_line(error), needs)
    return replace(answer, seconds=time.perf_counter() - started, parameters=mine)


def results(cursor: Connection, question: Question, max_rows: int = MAX_ROWS) -> dict[str, Result]:
    """Run the body statement by statement; the selects are the results, in the order `results` names them."""
    found = []
    for statement in cursor.extract_statements(body(question)):
        if statement.type == duckdb.StatementType.SELECT:
            found.append(_fetch(cursor.execute(statement), max_rows))
        elif TEMPORARY.match(statement.query):
            cursor.execute(statement)
        else:
            raise QuestionError("a question only reads", statement.query.strip()[:60], "select, or create temp table | view | macro")
    if len(found) != len(question.results):
        raise QuestionError("a question has other results than it names", f"{len(found)} selects, results = {list(question.results)}")
    return {name: replace(result, name=name) for name, result in zip(question.results, found, strict=True)}


def _fetch(executed: Connection, max_rows: int) -> Result:
    columns = tuple(column[0] for column in executed.description or ())
    rows = executed.fetchall()
    return Result("", columns, tuple(rows[:max_rows]), len(rows))


@contextmanager
def _time_limit(cursor: Connection, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _one_line(error: Exception) -> str:
    if isinstance(error, LlmlogsError):
        return "; ".join(str(error).splitlines())
    return (str(error) or type(error).__name__).split("\n", 1)[0]
