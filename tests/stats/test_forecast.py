"""What the log's days say of the month: whole days, the day that has begun, prices that will change."""

import datetime as dt
from typing import Any

import duckdb
import pytest

from llmlogs.pack import rows
from llmlogs.stats import Inputs, forecast

START = dt.datetime(2026, 1, 5)
HOUR = dt.timedelta(hours=1)


def asked(calls: list[dict[str, Any]], extra: dict[str, list[dict[str, Any]]] | None = None) -> tuple[dict[str, Any] | None, list[tuple[Any, ...]]]:
    """The row of stat_forecast by column, and the days."""
    con: duckdb.DuckDBPyConnection = rows.database()
    rows.insert(con, "calls", calls)
    for table, entries in (extra or {}).items():
        rows.insert(con, table, entries)
    forecast.compute(con, Inputs())
    found = con.execute("select * from stat_forecast")
    names = [column[0] for column in found.description or ()]
    row = found.fetchone()
    days = con.execute("select * from stat_forecast_days order by day").fetchall()
    con.close()
    return (dict(zip(names, row, strict=True)) if row else None), days


def hourly(hours: int, usd: float = 0.5, start: dt.datetime = START) -> dict[str, Any]:
    return {"repeat": hours, "step_s": 3600, "started_at": start, "cost_usd": usd, "request_model": "m"}


def test_whole_days_to_the_end_of_the_month() -> None:
    found, days = asked([hourly(24 * 42)])
    assert found is not None
    assert (found["as_of"], found["month_start"], found["month_end"]) == (dt.datetime(2026, 2, 16), dt.datetime(2026, 2, 1), dt.datetime(2026, 3, 1))
    assert (found["history"], found["days_ahead"], found["basis"]) == (42, 13, "interval")
    assert (found["spent"], found["rest"], found["total"]) == pytest.approx((180, 156, 336))
    assert days[-1][4:] == (found["low"], found["high"])
    assert [day for day, *_ in days] == [START + dt.timedelta(days=i) for i in range(55)]


def test_of_the_day_that_has_begun_only_the_rest_is_to_come() -> None:
    found, days = asked([hourly(24 * 42 + 6)])
    assert found is not None
    assert (found["spent"], found["rest"]) == pytest.approx((183, 153))
    assert days[42][1:4] == (pytest.approx(3), pytest.approx(9), False)


def test_a_first_day_that_began_late_says_nothing_of_days_and_counts_as_spent() -> None:
    found, days = asked([hourly(24 * 42 - 9, start=START + 9 * HOUR)])
    assert found is not None
    assert (found["history"], days[0][0]) == (41, START + dt.timedelta(days=1))
    found, days = asked([hourly(24 * 20 - 9, start=START + 9 * HOUR)])
    assert found is not None
    assert (found["history"], found["spent"], found["began_at"]) == (19, pytest.approx(0.5 * (24 * 20 - 9)), START + 9 * HOUR)
    assert days[0][1:4] == (pytest.approx(7.5), None, False)


def test_a_log_that_ends_with_its_month_is_asked_for_the_next_one() -> None:
    found, _ = asked([hourly(24 * 55)])
    assert found is not None
    assert (found["month_start"], found["spent"], found["total"]) == (dt.datetime(2026, 3, 1), 0, pytest.approx(372))


def test_a_short_log_has_scenarios_and_a_very_short_one_nothing() -> None:
    found, _ = asked([hourly(24 * 7, 0.5), hourly(24 * 7, 1.0, START + 7 * 24 * HOUR)])
    assert found is not None
    assert (found["basis"], found["error"], found["low"] < found["total"] < found["high"]) == ("scenarios", None, True)
    assert found["low"] - found["spent"] == pytest.approx(found["rest"] * 12 / 18)
    assert asked([hourly(24 * 6)])[0] is None
    assert asked([])[0] is None


def test_days_without_a_call_inside_the_log_count_as_nothing() -> None:
    found, days = asked([hourly(24 * 10), hourly(24 * 10, start=START + 15 * 24 * HOUR)])
    assert found is not None
    assert (found["history"], days[12][1]) == (25, 0)


def test_a_price_that_will_change_counts_from_its_day() -> None:
    """Output doubles on the 20th; half of the money is output of that plan, a quarter of all is another plan without a change."""
    call = hourly(24 * 42, 0.0003) | {"input_tokens": 100, "output_tokens": 10, "rate_id": 1}
    other = hourly(24 * 42, 0.0001) | {"rate_id": 9}
    rate = {"plan_id": 1, "kind": "cost", "input_rate": "0.0000015", "output_rate": "0.000015"}
    plans = [
        rate | {"rate_id": 1, "valid_to": "2026-02-20T00:00:00"},
        rate | {"rate_id": 2, "valid_from": "2026-02-20T00:00:00", "output_rate": "0.00003"},
        {"rate_id": 9, "plan_id": 2, "kind": "cost", "input_rate": "0.1", "output_rate": "0.1"},
    ]
    found, days = asked([call, other], {"price_rates": plans})
    assert found is not None
    expected = {day: amount for day, _, amount, *_ in days if amount}
    assert expected[dt.datetime(2026, 2, 19)] == pytest.approx(24 * 0.0004)
    assert expected[dt.datetime(2026, 2, 20)] == pytest.approx(24 * 0.00055)
    assert found["price_factor"] == pytest.approx((4 * 0.0004 + 9 * 0.00055) / (13 * 0.0004))


def test_what_lies_before_a_long_gap_is_another_log() -> None:
    found, days = asked([hourly(24 * 30, 9.0, START - dt.timedelta(days=400)), hourly(24 * 42)])
    assert found is not None
    assert (found["history"], days[0][0], found["total"]) == (42, START, pytest.approx(336))
