"""Reports whose records are flat rows (CSV, Parquet, JSON, or the `data` of a page): told by their columns, read one row at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample

ROWS = ("data", "results", "rows")


@dataclass(frozen=True)
class RowReport:
    """A source of `usage_buckets` rows. `signs` are sets of columns, each of which tells the format alone; `row` reads one row."""

    name: str
    title: str
    docs: str
    tokens: str
    signs: tuple[frozenset[str], ...]
    row: Callable[[int, Row, bool, Context], Outcome]
    samples: tuple[Sample, ...] = ()
    fold: Callable[[str], str] = str
    answers: tuple[str, ...] = ()

    def detect(self, head: Head) -> Detection | None:
        """By the columns, or by the keys of the first records."""
        seen: list[Iterable[str]] = [head.columns] if head.columns else [row for value in head.values for row in _rows(value)]
        found = [sign for keys in seen for sign in [self._sign(keys)] if sign]
        if not found or len(found) * 2 < len(seen):
            return None
        return Detection(0.96, f"it has the columns {', '.join(sorted(found[0])[:4])}")

    def _sign(self, keys: Iterable[str]) -> frozenset[str] | None:
        have = {self.fold(str(key)) for key in keys}
        return next((sign for sign in self.signs if sign <= have), None)

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every row; rows of a page beyond the first are records of their own."""
        for record in records:
            rows = _rows(record.value)
            if not rows:
                page = isinstance(record.value, Mapping)
                yield Outcome(record.line, "skipped" if page else "rejected", "page without rows" if page else "not a row")
            for place, row in enumerate(rows):
                yield self.row(record.line, {self.fold(str(key)): value for key, value in row.items()}, place > 0, context)


def _rows(value: Any) -> list[Row]:
    """The rows of a page, or the one row that a record is."""
    if not isinstance(value, Mapping):
        return []
    inside = next((value[name] for name in ROWS if isinstance(value.get(name), list)), None)
    return [dict(value)] if inside is None else [dict(row) for row in inside if isinstance(row, Mapping)]
