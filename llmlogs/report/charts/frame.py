"""What all kinds of chart share: typed access to the table, labels plotly cannot run, colours by name, the bare layout.

Figures are plain dicts: building plotly objects costs ten times more, and nothing here needs them. Colours are written as `var(--s1)`;
the page puts the light or the dark value in when it draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeVar

from llmlogs.report.model import Chart, Table
from llmlogs.report.trend import bucket, instant
from llmlogs.text import clip, exact, show

SERIES = tuple(f"var(--s{i})" for i in range(1, 7))
OTHER = "var(--other)"
BAD = "var(--fail)"
MUTED = "var(--muted)"
LONGEST_LABEL = 34
T = TypeVar("T")


class ChartError(ValueError):
    """A chart that cannot be drawn from its table, in words for the author of the question."""


class NothingToDrawError(ChartError):
    """Too little for a chart; the table says it all, and the page says nothing of it."""


@dataclass(frozen=True)
class Data:
    """A chart and the table it draws."""

    chart: Chart
    table: Table

    def option(self, name: str, default: Any = None) -> Any:
        """The option as written, or the default."""
        return self.chart.options.get(name, default)

    def names(self, option: str) -> list[str]:
        """The columns an option names: one or a list; ChartError when the table lacks one."""
        given = self.option(option)
        names = given if isinstance(given, list) else [given] if given else []
        for name in names:
            self.values(name)
        return [str(name) for name in names]

    def name(self, option: str) -> str:
        """The one column an option must name."""
        names = self.names(option)
        if not names:
            raise ChartError(f"{self.chart.kind} needs the option {option}")
        return names[0]

    def values(self, name: str) -> list[Any]:
        """All values of a column."""
        try:
            return self.table.column(name)
        except KeyError as error:
            raise ChartError(f"the result {self.table.name} has no column {name}") from error

    def numbers(self, name: str) -> list[float | None]:
        """A column as floats; None stays None, words are an error."""
        try:
            return [None if v is None else float(v) for v in self.values(name)]
        except (TypeError, ValueError) as error:
            raise ChartError(f"{name} is not a number") from error

    def times(self, name: str) -> list[datetime]:
        """A column of instants; a day is its first."""
        values = [instant(v) for v in self.values(name)]
        if not all(isinstance(v, datetime) for v in values):
            raise ChartError(f"{name} is not an instant in every row")
        return values

    def windows(self, names: list[str]) -> list[datetime]:
        """The instants of x; NothingToDrawError unless two of them have a value: a ten-minute log gets no daily chart."""
        times = self.times(self.name("x"))
        columns = [self.numbers(name) for name in names]
        if len({at for i, at in enumerate(times) if any(column[i] is not None for column in columns)}) < 2:
            raise NothingToDrawError("fewer than two windows have a value")
        return times

    def label(self, name: str) -> str:
        """The column's label, safe for plotly."""
        return label(next(c.label for c in self.table.columns if c.name == name))

    def clock(self) -> str:
        """Whose time x is: UTC, or for days what their column's label says (they may be those of a time zone)."""
        return self.label(self.name("x")) if self.unit(self.name("x")) == "date" else "UTC"

    def unit(self, name: str) -> str:
        """The column's unit."""
        return next(c.unit for c in self.table.columns if c.name == name)

    def hover(self, name: str) -> list[str]:
        """Every value as the page shows it, with all digits where they say more."""
        return [both(v, self.unit(name)) for v in self.values(name)]


def both(value: Any, unit: str) -> str:
    """The value as shown, followed by its exact form where that differs."""
    short, long = show(value, unit), exact(value, unit)
    return label(short if value is None or short == long or unit in ("", "text", "time", "date") else f"{short} ({long})", 80)


def label(text: str, longest: int = LONGEST_LABEL) -> str:
    """A text plotly cannot take for its pseudo-HTML."""
    return clip(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rows_by(data: Data, series: str) -> dict[str, list[int]]:
    """Row numbers of each series, in order of first appearance."""
    groups: dict[str, list[int]] = {}
    for i, value in enumerate(data.values(series)):
        groups.setdefault(show(value), []).append(i)
    return groups


def pick(values: list[T], rows: list[int]) -> list[T]:
    """The values of these rows, in their order."""
    return [values[i] for i in rows]


def runs(times: list[datetime]) -> list[range]:
    """Stretches without a gap: a gap is a step half again as wide as the bucket. Gaps stay gaps."""
    step = bucket(times)
    if step is None:
        return [range(len(times))]
    cuts = [i for i, (a, b) in enumerate(pairwise(times), 1) if b - a > step * 1.5]
    return [range(a, b) for a, b in pairwise([0, *cuts, len(times)])]


def broken(parts: list[range], values: list[Any]) -> list[Any]:
    """The values with a None after every stretch, so that no line crosses a gap."""
    return [v for part in parts for v in (*(values[i] for i in part), None)][:-1]


def stamp(time: datetime) -> str:
    """An instant as plotly reads it: UTC without a zone, so that no browser shifts it."""
    return time.isoformat(timespec="milliseconds")


def layout(height: int, **more: Any) -> dict[str, Any]:
    """The bare layout: no title (the page has it as text), room for ticks, colours from the page."""
    base = {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 8, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "var(--text)"},
        "hoverlabel": {"bgcolor": "var(--panel)", "bordercolor": "var(--line)", "font": {"color": "var(--text)"}, "align": "left"},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "showlegend": False,
        "bargap": 0.15,
    }
    return base | more
