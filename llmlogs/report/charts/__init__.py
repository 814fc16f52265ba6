"""One kind of chart a file, found by its name: kind `bars-over-time` is bars_over_time.py with `figure(data)` and `OPTIONS`."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from llmlogs.report.charts.frame import ChartError, Data
from llmlogs.report.model import Chart, Table

TABLE_ONLY = "table-only"  # the table is the chart
NOT_KINDS = ("frame", "axes")
MOST_POINTS = 1000  # more are drawn by no screen and cost the page its size: questions aggregate in SQL


def kinds() -> dict[str, dict[str, str]]:
    """Every kind of chart with its options and what they mean."""
    names = [m.name for m in pkgutil.iter_modules(__path__) if m.name not in NOT_KINDS]
    return {name.replace("_", "-"): dict(_module(name).OPTIONS) for name in sorted(names)} | {TABLE_ONLY: {}}


def figure(chart: Chart, table: Table) -> dict[str, Any]:
    """The figure as plain dicts for plotly.js. ChartError says what the chart lacks."""
    name = chart.kind.replace("-", "_")
    if name in NOT_KINDS or chart.kind not in kinds():
        raise ChartError(f"no kind of chart is called {chart.kind}")
    if not table.rows:
        raise ChartError("nothing to draw")
    cut = Table(table.name, table.columns, table.rows[:MOST_POINTS], table.total_rows)
    unknown = sorted(set(chart.options) - set(_module(name).OPTIONS))
    if unknown:
        raise ChartError(f"{chart.kind} has no option {', '.join(unknown)}")
    built: dict[str, Any] = _module(name).figure(Data(chart, cut))
    return built


def _module(name: str) -> Any:
    return import_module(f"{__name__}.{name}")
