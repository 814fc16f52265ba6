"""Two providers on the same work in the same hours: paired differences, the day as the unit.

A cell is one hour of one feature, model (or all models of the feature), operation and kind of answer, streamed or not. Where both providers answered in
a cell, their mean logarithms are held against each other, cells weighted by n_a * n_b / (n_a + n_b) (Cochran 1954, Some methods for strengthening the
common chi-square tests, Biometrics 10: the weight under equal variances). The cells of a day make one difference; days are tested as in
stats.day_block_test, whose correlated days count for less. Load, users and the hour of the day are the same on both sides; length of answers need not be,
and is a metric of its own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from llmlogs.stats import Inputs
from llmlogs.stats.benjamini_hochberg import adjust
from llmlogs.stats.day_block_test import Day, Shift, compare

if TYPE_CHECKING:
    import duckdb

LEAST_PAIRS = 5.0  # summed weight of the cells of a day, below which the day is left out
MOST_PAIRS = 100  # pairs of providers, those with most calls
METRICS = ("duration", "first_token", "output_tokens")

CELLS = """
create or replace temp table stat_hours as
with waits as (
    select provider, model, feature, coalesce(operation, 'chat') as operation, coalesce(stream, false) as is_stream, date_trunc('hour', started_at) as hour,
        sample_weight as w,
        unnest([ln(greatest(duration_ms, 1)), case when ttft_ms is not null then ln(greatest(ttft_ms, 1)) end,
            ln(nullif(output_tokens, 0))]) as y,
        unnest(['duration', 'first_token', 'output_tokens']) as metric
    from call_waits where provider is not null and started_at is not null and service_tier is distinct from 'batch'
),
sums as (
    select metric, provider, model, feature, operation, is_stream, hour, sum(w) as w, sum(w * w) as ww, sum(w * y) as wy, sum(w * y * y) as wyy, count(*) as n
    from waits where y is not null group by all
),
named as ( -- a model at two providers; a feature at two providers that share no model of it
    select 'model' as kind, model as name, * from sums where model is not null
    union all
    select 'feature', feature, metric, provider, null, feature, operation, is_stream, hour, sum(w), sum(ww), sum(wy), sum(wyy), sum(n) from sums
    where feature is not null group by metric, provider, feature, operation, is_stream, hour
)
select * exclude (w, ww, wy, wyy), w * w / ww as k, wy / w as mean, greatest(wyy / w - power(wy / w, 2), 0) as variance from named
"""
PAIRS = """
create or replace temp table stat_pairs as
with joined as (
    select a.kind, a.name, a.metric, a.feature, a.model, a.hour, a.provider as a, b.provider as b, a.k as ka, b.k as kb, a.k * b.k / (a.k + b.k) as h,
        a.n as na, b.n as nb,
        a.mean as ma, b.mean as mb, a.variance as va, b.variance as vb
    from stat_hours a join stat_hours b on a.provider < b.provider and a.metric = b.metric and a.kind = b.kind and a.hour = b.hour and a.name = b.name
        and a.feature is not distinct from b.feature and a.operation = b.operation and a.is_stream = b.is_stream
),
shared as (select distinct feature, a, b from joined where kind = 'model' and feature is not null)
select j.*, dense_rank() over (order by sum_n desc, j.kind, j.name, j.a, j.b)::integer as pair
from (select *, sum(na + nb) filter (metric = 'duration') over (partition by kind, name, a, b) as sum_n from joined) j
where j.kind = 'model' or (j.feature, j.a, j.b) not in (select (feature, a, b) from shared)
qualify pair <= {most}
"""
# Variance of a cell's mean: that of all cells pooled, for single calls have none of their own.
DAYS = """
with pooled as (select pair, metric, sum(ka * va) / nullif(sum(ka) - count(*), 0) as va, sum(kb * vb) / nullif(sum(kb) - count(*), 0) as vb
    from stat_pairs group by pair, metric)
select p.pair, p.metric, hour::date as day, sum(h * ma) / sum(h), sum(h * mb) / sum(h),
    coalesce(sum(h * h * q.va / ka) / power(sum(h), 2), 0), coalesce(sum(h * h * q.vb / kb) / power(sum(h), 2), 0)
from stat_pairs p join pooled q using (pair, metric) group by p.pair, p.metric, day having sum(h) >= {least} order by all
"""
PAIR = """
select pair, any_value(kind), any_value(name), any_value(a), any_value(b), count(distinct hour), sum(na)::bigint, sum(nb)::bigint
from stat_pairs where metric = 'duration' group by pair order by pair
"""
TABLE = """create or replace temp table stat_provider_pairs (pair integer, kind varchar, name varchar, metric varchar, a varchar, b varchar, hours bigint,
    n_a bigint, n_b bigint, days integer, change double, lo double, hi double, p_value double, q_value double)"""


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_provider_pairs`, a row a (pair of providers, metric): `change` is b over a, minus 1; NULL with its interval below five days of pairs."""
    con.execute(TABLE)
    con.execute(CELLS)
    con.execute(PAIRS.format(most=MOST_PAIRS))
    days: dict[tuple[int, str], list[Day]] = defaultdict(list)
    for pair, metric, day, a, b, noise_a, noise_b in con.execute(DAYS.format(least=LEAST_PAIRS)).fetchall():
        days[pair, metric] += [Day("before", day, a, noise_a), Day("after", day, b, noise_b)]
    shifts = {key: _paired(found) for key, found in days.items()}
    tested = {pair: shift.p_value for (pair, metric), shift in shifts.items() if shift and metric == "duration"}
    adjusted = dict(zip(tested, adjust(list(tested.values())), strict=True))
    rows = [
        (pair, kind, name, metric, *who, len(days.get((pair, metric), ())) // 2, *_told(shifts.get((pair, metric))), adjusted.get(pair))
        for pair, kind, name, *who in con.execute(PAIR).fetchall()
        for metric in METRICS
    ]
    if rows:
        con.executemany(f"insert into stat_provider_pairs values ({', '.join(['?'] * 15)})", rows)


def _paired(days: list[Day]) -> Shift | None:
    return compare(days, paired=True)


def _told(shift: Shift | None) -> tuple[float | None, ...]:
    if shift is None:
        return (None,) * 4
    return *(math.expm1(min(size, 50.0)) for size in (shift.size, shift.size - shift.reach, shift.size + shift.reach)), shift.p_value
