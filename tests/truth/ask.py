"""Ask one question the way a user does, and read what it says by its documented names."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from llmlogs import resources
from llmlogs.pack.load import Pack, load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run
from tests.truth.world import Connection

ROWS = 1_000_000


class NotBuiltError(Exception):
    """The question, the result or the column is not there."""


class BrokenError(Exception):
    """The question could not be run."""


@cache
def pack() -> Pack:
    """The built-in questions, without a user's own."""
    return load([resources.folder("queries")])


def ask(con: Connection, question_id: str, **parameters: Any) -> Said:
    """NotBuiltError where there is no such question; BrokenError where it fails."""
    question = next((q for q in pack().questions if q.id == question_id), None)
    if question is None:
        raise NotBuiltError(question_id)
    answer = run(con, [question], parameters, known=pack().questions, max_rows=ROWS)[0]
    if answer.verdict == "error":
        raise BrokenError(f"{question_id}: {answer.reason}")
    return Said(answer)


class Said:
    """An answer, read strictly: what is not there is not built, never NULL."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.id = answer.question.id

    @property
    def alarm(self) -> bool:
        return self.answer.verdict in ("fail", "warn")

    @property
    def silent(self) -> bool:
        return self.answer.verdict == "unknown"

    def value(self, name: str) -> Any:
        """A column of the verdict row."""
        if name not in self.answer.values:
            raise NotBuiltError(f"{self.id} verdict {name}")
        return self.answer.values[name]

    def has(self, name: str, result: str = "evidence") -> bool:
        """Whether a result has that column."""
        return result in self.answer.results and name in self.answer.results[result].columns

    def rows(self, *names: str, result: str = "evidence") -> list[dict[str, Any]]:
        """The rows of a result; all of `names` must be columns of it."""
        if result not in self.answer.results:
            raise NotBuiltError(f"{self.id} result {result}")
        found = self.answer.results[result]
        missing = [name for name in names if name not in found.columns]
        if missing:
            raise NotBuiltError(f"{self.id} {result} {', '.join(missing)}")
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def overlap(row: dict[str, Any], begin: dt.datetime, end: dt.datetime, slack_s: float = 600) -> bool:
    """Whether an incident's row touches the planted time, give or take `slack_s`."""
    slack = dt.timedelta(seconds=slack_s)
    return bool(row["started_at"] <= end + slack and row["ended_at"] >= begin - slack)
