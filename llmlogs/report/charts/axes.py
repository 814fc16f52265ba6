"""Axes whose ticks read like every other number of the report."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from llmlogs.report.trend import bucket, words
from llmlogs.text import show

GRID = {"gridcolor": "var(--grid)", "zerolinecolor": "var(--line)", "linecolor": "var(--line)", "automargin": True}


def value_axis(values: list[float | None], unit: str, *, log: bool = False, title: str = "") -> dict[str, Any]:
    """A value axis: from zero, or logarithmic with 1-2-5 ticks and labelled so."""
    known = [v for v in values if v is not None]
    if log and known and min(known) > 0:
        return _log_axis(min(known), max(known), unit, title)
    low, high = min([0.0, *known]), max([0.0, *known]) or 1.0
    if unit.startswith("pct") and 0.5 < high <= 1:
        high = 1.0
    marks = linear_ticks(low, high)
    return GRID | _ticks(marks, unit) | {"range": [low * 1.05, high * 1.05], "title": _title(title)}


def time_axis(times: list[datetime], *, bars: bool = False, says: str = "UTC") -> dict[str, Any]:
    """An axis of time that says whose time it is and how wide its windows are."""
    step = bucket(times)
    axis = GRID | {"type": "date", "showgrid": False, "title": _title(f"{says}, windows of {words(step)}" if step else says)}
    if step is None:  # one window: plotly would invent a range of a day or a millisecond
        return axis | {"tickvals": [times[0].isoformat()], "ticktext": [show(times[0], "time")]}
    pad = step / 2 if bars else step / 4
    return axis | {"range": [(min(times) - pad).isoformat(), (max(times) + pad).isoformat()]}


def linear_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers over the range, zero among them when it lies inside."""
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if raw <= m * power * 1.0001)
    return [round(i * step, 12) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of every decade; only the ones where there are many decades."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    return [m * 10.0**d for d in decades for m in steps if low * 0.999 <= m * 10.0**d <= high * 1.001]


def _log_axis(low: float, high: float, unit: str, title: str) -> dict[str, Any]:
    low, high = low / 1.15, max(high * 1.15, low * 2)
    marks = log_ticks(low, high)
    edges = {"type": "log", "range": [math.log10(low), math.log10(high)]}
    return GRID | _ticks(marks, unit) | edges | {"title": _title(f"{title} (log scale)".strip())}


def _ticks(marks: list[float], unit: str) -> dict[str, Any]:
    return {"tickvals": marks, "ticktext": [_mark(mark, unit) for mark in marks]}


def _mark(mark: float, unit: str) -> str:
    """A round number needs no decimals: 2 s, not 2.00 s; zero needs no unit."""
    return re.sub(r"\.0+(?!\d)", "", show(mark, unit)) if mark else "0"


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 8, "font": {"size": 11, "color": "var(--muted)"}}
