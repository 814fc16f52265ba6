"""Horizontal bars of categories, in the order of the result."""

from __future__ import annotations

from typing import Any

from llmlogs.report.charts.axes import GRID, value_axis
from llmlogs.report.charts.frame import BAD, SERIES, Data, label, layout
from llmlogs.text import show

OPTIONS = {
    "x": "column of the categories",
    "y": "column of the values, or a list of columns drawn side by side (same unit)",
    "lo": "column of the lower end of the interval of y",
    "hi": "column of its upper end",
    "mark": "boolean column: rows drawn in the colour of a problem",
    "top": "how many rows are drawn, 12 unless said",
    "log": "logarithmic values",
}


def figure(data: Data) -> dict[str, Any]:
    """One bar (or group) a row; what does not fit is in the table."""
    names = data.names("y") or [data.name("y")]
    top = int(data.option("top", 12))
    labels = [label(show(v)) for v in data.values(data.name("x"))][:top]
    rows = list(range(len(labels)))
    traces = [_trace(data, name, rows, SERIES[i % len(SERIES)]) for i, name in enumerate(names)]
    ends = [v for name in (*names, *data.names("hi")) for v in data.numbers(name)[:top]]
    axis = value_axis(ends, data.unit(names[0]), log=bool(data.option("log")), title=data.label(names[0]) if len(names) == 1 else "")
    categories = GRID | {"tickvals": rows, "ticktext": labels, "range": [len(rows) - 0.4, -0.6], "showgrid": False, "zeroline": False, "ticklabelstandoff": 6}
    height = 70 + max(26, 16 * len(names) + 10) * len(rows)
    return {"data": traces, "layout": layout(height, xaxis=axis, yaxis=categories, showlegend=len(names) > 1, barmode="group", hovermode="closest")}


def _trace(data: Data, name: str, rows: list[int], colour: str) -> dict[str, Any]:
    values = data.numbers(name)[: len(rows)]
    marks = data.names("mark")
    colours = [BAD if bad else colour for bad in data.values(marks[0])[: len(rows)]] if marks else colour
    shown = [show(v, data.unit(name)) for v in values]
    trace = {
        "type": "bar",
        "orientation": "h",
        "name": data.label(name),
        "x": values,
        "y": rows,
        "marker": {"color": colours},
        "text": shown,
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": data.hover(name)[: len(rows)],
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }
    interval = _interval(data, values)
    return trace | {"error_x": interval, "textposition": "none"} if interval else trace


def _interval(data: Data, values: list[float | None]) -> dict[str, Any] | None:
    """Error bars from lo and hi."""
    low, high = data.names("lo"), data.names("hi")
    if not (low and high):
        return None
    up = [None if v is None or h is None else h - v for v, h in zip(values, data.numbers(high[0]), strict=False)]
    down = [None if v is None or w is None else v - w for v, w in zip(values, data.numbers(low[0]), strict=False)]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": "var(--text)", "thickness": 1, "width": 3}
