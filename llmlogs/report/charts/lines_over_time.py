"""Lines in time: a median with its band and a strip of counts, or one line a column or series."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from llmlogs.report.charts.axes import GRID, time_axis, value_axis
from llmlogs.report.charts.frame import BAD, MUTED, SERIES, Data, both, broken, label, layout, pick, rows_by, runs, stamp
from llmlogs.text import show

OPTIONS = {
    "x": "column of the window's start",
    "p50": "column of the median: the line",
    "p95": "column of the 95th percentile: the band's upper edge",
    "p99": "column of the 99th percentile: dots",
    "n": "column of counts: the low strip below",
    "y": "column of values, or a list of columns (same unit), instead of p50",
    "lo": "column of the lower end of an interval of y",
    "hi": "column of its upper end",
    "by": "column whose values are lines of their own; the first six are drawn",
    "threshold": "a number drawn as a line across",
    "log": "logarithmic values; true for times unless said",
}
MOST_SERIES = 6
LOWER, UPPER = "lower", "upper"


def figure(data: Data) -> dict[str, Any]:
    """Gaps stay gaps, nothing is smoothed; times are logarithmic unless said otherwise."""
    times = data.times(data.name("x"))
    order = sorted(range(len(times)), key=times.__getitem__)
    names = data.names("p50") or data.names("y") or [data.name("y")]
    traces = _series(data, names[0], order) if data.option("by") else _columns(data, names, order)
    edges = [v for option in ("p50", "p95", "p99", "y", "lo", "hi") for name in data.names(option) for v in data.numbers(name)]
    limit = data.option("threshold")
    unit = data.unit(names[0])
    axis = value_axis(
        [*edges, float(limit)] if limit is not None else edges, unit, log=bool(data.option("log", unit in ("ms", "s"))), title=_title(data, names)
    )
    more: dict[str, Any] = {"yaxis": axis, "xaxis": time_axis(times), "hovermode": "x unified", "showlegend": len(traces) > 1}
    if limit is not None:
        more["shapes"] = [_line(float(limit))]
    counts = [] if data.option("by") else data.names("n")
    if counts:
        traces.append(_counts(data, counts[0], order))
        more |= {"yaxis": axis | {"domain": [0.26, 1]}, "yaxis2": _count_axis(data, counts[0]), "xaxis": time_axis(times) | {"anchor": "y2"}}
    return {"data": traces, "layout": layout(320 if counts else 260, **more)}


def _columns(data: Data, names: list[str], order: list[int]) -> list[dict[str, Any]]:
    traces = []
    for low, high, words in (("p50", "p95", "p50 to p95"), ("lo", "hi", "interval")):
        if data.names(low) and data.names(high):
            traces.append(_band(data, data.name(low), data.name(high), order, words))
    traces += [_line_of(data, name, order, SERIES[i % len(SERIES)], data.label(name)) for i, name in enumerate(names)]
    if data.names("p99"):
        traces.append(_line_of(data, data.name("p99"), order, SERIES[1], data.label(data.name("p99"))) | {"mode": "markers"})
    return traces


def _series(data: Data, name: str, order: list[int]) -> list[dict[str, Any]]:
    """One line a series; percentiles are never averaged, so what does not fit stays in the table."""
    groups = rows_by(data, data.name("by"))
    shown = list(groups)[:MOST_SERIES]
    rows = [set(groups[g]) for g in shown]
    return [_line_of(data, name, [i for i in order if i in rows[k]], SERIES[k], label(g)) for k, g in enumerate(shown)]


def _line_of(data: Data, name: str, order: list[int], colour: str, title: str) -> dict[str, Any]:
    times = pick(data.times(data.name("x")), order)
    values = pick(data.numbers(name), order)
    parts = runs(times)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "x": broken(parts, [stamp(t) for t in times]),
        "y": broken(parts, values),
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 4},
        "connectgaps": False,
        "customdata": broken(parts, [both(v, data.unit(name)) for v in values]),
        "hovertemplate": "%{customdata}",
    }


def _band(data: Data, low: str, high: str, order: list[int], words: str) -> dict[str, Any]:
    """One closed shape for every stretch without a gap."""
    times = pick(data.times(data.name("x")), order)
    lows, highs = (pick(data.numbers(name), order) for name in (low, high))
    xs: list[Any] = []
    ys: list[Any] = []
    for part in (run for stretch in runs(times) for run in _known(stretch, lows, highs)):
        xs += [stamp(times[i]) for i in (*part, *reversed(part))] + [None]
        ys += [highs[i] for i in part] + [lows[i] for i in reversed(part)] + [None]
    shape = {"fill": "toself", "fillcolor": "var(--band)", "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    return {"type": "scatter", "name": words, "x": xs[:-1], "y": ys[:-1]} | shape


def _known(stretch: range, lows: list[float | None], highs: list[float | None]) -> list[list[int]]:
    """Parts of a stretch where both edges are known."""
    parts: list[list[int]] = [[]]
    for i in stretch:
        if lows[i] is None or highs[i] is None:
            parts.append([])
        else:
            parts[-1].append(i)
    return [part for part in parts if part]


def _counts(data: Data, name: str, order: list[int]) -> dict[str, Any]:
    times: list[datetime] = data.times(data.name("x"))
    return {
        "type": "bar",
        "name": data.label(name),
        "x": [stamp(times[i]) for i in order],
        "y": pick(data.numbers(name), order),
        "yaxis": "y2",
        "marker": {"color": MUTED},
        "showlegend": False,
        "customdata": pick(data.hover(name), order),
        "hovertemplate": "%{customdata}",
    }


def _count_axis(data: Data, name: str) -> dict[str, Any]:
    top = max((v for v in data.numbers(name) if v is not None), default=1.0) or 1.0
    return GRID | {
        "domain": [0, 0.16],
        "range": [0, top * 1.1],
        "tickvals": [0, top],
        "ticktext": ["0", show(top, data.unit(name) or "int")],
        "title": {"text": ""},
    }


def _title(data: Data, names: list[str]) -> str:
    return data.label(names[0]) if len(names) == 1 and not data.names("p95") else ""


def _line(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": {"color": BAD, "width": 1.5, "dash": "dash"}}
