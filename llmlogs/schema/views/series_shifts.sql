-- The most striking lasting change of each daily series: the split of its days into before and after with the largest |t|.
-- The day is the unit, never the call: calls of one day share load, users and releases. For every split one least-squares fit
-- value = level + shift * after + slope * weekend_share (no slope below 14 days), from running sums alone; residual variance never below noise.
-- At least 7 days before, 1 after. t is divided by sqrt((1 + r) / (1 - r)), r the day-to-day correlation of what is left, unless the change is
-- three days old or less; p_value is two-sided and counts the splits tried (Bonferroni: 3 for the last three days, else all).
-- shift, se, smallest_shift in the units of value; smallest_shift is what three days would have shown (t of 3.8, power 95 %).
-- value_after = mean of the days after, value_before = value_after - shift (the weekends evened out); level_before, level_after: plain means of level. z = the normal deviate of t.
create or replace view series_shifts as
with sums as (
    select *, weekend_share as w, count(*) over days_of as days, count(*) over later as k, sum(level) over later as l, sum(level) over days_of as l_all,
        avg(noise) over days_of as noise_mean, cast(sum(n) over later as bigint) as n_after, cast(sum(n) over days_of as bigint) as n_all,
        -- centred sums of squares and products: x = after, w = weekend_share, y = value
        var_pop(weekend_share) over days_of * count(*) over days_of as sww, var_pop(value) over days_of * count(*) over days_of as syy,
        coalesce(covar_pop(weekend_share, value) over days_of, 0) * count(*) over days_of as swy,
        sum(weekend_share) over later - count(*) over later * avg(weekend_share) over days_of as sxw,
        sum(value) over later - count(*) over later * avg(value) over days_of as sxy, avg(value) over later as value_after
    from series_days
    window days_of as (partition by metric, series), later as (partition by metric, series order by day_no rows between unbounded preceding and current row)
),
fitted as (
    select *, k * (1 - k * 1e0 / days) as sxx, days >= 14 and sww > 1e-9 and k * (1 - k * 1e0 / days) * sww - sxw * sxw > 1e-3 * sww as with_weekend
    from sums where days >= 8
),
splits as (
    select *, case when with_weekend then (sxy * sww - swy * sxw) / (sxx * sww - sxw * sxw) else sxy / nullif(sxx, 0) end as shift,
        case when with_weekend then (swy * sxx - sxy * sxw) / (sxx * sww - sxw * sxw) else 0 end as slope,
        case when with_weekend then sww / (sxx * sww - sxw * sxw) else 1 / nullif(sxx, 0) end as leverage, days - 2 - cast(with_weekend as integer) as df
    from fitted
),
judged as (
    select *, greatest((syy - shift * sxy - slope * swy) / df, noise_mean, 1e-10) as variance,
        case when days - k >= 7 then shift * shift / (leverage * greatest((syy - shift * sxy - slope * swy) / df, noise_mean, 1e-10)) end as t_squared
    from splits
),
marked as (
    select *, first_value(day_no) over best_first as best_day, value - w * first_value(slope) over best_first as y
    from judged
    window best_first as (partition by metric, series order by t_squared desc nulls last, k)
),
residuals as (select *, y - avg(y) over (partition by metric, series, day_no <= best_day) as e from marked),
lagged as (select *, lag(e) over (partition by metric, series order by day_no) as previous from residuals),
correlated as (
    select *, least(greatest(coalesce(sum(e * previous) over (partition by metric, series) / nullif(sum(e * e) over (partition by metric, series), 0), 0), 0), 0.8) as r from lagged
),
scored as (
    select *, sqrt(variance * leverage) as se, shift / sqrt(variance * leverage) / (case when k <= 3 then 1 else sqrt((1 + r) / (1 - r)) end) as t
    from correlated where day_no = best_day
),
tested as (
    select *, (8 * df + 1e0) / (8 * df + 3) * sqrt(df * ln(1 + t * t / df)) as z from scored -- Wallace 1959
)
select metric, series, feature, provider, model, cast(days as integer) as days, cast(k as integer) as days_after, day_start as changed_at,
    shift, se, t, z, r, value_after, value_after - shift as value_before, l / k as level_after, (l_all - l) / (days - k) as level_before, n_all, n_after,
    -- upper tail of the normal: Börjesson and Sundberg 1979, within 0.3 %
    least(1e0, 2 * (case when k <= 3 then 3 else days - 7 end) * exp(-z * z / 2) / sqrt(2 * pi()) / (0.661 * z + 0.339 * sqrt(z * z + 5.51))) as p_value,
    (3.8 + 1.64) * sqrt(variance * (1e0 / 3 + 1e0 / greatest(days - 3, 1))) as smallest_shift
from tested;
