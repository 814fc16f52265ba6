"""A small line as an SVG path: drawn without JavaScript, gaps stay gaps, zero is the floor."""

from __future__ import annotations

from dataclasses import dataclass

from llmlogs.report.model import Trend
from llmlogs.text import show

WIDTH, HEIGHT = 120, 28


@dataclass(frozen=True)
class Sparkline:
    """Two paths in a box of WIDTH by HEIGHT, and the sentence that says the same."""

    line: str
    area: str
    words: str


def draw(trend: Trend) -> Sparkline:
    """The paths of a trend."""
    known = [v for v in trend.values if v is not None]
    top = max([*known, 0.0]) or 1.0
    step = WIDTH / max(len(trend.values) - 1, 1)
    points = [None if v is None else (round(i * step, 1), round(HEIGHT - 2 - (HEIGHT - 4) * max(v, 0.0) / top, 1)) for i, v in enumerate(trend.values)]
    runs = _runs(points)
    line = " ".join("M" + " L".join(f"{x} {y}" for x, y in (run if len(run) > 1 else run * 2)) for run in runs)
    area = " ".join(f"M{run[0][0]} {HEIGHT} " + " ".join(f"L{x} {y}" for x, y in run) + f" L{run[-1][0]} {HEIGHT} Z" for run in runs)
    peak, last = show(max(known, default=None), trend.unit), show(trend.values[-1] if trend.values else None, trend.unit)
    return Sparkline(line, area, f"{trend.label} per {trend.bucket}: highest {peak}, last {last}")


def _runs(points: list[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
