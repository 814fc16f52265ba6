"""Bars of categories in the order of the result: names lie, numbers (a histogram) stand."""

from __future__ import annotations

from typing import Any

from llmlogs.report.charts.axes import GRID, value_axis
from llmlogs.report.charts.frame import BAD, OTHER, SERIES, ChartError, Data, label, layout, pick, rows_by
from llmlogs.text import right_aligned, show

OPTIONS = {
    "x": "column of the categories; numbers and times as categories stand upright, in the order of the result",
    "y": "column of the values, or a list of columns side by side (same unit); x and y may be exchanged where only one of them is a number",
    "by": "column whose values colour the bars",
    "lo": "column of the lower end of the interval of the values",
    "hi": "column of its upper end",
    "mark": "boolean column: rows drawn in the colour of a problem",
    "top": "how many rows are drawn, 12 names or 60 numbers unless said",
    "log": "logarithmic values",
}


def figure(data: Data) -> dict[str, Any]:
    """One bar (or group) a row; what does not fit is in the table."""
    names, category = _roles(data)
    upright = right_aligned(data.unit(category))
    labels = [label(show(v, data.unit(category))) for v in data.values(category)]
    count = min(len(labels), int(data.option("top", 60 if upright else 12)))
    rows = list(range(count))
    traces = _by_series(data, names[0], rows) if data.option("by") else [_trace(data, n, rows, SERIES[i % 6]) for i, n in enumerate(names)]
    ends = [v for name in (*names, *data.names("hi")) for v in data.numbers(name)[:count]]
    values = value_axis(ends, data.unit(names[0]), log=bool(data.option("log")), title=data.label(names[0]) if len(names) == 1 else "")
    more = f"and {len(labels) - count} more in the table" if len(labels) > count else ""
    group = {"barmode": "overlay" if data.option("by") else "group", "showlegend": len(traces) > 1, "hovermode": "closest"}
    if upright:
        return _upright(data, category, labels[:count], traces, values, group, more)
    if "type" not in values:
        values["range"] = [values["range"][0], values["range"][1] * 1.1]  # room for the number at the end of the longest bar
    values["title"]["text"] = ", ".join(part for part in (values["title"]["text"], more) if part)
    categories = GRID | {
        "tickvals": rows,
        "ticktext": labels[:count],
        "range": [count - 0.4, -0.6],
        "showgrid": False,
        "zeroline": False,
        "ticklabelstandoff": 6,
    }
    return {"data": traces, "layout": layout(80 + max(26, 16 * len(names) + 10) * count, xaxis=values, yaxis=categories, **group)}


def _upright(
    data: Data, category: str, labels: list[str], traces: list[dict[str, Any]], values: dict[str, Any], group: dict[str, Any], more: str
) -> dict[str, Any]:
    """The same bars standing: the order of numbers reads from left to right."""
    title = ", ".join(part for part in (data.label(category), more) if part)
    every = range(0, len(labels), max(1, -(-len(labels) // 12)))  # as many labels as stand side by side
    along = GRID | {"tickvals": list(every), "ticktext": [labels[i] for i in every], "showgrid": False, "title": {"text": title, "font": {"size": 11}}}
    error = {"error_x": "error_y"}
    turned = [
        {error.get(k, k): v for k, v in trace.items()} | {"x": trace["y"], "y": trace["x"], "orientation": "v", "textposition": "none"} for trace in traces
    ]
    return {"data": turned, "layout": layout(260, xaxis=along, yaxis=values, **group)}


def _roles(data: Data) -> tuple[list[str], str]:
    """Value columns and category column, told apart by their units."""
    x, y = data.names("x") or [data.name("x")], data.names("y") or [data.name("y")]
    numeric = {name for name in (*x, *y) if right_aligned(data.unit(name))}
    for categories, values in ((x, y), (y, x)):
        if numeric.issuperset(values) and len(categories) == 1:
            return values, categories[0]
    raise ChartError("bars need one column with a number's unit for the values, the other for the categories")


def _by_series(data: Data, name: str, rows: list[int]) -> list[dict[str, Any]]:
    """One trace a series, each bar in its own row."""
    groups = rows_by(data, data.name("by"))
    kept = {group: [i for i in found if i < len(rows)] for group, found in groups.items()}
    shown = [(group, found) for group, found in kept.items() if found]
    return [_trace(data, name, found, SERIES[i] if i < 6 else OTHER) | {"name": label(group)} for i, (group, found) in enumerate(shown)]


def _trace(data: Data, name: str, rows: list[int], colour: str) -> dict[str, Any]:
    values = pick(data.numbers(name), rows)
    marks = data.names("mark")
    colours = [BAD if bad else colour for bad in pick(data.values(marks[0]), rows)] if marks else colour
    trace = {
        "type": "bar",
        "orientation": "h",
        "name": data.label(name),
        "x": values,
        "y": rows,
        "marker": {"color": colours},
        "text": [show(v, data.unit(name)) for v in values],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": pick(data.hover(name), rows),
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }
    interval = _interval(data, values, rows)
    return trace | {"error_x": interval, "textposition": "none"} if interval else trace


def _interval(data: Data, values: list[float | None], rows: list[int]) -> dict[str, Any] | None:
    """Error bars from lo and hi."""
    low, high = data.names("lo"), data.names("hi")
    if not (low and high):
        return None
    up = [None if v is None or h is None else h - v for v, h in zip(values, pick(data.numbers(high[0]), rows), strict=True)]
    down = [None if v is None or w is None else v - w for v, w in zip(values, pick(data.numbers(low[0]), rows), strict=True)]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": "var(--text)", "thickness": 1, "width": 3}
