"""What the readers of coding agents' sessions share: careful getters for lines of any shape, and waits between line times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from llmlogs.sources.base import Row

LONGEST_WORD = 120
LONGEST_CALL = timedelta(hours=1)  # more between a question and its answer is a closed laptop, not a wait
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}\Z")


def word(value: Any) -> str | None:
    """A short label as logged; None for what is empty, too long to be one, or holds control characters."""
    return _word(value) if isinstance(value, str) and len(value) <= LONGEST_WORD else None


@lru_cache(maxsize=4096)  # the same names come again on every line
def _word(value: str) -> str | None:
    return value if value.isprintable() and value.strip() else None


def part(value: Any, *names: str) -> dict[str, Any]:
    """The object at a path; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; empty where there is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def kind_of(*names: Any) -> str:
    """The kind a line is skipped under; what does not look like a name is not shown."""
    return "/".join(name if _PLAIN.match(name) else "unnamed" for name in names if isinstance(name, str)) or "unnamed"


def known(row: Row) -> Row:
    """The row without its NULLs."""
    return {name: value for name, value in row.items() if value is not None}


def folder(path: Any) -> str | None:
    """The last name of a working directory of either kind: the project."""
    if not isinstance(path, str):
        return None
    return word((PureWindowsPath(path) if "\\" in path else PurePosixPath(path)).name)


def wait_ms(begun: datetime | None, ended: datetime | None) -> float | None:
    """Milliseconds between two line times; None when one is missing, they run backwards, or nobody waits that long."""
    if begun is None or ended is None or not timedelta(0) < ended - begun <= LONGEST_CALL:
        return None
    return (ended - begun) / timedelta(milliseconds=1)


def timed(begun: datetime | None, ended: datetime | None) -> Row:
    """Start, end and wait of a call whose answer was complete at `ended`; its start is the end where the wait is not known."""
    length = wait_ms(begun, ended)
    return {"started_at": ended if length is None else begun, "ended_at": ended, "duration_ms": length}
