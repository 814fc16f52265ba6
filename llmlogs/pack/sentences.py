"""Fill a sentence template such as `{n_429:int} of {n:int} calls` from the verdict row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from llmlogs.pack.model import Column
from llmlogs.pack.parse import QuestionError
from llmlogs.text import UNITS, show

OPTIONAL = re.compile(r"\[([^\[\]]*\{[^\[\]]*)\]")  # a part in brackets that names a column


def placeholders(template: str) -> list[tuple[str, str]]:
    """The columns a template names, each with its unit as written."""
    return [(name, unit) for _, name, unit in _parts(OPTIONAL.sub(r"\1", template)) if name]


def fill(template: str, row: Mapping[str, Any], columns: Mapping[str, Column]) -> str:
    """The sentence. `{n:call|calls}` counts: "1 call", "3 calls"; without a unit the column's own is used; `[by {name}]` stands only where name is known."""
    template = OPTIONAL.sub(lambda part: part[1] if all(row.get(name) is not None for name, _ in placeholders(part[1])) else "", template)
    return "".join(text + (_value(name, unit, row, columns) if name else "") for text, name, unit in _parts(template)).strip()


def _parts(template: str) -> Iterator[tuple[str, str, str]]:
    try:
        for text, name, unit, _ in Formatter().parse(template):
            yield text, name or "", unit or ""
    except ValueError as error:
        raise QuestionError("not a sentence template", template[:80], str(error)) from error


def _value(name: str, unit: str, row: Mapping[str, Any], columns: Mapping[str, Column]) -> str:
    if name not in row:
        raise QuestionError("a sentence names a column the verdict row lacks", name)
    value = row[name]
    if "|" in unit:
        one, many = unit.split("|", 1)
        return f"{show(value, 'int')} {one if value == 1 else many}"
    unit = unit or (columns[name].unit if name in columns else "") or unit_of(value)
    if unit not in UNITS:
        raise QuestionError("a sentence has an unknown unit", f"{name}:{unit}", f"one of {', '.join(filter(None, UNITS))}")
    return show(value, unit)


def unit_of(value: Any) -> str:
    """The unit of a value nobody named one for."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return "text"
    if isinstance(value, dt.datetime):
        return "time"
    return "int" if isinstance(value, int) else "num"
