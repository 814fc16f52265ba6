"""Prices by the hour that do not count on every day: what the book's format cannot say, corrected by [[hours]] entries."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from llmlogs.pricing.overrides import Entry
from llmlogs.pricing.rates import Cell, clip


def corrected(cells: list[Cell], entry: Entry) -> list[Cell]:
    """While the entry holds and on its days, every hour costs what its usual hour costs, times its factor where the book has another price."""
    edges = sorted(edge for edge in (entry.valid_from, entry.valid_to) if edge)
    done: list[Cell] = []
    for first, last in pairwise([None, *edges, None]):
        parts = clip(cells, first, last)
        done += [piece for cell in parts for piece in _pieces(cell, parts, entry)] if entry.holds(first) else parts
    return done


def _pieces(cell: Cell, parts: list[Cell], entry: Entry) -> list[Cell]:
    usual = next((other for other in parts if _beside(cell, other) and other.tod_from <= entry.usual_hour < other.tod_to), cell)
    if usual.price == cell.price:
        return [cell]
    rates = {name: rate * entry.factor for name, rate in usual.rates.items()}
    there = replace(usual, tod_from=cell.tod_from, tod_to=cell.tod_to, days=cell.days & entry.days, rates=rates, note=entry.reason)
    rest = replace(cell, days=cell.days & ~entry.days)
    return [piece for piece in (there, rest) if piece.days]


def _beside(cell: Cell, other: Cell) -> bool:
    """The same time and size, at another hour."""
    return (cell.valid_from, cell.valid_to, cell.in_gt, cell.in_le) == (other.valid_from, other.valid_to, other.in_gt, other.in_le)
