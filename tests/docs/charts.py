"""Blocks of reports/README.md: every kind of chart with its options, every unit of a column."""

from __future__ import annotations

from llmlogs.report import charts
from llmlogs.text import UNITS, markdown, show

EXAMPLES = {"pct": 0.1234, "pct0": 0.1234, "pct1": 0.1234, "pct2": 0.1234, "ms": 4812, "bytes": 1_234_567, "tok": 1_234_567, "int": 1284}


def kinds() -> str:
    """Each kind with a line an option."""
    return "\n\n".join(_kind(name, options) for name, options in charts.kinds().items()) + "\n"


def units() -> str:
    """Units of numbers with an example; the others by name."""
    lines = ["| unit | meaning | example |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {unit.meaning} | {markdown(show(EXAMPLES.get(name, 12.345), name))} |" for name, unit in UNITS.items() if unit.number]
    words = ", ".join(f"`{name}`" for name, unit in UNITS.items() if name and not unit.number)
    return "\n".join([*lines, "", f"Not numbers: {words}. A column without a unit is shown as it is.", ""])


def _kind(name: str, options: dict[str, str]) -> str:
    rows = "\n".join(f"- `{option}`: {markdown(meaning)}" for option, meaning in options.items())
    return f"**`{name}`**\n\n{rows or 'No chart: the table says it.'}"
