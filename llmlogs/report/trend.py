"""The small line beside a verdict: the first series of the card's first chart over time, and only that."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from llmlogs.report.model import Card, Chart, Table, Trend
from llmlogs.text import show

LONGEST = 120


def of_card(card: Card) -> Trend | None:
    """The trend of a card that has a chart over time with one series; None for every other card."""
    for chart in card.charts:
        table = next((t for t in card.tables if t.name == chart.table), None)
        if table and chart.kind.endswith("over-time") and "series" not in chart.options:
            return _trend(chart, table)
    return None


def _trend(chart: Chart, table: Table) -> Trend | None:
    y = chart.options.get("y") or chart.options.get("p50")
    name = y[0] if isinstance(y, list) and y else y
    units = {c.name: c for c in table.columns}
    x = chart.options.get("x")
    if name not in units or x not in units:
        return None
    points = [(at, v) for at, v in zip(table.column(str(x)), table.column(str(name)), strict=True) if isinstance(at, datetime)]
    step = bucket([at for at, _ in points])
    if step is None:
        return None
    values = spread(points, step)
    return Trend(units[name].label, words(step), units[name].unit, values) if 1 < len(values) <= LONGEST else None


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


def spread(points: list[tuple[datetime, float | None]], step: timedelta) -> tuple[float | None, ...]:
    """The values at equal steps. A window without a row is a gap; irregular windows give nothing."""
    ordered = dict(sorted(points))
    first, last = min(ordered), max(ordered)
    count = round((last - first) / step) + 1
    if count > 10 * LONGEST:
        return ()
    at = {round((when - first) / step): v for when, v in ordered.items()}
    return tuple(None if at.get(i) is None else float(at[i] or 0) for i in range(count))
