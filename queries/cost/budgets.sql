/*---
question  = "Will each budget hold?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.started_at"]
engine    = "duckdb"  # days of other time zones
results   = ["verdict", "evidence", "daily"]
passes    = "{budgets:budget holds|budgets hold} as of {as_of:time}; the fullest is {budget}: {spent:usd} of {amount_usd:usd} a {period} ({value:pct0}) with {expected_share:pct0} of it gone, about {projected:usd} at its end. A pace of {min_effect:ratio} a budget's own would have warned.[ {unpriced_share:pct1} of its calls have no price: it is {spent_high:usd} at most.][ The log begins on {late_start:date}, after the period did.]"
fails     = "Budget {budget} {what} as of {as_of:time}: {spent:usd} of {amount_usd:usd} a {period} ({value:pct0}) with {expected_share:pct0} of it gone, {burn:ratio} its pace over the last {burn_window}, about {projected:usd} at its end[; {days_left:num1} days of budget left][; {top_share:pct0} of the spend is by {top}][; {others:other budget|other budgets} in trouble].[ {unpriced_share:pct1} of its calls have no price: it is {spent_high:usd} at most.][ The log begins on {late_start:date}, after the period did.]"
info      = "No budget is set, so nothing is too much: {spent:usd} in the 30 days to {as_of:time}. Set one in llmlogs.toml: [[budget]] with name, amount_usd and period."
why       = "A budget that is spent in silence is met on the invoice. Burn rate says early how fast it goes: a runaway loop within the hour, a slow overspend within days."
fix       = "1. Look at whose spend it is, then at cost/change and cost/anomalies. 2. Stop a loop or a batch that runs away; put the feature on a cheaper model, or cap its max_tokens. 3. If the spend is wanted, raise the budget in llmlogs.toml."
chart     = { kind = "lines-over-time", result = "daily", title = "Share of each budget used, since its period began", x = "day", y = "used", by = "budget", threshold = 1 }
[columns]
budget         = { label = "Budget" }
state          = { label = "State", help = "over: all is spent; burns fast: 2 % in an hour or 5 % in six hours of a 30-day budget; burns: more than its pace for three days" }
period         = { label = "Per" }
started_on     = { label = "Since", unit = "date", help = "first day of the period, in the budget's time zone" }
amount_usd     = { label = "Budget", unit = "usd" }
spent          = { label = "Spent", unit = "usd", help = "in this period so far, of priced calls" }
spent_high     = { label = "At most", unit = "usd", help = "with the tokens of calls without a price, at the dearest rates of this log" }
spent_share    = { label = "Used", unit = "pct0" }
expected_share = { label = "Period gone", unit = "pct0" }
burn_1h        = { label = "Burn, 1 h", unit = "ratio", help = "spend over the last hour before as of, divided by what an even pace allows" }
burn_6h        = { label = "6 h", unit = "ratio" }
burn_3d        = { label = "3 days", unit = "ratio" }
days_left      = { label = "Days left", unit = "num1", help = "of budget, at the pace of the last 24 hours" }
projected      = { label = "At its end", unit = "usd", help = "spent, and the rest of the period at the pace of the last 7 days (of 24 hours for a daily budget)" }
top            = { label = "Most by", help = "the feature, user or model with the largest part of the period's spend" }
top_share      = { label = "Its part", unit = "pct0" }
priced_share   = { label = "Priced", unit = "pct", help = "of the period's calls that may have cost something" }
n_calls        = { label = "Calls", unit = "int", help = "in this period" }
day            = { label = "Day", unit = "date" }
used           = { label = "Used by then", unit = "pct0" }
---*/
-- Multi-window burn rates of the SRE Workbook (chapter 5): fail above 14.4 over 1 h and 5 min, or 6 over 6 h and 30 min; warn above 1 over 3 d and 6 h. Fail
-- when all is spent. In the slow rule the allowed pace follows the week: the same hours of up to four weeks before against those weeks' mean, from 3 weeks of log.
create temp table if not exists stat_budgets (name varchar, amount_usd decimal(18,6), period varchar, zone varchar, feature varchar, team varchar, model varchar, provider varchar, user_id varchar, project varchar);
create or replace temp table clock as
with seen as (select max(started_at) filter (started_at <= read_at + interval 1 day) as sane, max(started_at) as latest, min(started_at) as first_at from calls, (select max(finished_at) as read_at from ingests) i)
select coalesce(getvariable('as_of'), sane, latest) as as_of, -- the instant budgets are looked at; sane is the last call that is not later than it was read
    first_at from seen;
create or replace temp table periods as
with here as (select b.*, l.*, date_trunc(period, timezone(zone, timezone('UTC', as_of))) as started_on, case period when 'day' then interval 1 day when 'week' then interval 7 day else interval 1 month end as length from stat_budgets b, clock l),
starts as (select *, timezone('UTC', timezone(zone, started_on)) as start_at, timezone('UTC', timezone(zone, started_on + length)) as end_at, greatest(1e0, date_diff('second', first_at, as_of) / 3600e0) as log_hours from here)
select *, date_diff('second', start_at, end_at) / 3600e0 as hours, date_diff('second', start_at, as_of) / 3600e0 as hours_gone, least(4, floor(log_hours / 168) - 1) as weeks, least(case period when 'day' then 24 else 168 end, log_hours) as pace_hours from starts;

create or replace temp view budget_calls as
with dearest as (select max(coalesce(input_rate, 0)) as r_in, max(coalesce(output_rate, 0)) as r_out from price_rates)
select p.*, c.feature as c_feature, c.user_id as c_user, c.model as c_model, c.sample_weight as w, c.money, c.spend, c.started_at >= start_at as inside,
    date_diff('microsecond', c.started_at, as_of) / 3.6e9 as age, date_trunc('day', timezone(zone, timezone('UTC', c.started_at))) as day,
    case when money = 'priced' then spend when money <> 'refused' then coalesce(tokens_in, 0) * r_in + coalesce(tokens_out, 0) * r_out end as high
from dearest, periods p join call_costs c on c.started_at <= as_of and c.started_at >= least(start_at, as_of - interval 35 day)
    and (p.feature is null or c.feature glob p.feature) and (p.team is null or c.team glob p.team) and (p.model is null or c.model glob p.model)
    and (p.provider is null or c.provider glob p.provider) and (p.user_id is null or c.user_id glob p.user_id) and (p.project is null or json_extract_string(c.tags, '$.project') glob p.project);

create or replace temp table payers as -- who takes most of a period's spend, where there is more than one to choose from
with summed as (select name, case grouping(c_feature, c_user, c_model) when 3 then 'feature' when 5 then 'user' else 'model' end as kind, coalesce(c_feature, c_user, c_model) as who, cast(sum(spend) as double) as spend
    from budget_calls where inside group by grouping sets ((name, c_feature), (name, c_user), (name, c_model))),
shares as (select *, spend / nullif(sum(spend) over (partition by name, kind), 0) as share, count(*) over (partition by name, kind) as rivals from summed)
select name, kind || ' ' || who as top, share as top_share from shares where who is not null and share >= 0.2 and rivals > 1
qualify row_number() over (partition by name order by share + case kind when 'feature' then 0.1 else 0 end desc, kind, who) = 1;

create or replace temp table budget_states as
with params as (select coalesce(getvariable('floor_usd'), 1.0) as floor_usd -- USD a window must have spent to burn a budget
),
summed as (select name, sum(w) as n_all, coalesce(sum(w) filter (inside and money <> 'refused'), 0) as n, sum(w) filter (inside and money = 'priced') as priced, cast(coalesce(sum(spend) filter (inside), 0) as decimal(38, 12)) as spent,
        sum(high) filter (inside) as spent_high, sum(spend) filter (age < 1 / 12e0) as s5m, sum(spend) filter (age < 0.5) as s30m, sum(spend) filter (age < 1) as s1h, sum(spend) filter (age < 6) as s6h,
        sum(spend) filter (age < 24) as s24h, sum(spend) filter (age < 72) as s3d, sum(spend) filter (age < pace_hours) as s_pace,
        sum(spend) filter (age >= 168 and age < 168 * (weeks + 1)) as s_weeks, sum(spend) filter (age >= 168 and age < 168 * (weeks + 1) and age % 168 < 6) as s_6h_before, sum(spend) filter (age >= 168 and age < 168 * (weeks + 1) and age % 168 < 72) as s_3d_before
    from budget_calls group by name),
paced as (select p.*, s.* exclude (name), floor_usd, spent / amount_usd as spent_share, hours_gone / hours as expected_share, priced / nullif(n, 0) as priced_share,
        coalesce(s1h, 0) / amount_usd * hours as burn_1h, coalesce(s6h, 0) / amount_usd * hours / 6 as burn_6h, coalesce(s3d, 0) / amount_usd * hours / 72 as burn_3d,
        coalesce(s5m, 0) / amount_usd * hours * 12 as burn_5m, coalesce(s30m, 0) / amount_usd * hours * 2 as burn_30m, spent + coalesce(s_pace, 0) / pace_hours * greatest(0, hours - hours_gone) as projected, case when spent < amount_usd then (amount_usd - spent) / nullif(s24h, 0) end as days_left,
        case when weeks >= 2 then greatest(1, (weeks * coalesce(s_6h_before / nullif(s_weeks, 0) * 28, 1) + 2) / (weeks + 2)) else 1 end as usual_6h, -- shrunk to an even pace, and never below it
        case when weeks >= 2 then greatest(1, (weeks * coalesce(s_3d_before / nullif(s_weeks, 0) * 56 / 24, 1) + 2) / (weeks + 2)) else 1 end as usual_3d
    from periods p left join summed s on p.name = s.name cross join params)
select *, case when spent >= amount_usd then 'over' when burn_1h > 14.4 and burn_5m > 14.4 and s1h >= floor_usd then 'burns fast' when burn_6h > 6 and burn_30m > 6 and s6h >= floor_usd then 'burns fast'
    when burn_3d > usual_3d and burn_6h > usual_6h and s3d >= floor_usd then 'burns' when n_all is null then 'no calls' when priced_share < 0.9 or spent_high >= amount_usd then 'unpriced' else 'holds' end as state
from paced;

with ranked as (select *, row_number() over (order by case state when 'over' then 1 when 'burns fast' then 2 when 'burns' then 3 when 'no calls' then 4 when 'unpriced' then 4 else 5 end, spent_share desc, name) as place,
    count(*) over () as budgets, count(*) filter (state in ('over', 'burns fast', 'burns')) over () as alarms from budget_states),
seen as (select sum(sample_weight) as calls_seen, sum(spend) as spend_seen, max(as_of) as last_at from call_costs, clock where started_at > as_of - interval 30 day and started_at <= as_of)
select case when calls_seen is null then 'unknown' when place is null then 'info' when state in ('over', 'burns fast') then 'fail' when state = 'burns' then 'warn' when state = 'holds' then 'ok' else 'unknown' end as verdict,
    cast(round(coalesce(n, case when place is null then calls_seen end, 0)) as bigint) as n, spent_share as value, spent_share as lo, spent_high / amount_usd as hi, case when priced_share < 1 then 'bounded' else 'estimated' end as basis,
    least(case when log_hours < 6 then 14.4 else 6 end, greatest(1, 72 / log_hours) * greatest(usual_3d, usual_6h)) as min_effect, cast(null as double) as p_value,
    case when calls_seen is null then 'there is no call' when state = 'no calls' then 'no call fits budget ' || r.name || ': is its filter spelt as in the log?'
        when state = 'unpriced' then 'calls without a price may have spent budget ' || r.name || ', see cost/unpriced' end as reason,
    budgets, r.name as budget, case state when 'over' then 'is spent' when 'burns fast' then 'burns fast' else 'is spent too fast' end as what, coalesce(as_of, last_at) as as_of, coalesce(spent, spend_seen) as spent, amount_usd, period, expected_share, projected,
    case when burn_1h > 14.4 then burn_1h when burn_6h > 6 then burn_6h else burn_3d end as burn, case when burn_1h > 14.4 then 'hour' when burn_6h > 6 then '6 hours' else '3 days' end as burn_window,
    case when days_left * 24 < hours - hours_gone then days_left end as days_left, p.top, p.top_share, case when alarms > 1 then alarms - 1 end as others,
    case when priced_share < 1 then 1 - priced_share end as unpriced_share, spent_high, case when date_diff('hour', start_at, first_at) > hours / 10 then first_at end as late_start
from seen left join ranked r on place = 1 left join payers p on p.name = r.name;

select s.name as budget, state, period, started_on, amount_usd, spent, spent_high, spent_share, expected_share, burn_1h, burn_6h, burn_3d, days_left, projected, top, top_share, priced_share, cast(round(n) as bigint) as n_calls
from budget_states s left join payers p on p.name = s.name order by case state when 'over' then 1 when 'burns fast' then 2 when 'burns' then 3 when 'holds' then 5 else 4 end, spent_share desc, s.name;

with days as (select name, day, date_trunc(period, day) as since, any_value(amount_usd) as amount_usd, sum(spend) as spend from budget_calls
    where date_trunc(period, day) = started_on or date_trunc(period, day) >= as_of - interval 34 day group by name, period, day)
select day, name as budget, sum(spend) over (partition by name, since order by day) / amount_usd as used from days order by day, budget;
