"""Bars in equal windows of time, stacked when there are series."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from llmlogs.report.charts.axes import time_axis, value_axis
from llmlogs.report.charts.frame import BAD, OTHER, SERIES, ChartError, Data, both, label, layout, rows_by, stamp
from llmlogs.report.trend import bucket
from llmlogs.text import show

OPTIONS = {
    "x": "column of the window's start",
    "y": "column of the values, or a list of columns stacked (same unit)",
    "by": "column whose values are stacked; beyond six the smallest are summed as other",
    "mark": "boolean column: windows drawn in the colour of a problem",
    "threshold": "a number drawn as a line across",
}
MOST_SERIES = 6


def figure(data: Data) -> dict[str, Any]:
    """Stacked bars from zero; a window without a row stays empty."""
    times = data.windows(data.names("y"))
    parts = _by_series(data) if data.option("by") else _by_column(data)
    unit = data.unit(data.name("y"))
    traces = [_trace(part, unit, bucket(times)) for part in parts]
    tops = _tops(parts)
    limit = data.option("threshold")
    more = {"shapes": [_line(float(limit))]} if limit is not None else {}
    axis = value_axis([*tops, float(limit)] if limit is not None else list(tops), unit, title=data.label(data.name("y")) if len(parts) == 1 else "")
    return {
        "data": traces,
        "layout": layout(
            260, xaxis=time_axis(times, bars=True, says=data.clock()), yaxis=axis, barmode="relative", showlegend=len(parts) > 1, hovermode="x unified", **more
        ),
    }


Part = tuple[str, str | list[str], dict[datetime, float]]


def _by_column(data: Data) -> list[Part]:
    times = data.times(data.name("x"))
    marks = data.names("mark")
    parts: list[Part] = []
    for i, name in enumerate(data.names("y")):
        kept = [(t, v, k) for k, (t, v) in enumerate(zip(times, data.numbers(name), strict=True)) if v is not None]
        flags = data.values(marks[0]) if marks else []
        colour: str | list[str] = [BAD if flags[k] else SERIES[i % 6] for _, _, k in kept] if marks else SERIES[i % 6]
        parts.append((data.label(name), colour, {t: v for t, v, _ in kept}))
    return parts


def _by_series(data: Data) -> list[Part]:
    """The largest series, and the rest summed: counts, tokens and money add up."""
    times, values = data.times(data.name("x")), data.numbers(data.name("y"))
    groups = rows_by(data, data.name("by"))
    if data.unit(data.name("y")).startswith("pct") and len(groups) > MOST_SERIES:
        raise ChartError("shares of more than six series cannot be summed as other")
    ranked = sorted(groups, key=lambda g: -sum(values[i] or 0 for i in groups[g]))
    parts: list[Part] = []
    for name, colour in zip(ranked[:MOST_SERIES], SERIES, strict=False):
        parts.append((label(name), colour, _sums(groups[name], times, values)))
    rest = [i for name in ranked[MOST_SERIES:] for i in groups[name]]
    return [*parts, (f"other ({len(ranked) - MOST_SERIES})", OTHER, _sums(rest, times, values))] if rest else parts


def _sums(rows: list[int], times: list[datetime], values: list[float | None]) -> dict[datetime, float]:
    sums: dict[datetime, float] = {}
    for i in rows:
        sums[times[i]] = sums.get(times[i], 0.0) + (values[i] or 0.0)
    return sums


def _tops(parts: list[Part]) -> list[float]:
    """Height of every stack."""
    sums: dict[datetime, float] = {}
    for _, _, values in parts:
        for at, value in values.items():
            sums[at] = sums.get(at, 0.0) + value
    return list(sums.values())


def _trace(part: Part, unit: str, step: Any) -> dict[str, Any]:
    name, colour, values = part
    trace = {
        "type": "bar",
        "name": name,
        "x": [stamp(at) for at in values],
        "y": list(values.values()),
        "marker": {"color": colour},
        "customdata": [both(v, unit) for v in values.values()],
        "hovertemplate": "%{customdata}",
    }
    return trace | {"width": step.total_seconds() * 900} if step else trace | {"width": 60_000}


def _line(at: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "line": {"color": BAD, "width": 1.5, "dash": "dash"},
        "label": {"text": show(at)},
    }
