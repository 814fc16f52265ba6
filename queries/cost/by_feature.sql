/*---
question  = "What does each feature cost, and has one become dearer?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.feature"]
min_calls = 100
results   = ["verdict", "evidence", "daily"]
passes    = "{spend:usd} in all[ (95% interval, from a sample: {spend_lo:usd} to {spend_hi:usd})]; {top_feature} takes {top_share:pct0} of it. No feature's daily spend rose for good; a rise of {min_effect:pct0} for {top_feature} would have been seen."
fails     = "{feature} costs {value:pct0} more a day since {changed_at:date}: a usual day of {before_usd:usd} became one of {after_usd:usd} (95% interval of the rise {lo:pct0} to {hi:pct0})."
info      = "{spend:usd} in all[ (95% interval, from a sample: {spend_lo:usd} to {spend_hi:usd})]; {top_feature} takes {top_share:pct0} of it. A change cannot be judged: that takes 14 whole days with enough calls, and this log spans {days:int}."
why       = "Spend rises quietly: a longer prompt, a dearer model, a loop or simply more users. Seen by feature and day, the cause and its owner are known before the invoice comes."
fix       = "1. Compare calls a day with cost per call: more users, or dearer calls? 2. For dearer calls read tokens/drift and cost/by_model. 3. Give the feature a budget and a cheaper model where quality allows. 4. Calls without a feature: log `feature`."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Spend by feature"
x      = "feature"
y      = "spend"
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Spend a day"
x      = "day"
y      = "spend"
by     = "feature"
[columns]
feature      = { label = "Feature", help = "empty: calls that name no feature" }
n_calls        = { label = "Calls", unit = "int" }
priced_share = { label = "Priced", unit = "pct", help = "of the feature's calls that may have cost something" }
tokens       = { label = "Tokens", unit = "tok", help = "input and output" }
spend        = { label = "Spend", unit = "usd" }
spend_high   = { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
spend_share  = { label = "Of spend", unit = "pct0", help = "of all priced spend" }
mean_usd     = { label = "Per call", unit = "usd", help = "mean over priced calls" }
p95_usd      = { label = "p95 per call", unit = "usd", help = "from 20 priced calls; not given where sample weights differ" }
before_usd   = { label = "A usual day before", unit = "usd", help = "geometric mean of daily spend before the most striking change, weekends evened out" }
after_usd    = { label = "A usual day since", unit = "usd" }
change       = { label = "Change", unit = "pct0" }
changed_at   = { label = "Since", unit = "date" }
day          = { label = "Day (UTC)", unit = "date" }
---*/
-- A problem is a rise of at least 25 % that adds 5 % to the whole bill, in a log of 14 whole days: three days old or less with a normal deviate of 3.4,
-- or older with p < 1 % after counting every split and every feature tried. How a change is found: view series_shifts. Percentages of spend are of priced spend.
create or replace temp table shift as
with params as (
    select coalesce(getvariable('min_rise'), 0.25) as min_rise, -- smallest lasting rise worth a warning, as a share
        coalesce(getvariable('min_bill_share'), 0.05) as min_bill_share, -- and what it must add to the whole daily bill
        coalesce(getvariable('min_days'), 14) as min_days -- whole days needed to judge
),
bill as (select sum(level_before) as daily, count(*) as series from series_shifts where metric = 'cost')
select s.*, exp(shift) - 1 as change, exp(shift - 1.96 * se) - 1 as lo, exp(shift + 1.96 * se) - 1 as hi, least(1e0, p_value * b.series) as p_all,
    days >= min_days and exp(shift) - 1 >= min_rise and level_after - level_before >= min_bill_share * b.daily
        and ((days_after <= 3 and z >= 3.4) or p_value * b.series < 0.01) as problem,
    days >= min_days as judged
from series_shifts s, params p, bill b
where metric = 'cost';

create or replace temp table by_feature as
select feature, cast(round(sum(sample_weight)) as bigint) as n_calls, sum(sample_weight) as n,
    sum(sample_weight) filter (money = 'priced') / nullif(sum(sample_weight) filter (money <> 'refused'), 0) as priced_share,
    cast(round(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0))) as bigint) as tokens,
    sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high, sum(sum(spend)) over () as spend_all, sum(sample_weight) filter (money = 'priced') as priced_calls,
    case when count(cost_usd) >= 20 and min(sample_weight) = max(sample_weight) then quantile_cont(cost_usd, 0.95) end as p95_usd
from call_costs
group by feature;

with worst as (select * from shift order by problem desc, judged desc, p_value, series limit 1),
top as (select f.feature as top_feature, f.spend / nullif(spend_all, 0) as top_share, exp(s.smallest_shift) - 1 as smallest
    from by_feature f left join shift s on f.feature is not distinct from s.feature order by f.spend desc nulls last, f.feature limit 1),
sampling as ( -- see sampled_calls; NULL where nothing was sampled
    select 1.96 * sqrt(sum(r * r)) as half, (select cast(sum(cost_usd) as double) from calls) as seen from (select sum(spread * cast(cost_usd as double)) as r from sampled_calls group by unit) units
)
select case when total.spend is null then 'unknown' when w.problem then case when w.change >= 1 then 'fail' else 'warn' end
        when w.judged then 'ok' else 'info' end as verdict,
    total.n, w.change as value, w.lo, w.hi, 'estimated' as basis, case when t.smallest > 0.25 then t.smallest when t.smallest is not null then 0.25 end as min_effect,
    case when w.judged and w.change > 0 then w.p_all end as p_value, case when total.spend is null then 'no call has a price, see cost/unpriced' end as reason, total.spend, coalesce(t.top_feature, 'calls without a feature') as top_feature, t.top_share,
    coalesce(w.feature, 'calls without a feature') as feature, exp(w.value_before) as before_usd, exp(w.value_after) as after_usd, w.changed_at, total.days,
    case when cast(total.spend as double) - half < seen then seen when half is not null then cast(total.spend as double) - half end as spend_lo, cast(total.spend as double) + half as spend_hi
from (select cast(round(coalesce(sum(n), 0)) as bigint) as n, sum(spend) as spend, (select coalesce(max(day_no) + 1, 0) from day_cost) as days from by_feature) total
left join worst w on true left join top t on true cross join sampling;

select f.feature, f.n_calls, f.priced_share, f.tokens, f.spend, f.spend_high, f.spend / nullif(f.spend_all, 0) as spend_share,
    f.spend / nullif(f.priced_calls, 0) as mean_usd, f.p95_usd, exp(s.value_before) as before_usd, exp(s.value_after) as after_usd, s.change, s.changed_at
from by_feature f left join shift s on f.feature is not distinct from s.feature
order by f.spend desc nulls last, f.feature;

with top as (select feature from by_feature order by spend desc nulls last, feature limit 5)
select date_trunc('day', started_at) as day, case when feature is null then '(no feature)' when feature in (select feature from top) then feature else '(other)' end as feature,
    sum(spend) as spend
from call_costs where call_costs.spend > 0 and started_at is not null group by 1, 2 order by 1, 2 limit 500;
