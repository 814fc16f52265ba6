"""One dot a row: two numbers against each other."""

from __future__ import annotations

from typing import Any

from llmlogs.report.charts.axes import value_axis
from llmlogs.report.charts.frame import OTHER, SERIES, Data, both, label, layout, pick, rows_by
from llmlogs.text import show

OPTIONS = {
    "x": "column of numbers along",
    "y": "column of numbers up",
    "by": "column whose values have colours of their own; beyond six they are grey",
    "name": "column that names a dot when pointed at",
    "log_x": "logarithmic x",
    "log_y": "logarithmic y; true for times unless said",
}


def figure(data: Data) -> dict[str, Any]:
    """Dots, never joined."""
    x, y = data.name("x"), data.name("y")
    series = data.option("by")
    groups = rows_by(data, data.name("by")) if series else {"": list(range(len(data.table.rows)))}
    traces = [_trace(data, rows, label(name), SERIES[i] if i < len(SERIES) else OTHER) for i, (name, rows) in enumerate(groups.items())]
    along = value_axis(data.numbers(x), data.unit(x), log=bool(data.option("log_x")), title=data.label(x))
    up = value_axis(data.numbers(y), data.unit(y), log=bool(data.option("log_y", data.unit(y) in ("ms", "s"))), title=data.label(y))
    return {"data": traces, "layout": layout(340, xaxis=along, yaxis=up, showlegend=len(groups) > 1, hovermode="closest")}


def _trace(data: Data, rows: list[int], title: str, colour: str) -> dict[str, Any]:
    x, y, names = data.name("x"), data.name("y"), data.names("name")
    said = [label(show(v)) for v in data.values(names[0])] if names else None
    words = [f"{both(a, data.unit(x))}<br>{both(b, data.unit(y))}" for a, b in zip(data.values(x), data.values(y), strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": title,
        "x": pick(data.numbers(x), rows),
        "y": pick(data.numbers(y), rows),
        "marker": {"color": colour, "size": 7, "opacity": 0.7},
        "customdata": [f"{said[i]}<br>{words[i]}" if said else words[i] for i in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
