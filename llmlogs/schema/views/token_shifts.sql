-- Moments at which the tokens of a call may have changed for good: for each series of day_tokens the last one, two and three days against the up to 28
-- before them, and the split of older days that view series_shifts finds. At most four rows a series; which of them is a change, the question says.
-- The day is the unit. The weekend's usual effect, from the days before and shrunk by effect^2 / (effect^2 + se^2), is taken out. A day varies by
-- sampling (noise) and by a movement of its own (what the days before vary beyond it), so that a busy day is not judged by a quiet one.
-- needed = |t| that a clean series rarely reaches: 3.8 where calls name their users; 4.5 where half or more do not, for then it matters who was active;
-- 3 where a new prompt version, model or release began with those days (view token_events: no search, one test). NULL for older splits: see p_value.
-- se, for intervals, takes days as correlated (0.45 from one to the next, as stats.day_block_test does); t does not, and needed was found with that t.
-- shift, se, smallest_shift [ln tokens]; smallest_shift is what three days would have shown (|t| of 3.8 or 4.5, power 95 %); z = the normal deviate of t.
create or replace view token_shifts as
with numbered as (
    select *, row_number() over one as i, count(*) over (partition by series) as days, cast(sum(n) over (partition by series) as bigint) as n_all
    from series_days where metric in ('input_tokens', 'output_tokens') window one as (partition by series order by day_no)
),
split as (select d.*, k, i <= k as is_after from numbered d, range(1, 4) as tried(k) where days >= 8 and i <= k + 28),
usual as (
    select series, k, count(*) as n_days, avg(weekend_share) as w0, avg(value) as y0, avg(noise) as noise0, var_pop(weekend_share) * count(*) as sww,
        case when count(*) >= 14 and var_pop(weekend_share) > 1e-9 then covar_pop(weekend_share, value) / var_pop(weekend_share) else 0 end as slope,
        var_pop(value) * count(*) as syy, sum(n) as calls, avg(user_share) as user_share
    from split where not is_after group by series, k having count(*) >= 7
),
weekends as (select *, case when slope = 0 then 0 else greatest(syy - slope * slope * sww, 0) / (n_days - 2) / sww end as slope_var from usual),
shrunk as (select *, slope * slope * slope / nullif(slope * slope + slope_var, 0) as kept, slope_var * slope * slope / nullif(slope * slope + slope_var, 0) as kept_var from weekends),
-- squares left when the kept part of the weekend's effect is taken out
moving as (select * replace (coalesce(kept, 0) as kept, coalesce(kept_var, 0) as kept_var), greatest((syy - (2 * slope - coalesce(kept, 0)) * coalesce(kept, 0) * sww) / (n_days - 2), 1e-10) as variance from shrunk),
since as (
    select metric, series, feature, provider, model, k, any_value(days) as days, any_value(n_all) as n_all, min(day_start) filter (is_after) as changed_at,
        avg(value) filter (is_after) as y1, avg(weekend_share) filter (is_after) as w1, avg(noise) filter (is_after) as noise1, avg(level) filter (is_after) as level_after,
        avg(level) filter (not is_after) as level_before
    from split group by metric, series, feature, provider, model, k
),
compared as (
    select *, y1 - y0 - kept * (w1 - w0) as shift, greatest(variance - noise0, 0) as own,
        sqrt((own + noise1) / k + (own + noise0) / n_days + kept_var * power(w1 - w0, 2)) as se_apart,
        sqrt((own * [1, 1.45, 1.735][k] + noise1) / k + (own * 2.64 + noise0) / n_days + kept_var * power(w1 - w0, 2)) as se, case when user_share > 0.5 then 3.8e0 else 4.5e0 end as usually_needed
    from since join moving using (series, k)
),
recent as (
    select c.*, shift / se_apart as t, (8 * (n_days - 2) + 1e0) / (8 * (n_days - 2) + 3) * sqrt((n_days - 2) * ln(1 + power(shift / se_apart, 2) / (n_days - 2))) as z,
        exists (from token_events e where c.feature is not distinct from e.feature and c.model is not distinct from e.model
            and e.began_at > c.changed_at - interval 24 hours and e.began_at <= c.changed_at + interval 6 hours) as has_event,
        (usually_needed + 1.64) * max(se_apart) filter (k = 3) over (partition by series) as smallest_shift
    from compared c
)
select metric, series, feature, provider, model, cast(days as integer) as days, cast(k as integer) as days_after, changed_at, shift, se, t, z, has_event,
    case when has_event then 3e0 else usually_needed end as needed, level_before, level_after, n_all,
    -- upper tail of the normal: Börjesson and Sundberg 1979
    least(1e0, 2 * 3 * exp(-z * z / 2) / sqrt(2 * pi()) / (0.661 * z + 0.339 * sqrt(z * z + 5.51))) as p_value, smallest_shift
from recent
union all by name
select metric, series, feature, provider, model, days, days_after, changed_at, shift, se, t, z, level_before, level_after, n_all, p_value
from series_shifts where metric in ('input_tokens', 'output_tokens') and days_after > 3;
