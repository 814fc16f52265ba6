/*---
question  = "Was there a day that cost far more than usual, and who spent it?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.started_at"]
min_calls = 100
results   = ["verdict", "evidence", "daily"]
passes    = "No day stands out among the latest 30 of {series:int} series (the bill, features, models), each held against the 28 days before it; a day of {min_effect:num} times the usual bill would have been seen."
fails     = "{worst_usd:usd} in the 24 hours from {worst_at:time} for {worst_name}, {value:num} times the usual {usual_usd:usd}[, {top_share:pct0} of it by {top_who}].[ {more:other day|other days} of a series stood out, too.]"
info      = "An outlier cannot be judged: that takes a day of the latest 30 with 14 days of spend among the 28 before it; this log spans {days:int} whole days."
why       = "A loop, a leaked key or a retry storm spends a month's budget in a night. By the day it has a place and a name."
fix       = "1. Look at the sender named: user or trace. 2. Cap what one user, trace and key may spend a day. 3. Bound loops: steps, retries and time of an agent (cost/runaway). 4. A launch or a load test? Then it was wanted; a rise that stays is in cost/by_feature."
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Spend a day; days that stand out in red"
x      = "day"
y      = "spend"
mark   = "is_outlier"
[columns]
series       = { label = "Where" }
started_at   = { label = "From", unit = "time" }
spend        = { label = "Spend", unit = "usd" }
usual_usd    = { label = "Usual", unit = "usd", help = "median of the 28 days before, weekdays evened out; that of the three days on either side where higher" }
times        = { label = "Times", unit = "num" }
n_calls      = { label = "Calls", unit = "int" }
top_user     = { label = "Largest user" }
top_user_share = { label = "Its part", unit = "pct0" }
top_request  = { label = "Largest request", help = "trace, else operation, else session" }
top_request_share = { label = "Of the day", unit = "pct0" }
p_one        = { label = "p", unit = "num", help = "for all days and series tested together" }
day          = { label = "Day from (UTC)", unit = "date" }
is_outlier   = { label = "Stands out", unit = "bool" }
---*/
-- A day stands out from its series (view spend_days: robust normal deviate of ln(spend) against the 28 days before) with p < 5 % after counting every day and
-- series of the latest 30 days (Bonferroni), at 1.5 times the usual or more, adding 5 % of a usual day's whole bill. A rise that stays is cost/by_feature's.
create or replace temp table outlier_days as
with params as (
    select coalesce(getvariable('min_times'), 1.5) as min_times, -- smallest multiple of the usual day that stands out
        coalesce(getvariable('min_bill_share'), 0.05) as min_bill_share -- and what it must add to a usual day's whole bill
),
tested as (
    select *, least(1e0, p_one * count(p_one) over ()) as p_all, count(p_one) over () as tests, max(usual_usd) filter (kind = 'bill') over (partition by day_no) as bill
    from spend_days where day_no < 30
)
select t.*, p.min_times, spend / usual_usd as times, coalesce(p_all < 0.05 and spend / usual_usd >= min_times and spend - usual_usd >= min_bill_share * coalesce(bill, usual_usd), false) as is_outlier
from tested t, params p;

create or replace temp table senders as
with found as (select kind, name, day_no, spend from outlier_days where is_outlier),
spent as (
    select f.kind, f.name, f.day_no, f.spend, c.user_id, coalesce(c.trace_id, c.operation_id, c.session_id) as request, c.sample_weight * c.cost_usd as usd
    from found f join call_days c on c.day_no = f.day_no where c.cost_usd > 0 and case f.kind when 'bill' then true when 'feature' then c.feature = f.name else c.model = f.name end
),
summed as (
    select kind, name, day_no, 'user' as is_a, user_id as who, sum(usd) / max(spend) as share from spent where user_id is not null group by kind, name, day_no, user_id
    union all select kind, name, day_no, 'request', request, sum(usd) / max(spend) from spent where request is not null group by kind, name, day_no, request
)
select * from summed qualify row_number() over (partition by kind, name, day_no, is_a order by share desc, who) = 1;

create or replace temp table outliers as
select d.* exclude (series), case d.kind when 'bill' then 'the whole bill' else concat(d.kind, ' ', d.name) end as series, u.who as top_user, u.share as top_user_share, r.who as top_request, r.share as top_request_share
from outlier_days d left join senders u on u.is_a = 'user' and u.kind = d.kind and u.name is not distinct from d.name and u.day_no = d.day_no
left join senders r on r.is_a = 'request' and r.kind = d.kind and r.name is not distinct from d.name and r.day_no = d.day_no where d.is_outlier;

with every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n, count(cost_usd) as prices from calls),
-- deviations that pass 95 times of 100: the test's normal quantile (its tail inverted) as a t of 10 degrees, and 1.64 for the power
sure as (select 1.64 + sqrt(10 * (exp(power(83e0 / 81, 2) * (2 * ln(t / 0.05) - 1.84 - ln(2 * ln(t / 0.05) - 1.84)) / 10) - 1)) as sure from (select greatest(max(tests), 1) as t from outlier_days) u),
scan as (
    select count(distinct series) filter (p_one is not null) as series, coalesce(max(tests), 0) as tests, min(p_all) as p_value, max(min_times) as min_times, exp(quantile_cont(scale, 0.5) filter (kind = 'bill') * max(sure)) as seen
    from outlier_days, sure
),
-- the most particular series that holds most of the day's excess speaks for it
worst as (select * from outliers order by case when times >= 1.5 then round(ln(spend - usual_usd)) end desc, case kind when 'feature' then 0 when 'model' then 1 else 2 end, times desc, day_no limit 1)
select case when e.prices = 0 then 'unknown' when w.times >= 5 then 'fail' when w.times is not null then 'warn' when s.tests > 0 then 'ok' else 'info' end as verdict, e.n, w.times as value, cast(null as double) as lo, cast(null as double) as hi,
    'estimated' as basis, greatest(s.seen, s.min_times) as min_effect, s.p_value, case when e.prices = 0 then 'no call has a price, see cost/unpriced' end as reason, s.series, w.series as worst_name, w.spend as worst_usd, w.day_start as worst_at, w.usual_usd,
    case when w.top_request_share >= 0.2 then w.top_request_share when w.top_user_share >= 0.2 then w.top_user_share end as top_share,
    case when w.top_request_share >= 0.2 then concat('request ', w.top_request) when w.top_user_share >= 0.2 then concat('user ', w.top_user) end as top_who,
    (select nullif(count(*) - 1, 0) from outliers where times is not null) as more, (select coalesce(max(day_no) + 1, 0) from call_days) as days
from every e cross join scan s left join worst w on true;

select series, day_start as started_at, spend, usual_usd, times, n_calls, top_user, top_user_share, top_request, top_request_share, p_all as p_one from outliers order by day_no, spend - usual_usd desc, series;

select day_start as day, spend, is_outlier or day_no in (select day_no from outliers) as is_outlier from (select * from outlier_days where kind = 'bill') b order by day;
