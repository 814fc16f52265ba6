"""The small line beside a verdict: the first series of the card's first chart over time, and only that."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from llmlogs.report.model import Card, Chart, Table, Trend
from llmlogs.text import show

LONGEST = 200
ADDITIVE = ("int", "tok", "usd", "bytes")


def of_card(card: Card) -> Trend | None:
    """The trend of a card's first chart over time; None where there is none, or where its parts do not add up to one line."""
    for chart in card.charts:
        table = next((t for t in card.tables if t.name == chart.table), None)
        if table and chart.kind in ("bars-over-time", "lines-over-time"):
            return _trend(chart, table)
    return None


def _trend(chart: Chart, table: Table) -> Trend | None:
    columns = {c.name: c for c in table.columns}
    y = chart.options.get("y") or chart.options.get("p50")
    name, x = (y[0] if isinstance(y, list) and len(y) == 1 else y), chart.options.get("x")
    bars = chart.kind == "bars-over-time"
    if not isinstance(name, str) or name not in columns or x not in columns or ("by" in chart.options and not (bars and columns[name].unit in ADDITIVE)):
        return None
    points = [(at, v) for at, v in zip(map(instant, table.column(str(x))), table.column(str(name)), strict=True) if isinstance(at, datetime)]
    step = bucket([at for at, _ in points])
    values = spread(points, step, empty=0.0 if bars else None) if step else ()
    return Trend(columns[name].label, words(step), columns[name].unit, values) if step and 1 < len(values) <= LONGEST else None


def instant(value: Any) -> Any:
    """A day as its first instant; everything else as it is."""
    return datetime.combine(value, time()) if isinstance(value, date) and not isinstance(value, datetime) else value


def bucket(times: list[datetime]) -> timedelta | None:
    """The width of equal windows: the smallest distance of two of them. None below two instants."""
    ordered = sorted(set(times))
    return min((b - a for a, b in pairwise(ordered)), default=None)


def words(step: timedelta) -> str:
    """A width as a person says it: 5 min, 1 h, 7 days."""
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"), (timedelta(seconds=1), "s")):
        count, rest = divmod(step, unit)
        if count and not rest:
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return show(step, "ms")


def spread(points: list[tuple[datetime, float | None]], step: timedelta, empty: float | None = None) -> tuple[float | None, ...]:
    """The values at equal steps, rows of one window added up; `empty` stands for a window without a row."""
    first, last = min(when for when, _ in points), max(when for when, _ in points)
    count = round((last - first) / step) + 1
    if count > LONGEST:
        return ()
    at: dict[int, float | None] = {}
    for when, value in points:
        slot = round((when - first) / step)
        before = at.get(slot)
        at[slot] = before if value is None else float(value) + (before or 0.0)
    return tuple(at.get(i, empty) for i in range(count))
