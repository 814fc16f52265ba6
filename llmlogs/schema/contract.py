"""What a table and a column are in the contract. DDL, comments and the README's reference are made from these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One public column. `unit` is empty for text; `type` is a DuckDB type."""

    name: str
    type: str
    unit: str
    meaning: str

    @property
    def comment(self) -> str:
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


@dataclass(frozen=True)
class Table:
    """One public table (or, for `calls`, the view that stands for it)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        return next((c for c in self.columns if c.name == name), None) or _missing(self.name, name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


def _missing(table: str, column: str) -> Column:
    raise KeyError(f"{table}.{column} is not in the contract")


def table(name: str, meaning: str, text: str) -> Table:
    """Parse a block of `name | TYPE | unit | meaning` lines. A line that breaks the form is a ValueError."""
    columns = []
    for line in filter(None, (part.strip() for part in text.strip().splitlines())):
        cells = [cell.strip() for cell in line.split("|", 3)]
        if len(cells) != 4 or not cells[0].islower() or not cells[3]:
            raise ValueError(f"{name}: not a column line: {line!r}")
        columns.append(Column(*cells))
    return Table(name, meaning, tuple(columns))
