"""Which column a field is probably meant for, by its name. The names are data: aliases.toml beside this file."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".toml")
UNITS = {
    "ms": "ms", "msec": "ms", "msecs": "ms", "millis": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "secs": "s", "seconds": "s",
    "us": "us", "usec": "us", "micros": "us", "microseconds": "us", "ns": "ns", "nanos": "ns", "nanoseconds": "ns",
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = re.compile(r"[\s\-/:@.]+|_+")


@cache
def table() -> dict[str, str]:
    """Column by alias."""
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: column for column, names in data.items() for name in names.split()}


def fold(name: str) -> str:
    """A key as the table writes it: `promptTokens`, `Prompt Tokens` and `prompt-tokens` are `prompt_tokens`."""
    return "_".join(filter(None, _SEPARATOR.split(_CAMEL.sub("_", name).lower())))


def without_unit(name: str) -> tuple[str, str]:
    """A folded key without the unit at its end, and that unit ('' when there is none)."""
    first, _, last = name.rpartition("_")
    return (first, UNITS[last]) if first and last in UNITS else (name, "")


def match(path: tuple[str, ...]) -> tuple[str, str, int]:
    """(column, unit named, how many parts of the path the match covers); column '' when the name says nothing.

    A key with dots in it (`gen_ai.usage.input_tokens`) is a path too.
    """
    parts = [fold(piece) for part in path for piece in part.split(".")]
    units = [without_unit(part)[1] for part in parts]
    bare = [without_unit(part)[0] for part in parts]
    for length in range(min(4, len(parts)), 0, -1):
        for names in (parts, bare):
            column = table().get(".".join(names[-length:]), "")
            if column:
                unit = next((u for u in reversed(units) if u), "")
                return column, unit, length
    return "", "", 0
