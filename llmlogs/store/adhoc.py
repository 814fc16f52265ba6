"""SQL that a person types: read only, sandboxed, and stopped when it runs away."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.errors import UsageError
from llmlogs.store.database import Connection, open_sandboxed


@dataclass(frozen=True)
class Rows:
    """A result: column names, their DuckDB types, and rows as an iterator that is read once."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def query(path: Path, sql: str, timeout_s: float, wait_s: float = 30.0) -> Iterator[Rows]:
    """Run one or more statements and hand out the rows of the last; UsageError for a mistake in the SQL or the time limit."""
    con = open_sandboxed(path, wait_s)
    timer = threading.Timer(timeout_s, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        with _told(timeout_s):
            con.execute(sql)
            columns, types = _columns(con)
        yield Rows(columns, types, _fetch(con, timeout_s))
    finally:
        timer.cancel()
        con.close()


def _columns(con: Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    described = con.description or []
    return tuple(str(column[0]) for column in described), tuple(str(column[1]) for column in described)


def _fetch(con: Connection, timeout_s: float) -> Iterator[tuple[Any, ...]]:
    while True:
        with _told(timeout_s):
            batch = con.fetchmany(10_000)
        if not batch:
            return
        yield from batch


@contextmanager
def _told(timeout_s: float) -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException as error:
        raise UsageError("the query was stopped", why=f"it ran longer than {timeout_s:g} s", next_step="narrow it, or give --timeout SECONDS") from error
    except duckdb.PermissionException as error:
        why = "typed SQL may only read the database: no files, no network"
        raise UsageError("not allowed", why=why, next_step="`llmlogs connect` prints how to open the file in a DuckDB shell of your own") from error
    except duckdb.Error as error:
        raise UsageError("the SQL does not run", why=_clean(str(error))) from error


def _clean(text: str) -> str:
    """DuckDB's message without its pointer to our wrapping, control characters or more than a screen of it."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "?", text)
    return text[:1500].rstrip()
