/*---
question  = "What will this month cost?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.started_at"]
method    = "stats.forecast"  # whole UTC days, weekday factors, a recent level and a damped trend; the interval is that of its own past errors
results   = ["verdict", "evidence", "daily"]
passes    = "{total:usd} by the end of {month}, {range_words} {lo:usd} to {hi:usd}: {spent:usd} spent by {as_of:time} and about {rest:usd} to come in {days_ahead:day|days}[, {price_words}].{caveat}[ Only {priced_share:pct} of the calls that may have cost something have a price; what the others cost is not in it, see cost/unpriced.]"
fails     = "{total:usd} by the end of {month}, {range_words} {lo:usd} to {hi:usd}: {spent:usd} spent by {as_of:time} and about {rest:usd} to come in {days_ahead:day|days}[, {price_words}].{caveat}[ Only {priced_share:pct} of the calls that may have cost something have a price; what the others cost is not in it, see cost/unpriced.]"
why       = "An invoice that comes as a surprise was visible in its second week."
fix       = "1. Too high? cost/by_feature and cost/anomalies say what rose. 2. Shorten prompts and answers, cache, batch, or move a feature to a cheaper model. 3. Set a budget, so that a check warns you in time."
[[chart]]
kind   = "lines-over-time"
result = "evidence"
title  = "Spend of the month so far, and where it goes"
x      = "day"
y      = ["spent_so_far", "expected_so_far"]
lo     = "low"
hi     = "high"
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Spend a day, and what is expected"
x      = "day"
y      = ["spend", "expected"]
[columns]
day             = { label = "Day (UTC)", unit = "date" }
spend           = { label = "Spend", unit = "usd", help = "of priced calls" }
expected        = { label = "Expected", unit = "usd", help = "on the day that has begun: what is left of it" }
spent_so_far    = { label = "Month so far", unit = "usd", help = "spent since its first day" }
expected_so_far = { label = "Expected by then", unit = "usd" }
low             = { label = "from", unit = "usd", help = "interval of the month up to that day, or its scenarios" }
high            = { label = "to", unit = "usd" }
is_whole        = { label = "Whole day", unit = "bool", help = "no: the log begins or ends on that day, or ended before it" }
---*/
-- Descriptive: without a budget nothing is too much. From 35 whole days the range is an interval that held 90 % of simulated months (tests/stats); below that,
-- from 7, it is what the cheapest and the dearest seven days of the log would make of the month, and no probability. What lies before a gap of more than 14 days
-- is another log; shorter gaps count as days without spend.
create temp table if not exists stat_forecast_days (day timestamp, spend double, expected double, is_whole boolean, low double, high double);
create temp table if not exists stat_forecast (as_of timestamp, month_start timestamp, month_end timestamp, history integer, spent double, rest double,
    total double, low double, high double, basis varchar, days_ahead integer, error double, freedom double, price_factor double, began_at timestamp);

with counted as (
    select coalesce(sum(sample_weight) filter (cost_usd is not null), 0) as n, coalesce(sum(sample_weight) filter (money <> 'refused'), 0) as billable,
        sum(spend) as spend from call_costs
)
select case when c.spend is null or f.total is null then 'unknown' else 'info' end as verdict, cast(round(c.n) as bigint) as n, f.total as value, f.low as lo, f.high as hi,
    'estimated' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when c.spend is null then 'no call has a price, see cost/unpriced' when f.total is null then 'a forecast takes 7 whole days of calls with a price (and llmlogs query, which computes it)' end as reason,
    f.total, f.spent, f.rest, f.as_of, f.days_ahead,
    case extract(month from f.month_start) when 1 then 'January' when 2 then 'February' when 3 then 'March' when 4 then 'April' when 5 then 'May' when 6 then 'June' when 7 then 'July'
        when 8 then 'August' when 9 then 'September' when 10 then 'October' when 11 then 'November' else 'December' end as month,
    case f.basis when 'interval' then '90% interval' else 'at the pace of the cheapest and the dearest week' end as range_words,
    case when abs(f.price_factor - 1) >= 0.001 then concat('prices known to change included: ', case when f.price_factor > 1 then '+' else '-' end, cast(round(100 * abs(f.price_factor - 1), 1) as varchar), '%') end as price_words,
    case when f.basis = 'interval' then '' when f.history < 35 then concat(' ', cast(f.history as varchar), ' whole days are too few for an interval, which takes 35.') else ' Too few days with spend for an interval.' end
        || case when f.began_at > f.month_start + interval 2 hour then ' The log begins inside this month: what was spent before it is not in the sum.' else '' end as caveat, case when c.n < c.billable then c.n / c.billable end as priced_share
from counted c left join stat_forecast f on true;

with days as (select d.* from stat_forecast_days d, stat_forecast f where d.day >= f.month_start),
summed as (
    select *, sum(coalesce(spend, 0)) over up_to as spent, coalesce(sum(expected) over up_to, 0) as to_come from days window up_to as (order by day rows between unbounded preceding and current row)
)
select day, case when spend is not null then spent end as spent_so_far, case when to_come > 0 then spent + to_come end as expected_so_far, low, high, is_whole from summed order by day;

select day, spend, expected, is_whole from stat_forecast_days order by day desc limit 120;
