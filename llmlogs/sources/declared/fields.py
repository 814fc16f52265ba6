"""What stands in the first records of a log: every field with its values, its type, and whether a column could hold it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from llmlogs.carriers import candidates, compression
from llmlogs.carriers.base import Position
from llmlogs.errors import NoInputError
from llmlogs.schema.calls import CALLS
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.declared.sql import BY_TYPE, SAID

RECORDS = 2000
DEEPEST = 5
LONGEST_WORD = 120  # a label, an id or a model; longer is prose
FITS = 0.9


@dataclass
class Field:
    """A field of the log and what was seen in it."""

    path: tuple[str, ...]
    records: int
    values: list[Any] = field(default_factory=list)

    @property
    def fill(self) -> float:
        return len(self.values) / self.records

    @property
    def shown(self) -> str:
        return ".".join(self.path)

    def share(self, holds: Any) -> float:
        """The share of the values for which `holds` is true."""
        return sum(map(bool, map(holds, self.values))) / len(self.values) if self.values else 0.0


def first_records(file: Path) -> tuple[str, list[dict[str, Any]]]:
    """The carrier's name and the first records that are objects; NoInputError when there are none."""
    if not file.is_file():
        raise NoInputError("no such file", str(file))
    head = compression.first_bytes(file, 1 << 16)
    for carrier in candidates(head, str(file)):
        with compression.open_plain(file) as stream:
            found = [record.value for record in islice(carrier.records(stream, Position()), RECORDS) if isinstance(record.value, dict)]
        if found:
            return carrier.name, found
    raise NoInputError("no records found", str(file), "neither JSON, JSON Lines nor CSV", "llmlogs sources lists what can be read")


def fields_of(records: list[dict[str, Any]]) -> dict[tuple[str, ...], Field]:
    """Every field that ever has a value, in the order they appear."""
    found: dict[tuple[str, ...], Field] = {}
    for record in records:
        for path, value in _leaves(record, ()):
            found.setdefault(path, Field(path, len(records))).values.append(value)
    return found


def _leaves(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items():
        here = (*path, str(key))
        if isinstance(item, dict) and item and len(here) < DEEPEST:
            yield from _leaves(item, here)
        elif item is not None and item not in ("", {}):
            yield here, item


def number(value: Any) -> float | None:
    """A finite number, also when it is written as a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def numbers(found: Field) -> list[float]:
    """The values that are numbers."""
    return [n for n in map(number, found.values) if n is not None]


def median(found: Field) -> float:
    """The median of the values that are numbers."""
    return statistics.median(numbers(found) or [0.0])


def fits(column: str, found: Field) -> bool:
    """Whether nearly all values could stand in the column."""
    kind = BY_TYPE.get(CALLS.column(column).type, "text")
    if kind == "time":
        return found.share(lambda value: not isinstance(value, bool) and to_utc(value)) >= FITS
    if column == "status_code":
        return found.share(lambda value: 100 <= (number(value) or 0) < 600) >= FITS
    if kind in ("number", "money"):
        whole = CALLS.column(column).type != "DOUBLE" and kind == "number"
        return found.share(lambda value: (n := number(value)) is not None and n >= 0 and (not whole or n == int(n))) >= FITS
    if kind == "bool":
        return found.share(lambda value: str(value).lower() in ("true", "false", "0", "1", "yes", "no", "t", "f")) >= FITS
    if column in SAID:
        known = {word for words in SAID[column].values() for word in words.split()}
        return found.share(lambda value: str(value).strip().lower().replace(" ", "_") in known or (column == "status" and str(value).isdigit())) >= FITS
    if column == "error_template":
        return found.share(lambda value: isinstance(value, str)) >= FITS
    return found.share(_word) >= FITS and (column != "call_id" or _unique(found))


def _word(value: Any) -> bool:
    return not isinstance(value, (dict, list)) and len(str(value)) <= LONGEST_WORD and str(value).count(" ") < 8


def _unique(found: Field) -> bool:
    """An id of a call: in every record, and hardly ever twice (a log may repeat a line)."""
    return found.fill >= FITS and len(set(map(str, found.values))) >= FITS * len(found.values)
