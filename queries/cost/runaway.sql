/*---
question  = "Did an hour run away, or an agent run in circles?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.started_at"]
min_calls = 100
engine    = "duckdb"  # medians of padded lists
results   = ["verdict", "evidence", "hourly"]
passes    = "No hour ran away and no request in circles[: {hours_judged:int} hours of the latest 30 days were held against the fortnight before each]; the request with the most calls made {most_calls:int}."
fails     = "[{hour_usd:usd} went in the hour from {hour_at:time}, {hour_times:num} times the dearest hour around it][, {hour_share:pct0} of it by {hour_who}][{joint}{loops:request|requests} ran in circles: {loop_id} made {loop_calls:int} calls within {minutes:int} minutes with ever longer input, and cost {loop_usd:usd}]."
info      = "Hours cannot be judged: that takes 14 days before them, with spend in 48 hours or more[; the request with the most calls made {most_calls:int}]."
why       = "A loop spends a month's budget in a night: every step sends all steps before it again. It ends when somebody looks, so look by the hour."
fix       = "1. Stop it: the user, key or trace is named. 2. Bound every agent: steps, minutes and money a request. 3. End a loop that repeats the same tool call. 4. Retries: few, with growing waits. 5. Cap spend a key and hour at the provider or gateway."
[[chart]]
kind   = "bars-over-time"
result = "hourly"
title  = "Spend an hour, latest week; runaway hours in red"
x      = "window_start"
y      = "spend"
mark   = "is_runaway"
[columns]
kind         = { label = "What" }
name         = { label = "Who", help = "of an hour its largest user, trace or session; of a loop the trace or session" }
feature      = { label = "Feature" }
started_at   = { label = "From", unit = "time" }
spend        = { label = "Spend", unit = "usd" }
usual_usd    = { label = "Dearest usual", unit = "usd", help = "the dearest hour of the 14 days before and of the days after, the hours beside it left out" }
n_calls      = { label = "Calls", unit = "int" }
who_share    = { label = "Its share", unit = "pct0", help = "of the hour's spend; of a loop: of its feature's spend that day" }
input_from   = { label = "Input, first third", unit = "tok", help = "mean a call" }
input_to     = { label = "Input, last third", unit = "tok" }
window_start = { label = "Hour", unit = "time" }
is_runaway   = { label = "Runaway", unit = "bool" }
---*/
-- An hour ran away: ten calls or more, after a fortnight with spend in 48 hours or more, and more than 5 times the median of the same hour of 14 days, 3 times the mean hour (or the budget's hour) and twice the
-- dearest hour of those days and of the three days that follow it: a rise that stays is cost/by_feature's.
-- A loop: a trace or session with 30 calls within 10 minutes, 5 times what 95 of 100 requests of this log make, whose input grows (correlation with the
-- number of the call 0.7, last third half as much again as the first) and that took a fifth of its feature's day.
create or replace temp table hours as
with params as (
    select coalesce(getvariable('budget_usd'), 0) as budget_usd -- of a month of 30 days; the mean hour of the fortnight before where there is none
),
sums as (select date_trunc('hour', started_at) as hour, sum(sample_weight * cost_usd) as spend, count(*) as n_calls from calls where cost_usd > 0 and started_at is not null group by 1),
span as (select max(hour) as last, min(hour) as first from sums),
judged as (select s.* from sums s, span where s.hour > last - interval 30 day and s.hour >= first + interval 14 day and s.n_calls >= 10),
held as (
    select j.hour, coalesce(sum(b.spend) filter (b.hour < j.hour), 0) / 336 as mean_hour, max(b.spend) as dearest,
        list_aggregate(list_resize(coalesce(list(b.spend) filter (b.hour < j.hour and extract(hour from b.hour) = extract(hour from j.hour)), []), 14, 0), 'median') as same_hour
    from judged j left join sums b on b.hour >= j.hour - interval 14 day and b.hour <= j.hour + interval 96 hour and (b.hour < j.hour - interval 5 hour or b.hour >= j.hour + interval 24 hour) group by j.hour having count(*) filter (b.hour < j.hour) >= 48
)
select s.*, h.dearest as usual_usd, h.hour is not null as is_judged, coalesce(s.spend > 5 * same_hour and s.spend > 3 * case when budget_usd > 0 then budget_usd / 720 else mean_hour end and s.spend > 2 * dearest, false) as is_runaway
from sums s cross join params left join held h on s.hour = h.hour;

create or replace temp table requests as
select coalesce(trace_id, session_id) as request, count(*) as n_calls from calls where coalesce(trace_id, session_id) is not null group by 1;

create or replace temp table loops as
with params as (
    select coalesce(getvariable('loop_calls'), 30) as loop_calls, -- calls within loop_minutes from which growing input is a loop
        coalesce(getvariable('loop_minutes'), 10) as loop_minutes, -- length of the window
        coalesce(getvariable('min_day_share'), 0.2) as min_day_share -- share of its feature's spend that day below which it is let be
),
usual as (select quantile_disc(n_calls, 0.95) as n from requests),
busy as (select request from requests, usual, params where n_calls >= greatest(loop_calls, 5 * usual.n)),
steps as (
    select coalesce(c.trace_id, c.session_id) as request, c.feature, c.started_at, c.input_tokens, c.sample_weight * coalesce(c.cost_usd, 0) as usd, row_number() over (partition by coalesce(c.trace_id, c.session_id) order by c.started_at, c.call_id) as place
    from calls c where coalesce(c.trace_id, c.session_id) in (select request from busy) and c.started_at is not null
),
dense as (select s.*, count(*) over (partition by request order by started_at range between to_minutes(cast((select loop_minutes from params) as integer)) preceding and current row) as within, ntile(3) over (partition by request order by place) as third from steps s),
summed as (
    select request, min(feature) as feature, min(started_at) as started_at, sum(usd) as spend, count(*) as n_calls, max(within) as densest, corr(input_tokens, place) as grows,
        avg(input_tokens) filter (third = 1) as input_from, avg(input_tokens) filter (third = 3) as input_to from dense group by request
),
days as (select feature, date_trunc('day', started_at) as day, sum(sample_weight * cost_usd) as spend from calls where cost_usd > 0 and (select count(*) from summed) > 0 group by 1, 2)
select s.*, s.spend / d.spend as day_share from summed s cross join params cross join usual left join days d on d.feature is not distinct from s.feature and d.day = date_trunc('day', s.started_at)
where densest >= greatest(loop_calls, 5 * usual.n) and grows >= 0.7 and input_to >= 1.5 * input_from and s.spend >= min_day_share * d.spend;

create or replace temp table hour_senders as
with parts as (
    select h.hour, h.spend, concat('user ', c.user_id) as who, sum(c.sample_weight * c.cost_usd) as usd from hours h join calls c on date_trunc('hour', c.started_at) = h.hour where h.is_runaway and c.cost_usd > 0 and c.user_id is not null group by h.hour, h.spend, c.user_id
    union all
    select h.hour, h.spend, coalesce(c.trace_id, c.session_id), sum(c.sample_weight * c.cost_usd) from hours h join calls c on date_trunc('hour', c.started_at) = h.hour where h.is_runaway and c.cost_usd > 0 and coalesce(c.trace_id, c.session_id) is not null group by 1, 2, 3
)
select hour, who, usd / spend as share from parts where usd >= 0.2 * spend qualify row_number() over (partition by hour order by usd desc, who) = 1;

with every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n, count(cost_usd) as prices from calls),
worst as (select h.*, s.who, s.share from hours h left join hour_senders s on h.hour = s.hour where is_runaway order by h.spend desc, h.hour limit 1),
loop as (select *, count(*) over () as loops from loops order by spend desc, request limit 1)
select case when e.prices = 0 then 'unknown' when w.hour is not null then 'fail' when l.request is not null then 'warn' when j.n > 0 then 'ok' else 'info' end as verdict, e.n, w.spend / nullif(w.usual_usd, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis,
    2e0 as min_effect, cast(null as double) as p_value, case when e.prices = 0 then 'no call has a price, see cost/unpriced' end as reason, nullif(j.n, 0) as hours_judged, coalesce((select max(n_calls) from requests), 1) as most_calls, coalesce(getvariable('loop_minutes'), 10) as minutes,
    w.spend as hour_usd, w.hour as hour_at, w.spend / nullif(w.usual_usd, 0) as hour_times, w.share as hour_share, w.who as hour_who, case when w.hour is null then '' else '; ' end as joint, l.loops, l.request as loop_id, l.densest as loop_calls, l.spend as loop_usd
from every e cross join (select count(*) filter (is_judged) as n from hours) j left join worst w on true left join loop l on true;

select 'hour' as kind, s.who as name, cast(null as varchar) as feature, h.hour as started_at, h.spend, h.usual_usd, h.n_calls, s.share as who_share, cast(null as double) as input_from, cast(null as double) as input_to from hours h left join hour_senders s on h.hour = s.hour where is_runaway
union all select 'loop', request, feature, started_at, spend, null, n_calls, day_share, input_from, input_to from loops order by spend desc, started_at, name;

select hour as window_start, spend, is_runaway from hours where hour > (select max(hour) from hours) - interval 7 day or is_runaway order by hour limit 400;
