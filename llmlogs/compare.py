"""What a person means by two sides to compare: periods (`2026-10-01..2026-10-14`) or values of a column (`release=411`)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from llmlogs.errors import UsageError

QUESTION = "compare/periods"
COLUMNS = ("release", "prompt_version", "model")
HELP = "a side is FROM..TO (dates or times in UTC; a date as the end is the whole day), FROM.., ..TO, or " + ", ".join(f"{name}=VALUE" for name in COLUMNS)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def sides(before: str | None, after: str | None) -> dict[str, Any]:
    """Parameters of the question. Nothing named: the last seven whole days against those before.

    `UsageError` names the side that is no period and no value, or two sides of different kinds.
    """
    asked = {name: text.strip() for name, text in (("before", before), ("after", after)) if text is not None}
    values = {name: _value(text) for name, text in asked.items()}
    if not any(values.values()):
        return {key: moment for name, text in asked.items() for key, moment in _period(name, text).items()}
    columns = {found[0] for found in values.values() if found}
    if len(values) < 2 or None in values.values() or len(columns) > 1:
        raise UsageError(
            "two sides of different kinds", " and ".join(f"--{name} {text}" for name, text in asked.items()), HELP, "--before release=411 --after release=412"
        )
    return {"by_column": columns.pop()} | {f"{name}_is": found[1] for name, found in values.items() if found}


def _value(text: str) -> tuple[str, str] | None:
    name, equals, value = text.partition("=")
    if not equals:
        return None
    if name.strip() not in COLUMNS or not value.strip():
        raise UsageError("nothing to compare by", text[:80], HELP)
    return name.strip(), value.strip()


def _period(name: str, text: str) -> dict[str, datetime]:
    first, dots, last = text.partition("..")
    if not dots or not (first or last):
        raise UsageError("not a period", f"--{name} {text}"[:80], HELP, f"--{name} 2026-10-01..2026-10-14")
    found = {f"{name}_from": _moment(name, first.strip(), 0)} if first.strip() else {}
    found |= {f"{name}_to": _moment(name, last.strip(), 1)} if last.strip() else {}
    if len(found) == 2 and found[f"{name}_from"] >= found[f"{name}_to"]:
        raise UsageError("a period that ends before it begins", f"--{name} {text}"[:80])
    return found


def _moment(name: str, text: str, days: int) -> datetime:
    """A moment in UTC, without its zone; a bare date as an end counts as the end of that day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("not a date or time", f"--{name} {text}"[:80], HELP) from error
    if offset := moment.utcoffset():
        moment -= offset
    return moment.replace(tzinfo=None) + timedelta(days=days if DATE.fullmatch(text) else 0)
