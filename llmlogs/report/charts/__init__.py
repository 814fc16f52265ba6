"""One kind of chart a file, found by its name: kind `bars-over-time` is bars_over_time.py with `figure(data)` and `OPTIONS`."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from llmlogs.report.charts.frame import ChartError, Data, NothingToDrawError
from llmlogs.report.model import Chart, Table

TABLE_ONLY = "table-only"  # the table is the chart
MOST_POINTS = 1000  # more are drawn by no screen and cost the page its size: questions aggregate in SQL


def kinds() -> dict[str, dict[str, str]]:
    """Every kind of chart with its options and what they mean: the modules here that have OPTIONS."""
    modules = {m.name: import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
    return {name.replace("_", "-"): dict(module.OPTIONS) for name, module in sorted(modules.items()) if hasattr(module, "OPTIONS")} | {TABLE_ONLY: {}}


def figure(chart: Chart, table: Table) -> dict[str, Any]:
    """The figure as plain dicts for plotly.js. ChartError says what the chart lacks."""
    options = kinds().get(chart.kind)
    if options is None or chart.kind == TABLE_ONLY:
        raise ChartError(f"no kind of chart is called {chart.kind}")
    unknown = sorted(set(chart.options) - set(options))
    if unknown:
        raise ChartError(f"{chart.kind} has no option {', '.join(unknown)}; it has {', '.join(options)}")
    if not table.rows:
        raise NothingToDrawError("no row")
    cut = Table(table.name, table.columns, table.rows[:MOST_POINTS], table.total_rows)
    built: dict[str, Any] = import_module(f"{__name__}.{chart.kind.replace('-', '_')}").figure(Data(chart, cut))
    return built
