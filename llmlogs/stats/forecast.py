"""Spend to the end of the month: whole UTC days of the log projected by damped_trend, prices that are known to change applied to today's tokens.

Sums of USD as floats: a forecast is no invoice. Days without a call in the middle of the log count as 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from llmlogs.stats import Inputs
from llmlogs.stats.damped_trend import Spread, project, spreads

if TYPE_CHECKING:
    import duckdb

LEAST_DAYS = 7  # whole days without which there is no forecast
SLACK = dt.timedelta(hours=2)  # a day that lacks less at its end counts as whole
MIX_DAYS = 14  # days whose tokens are repriced
MOST_GAP = dt.timedelta(days=14)  # of days without a call: what lies before a longer one is another log
DAY = dt.timedelta(days=1)

TABLES = (
    "create or replace temp table stat_forecast_days (day timestamp, spend double, expected double, is_whole boolean, low double, high double)",
    "create or replace temp table stat_forecast (as_of timestamp, month_start timestamp, month_end timestamp, history integer, spent double, rest double,"
    " total double, low double, high double, basis varchar, days_ahead integer, error double, freedom double, price_factor double, began_at timestamp)",
)
DAILY = """
select date_trunc('day', started_at) as day, coalesce(sum(sample_weight * cost_usd), 0) as spend, min(started_at) as first_at, max(started_at) as last_at
from calls where started_at is not null group by 1 order by 1
"""
# How much of a day's spend usually comes before this hour of the day.
ELAPSED = """
select coalesce(sum(sample_weight * cost_usd) filter (extract(hour from started_at) < extract(hour from $1::timestamp))
    / nullif(sum(sample_weight * cost_usd), 0), extract(hour from $1::timestamp) / 24e0)
from calls where started_at >= date_trunc('day', $1::timestamp) - interval 28 day and started_at < date_trunc('day', $1::timestamp) and cost_usd > 0
"""
# Every day ahead on which some plan has another rate than the one that priced it: what the latest tokens would cost then, over what they cost.
PRICES = f"""
with mix as (
    select rate_id, sum(sample_weight * cost_usd) as spend,
        sum(sample_weight * (input_tokens - coalesce(cache_read_tokens, 0) - coalesce(cache_write_tokens, 0))) as plain,
        sum(sample_weight * coalesce(cache_read_tokens, 0)) as reads, sum(sample_weight * coalesce(cache_write_tokens, 0)) as writes,
        sum(sample_weight * coalesce(output_tokens, 0)) as output
    from calls where cost_usd > 0 and started_at >= $1::timestamp - interval {MIX_DAYS} day and started_at < $1::timestamp group by rate_id
),
days as (select $1::timestamp + to_days(cast(d as integer)) as day from range(date_diff('day', $1::timestamp, $2::timestamp)) r(d)),
rated as (select d.day, m.spend, {{old}} as old_usd, {{new}} as new_usd
    from days d cross join mix m left join price_rates r on m.rate_id = r.rate_id
    left join price_rates n on n.plan_id = r.plan_id and n.kind = r.kind and n.rate_id <> r.rate_id and n.in_gt is not distinct from r.in_gt
        and n.tod_from is not distinct from r.tod_from and n.dow_mask is not distinct from r.dow_mask
        and n.valid_from > $1::timestamp and n.valid_from <= d.day and coalesce(n.valid_to > d.day, true))
select day, sum(spend * coalesce(new_usd / nullif(old_usd, 0), 1)) / sum(spend) from rated group by day having sum(spend) > 0 order by day
"""
COST = (
    "plain * {0}.input_rate + reads * coalesce({0}.cache_read_rate, {0}.input_rate)"
    " + writes * coalesce({0}.cache_write_rate, {0}.input_rate) + output * coalesce({0}.output_rate, 0)"
)


@dataclass(frozen=True)
class Log:
    """Spend of the whole days, oldest first, and of the unfinished one at the end."""

    first: dt.datetime
    whole: list[float]
    as_of: dt.datetime  # up to here the log is read
    spend: dict[dt.datetime, float]  # of every day with a call, whole or not
    began_at: dt.datetime  # the first call of all

    @property
    def next_day(self) -> dt.datetime:
        """The first day that is not whole."""
        return self.first + len(self.whole) * DAY


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_forecast` (one row, or none where there is too little) and `stat_forecast_days` (every day of the log and to the month's end)."""
    for statement in TABLES:
        con.execute(statement)
    log = read(con.execute(DAILY).fetchall())
    if log is None:
        return
    ahead = days_ahead(con, log) if len(log.whole) >= LEAST_DAYS and sum(log.whole) > 0 else []
    found = spreads(log.whole, log.first.weekday(), len(ahead))
    _write_days(con, log, ahead, found)
    if ahead:
        con.execute(f"insert into stat_forecast values ({', '.join(f'${i}' for i in range(1, 16))})", outlook(log, ahead, found))


def read(rows: Sequence[tuple[dt.datetime, float, dt.datetime, dt.datetime]]) -> Log | None:
    """The log's days since its last long gap; a first day that begins late is left out, a last one that ends early is begun."""
    if not rows:
        return None
    spend, began_at = {day: float(amount) for day, amount, _, _ in rows}, rows[0][2]
    rows = rows[max((i for i in range(1, len(rows)) if rows[i][0] - rows[i - 1][0] > MOST_GAP), default=0) :]
    first = rows[0][0] if rows[0][2] - rows[0][0] <= SLACK else rows[0][0] + DAY
    last = rows[-1][0]
    as_of = rows[-1][3].replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    if last + DAY - as_of <= SLACK:
        as_of = last + DAY
    end = as_of if as_of == last + DAY else last
    whole = [spend.get(first + i * DAY, 0.0) for i in range(max(0, (end - first) // DAY))]
    return Log(first, whole, as_of, spend, began_at)


def days_ahead(con: duckdb.DuckDBPyConnection, log: Log) -> list[tuple[dt.datetime, float, float]]:
    """(day, expected USD of it, factor of known price changes) to the end of the month; of a day that has begun what is left of it."""
    end = month_after(log.next_day)
    expected = project(log.whole, log.first.weekday(), (end - log.next_day) // DAY)
    rates = {"old": COST.format("r"), "new": COST.format("n")}
    factors = dict(con.execute(PRICES.format(**rates), [log.next_day, end]).fetchall())
    if log.as_of > log.next_day:
        elapsed = con.execute(ELAPSED, [log.as_of]).fetchall()[0][0]
        expected[0] *= 1 - elapsed
    days = [log.next_day + i * DAY for i in range(len(expected))]
    return [(day, amount, float(factors.get(day) or 1)) for day, amount in zip(days, expected, strict=True)]


def month_after(moment: dt.datetime) -> dt.datetime:
    """The first instant of the next month."""
    return (moment.replace(day=1, hour=0) + 32 * DAY).replace(day=1)


def spent(log: Log) -> float:
    """USD of the month that is forecast, as far as the log goes."""
    start = log.next_day.replace(day=1)
    return sum(amount for day, amount in log.spend.items() if day >= start)


def bounds(log: Log, found: Sequence[Spread], day: int) -> tuple[float, float]:
    """Factors on the sum of the first `day` + 1 days ahead: its interval, or the scenarios where there is none."""
    return (1 / found[day].factor(), found[day].factor()) if found else scenarios(log.whole)


def outlook(log: Log, ahead: Sequence[tuple[dt.datetime, float, float]], found: Sequence[Spread]) -> list[object]:
    """The row of `stat_forecast`. `low` and `high` hold 90 % of the forecasts of its kind, or are a range of scenarios where the log is too short."""
    start, rest, plain = log.next_day.replace(day=1), sum(amount * factor for _, amount, factor in ahead), sum(amount for _, amount, _ in ahead)
    (low, high), so_far = bounds(log, found, len(ahead) - 1), spent(log)
    ends = [so_far + rest, so_far + rest * low, so_far + rest * high, "interval" if found else "scenarios", len(ahead)]
    shown = [found[-1].error, found[-1].freedom] if found else [None, None]
    return [log.as_of, start, month_after(log.next_day), len(log.whole), so_far, rest, *ends, *shown, rest / plain if plain else 1.0, log.began_at]


def scenarios(whole: Sequence[float]) -> tuple[float, float]:
    """The cheapest and the dearest seven days of a short log, over the level the forecast starts from: what would be if every week were so."""
    weeks = [fmean(whole[i : i + 7]) for i in range(len(whole) - 6)]
    level = fmean(whole[-14:])
    return (min(weeks) / level, max(weeks) / level) if level else (1.0, 1.0)


def _write_days(con: duckdb.DuckDBPyConnection, log: Log, ahead: Sequence[tuple[dt.datetime, float, float]], found: Sequence[Spread]) -> None:
    """Days before `log.first` only where they belong to the same month: their spend counts, they are no history. low, high: of the month up to that day."""
    start, so_far, rest = log.next_day.replace(day=1), spent(log), 0.0
    rows: list[list[object]] = [[day, amount, None, False, None, None] for day, amount in log.spend.items() if start <= day < log.first]
    rows += [[log.first + i * DAY, amount, None, True, None, None] for i, amount in enumerate(log.whole)]
    for i, (day, amount, factor) in enumerate(ahead):
        rest += amount * factor
        low, high = bounds(log, found, i)
        rows.append([day, log.spend.get(day) if i == 0 else None, amount * factor, False, so_far + rest * low, so_far + rest * high])
    if rows:
        con.executemany("insert into stat_forecast_days values ($1, $2, $3, $4, $5, $6)", rows)
