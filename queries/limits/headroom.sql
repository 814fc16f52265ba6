/*---
question  = "How close is the load to its limits, and when will it reach them?"
needs     = ["rate_limits.limit_value | calls.status_code", "calls.started_at"]
min_calls = 100
results   = ["verdict", "evidence", "weeks"]
passes    = "The busiest minutes take {value:pct0} of the {limit_value:num} {kind_said} of {worst_series}[; at this growth the limit is reached {runs_out_at:time}].{caveat}"
info      = "The busiest minutes take {value:pct0} of the {limit_value:num} {kind_said} of {worst_series}; whether they grow can be said after four weeks.{caveat}"
fails     = "The busiest minutes of {worst_series} take {value:pct0} of its {limit_value:num} {kind_said} and grow by {growth:pct0} a week: the limit is reached about {runs_out_at:time}.{caveat}"
why       = "Once the busiest minutes reach the limit, calls are refused or wait, first for minutes, then for hours a day. A larger limit takes days to be granted."
fix       = "Ask for a larger limit now, or take load off the busiest minutes: batch what can wait, a second key or model for background work, shorter prompts where tokens bind."
[[chart]]
kind   = "lines-over-time"
result = "weeks"
title  = "The busiest minutes of each week, as a share of the limit"
x      = "week_start"
y      = "used"
by     = "limit_name"
threshold = 1
log    = false
[columns]
series      = { label = "Limit of", help = "provider / model / start of the key's hash" }
limit_kind  = { label = "Limits", help = "requests, tokens: a minute; others as the headers name them" }
limit_value = { label = "Size", unit = "num" }
basis       = { label = "Basis", help = "measured: a header; estimated: inferred from refusals, see limits/which_limit" }
peak_load   = { label = "Busiest minutes", unit = "num", help = "99.9th percentile of the load in the minute up to each call, last seven days" }
headroom    = { label = "Headroom", unit = "pct0", help = "1 - busiest minutes over the limit" }
growth      = { label = "Growth a week", unit = "pct0", help = "of weekly peaks (Theil-Sen); empty where it is not sure (Mann-Kendall, one-sided 5 %)" }
runs_out_at = { label = "Reached", unit = "time" }
week_start  = { label = "Week from", unit = "time" }
used        = { label = "Used", unit = "pct0" }
limit_name  = { label = "Limit" }
---*/
-- Load: what was sent and not refused, in the minute up to each try; for other scopes what headers say is used. Weeks are counted back from the last call.
-- Growth is that of the rate r behind the busiest minutes, for what chance adds to a busy minute grows slower than the load: peak = r + z sqrt(r lump) + lump (1 + (z^2 - 1) / 6),
-- lump: the typical size of one request (Cornish and Fisher 1938, of a compound Poisson count that holds the request itself). Median of the slopes of ln(r) between all pairs of
-- whole weeks (Sen 1968), from the mean of quantiles .99 to .999, told where it is surely upwards (Kendall's S). As long as r over the week's whole volume has no sure trend of its
-- own, the growth of the volume stands for that of r: the same number, known several times as well.
create or replace temp macro rate_of(peak, z, lump) as power((sqrt(z * z * lump + 4 * greatest(peak - lump * (1 + (z * z - 1) / 6), 0.1 * lump)) - z * sqrt(lump)) / 2, 2);
create or replace temp table peaks as
with known as (select * from try_limits where limit_kind is not null and limit_value > 0),
load as (
    select t.series, t.started_at, t.sample_weight as w, t.sample_weight * (coalesce(t.input_tokens, 0) + coalesce(t.output_tokens, 0)) as size, max(t.started_at) over (partition by t.series) as last_at,
        min(t.started_at) over (partition by t.series) as first_at, sum(t.sample_weight) over minute as requests, sum(t.sample_weight * (coalesce(t.input_tokens, 0) + coalesce(t.output_tokens, 0))) over minute as tokens
    from tries t where t.started_at is not null and not t.is_refused and t.series in (select series from known where limit_kind in ('requests', 'tokens'))
    window minute as (partition by t.series order by t.started_at range between interval 60 second preceding and current row)
),
aged as (select *, cast(floor(date_diff('second', started_at, last_at) / 604800) as integer) as weeks_ago, cast(floor(date_diff('second', first_at, last_at) / 604800) as integer) as whole_weeks from load),
weekly as (
    select series, weeks_ago, max(last_at) as last_at, max(whole_weeks) as whole_weeks, sum(w) as w_volume, sum(size) as t_volume, sum(w * w) / sum(w) as w_lump, sum(size * size) / nullif(sum(size), 0) as t_lump,
        quantile_cont(requests, [0.99, 0.992, 0.994, 0.996, 0.998, 0.999]) as r, quantile_cont(tokens, [0.99, 0.992, 0.994, 0.996, 0.998, 0.999]) as t from aged group by series, weeks_ago
),
both_kinds as (
    select series, weeks_ago, last_at, whole_weeks, unnest(['requests', 'tokens']) as limit_kind, unnest([r[6], t[6]]) as peak, unnest([list_avg(r), list_avg(t)]) as busy, unnest([w_lump, t_lump]) as lump, unnest([w_volume, t_volume]) as volume from weekly
)
select k.series, k.limit_kind, k.limit_value, k.basis, b.weeks_ago, coalesce(b.peak, k.used * k.limit_value) as peak, b.last_at, b.whole_weeks, concat_ws(', ', k.series, k.limit_kind) as limit_name,
    ln(volume) as volume, ln(rate_of(busy, 2.65, lump)) as busy_rate, ln(rate_of(peak, 3.09, lump)) as peak_rate, ln(rate_of(k.limit_value, 3.09, lump)) as limit_rate
from known k left join both_kinds b on k.series = b.series and k.limit_kind = b.limit_kind where coalesce(b.peak, k.used) is not null;

create or replace temp table outlooks as
with params as (
    select coalesce(getvariable('warn_days'), 30) as warn_days -- days before a limit is reached that are a warning
),
whole as (select * from peaks where weeks_ago < greatest(whole_weeks, 1) and peak > 0),
pairs as (
    select a.series, a.limit_kind, unnest(['rate', 'volume', 'ratio']) as measure, unnest([b.busy_rate - a.busy_rate, b.volume - a.volume, b.busy_rate - b.volume - a.busy_rate + a.volume]) as step, a.weeks_ago - b.weeks_ago as apart
    from whole a join whole b on a.series = b.series and a.limit_kind = b.limit_kind and a.weeks_ago > b.weeks_ago
),
trends as (select series, limit_kind, measure, quantile_cont(step / apart, 0.5) as slope, sum(sign(step)) as s, (1 + sqrt(1 + 8 * count(*))) / 2 as n from pairs group by series, limit_kind, measure),
scored as (select *, (abs(s) - 1) / sqrt(n * (n - 1) * (2 * n + 5) / 18) > 1.645 and n >= 4 as is_sure from trends),
sure as (
    select series, limit_kind, any_value(case when t.is_sure and t.slope > 0 then t.slope end) as growing from scored t join (select series as its, limit_kind as kind, is_sure as is_odd from scored where measure = 'ratio') r
    on t.series = r.its and t.limit_kind = r.kind and t.measure = case when r.is_odd then 'rate' else 'volume' end group by series, limit_kind
),
now as (select series, limit_kind, limit_value, basis, limit_name, peak, limit_rate, last_at, coalesce(whole_weeks, 0) as whole_weeks from peaks where coalesce(weeks_ago, 0) = 0),
-- The line of the trend through its weeks' median, at the middle of the last week: one odd week moves it little.
lines as (select w.series, w.limit_kind, quantile_cont(w.peak_rate + s.growing * w.weeks_ago, 0.5) as level from whole w join sure s on w.series = s.series and w.limit_kind = s.limit_kind where s.growing is not null group by w.series, w.limit_kind),
ends as (
    select n.*, 1 - n.peak / n.limit_value as headroom, exp(s.growing) - 1 as growth, case when s.growing is not null then greatest((n.limit_rate - l.level) / s.growing - 0.5, 0) * 7 end as days_left, warn_days
    from now n cross join params left join sure s on n.series = s.series and n.limit_kind = s.limit_kind left join lines l on n.series = l.series and n.limit_kind = l.limit_kind
)
select *, case when days_left <= 3650 then last_at + to_seconds(cast(days_left * 86400 as bigint)) end as runs_out_at, coalesce(days_left <= warn_days, false) as is_near,
    case limit_kind when 'requests' then 'requests a minute' when 'tokens' then 'tokens a minute' when 'requests_day' then 'requests a day' else replace(limit_kind, '_', ' ') end as kind_said from ends;

with worst as (select * from outlooks order by is_near desc, headroom, series, limit_kind limit 1),
seen as (select coalesce(sum(sample_weight), 0) as n, coalesce(max(sample_weight) > 1, false) as is_sampled from tries),
checked as (select count(*) as limits, max(whole_weeks) as whole_weeks from outlooks)
select case when limits = 0 then 'unknown' when is_near then 'warn' when coalesce(checked.whole_weeks, 0) < 4 then 'info' else 'ok' end as verdict, cast(round(seen.n) as bigint) as n, peak / limit_value as value, cast(null as double) as lo, cast(null as double) as hi,
    basis, 0.05e0 as min_effect, cast(null as double) as p_value, series as worst_series, limit_value, kind_said, growth, runs_out_at, case when is_sampled then ' The log is a sample: the busiest minutes are rough.' else '' end as caveat,
    'no limit is known: log the x-ratelimit headers of the answers' as reason
from seen cross join checked left join worst on true;

select series, limit_kind, limit_value, basis, peak as peak_load, headroom, growth, runs_out_at from outlooks order by headroom, series, limit_kind limit 100;

select last_at - to_days(7 * (weeks_ago + 1)) as week_start, limit_name, peak / limit_value as used from peaks where weeks_ago is not null and weeks_ago < greatest(whole_weeks, 1) order by limit_name, week_start;
