"""Calls of two periods as one value a day: what day_block_test compares."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

GROUPS = 50  # features and models that are compared one by one, the busiest; all others are in the rows of all calls
MEMORY_DAYS = 56  # days before the first period that say what movement is usual
BINS = 200  # of a factor e: durations are held to half a percent for the interval of a percentile

# before_from and the like are texts or times, UTC. Without any: the last seven whole days and those before them, or the halves of a shorter log.
PERIODS = """
create or replace temp table stat_periods as
with params as (
    select coalesce(getvariable('by_column'), '') as by_column, coalesce(getvariable('before_is'), '') as before_is,
        coalesce(getvariable('after_is'), '') as after_is,
        try_cast(getvariable('before_from') as timestamp) as before_from, try_cast(getvariable('before_to') as timestamp) as before_to,
        try_cast(getvariable('after_from') as timestamp) as after_from, try_cast(getvariable('after_to') as timestamp) as after_to
),
log as (
    select max(day_start) + interval 1 day as ends_at, least(7, (max(day_no) + 1) // 2)::integer as half, min(day_start) as begins_at,
        (select max(started_at) + interval 1 microsecond from calls) as last_at
    from call_days
),
after_it as (select *, coalesce(after_to, case by_column when '' then ends_at else last_at end) as b1 from params, log),
between_them as (select *, coalesce(after_from, case by_column when '' then b1 - to_days(half) else begins_at end) as b0 from after_it),
before_it as (select *, coalesce(before_to, case by_column when '' then b0 else last_at end) as a1 from between_them)
select by_column, before_is, after_is, coalesce(before_from, case by_column when '' then a1 - (b1 - b0) else begins_at end) as a0, a1, b0, b1, begins_at,
    by_column <> '' or coalesce(before_from, before_to, after_from, after_to) is not null as is_asked
from before_it
"""
SIDES = """
create or replace temp table stat_compare_calls as
with named as (
    select c.*, coalesce(request_model, response_model) as model, p.*,
        case by_column when 'release' then release when 'prompt_version' then prompt_version
            when 'model' then coalesce(request_model, response_model) end as said
    from calls c, stat_periods p where started_at < greatest(a1, b1) and started_at >= least(a0, b0) - to_days({memory})
),
sided as (
    select *, case when started_at >= b0 and started_at < b1 and (by_column = '' or said = after_is) then 'after'
        when started_at >= a0 and started_at < a1 and (by_column = '' or said = before_is) then 'before'
        when started_at < a0 and by_column = '' then 'earlier' end as side
    from named
),
dated as (
    select *, case side when 'after' then b0 else a0 end as origin,
        floor(date_diff('second', case side when 'after' then b0 else a0 end, started_at) / 86400e0)::integer as block
    from sided where side is not null
)
select side, (origin + to_days(block))::date as day, case by_column when 'model' then null else feature end as feature,
    case by_column when 'model' then null else model end as model, sample_weight as w, input_tokens as read, output_tokens as written, cost_usd::double as cost,
    case when status is not null then (status in ('error', 'timeout'))::integer end as failed,
    case when app_cache is distinct from 'hit' and coalesce(status, '') not in ('error', 'blocked', 'shed') and duration_ms is not null
        then greatest(duration_ms, 0.001) end as ms
from dated
where by_column <> '' or (origin + to_days(block) >= begins_at - interval 2 hour
    and origin + to_days(block + 1) <= case side when 'after' then b1 when 'before' then a1 else a0 end)
"""
GROUPED = """
create or replace temp table stat_compare_groups as
with found as (
    select false as is_all, feature, model, count(*) as calls from stat_compare_calls where side <> 'earlier' group by feature, model
    having count(*) filter (where side = 'before') > 0 and count(*) filter (where side = 'after') > 0 order by calls desc, feature, model limit {groups}
),
united as (select true as is_all, null as feature, null as model, count(*) as calls from stat_compare_calls where side <> 'earlier' union all from found)
select row_number() over (order by is_all desc, calls desc, feature, model)::integer as grp, * from united
"""
MEMBERS = """
create or replace temp table stat_compare_members as
select 1 as grp, * from stat_compare_calls
union all
select g.grp, c.* from stat_compare_calls c
join stat_compare_groups g on not g.is_all and c.feature is not distinct from g.feature and c.model is not distinct from g.model
"""
BINNED = """
create or replace temp table stat_compare_bins as
select grp, side, floor({bins} * ln(ms))::integer as bin, sum(w) as n from stat_compare_members
where ms is not null and side <> 'earlier' group by grp, side, bin
"""
P95 = """
create or replace temp table stat_compare_p95 as
with below as (select *, sum(n) over (partition by grp, side order by bin) / sum(n) over (partition by grp, side) as share from stat_compare_bins),
rough as (select grp, side, exp((min(bin) + 0.5) / {bins}) as ms from below where share >= 0.95 group by grp, side),
plain as (
    select grp, side, quantile_cont(ms, 0.95) as ms from stat_compare_members where side <> 'earlier' and ms is not null
    group by grp, side having min(w) = max(w)
)
select r.grp, max(coalesce(p.ms, r.ms)) filter (r.side = 'before') as p95, max(coalesce(p.ms, r.ms)) filter (r.side = 'after') as p95_after
from rough r left join plain p using (grp, side) group by r.grp
"""
# s is the day's value times its weight k; q the variance of one call's value.
DAYS = """
create or replace temp table stat_compare_days as
with summed as (
    select grp, side, day, unnest([
        {{metric: 'latency_mean', n: count(ms), k: sum(w) filter (ms is not null), s: sum(w * ln(ms)), q: var_pop(ln(ms)), level: sum(w * ms)}},
        {{metric: 'latency_p95', n: count(ms), k: sum(w) filter (ms is not null), s: sum(w * (ms > p95)::integer), q: 0.0475, level: null}},
        {{metric: 'input_tokens', n: count(read), k: sum(w) filter (read is not null), s: sum(w * ln(greatest(read, 1))) filter (read is not null),
            q: var_pop(ln(greatest(read, 1))) filter (read is not null), level: sum(w * read)}},
        {{metric: 'output_tokens', n: count(written), k: sum(w) filter (written is not null), s: sum(w * ln(greatest(written, 1))) filter (written is not null),
            q: var_pop(ln(greatest(written, 1))) filter (written is not null), level: sum(w * written)}},
        {{metric: 'cost', n: count(cost), k: sum(w) filter (cost is not null),
            s: sum(w) filter (cost is not null) * ln(nullif(sum(w * cost), 0) / sum(w) filter (cost is not null)),
            q: var_pop(cost) / nullif(power(avg(cost), 2), 0), level: sum(w * cost)}},
        {{metric: 'error_rate', n: count(failed), k: sum(w) filter (failed is not null), s: sum(w * failed),
            q: greatest(avg(failed) * (1 - avg(failed)), 1e0 / count(*)), level: sum(w * failed)}}
    ], recursive := true)
    from stat_compare_members left join stat_compare_p95 using (grp) group by grp, side, day
)
select grp, metric, side, day, n, k, s / k as value, coalesce(q, 0) / n as noise, level from summed where n >= 5 and s is not null
"""
LEVELS = """
select d.grp, d.metric, any_value(g.is_all), any_value(g.feature), any_value(g.model), sum(d.n)::bigint,
    case d.metric when 'latency_p95' then any_value(p.p95) else sum(level) filter (side = 'before') / sum(d.k) filter (side = 'before') end,
    case d.metric when 'latency_p95' then any_value(p.p95_after) else sum(level) filter (side = 'after') / sum(d.k) filter (side = 'after') end
from stat_compare_days d join stat_compare_groups g using (grp) left join stat_compare_p95 p using (grp)
where side <> 'earlier' group by d.grp, d.metric having count(*) filter (side = 'before') > 0 and count(*) filter (side = 'after') > 0 order by d.grp, d.metric
"""


@dataclass(frozen=True)
class Series:
    """One metric of one feature and model: its days (side, day, value, noise), plain levels of both periods, and durations of the second in bins."""

    metric: str
    is_all: bool
    feature: str | None
    model: str | None
    calls: int
    before: float | None
    after: float | None
    days: list[tuple[str, dt.date, float, float]]
    bins: dict[int, float] = field(default_factory=dict)

    def above(self, share: float) -> float | None:
        """The duration that `share` of the second period's calls exceed, as a change of the first period's 95th percentile; None beyond what was seen."""
        total, left = sum(self.bins.values()), 0.0
        if not self.before or not total or not 0 < share < 1:
            return None
        for bin_no in sorted(self.bins, reverse=True):
            left += self.bins[bin_no]
            if left >= share * total:
                return math.exp((bin_no + (left - share * total) / self.bins[bin_no]) / BINS) / self.before - 1
        return None


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temp tables."""
    for statement in (PERIODS, SIDES, GROUPED, MEMBERS, BINNED, P95, DAYS):
        con.execute(statement.format(memory=MEMORY_DAYS, groups=GROUPS, bins=BINS))


def read(con: duckdb.DuckDBPyConnection) -> Iterator[Series]:
    """The series, all calls together first."""
    days: dict[tuple[int, str], list[tuple[str, dt.date, float, float]]] = defaultdict(list)
    bins: dict[int, dict[int, float]] = defaultdict(dict)
    for grp, metric, *day in con.execute("select grp, metric, side, day, value, noise from stat_compare_days order by all").fetchall():
        days[grp, metric].append((day[0], day[1], day[2], day[3]))
    for grp, bin_no, n in con.execute("select grp, bin, n from stat_compare_bins where side = 'after'").fetchall():
        bins[grp][bin_no] = n
    for grp, metric, is_all, feature, model, calls, before, after in con.execute(LEVELS).fetchall():
        seconds = bins[grp] if metric == "latency_p95" else {}
        yield Series(metric, is_all, feature, model, calls, before, after, days[grp, metric], seconds)


def paired(con: duckdb.DuckDBPyConnection) -> bool:
    """Two variants that served the same days."""
    by_column = con.execute("select by_column from stat_periods").fetchall()
    return bool(by_column and by_column[0][0])
