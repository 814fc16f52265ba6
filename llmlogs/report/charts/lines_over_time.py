"""Lines in time: a median with its band and a strip of counts, one line a column or series, or small multiples of medians."""

from __future__ import annotations

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
    "by": "column whose values are lines of their own (the first six), or with p50 and p95 panels of their own (the first twelve)",
    "threshold": "a number drawn as a line across",
    "log": "logarithmic values; true for times unless said",
}
MOST_LINES = 6
MOST_PANELS = 12
PANEL_HEIGHT = 150


def figure(data: Data) -> dict[str, Any]:
    """Gaps stay gaps, nothing is smoothed."""
    times = data.windows(_names(data))
    order = sorted(range(len(times)), key=times.__getitem__)
    if data.option("by"):
        banded = data.names("p50") and data.names("p95")
        return _panels(data, order) if banded else _one(data, _series(data, _names(data)[0], order), order)
    return _one(data, _columns(data, _names(data), order), order)


def _names(data: Data) -> list[str]:
    return data.names("p50") or data.names("y") or [data.name("y")]


def _one(data: Data, traces: list[dict[str, Any]], order: list[int]) -> dict[str, Any]:
    """All lines in one frame, counts in a strip below."""
    axis = _value_axis(data)
    along = time_axis(data.times(data.name("x")), says=data.clock())
    left = len(_known_groups(data, _names(data)[0])) - MOST_LINES if data.option("by") else 0
    if left > 0:
        along["title"]["text"] += f", and {left} more in the table"
    more: dict[str, Any] = {"yaxis": axis, "xaxis": along, "hovermode": "x unified", "showlegend": len(traces) > 1}
    if data.option("threshold") is not None:
        more["shapes"] = [_line(float(data.option("threshold")))]
    counts = [] if data.option("by") else data.names("n")
    if counts:
        traces = [*traces, _counts(data, counts[0], order)]
        more |= {"yaxis": axis | {"domain": [0.26, 1]}, "yaxis2": _count_axis(data, counts[0]), "xaxis": along | {"anchor": "y2"}}
    return {"data": traces, "layout": layout(320 if counts else 260, **more)}


def _value_axis(data: Data) -> dict[str, Any]:
    """One axis for everything that is drawn; times are logarithmic unless said otherwise."""
    edges = [v for option in ("p50", "p95", "p99", "y", "lo", "hi") for name in data.names(option) for v in data.numbers(name)]
    limit = data.option("threshold")
    names = _names(data)
    unit = data.unit(names[0])
    title = data.label(names[0]) if len(names) == 1 and not data.names("p95") else ""
    return value_axis([*edges, float(limit)] if limit is not None else edges, unit, log=bool(data.option("log", unit in ("ms", "s"))), title=title)


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
    groups = _known_groups(data, name)
    kept = [(group, set(groups[group]), SERIES[k]) for k, group in enumerate(list(groups)[:MOST_LINES])]
    return [_line_of(data, name, [i for i in order if i in rows], colour, label(group)) for group, rows, colour in kept]


def _known_groups(data: Data, name: str) -> dict[str, list[int]]:
    """The series that have a value: too few calls for a percentile is no line, and no entry of the legend either."""
    values = data.numbers(name)
    return {group: rows for group, rows in rows_by(data, data.name("by")).items() if any(values[i] is not None for i in rows)}


def _panels(data: Data, order: list[int]) -> dict[str, Any]:
    """Small multiples: the same two axes in every panel."""
    groups = _known_groups(data, _names(data)[0])
    shown = list(groups)[:MOST_PANELS]
    columns = min(len(shown), 2 if len(shown) <= 4 else 3)
    lines = -(-len(shown) // columns)
    value, along = _value_axis(data), time_axis(data.times(data.name("x")), says=data.clock())
    left = f", and {len(groups) - len(shown)} more in the table" if len(groups) > len(shown) else ""
    traces: list[dict[str, Any]] = []
    axes: dict[str, Any] = {"annotations": []}
    for k, group in enumerate(shown):
        row, column = divmod(k, columns)
        rows = set(groups[group])
        place = {"xaxis": f"x{k + 1}", "yaxis": f"y{k + 1}", "showlegend": False}
        traces += [trace | place for trace in _columns(data, _names(data), [i for i in order if i in rows])]
        across, up = _share(column, columns, 0.04), _share(lines - 1 - row, lines, 0.3 / lines)
        last = k + columns >= len(shown)
        axes[f"xaxis{k + 1}"] = along | {
            "domain": across,
            "anchor": f"y{k + 1}",
            "showticklabels": last,
            "nticks": 4,
            "title": along["title"] if last else {"text": ""},
        }
        axes[f"yaxis{k + 1}"] = value | {"domain": up, "anchor": f"x{k + 1}", "showticklabels": column == 0, "title": {"text": ""}}
        axes["annotations"].append(_heading(label(group), across[0], up[1]))
    axes[f"xaxis{len(shown)}"]["title"] = axes[f"xaxis{len(shown)}"]["title"] | {"text": along["title"]["text"] + left}
    return {"data": traces, "layout": layout(60 + PANEL_HEIGHT * lines, hovermode="x unified", **axes) | {"margin": {"l": 64, "r": 16, "t": 24, "b": 44}}}


def _share(place: int, places: int, gap: float) -> list[float]:
    """One of so many equal stretches of 0..1 with a gap between."""
    size = (1 - gap * (places - 1)) / places
    return [round(place * (size + gap), 4), round(min(place * (size + gap) + size, 1.0), 4)]


def _heading(text: str, x: float, y: float) -> dict[str, Any]:
    return {"text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "showarrow": False}


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
    return {
        "type": "bar",
        "name": data.label(name),
        "x": [stamp(t) for t in pick(data.times(data.name("x")), order)],
        "y": pick(data.numbers(name), order),
        "yaxis": "y2",
        "marker": {"color": MUTED},
        "showlegend": False,
        "customdata": pick(data.hover(name), order),
        "hovertemplate": "%{customdata}",
    }


def _count_axis(data: Data, name: str) -> dict[str, Any]:
    top = max((v for v in data.numbers(name) if v is not None), default=1.0) or 1.0
    return GRID | {"domain": [0, 0.16], "range": [0, top * 1.1], "tickvals": [0, top], "ticktext": ["0", show(top, data.unit(name) or "int")]}


def _line(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": {"color": BAD, "width": 1.5, "dash": "dash"}}
