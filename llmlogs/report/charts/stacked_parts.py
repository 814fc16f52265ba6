"""What a whole is made of: one stacked bar a group, the median beside the slow tail, say."""

from __future__ import annotations

from typing import Any

from llmlogs.report.charts.axes import GRID, value_axis
from llmlogs.report.charts.frame import OTHER, SERIES, Data, both, label, layout
from llmlogs.text import show

Sizes = dict[tuple[str, str], float | None]  # by group and part
OPTIONS = {
    "x": "column of the group: one bar each",
    "part": "column of the part's name (long form), with y its size",
    "y": "column of the size of a part, or (wide form) a list of columns, one a part",
    "top": "how many groups are drawn, 12 unless said",
}


def figure(data: Data) -> dict[str, Any]:
    """Horizontal bars from zero; a part too small to label is in the hover and in the table."""
    sizes = _long(data) if data.option("part") else _wide(data)
    groups = list(dict.fromkeys(group for group, _ in sizes))[: int(data.option("top", 12))]
    sizes, parts = _largest(sizes)
    unit = data.unit(data.name("y"))
    totals = [sum(sizes.get((g, p)) or 0.0 for p in parts) for g in groups]
    traces = [_trace(part, [sizes.get((g, part)) for g in groups], unit, _colour(i, part), totals) for i, part in enumerate(parts)]
    rows = list(range(len(groups)))
    categories = GRID | {"tickvals": rows, "ticktext": [label(g) for g in groups], "range": [len(rows) - 0.5, -0.5], "showgrid": False, "zeroline": False}
    axis = value_axis(list(totals), unit)
    return {
        "data": traces,
        "layout": layout(110 + 44 * len(rows), xaxis=axis, yaxis=categories, barmode="stack", showlegend=True, hovermode="closest", bargap=0.3),
    }


def _long(data: Data) -> Sizes:
    keys = zip(data.values(data.name("x")), data.values(data.name("part")), strict=True)
    return {(show(g), show(p)): v for (g, p), v in zip(keys, data.numbers(data.name("y")), strict=True)}


def _wide(data: Data) -> Sizes:
    groups = [show(g) for g in data.values(data.name("x"))]
    titles = {c.name: c.label for c in data.table.columns}
    return {(g, titles[name]): v for name in data.names("y") for g, v in zip(groups, data.numbers(name), strict=True)}


def _largest(sizes: Sizes) -> tuple[Sizes, list[str]]:
    """Six parts keep their name and colour, in the order they came; the smaller ones are one part, so that no two share a colour."""
    parts = list(dict.fromkeys(part for _, part in sizes))
    totals = {part: sum(size or 0.0 for (_, other), size in sizes.items() if other == part) for part in parts}
    kept = sorted(parts, key=lambda part: -totals[part])[: len(SERIES)]
    rest = [part for part in parts if part not in kept]
    if not rest:
        return sizes, parts
    named = f"other ({len(rest)})"
    merged = {(group, part): size for (group, part), size in sizes.items() if part in kept}
    for group in dict.fromkeys(group for group, _ in sizes):
        merged[group, named] = sum(sizes.get((group, part)) or 0.0 for part in rest)
    return merged, [*(part for part in parts if part in kept), named]


def _colour(i: int, part: str) -> str:
    """The rest, and what nobody can attribute, is grey."""
    return OTHER if i >= len(SERIES) or part.lower() in ("other", "rest", "unattributed", "unexplained", "remainder") else SERIES[i]


def _trace(part: str, sizes: list[float | None], unit: str, colour: str, totals: list[float]) -> dict[str, Any]:
    shares = [size / total if size is not None and total else None for size, total in zip(sizes, totals, strict=True)]
    return {
        "type": "bar",
        "orientation": "h",
        "name": label(part),
        "x": sizes,
        "y": list(range(len(sizes))),
        "marker": {"color": colour},
        "text": [show(size, unit) if share and share > 0.1 else "" for size, share in zip(sizes, shares, strict=True)],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "customdata": [f"{both(size, unit)}, {show(share, 'pct0')} of the bar" for size, share in zip(sizes, shares, strict=True)],
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }
