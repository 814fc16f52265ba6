/*---
question  = "What was spent each day?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.started_at"]
results   = ["verdict", "evidence", "chart"]
engine    = "duckdb"  # time zones
passes    = "{spend:usd}[ (up to {high:usd})] on {days:day|days} with calls[; a whole day costs {value:usd} in the middle, {lo:usd} to {hi:usd} in nine of ten, and most on {top_day:date}: {top_usd:usd}][. {partial_words}].[ Days are those of {zone}.]"
fails     = "{spend:usd}[ (up to {high:usd})] on {days:day|days} with calls[; a whole day costs {value:usd} in the middle, {lo:usd} to {hi:usd} in nine of ten, and most on {top_day:date}: {top_usd:usd}][. {partial_words}].[ Days are those of {zone}.]"
why       = "Money is spent by the day and seen by the month. The bare days show a step, a weekend and a bad night, which every moving average smooths away."
fix       = "1. A day stands out: cost/anomalies says whether it is more than chance, and whose it was. 2. A step that stays: cost/by_feature. 3. Where is the month going: cost/forecast. 4. Days of another zone than UTC: -p timezone=Europe/Berlin."
[[chart]]
kind   = "bars-over-time"
result = "evidence"
title  = "Spend a day"
x      = "day"
y      = "spend"
mark   = "is_partial"
[[chart]]
kind   = "lines-over-time"
result = "chart"
title  = "The same beside its mean of seven days"
x      = "day"
y      = ["spend", "week_mean"]
[columns]
day          = { label = "Day", unit = "date", help = "in the zone of the parameter timezone, UTC unless set; a call belongs to the day it started" }
is_partial   = { label = "Partial", unit = "bool", help = "the log begins or ends more than two hours inside this day" }
n_calls      = { label = "Calls", unit = "int" }
priced_share = { label = "Priced", unit = "pct", help = "of the day's calls that may have cost something" }
tokens       = { label = "Tokens", unit = "tok" }
spend        = { label = "Spend", unit = "usd" }
spend_high   = { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
mean_usd     = { label = "Per call", unit = "usd", help = "mean over priced calls" }
week_mean    = { label = "Mean of seven days", unit = "usd", help = "this day and the six before it, only where all seven are whole; days without a call count as 0" }
running_usd  = { label = "Month so far", unit = "usd" }
---*/
-- Descriptive. Days are never replaced by a mean, and days without any call have no row: nothing tells whether nothing was spent or nothing was logged.
create or replace temp table days as
with params as (
    select coalesce(getvariable('timezone'), 'UTC') as timezone -- zone of the days, e.g. Europe/Berlin
),
quarters as ( -- every offset from UTC is a multiple of a quarter of an hour: so few rows need a zone
    select time_bucket(interval 15 minute, started_at) as utc_at, sum(sample_weight) as n, sum(sample_weight) filter (money = 'priced') as priced, sum(sample_weight) filter (money <> 'refused') as billable,
        sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) as tokens, sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high
    from call_costs where started_at is not null group by 1
),
placed as (select *, (utc_at at time zone 'UTC') at time zone timezone as local_at from quarters, params)
select date_trunc('day', local_at) as day, sum(n) as n, sum(priced) as priced, sum(billable) as billable, sum(tokens) as tokens, sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high,
    (row_number() over (order by date_trunc('day', local_at)) = 1 and date_diff('minute', date_trunc('day', local_at), min(local_at)) > 120)
        or (row_number() over (order by date_trunc('day', local_at) desc) = 1 and date_diff('minute', max(local_at), date_trunc('day', local_at) + interval 1 day) > 120) as is_partial, max(timezone) as timezone
from placed group by 1;

create or replace temp table shown as
select day, is_partial, n, priced, billable, tokens, spend, spend_high, timezone, sum(spend) over (partition by date_trunc('month', day) order by day) as running_usd,
    case when not bool_or(is_partial) over week and day - interval 6 day >= min(day) over () then cast(sum(spend) over week as double) / 7 end as week_mean
from days window week as (order by day range between interval 6 day preceding and current row);

with usual as (
    select quantile_cont(cast(spend as double), 0.5) as p50, quantile_cont(cast(spend as double), 0.05) as p5, quantile_cont(cast(spend as double), 0.95) as p95 from days where not is_partial having count(*) >= 7
),
total as (select sum(n) as n, sum(spend) as spend, count(*) as days, count(*) filter (is_partial) as partials, nullif(max(timezone), 'UTC') as zone, case when count(*) = count(spend_high) and sum(spend_high) > sum(spend) then sum(spend_high) end as high from days),
undated as (select count(*) as n, sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high
    from call_costs where started_at is null),
top as (select day as top_day, spend as top_usd from days where spend is not null order by spend desc, day limit 1)
select case when t.spend is null then 'unknown' else 'info' end as verdict, cast(round(coalesce(t.n, 0)) as bigint) as n, u.p50 as value, u.p5 as lo, u.p95 as hi, 'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when t.spend is null then 'no call has a price, see cost/unpriced' end as reason, t.spend, t.high, t.zone, t.days, top.top_day, top.top_usd,
    nullif(concat_ws('; ', case when t.partials = 1 then 'One day is partial and marked' when t.partials > 1 then cast(t.partials as varchar) || ' days are partial and marked' end,
        case when d.n > 0 then concat(cast(d.n as varchar), ' calls without a time are on no day') end), '') as partial_words
from total t cross join undated d left join usual u on true left join top on true;

select day, is_partial, cast(round(n) as bigint) as n_calls, priced / nullif(billable, 0) as priced_share, cast(round(tokens) as bigint) as tokens, spend, spend_high, spend / nullif(priced, 0) as mean_usd, week_mean, running_usd
from shown order by day desc;

select day, spend, week_mean from shown order by day desc limit 500;
