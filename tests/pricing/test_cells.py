"""The cells of a price list cover all time, hours and sizes once: a call has one price, never two and never none."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from llmlogs.pricing import book
from llmlogs.pricing.own import plan_for
from llmlogs.pricing.rates import Cell, merge
from llmlogs.pricing.resolve import Tuple

TIERS = (None, "batch", "flex", "priority", "fast")
CHANGING = [
    (provider.id, model.id)
    for provider in book._providers()
    for model in provider.models
    if isinstance(model.prices, list) or model.price_variants or book._tier_starts(model.get_prices(datetime(2026, 1, 1, tzinfo=UTC)))
]
LAST = datetime.max.replace(tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC)


def overlap(one: Cell, other: Cell) -> bool:
    times = max(one.valid_from or FIRST, other.valid_from or FIRST) < min(one.valid_to or LAST, other.valid_to or LAST)
    hours = max(one.tod_from, other.tod_from) < min(one.tod_to, other.tod_to)
    above = max(-1 if one.in_gt is None else one.in_gt, -1 if other.in_gt is None else other.in_gt)
    return bool(times and hours and one.days & other.days) and above < min(one.in_le or 10**12, other.in_le or 10**12)


def holds(cell: Cell, instant: datetime, size: int) -> bool:
    second = instant.hour * 3600 + instant.minute * 60 + instant.second
    time = (cell.valid_from or FIRST) <= instant < (cell.valid_to or LAST) and cell.tod_from <= second < cell.tod_to and cell.days >> instant.weekday() & 1
    return bool(time) and (cell.in_gt is None or size > cell.in_gt) and (cell.in_le is None or size <= cell.in_le)


def test_no_two_cells_of_a_plan_overlap() -> None:
    found = {
        (key, tier): [pair for pair in combinations(plan_for(Tuple(key[0], key[1], service_tier=tier), None).cells, 2) if overlap(*pair)]
        for key in CHANGING
        for tier in TIERS
    }
    assert len(found) > 1000
    assert not {key: pairs for key, pairs in found.items() if pairs}


@given(
    st.sampled_from(CHANGING), st.sampled_from(TIERS), st.integers(0, 4 * 365 * 86_400), st.sampled_from([0, 1, 199_999, 200_000, 200_001, 272_000, 272_001])
)
def test_every_instant_and_size_is_in_one_cell(key: tuple[str, str], tier: str | None, second: int, size: int) -> None:
    cells = plan_for(Tuple(key[0], key[1], service_tier=tier), None).cells
    instant = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    assert sum(holds(cell, instant, size) for cell in cells) == 1


@given(st.sampled_from(CHANGING))
def test_merging_twice_changes_nothing(key: tuple[str, str]) -> None:
    cells = plan_for(Tuple(*key), None).cells
    assert merge(cells) == cells
