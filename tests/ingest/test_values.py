"""One value, one column type: exact, or NULL with a reason."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.ingest.values import CLEANERS, instant, money, real, whole

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("BIGINT", 12, (12, "")),
        ("BIGINT", 12.0, (12, "")),
        ("BIGINT", "12", (12, "")),
        ("BIGINT", " 12.00 ", (12, "")),
        ("BIGINT", Decimal(7), (7, "")),
        ("BIGINT", 8.7, (None, "not_a_number")),
        ("BIGINT", "8.7", (None, "not_a_number")),
        ("BIGINT", True, (None, "not_a_number")),
        ("BIGINT", "n/a", (None, "not_a_number")),
        ("BIGINT", "", (None, "not_a_number")),
        ("BIGINT", "1_000", (None, "not_a_number")),
        ("BIGINT", 2**63, (None, "out_of_range")),
        ("BIGINT", "9" * 25, (None, "out_of_range")),
        ("BIGINT", 1e300, (None, "out_of_range")),
        ("BIGINT", NAN, (None, "not_a_number")),
        ("INTEGER", 2**31, (None, "out_of_range")),
        ("DOUBLE", "1.5e3", (1500.0, "")),
        ("DOUBLE", NAN, (None, "not_a_number")),
        ("DOUBLE", INFINITY, (None, "not_a_number")),
        ("DOUBLE", 10**400, (None, "out_of_range")),
        ("DOUBLE", True, (None, "not_a_number")),
        ("DOUBLE", "fast", (None, "not_a_number")),
        ("BOOLEAN", "true", (True, "")),
        ("BOOLEAN", 0, (False, "")),
        ("BOOLEAN", "perhaps", (None, "not_a_boolean")),
        ("DECIMAL(18,12)", 0.1, ("0.1", "")),
        ("DECIMAL(18,12)", "1e-9", ("0.000000001", "")),
        ("DECIMAL(18,12)", Decimal("12.5"), ("12.5", "")),
        ("DECIMAL(18,12)", 1e9, (None, "out_of_range")),
        ("DECIMAL(18,12)", "$1", (None, "not_a_number")),
        ("DECIMAL(18,12)", NAN, (None, "not_a_number")),
        ("VARCHAR", "x", ("x", "")),
        ("VARCHAR", 12, ("12", "")),
        ("VARCHAR", True, ("true", "")),
        ("VARCHAR", "a\0b", ("ab", "")),
        ("VARCHAR", "", (None, "")),
        ("TIMESTAMP", "yesterday", (None, "not_a_time")),
        ("TIMESTAMP", 10**30, (None, "out_of_range")),
        ("TIMESTAMP", True, (None, "not_a_time")),
    ],
)
def test_a_value(kind: str, value: Any, expected: tuple[Any, str]) -> None:
    assert CLEANERS[kind](value) == expected


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2025, 11, 1, 0, 0, 12),
        datetime(2025, 11, 1, 0, 0, 12, tzinfo=UTC),
        datetime(2025, 11, 1, 1, 0, 12, tzinfo=timezone(timedelta(hours=1))),
        1761955212000000,
    ],
)
def test_every_notation_of_an_instant_is_the_same_in_utc(moment: Any) -> None:
    assert instant(moment) == ("2025-11-01T00:00:12", "")


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.decimals() | st.lists(st.integers()) | st.binary())
def test_no_value_upsets_a_column(value: Any) -> None:
    for cleaner in CLEANERS.values():
        cleaned, reason = cleaner(value)
        assert cleaned is not None or reason or value == "" or isinstance(value, str)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_keeps_every_digit(number: int) -> None:
    assert whole(number) == whole(str(number)) == (number, "")


@given(st.decimals(min_value=-999, max_value=999, places=12))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    assert Decimal(money(str(amount))[0]) == amount


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_real_number_is_kept(number: float) -> None:
    assert real(number) == (number, "")
