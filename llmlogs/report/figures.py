"""All charts of a report as figures for plotly.js, by the id of the place where the page draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmlogs.report import charts
from llmlogs.report.charts.frame import ChartError, NothingToDrawError
from llmlogs.report.model import Card, Report


@dataclass(frozen=True)
class Place:
    """One chart of a card: its figure's id and height, or why there is none."""

    id: str
    title: str
    height: int = 0
    problem: str = ""


def places(card: Card) -> list[tuple[Place, dict[str, Any] | None]]:
    """Every chart of a card that has something to draw; an empty result is no empty box."""
    drawn = (_place(card, n) for n, chart in enumerate(card.charts) if chart.kind != charts.TABLE_ONLY)
    return [place for place in drawn if place is not None]


def of_report(report: Report) -> tuple[dict[str, list[Place]], dict[str, dict[str, Any]]]:
    """Places by card id, and figures by place id."""
    found: dict[str, list[Place]] = {}
    figures: dict[str, dict[str, Any]] = {}
    for section in report.sections:
        for card in (*section.cards, *section.passed):
            drawn = places(card)
            found[card.id] = [place for place, _ in drawn]
            figures |= {place.id: figure for place, figure in drawn if figure is not None}
    return found, figures


def _place(card: Card, number: int) -> tuple[Place, dict[str, Any] | None] | None:
    chart = card.charts[number]
    table = next((t for t in card.tables if t.name == chart.table), None)
    where = f"{card.anchor}-chart-{number + 1}"
    if table is None:
        return Place(where, chart.title, problem=f"no result is called {chart.table}"), None
    try:
        figure = charts.figure(chart, table)
    except NothingToDrawError:
        return None
    except ChartError as error:
        return Place(where, chart.title, problem=str(error)), None
    return Place(where, chart.title, figure["layout"]["height"]), figure
