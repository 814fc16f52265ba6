"""limits/rate_limit_bursts and errors/bursts: incidents found, incidents that are none, who and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.truth.ask import Said, ask, overlap
from tests.truth.scores import Score
from tests.truth.streams.bursts import Truth
from tests.truth.world import Connection


def judge(con: Connection, truth: Truth) -> Iterator[tuple[tuple[str, ...], Callable[[], Iterator[Score]]]]:
    """Measures: found; incidents a stream that are none (`false`); alarm on a clean stream; sender, scope and class named."""
    said = ask(con, truth.question)
    rows = said.rows("started_at", "ended_at", "series")
    mine = [row for row in rows if truth.begin and truth.end and overlap(row, truth.begin, truth.end)]
    yield ("found", "false", "alarm"), lambda: _counts(said, rows, mine, truth)
    yield ("sender",), lambda: _sender(said, mine, truth)
    yield ("scope",), lambda: _scope(said, mine, truth)
    yield ("class",), lambda: _class(said, mine, truth)


def _counts(said: Said, rows: list[dict[str, Any]], mine: list[dict[str, Any]], truth: Truth) -> Iterator[Score]:
    yield Score("found", float(bool(mine) and said.alarm))
    yield Score("false", len(rows) - len(mine))
    yield Score("alarm", float(said.alarm))


def _sender(said: Said, mine: list[dict[str, Any]], truth: Truth) -> Iterator[Score]:
    said.rows("sender")
    if mine and truth.culprit:
        yield Score("sender", float(any(truth.culprit[1] in str(row["sender"]) for row in mine)))


def _scope(said: Said, mine: list[dict[str, Any]], truth: Truth) -> Iterator[Score]:
    said.rows("scope", "scope_value")
    if mine:
        right = [row["scope"] == truth.scope and (truth.scope == "all" or row["scope_value"] == truth.value) for row in mine]
        yield Score("scope", float(any(right)))


def _class(said: Said, mine: list[dict[str, Any]], truth: Truth) -> Iterator[Score]:
    said.rows("top_class")
    if mine:
        yield Score("class", float(all(row["top_class"] == truth.error for row in mine)))
