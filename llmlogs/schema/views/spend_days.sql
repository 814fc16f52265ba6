-- Spend of every whole day (view call_days) of the whole bill, each feature and each model, held against what was usual. kind: bill | feature | model; name.
-- spend, usual_usd [USD], n_calls [logged calls with a cost]. usual_usd: median of ln(spend) over the days with spend among the 28 before, weekdays evened out;
-- the median of the three days before or of the three after where that is higher, so that a rise that stays is not usual's opposite.
-- scale [ln]: 1.4826 times the median absolute deviation of those days (Hampel 1974), never below what their number of calls alone makes (compound Poisson) nor 0.05.
-- p_one: chance of so large a day, one-sided: deviation / scale as Student's t with 10 degrees of freedom (a MAD of 28 days is as sure as a variance of 10).
-- usual_usd, scale and p_one are NULL below 14 days with spend before.
create or replace view spend_days as
with sums as (
    select feature, model, day_no, day_start, sum(sample_weight * cost_usd) as usd, sum(power(sample_weight * cost_usd, 2)) as squares, count(*) as n_calls
    from call_days where cost_usd > 0 group by feature, model, day_no, day_start
),
named as (
    select 'bill' as kind, cast(null as varchar) as name, day_no, day_start, usd, squares, n_calls from sums
    union all select 'feature', feature, day_no, day_start, usd, squares, n_calls from sums where feature is not null
    union all select 'model', model, day_no, day_start, usd, squares, n_calls from sums where model is not null
),
spent as (
    select kind, name, day_no, day_start, sum(usd) as spend, sum(squares) / power(sum(usd), 2) as noise, cast(sum(n_calls) as bigint) as n_calls,
        concat(kind, chr(31), name) as series, ln(sum(usd)) as raw
    from named group by kind, name, day_no, day_start
),
weekly as (
    select *, raw - 0.8 * (quantile_cont(raw, 0.5) over (partition by series, extract(dow from day_start)) - quantile_cont(raw, 0.5) over (partition by series)) as x from spent
),
around as (
    select a.series, a.day_no, quantile_cont(b.x, 0.5) filter (b.day_no > a.day_no) as middle, avg(b.noise) filter (b.day_no > a.day_no) as noise,
        count(*) filter (b.day_no > a.day_no) as days, list(b.x) filter (b.day_no > a.day_no) as xs,
        quantile_cont(b.x, 0.5) filter (b.day_no between a.day_no + 1 and a.day_no + 3) as just_before, quantile_cont(b.x, 0.5) filter (b.day_no < a.day_no) as just_after
    from weekly a join weekly b on a.series = b.series and b.day_no between a.day_no - 3 and a.day_no + 28 and b.day_no <> a.day_no group by a.series, a.day_no
),
scaled as (
    select w.*, greatest(a.middle, coalesce(a.just_before, a.middle), coalesce(a.just_after, a.middle)) as usual,
        greatest(1.4826 * list_aggregate(list_transform(a.xs, lambda v: abs(v - a.middle)), 'median'), sqrt(a.noise), 0.05) as scale
    from weekly w left join around a on w.series = a.series and w.day_no = a.day_no and a.days >= 14
),
tested as (
    select *, case when usual is not null then (8 * 10 + 1e0) / (8 * 10 + 3) * sqrt(10 * ln(1 + power(greatest(x - usual, 0) / scale, 2) / 10)) end as z from scaled -- Wallace 1959
)
select kind, name, series, day_no, day_start, spend, n_calls, spend / exp(x - usual) as usual_usd, case when usual is not null then scale end as scale,
    exp(-z * z / 2) / sqrt(2 * pi()) / (0.661 * z + 0.339 * sqrt(z * z + 5.51)) as p_one -- upper tail of the normal: Börjesson and Sundberg 1979
from tested;
