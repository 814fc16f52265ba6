"""What one token cost by the book on a day: for bills, whose sums have no calls to price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from llmlogs.pricing import book
from llmlogs.pricing.rates import Cell
from llmlogs.pricing.resolve import Tuple, by_the_book
from llmlogs.pricing.units import BY_NAME

UNIT_OF = {"cache_write_5m": "cache_write"}  # kind of usage_buckets -> unit


def unit_price(provider: str | None, model: str, token_kind: str, at: datetime) -> Decimal | None:
    """USD for one token of that kind at list price, for a small request; None where the book has none. `at` is UTC."""
    return _unit_price(book.identity(), provider, model, token_kind, at)


@lru_cache(4096)
def _unit_price(_: tuple[str, str], provider: str | None, model: str, token_kind: str, at: datetime) -> Decimal | None:
    cells = [cell for cell in by_the_book(Tuple(provider, model)).cells if cell.in_gt is None and _holds(cell, at.replace(tzinfo=UTC))]
    return _rate(cells[0], UNIT_OF.get(token_kind, token_kind)) if cells and cells[0].status == "priced" else None


def _holds(cell: Cell, at: datetime) -> bool:
    return (cell.valid_from is None or cell.valid_from <= at) and (cell.valid_to is None or at < cell.valid_to) and cell.tod_from == 0


def _rate(cell: Cell, unit: str) -> Decimal | None:
    """The unit's own rate, else that of what it is a part of."""
    while unit and unit in BY_NAME and unit not in cell.rates:
        unit = BY_NAME[unit].parent
    return cell.rates.get(unit)
