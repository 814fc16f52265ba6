"""Tiers before the day the book begins to list them: their share of the standard price, unit by unit, is taken to have been the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from llmlogs.pricing.overrides import Entry
from llmlogs.pricing.rates import Cell, clip
from llmlogs.pricing.units import BY_NAME

Shares = dict[str, tuple[Decimal, Decimal]]  # unit name -> the tier's rate and the standard one on the day the book begins to list the tier
_FINEST = Decimal("1e-18")  # USD for one token: far below what any price list writes


def continued(cells: list[Cell], standard: list[Cell], entry: Entry) -> list[Cell]:
    """The tier's cells, with prices where the book has none yet. `standard` are the cells of the same model without a tier."""
    first = min((cell.valid_from for cell in cells if cell.status == "priced" and cell.valid_from is not None), default=None)
    if first is None:
        return cells
    begins = [cell for cell in cells if cell.status == "priced" and cell.valid_from == first]
    beside = [cell for cell in standard if cell.status == "priced" and _in_force(cell, first)]
    rows: list[Cell] = []
    for cell in cells:
        if cell.status == "context_unpriced" and cell.valid_to is not None and cell.valid_to <= first and entry.holds(cell.valid_from):
            pieces = (base for base in clip(standard, cell.valid_from, cell.valid_to) if _same_hours(base, cell))
            rows += [_priced(base, _shares(base, begins, beside), entry) for base in pieces]
        else:
            rows.append(cell if cell.status != "priced" else replace(cell, note=entry.reason))
    return rows


def _priced(base: Cell, shares: Shares, entry: Entry) -> Cell:
    if base.status != "priced" or not shares:
        return base.with_status("context_unpriced") if base.status == "priced" else base
    return replace(base, rates={name: _times(rate, *_share(name, shares)) for name, rate in base.rates.items()}, note=entry.reason)


def _times(rate: Decimal, tier: Decimal, standard: Decimal) -> Decimal:
    return (rate * tier / standard).quantize(_FINEST).normalize()


def _share(name: str, shares: Shares) -> tuple[Decimal, Decimal]:
    """A unit that had no price of its own on that day goes with what it is a part of; what is counted apart (a search) keeps its price."""
    while name not in shares:
        name = BY_NAME[name].parent
        if not name:
            return Decimal(1), Decimal(1)
    return shares[name]


def _shares(base: Cell, begins: list[Cell], beside: list[Cell]) -> Shares:
    """Of the list's first day of the tier and the standard list of that day: what each has for the hour and the input size of `base`."""
    tier, standard = (next((cell for cell in cells if _holds(cell, base)), None) for cells in (begins, beside))
    if tier is None or standard is None:
        return {}
    return {name: (rate, standard.rates[name]) for name, rate in tier.rates.items() if standard.rates.get(name)}


def _holds(cell: Cell, base: Cell) -> bool:
    """Whether a cell's rectangle has the corner of another's."""
    size = base.in_gt if base.in_gt is not None else -1
    fits = (cell.in_gt is None or cell.in_gt <= size) and (cell.in_le is None or size < cell.in_le)
    return fits and cell.tod_from <= base.tod_from < cell.tod_to and bool(cell.days & base.days)


def _same_hours(base: Cell, cell: Cell) -> bool:
    return cell.tod_from <= base.tod_from and base.tod_to <= cell.tod_to and base.days & cell.days == base.days


def _in_force(cell: Cell, instant: datetime) -> bool:
    return (cell.valid_from is None or cell.valid_from <= instant) and (cell.valid_to is None or instant < cell.valid_to)
