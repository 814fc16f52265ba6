"""Every notation of an instant and a duration that the guides list."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.common.times import FIRST, LAST, duration_ms, to_utc

NOON = datetime(2026, 3, 31, 12, 0, 0)
MICRO = NOON.replace(microsecond=123456)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-31T12:00:00Z", NOON),
        ("2026-03-31T12:00:00.123456Z", MICRO),
        ("2026-03-31T12:00:00.1234567Z", MICRO),  # Azure, 100 ns
        ("2026-03-31T12:00:00.123456789Z", MICRO),  # Gemini, ns
        ("2026-03-31T14:00:00,123456+02:00", MICRO),
        ("2026-03-31T06:30:00-0530", NOON),
        ("2026-03-31 12:00:00.123456", MICRO),
        ("2026-03-31 12:00:00 UTC", NOON),
        ("20260331T120000Z", NOON),
        ("2026-03-31", NOON.replace(hour=0)),
        ("Tue, 31 Mar 2026 12:00:00 GMT", NOON),
        ("Tue, 31 Mar 2026 14:00:00 +0200", NOON),
        (1774958400, NOON),
        (1774958400.0, NOON),
        ("1774958400", NOON),
        (1774958400000, NOON),
        (1774958400123456, MICRO),
        (1774958400123456789, MICRO),
        ("1774958400.5", NOON.replace(microsecond=500000)),
        (639105552000000000 + 1234567, MICRO),  # .NET ticks
        ([1774958400, 123456789], MICRO),
        ({"seconds": "1774958400", "nanos": 123456789}, MICRO),
        (datetime(2026, 3, 31, 14, tzinfo=timezone(timedelta(hours=2))), NOON),
        (NOON, NOON),
    ],
)
def test_an_instant_is_read_from(written, instant):
    assert to_utc(written) == instant


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        "",
        "soon",
        "2026-13-45",
        63400,
        0,
        -1,
        float("nan"),
        float("inf"),
        10**400,
        "9" * 60,
        [1],
        [1, 2, 3],
        ["a", "b"],
        {},
        {"seconds": None},
        b"x",
        "25:00",
    ],
)
def test_no_instant_is_made_of(written):
    assert to_utc(written) is None


def test_a_text_without_a_zone_is_in_the_zone_it_was_written_in():
    assert to_utc("2026-03-31 14:00:00", "Europe/Berlin") == NOON
    assert to_utc("2026-03-31 14:00:00", "No/Where") is None
    assert to_utc("2026-03-31T12:00:00Z", "Europe/Berlin") == NOON


@given(st.datetimes(FIRST, LAST - timedelta(seconds=1)))
def test_iso_and_epoch_microseconds_come_back(instant):
    assert to_utc(instant.isoformat() + "Z") == instant
    micros = (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert to_utc(instant.replace(tzinfo=UTC).timestamp().__floor__()) == instant.replace(microsecond=0)
    if micros >= 10**14:
        assert to_utc(micros) == instant


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.integers(), max_size=3), st.binary(), st.dictionaries(st.text(), st.integers())))
def test_nothing_raises(anything):
    instant = to_utc(anything)
    assert instant is None or (FIRST <= instant < LAST and instant.tzinfo is None)
    duration = duration_ms(anything, "s")
    assert duration is None or duration >= 0


@pytest.mark.parametrize(
    ("written", "unit", "ms"),
    [
        ("6m0s", "", 360_000),
        ("20ms", "", 20),
        ("0s", "", 0),
        ("1h2m3.5s", "", 3_723_500),
        ("17.563999999s", "", 17_563.999999),
        ("1.5µs", "", 0.0015),
        ("500", "", None),
        ("500", "s", 500_000),
        ("34.4s", "ms", 34_400),
        (2_685_412_125, "ns", 2685.412125),
        (0.022124504, "s", 22.124504),
        (-1, "ms", None),
        ("5 apples", "s", None),
        (None, "s", None),
        (True, "s", None),
        (float("nan"), "s", None),
        (10**400, "ms", None),
        (1e300, "s", None),
    ],
)
def test_durations(written, unit, ms):
    assert duration_ms(written, unit) == ms
