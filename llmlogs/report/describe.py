"""The generated part of reports/README.md: every kind of chart with its options, every unit. A test fails when it is stale."""

from __future__ import annotations

from llmlogs.report import charts
from llmlogs.text import UNITS, markdown, show

BEGIN, END = "<!-- generated: make docs -->", "<!-- end of generated -->"
EXAMPLE = {"pct": 0.1234, "pct0": 0.1234, "pct1": 0.1234, "pct2": 0.1234, "ms": 4812, "bytes": 1_234_567, "tok": 1_234_567, "int": 1284}


def generated() -> str:
    """Markdown between the two marks."""
    return "\n\n".join([BEGIN, "### Kinds of chart", *map(_kind, charts.kinds().items()), "### Units", _units(), END])


def refreshed(readme: str) -> str:
    """The text with its generated part made new."""
    head, rest = readme.split(BEGIN, 1)
    return head + generated() + rest.split(END, 1)[1]


def _kind(item: tuple[str, dict[str, str]]) -> str:
    name, options = item
    rows = "\n".join(f"- `{option}`: {markdown(meaning)}" for option, meaning in options.items())
    return f"**`{name}`**\n\n{rows or 'No chart: the table says it.'}"


def _units() -> str:
    lines = ["| unit | meaning | example |", "| --- | --- | --- |"]
    numbers = {name: unit for name, unit in UNITS.items() if unit.number}
    lines += [f"| `{name}` | {unit.meaning} | {markdown(show(EXAMPLE.get(name, 12.345), name))} |" for name, unit in numbers.items()]
    words = ", ".join(f"`{name}`" for name, unit in UNITS.items() if name and not unit.number)
    return "\n".join([*lines, "", f"Not numbers: {words}. A column without a unit is shown as it is."])
