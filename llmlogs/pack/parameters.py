"""The variables of a question: found where they stand in its body, read from a command line, set for its cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb

from llmlogs.errors import UsageError
from llmlogs.pack.model import Parameter, Question

DECLARED = re.compile(r"coalesce\(\s*getvariable\('(?P<name>\w+)'\)\s*,\s*(?P<default>.+?)\)(?:::\w+)?\s+as\s+(?P=name)\b\s*,?\s*--\s*(?P<meaning>\S.*)")
USED = re.compile(r"getvariable\(\s*'(\w+)'\s*\)")


def declared(body: str) -> tuple[Parameter, ...]:
    """Every `coalesce(getvariable('x'), default) as x -- meaning` of a body, in order."""
    found = (DECLARED.search(line) for line in body.splitlines())
    return tuple(Parameter(m["name"], m["default"].strip(), m["meaning"].strip()) for m in found if m)


def used(body: str) -> set[str]:
    """Names of all variables a body reads, declared or not."""
    return set(USED.findall(body))


def parse(assignments: Iterable[str]) -> dict[str, Any]:
    """`["window_minutes=10", "since=2026-01-01"]` as typed values."""
    pairs = [text.partition("=") for text in assignments]
    for name, equals, _ in pairs:
        if not equals or not name.strip().isidentifier():
            raise UsageError("not a parameter", f"{name}{equals}"[:80], "a parameter is written name=value", "for instance window_minutes=10")
    return {name.strip(): typed(value.strip()) for name, _, value in pairs}


def typed(text: str) -> Any:
    """The value a person means: a number, true or false, a time, else the text itself."""
    for read in (int, float, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def check(values: Mapping[str, Any], questions: Iterable[Question]) -> None:
    """UsageError for a name that none of the questions reads."""
    known = {p.name for q in questions for p in q.parameters}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError("no such parameter", ", ".join(unknown), next_step=f"known here: {', '.join(sorted(known)) or 'none'}")


def settle(cursor: duckdb.DuckDBPyConnection, question: Question, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set on the cursor what the question reads of `values`, and return it."""
    mine = {p.name: values[p.name] for p in question.parameters if p.name in values}
    for name, value in mine.items():
        cursor.execute(f"set variable {name} = $1", [value])
    return mine
