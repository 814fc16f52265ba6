"""The price book: genai-prices' own matcher and prices, compiled to rows that never overlap. Nothing else imports genai_prices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from llmlogs.pricing.context import Context
from llmlogs.pricing.rates import DAY, Cell
from llmlogs.pricing.units import BY_KEY, FEE, Rates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

SOURCE = "genai-prices"
LICENSE = "MIT"
PATCHES = Path(__file__).with_name("patches.toml")
KEPT = 10_000  # look-ups remembered: a log may name a new model on every line
_BEFORE_ALL = datetime(1970, 1, 2, tzinfo=UTC)  # earlier than any price


@dataclass(frozen=True)
class Entry:
    """A model of the book, found through a provider (`own` = the provider's own list, not one it falls back on)."""

    provider: Provider
    model: ModelInfo
    own: bool

    @property
    def url(self) -> str | None:
        urls = self.provider.pricing_urls
        return urls[0] if urls else None


_used: list[str | None] = [None]  # the data of the book in use, where it is not the installed one


def use(data: str | None) -> None:
    """Look prices up in this book (genai-prices' data as JSON) from now on; None is the installed package. ValueError when it is none."""
    if data == _used[0]:
        return
    from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
    from genai_prices.types import _providers_from_raw

    set_custom_snapshot(DataSnapshot(_providers_from_raw(orjson.loads(data)), from_auto_update=False) if data is not None else None)
    _used[0] = data
    for remembered in (provider, find):
        remembered.cache_clear()


def identity() -> tuple[str, str]:
    """Version and hash of the book in use, with the corrections that come with llmlogs."""
    data = _used[0]
    if data is None:
        return _installed()
    content = hashlib.sha256(data.encode())
    return f"file {content.hexdigest()[:12]}", hashlib.sha256(content.digest() + PATCHES.read_bytes()).hexdigest()


@cache
def _installed() -> tuple[str, str]:
    import genai_prices

    folder = Path(genai_prices.__file__).parent
    content = b"".join(path.read_bytes() for path in (folder / "data.py", folder / "data_units.py", PATCHES))
    return genai_prices.__version__, hashlib.sha256(content).hexdigest()


@lru_cache(KEPT)
def provider(name: str) -> Provider | None:
    """The book's provider of that name."""
    from genai_prices.data_snapshot import find_provider_by_id

    return find_provider_by_id(_providers(), name)


@lru_cache(KEPT)
def find(provider_name: str, model: str) -> Entry | None:
    """The book's entry for a model as the provider names it."""
    found = provider(provider_name)
    match = found.find_model(model, all_providers=_providers()) if found else None
    return Entry(found, match, any(match is own for own in found.models)) if found and match else None


def cells(entry: Entry, context: Context) -> list[Cell]:
    """Every price the entry ever has: by date, then hour of the day, then input size; together they cover all time without overlap."""
    rows: list[Cell] = []
    days = [None, *_start_dates(entry.model), None]
    hours = [0, *_clock_edges(entry.model), DAY]
    for first, last in pairwise(days):
        for begin, end in pairwise(hours):
            instant = (first or _BEFORE_ALL) + timedelta(seconds=begin)
            rows += _brackets(entry, context, instant, Cell(first, last, begin, end))
    return rows


def _providers() -> list[Provider]:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot().providers


def _brackets(entry: Entry, context: Context, instant: datetime, cell: Cell) -> Iterator[Cell]:
    price, applied = _price_at(entry, context, instant)
    if context.named and not applied:
        yield cell.with_status("context_unpriced")
        return
    edges = [None, *_tier_starts(price), None]
    for above, upto in pairwise(edges):
        rates, unseen = _rates(price, above)
        yield cell.with_rates(rates, unseen, above, upto)


def _price_at(entry: Entry, context: Context, instant: datetime) -> tuple[ModelPrice, bool]:
    """The price of an instant, and whether the book has anything for the context then. A model sold by another provider has no contexts."""
    if not context.ask or not entry.own:
        return entry.model.get_prices(instant), False
    price = entry.model.get_prices(instant, context.ask)
    return price, any(
        (variant.constraint is None or variant.constraint.active(instant)) and variant.when.items() <= context.ask.items()
        for variant in entry.model.price_variants or ()
    )


def _rates(price: ModelPrice, above: int | None) -> tuple[Rates, tuple[str, ...]]:
    from genai_prices.types import TieredPrices

    prices = {key: value for key, value in price.__dict__.items() if value is not None}
    flat = {key: _tier(value, above) if isinstance(value, TieredPrices) else value for key, value in prices.items()}
    seen = flat.keys() & (BY_KEY.keys() - {FEE})
    return {BY_KEY[key].name: flat[key] / Decimal(BY_KEY[key].per) for key in seen}, tuple(sorted(flat.keys() - seen))


def _tier(tiers: TieredPrices, above: int | None) -> Decimal:
    reached = [tier.price for tier in tiers.tiers if above is not None and tier.start <= above]
    return reached[-1] if reached else tiers.base


def _tier_starts(price: ModelPrice) -> list[int]:
    from genai_prices.types import TieredPrices

    values = (value for value in price.__dict__.values() if isinstance(value, TieredPrices))
    return sorted({tier.start for value in values for tier in value.tiers})


def _constraints(model: ModelInfo) -> list[object]:
    prices = model.prices if isinstance(model.prices, list) else []
    found = [item.constraint for item in (*prices, *(model.price_variants or ()))]
    return [constraint for constraint in found if constraint is not None]


def _start_dates(model: ModelInfo) -> list[datetime]:
    from genai_prices.types import StartDateConstraint

    return sorted({datetime.combine(c.start_date, time(), UTC) for c in _constraints(model) if isinstance(c, StartDateConstraint)})


def _clock_edges(model: ModelInfo) -> list[int]:
    from genai_prices.types import TimeOfDateConstraint

    windows = [c for c in _constraints(model) if isinstance(c, TimeOfDateConstraint)]
    edges = {_second_of_day(edge) for window in windows for edge in (window.start_time, window.end_time)}
    return sorted(edges - {0})


def _second_of_day(moment: time) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    utc = datetime.combine(date(1970, 1, 2), aware).astimezone(UTC)
    return utc.hour * 3600 + utc.minute * 60 + utc.second
