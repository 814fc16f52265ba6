"""One cell of a price list: when it holds, for which input sizes, and what each unit costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from llmlogs.pricing.units import Rates

DAY = 86_400
EVERY_DAY = 127  # bit 0 = Monday
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Cell:
    """A rectangle of time, hour and input size with one price, or with the reason why there is none."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None
    tod_from: int = 0
    tod_to: int = DAY
    days: int = EVERY_DAY
    in_gt: int | None = None
    in_le: int | None = None
    status: str = "priced"
    rates: Rates = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    factor: Decimal = Decimal(1)
    note: str | None = None
    own_line: int | None = None  # of the own price file
    disputed: str | None = None

    def with_status(self, status: str) -> Cell:
        """The same rectangle, without a price."""
        return replace(self, status=status, rates={}, unseen=())

    def with_rates(self, rates: Rates, unseen: tuple[str, ...], above: int | None, upto: int | None) -> Cell:
        """A part of the rectangle with its price. A list without a single rate we can count is no price at all."""
        status = _status_of(rates)
        kept = rates if status != "unpriced_model" else {}
        return replace(self, status=status, rates=kept, unseen=unseen, in_gt=above, in_le=upto)

    @property
    def price(self) -> tuple[object, ...]:
        """What makes two neighbours one."""
        return self.status, self.rates, self.unseen, self.factor, self.note, self.own_line, self.disputed


def _status_of(rates: Rates) -> str:
    if not rates:
        return "unpriced_model"
    return "priced" if any(rates.values()) else "free"


def clip(cells: Iterable[Cell], first: datetime | None, last: datetime | None) -> list[Cell]:
    """The parts of the cells between two instants."""
    parts = []
    for cell in cells:
        start = max((edge for edge in (cell.valid_from, first) if edge), default=None)
        end = min((edge for edge in (cell.valid_to, last) if edge), default=None)
        if start is None or end is None or start < end:
            parts.append(replace(cell, valid_from=start, valid_to=end))
    return parts


def merge(cells: Iterable[Cell]) -> list[Cell]:
    """Join neighbours in time that cost the same, so that a call's rate row says all the time its price held."""
    done: list[Cell] = []
    for cell in sorted(cells, key=_order):
        last = done[-1] if done else None
        if last and _key(last) == _key(cell) and last.valid_to == cell.valid_from and last.price == cell.price:
            done[-1] = replace(last, valid_to=cell.valid_to)
        else:
            done.append(cell)
    return done


def _key(cell: Cell) -> tuple[int | None, ...]:
    return cell.tod_from, cell.tod_to, cell.days, cell.in_gt, cell.in_le


def _order(cell: Cell) -> tuple[float, ...]:
    start = cell.valid_from.timestamp() if cell.valid_from else float("-inf")
    return cell.tod_from, cell.days, cell.in_gt if cell.in_gt is not None else -1, cell.in_le or float("inf"), start
