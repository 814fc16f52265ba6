"""From one total to another, step by step: each bar begins where the one before ended."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from llmlogs.report.charts.axes import GRID, value_axis
from llmlogs.report.charts.frame import SERIES, Data, label, layout
from llmlogs.text import show

TOTAL, UP, DOWN = SERIES[0], SERIES[1], SERIES[2]
OPTIONS = {
    "x": "column of the step's name",
    "y": "column of the step's size: what it adds (below zero: takes away), or for a total its height",
    "total": "boolean column: rows that stand from zero; the steps between two of them add up to their difference",
}


def figure(data: Data) -> dict[str, Any]:
    """One bar a row, read from top to bottom; sign and number stand beside each, so that colour alone says nothing."""
    name, unit = data.name("y"), data.unit(data.name("y"))
    sizes, totals = data.numbers(name), [bool(value) for value in data.values(data.name("total"))]
    starts, ends = _ends([size or 0.0 for size in sizes], totals)
    rows = list(range(len(sizes)))
    low, high = min(0.0, *starts, *ends), max(0.0, *starts, *ends)
    axis = value_axis([low, high], unit, title=data.label(name))
    axis["range"] = [min(axis["range"][0], low - 0.18 * (high - low) if low < 0 else 0.0), axis["range"][1] * 1.15]  # room for the numbers beside the bars
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": rows,
        "base": starts,
        "x": [end - start for start, end in zip(starts, ends, strict=True)],
        "marker": {"color": [TOTAL if total else UP if end > start else DOWN for start, end, total in zip(starts, ends, totals, strict=True)]},
        "text": [_signed(size, unit, total) for size, total in zip(sizes, totals, strict=True)],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": data.hover(name),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    names = [label(show(value)) for value in data.values(data.name("x"))]
    steps = GRID | {"tickvals": rows, "ticktext": names, "range": [len(rows) - 0.4, -0.6], "showgrid": False, "zeroline": False, "ticklabelstandoff": 6}
    return {"data": [trace], "layout": layout(80 + 28 * len(rows), xaxis=axis, yaxis=steps, hovermode="closest")}


def _ends(sizes: list[float], totals: list[bool]) -> tuple[list[float], list[float]]:
    """Where each bar begins and ends."""
    ends = list(accumulate(zip(sizes, totals, strict=True), lambda at, step: step[0] if step[1] else at + step[0], initial=0.0))
    return [0.0 if total else start for start, total in zip(ends, totals, strict=False)], ends[1:]


def _signed(size: float | None, unit: str, total: bool) -> str:
    return ("+" if size and size > 0 and not total else "") + show(size, unit)
