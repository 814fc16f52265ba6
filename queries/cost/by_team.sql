/*---
question  = "What does each team spend?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.team"]
results   = ["verdict", "evidence", "daily"]
passes    = "{spend:usd}[ (up to {high:usd})] over {teams:team|teams}; {top_team} takes {value:pct0} of it[, calls without a team {loose_share:pct0}] ({priced_share:pct} of the calls that may have cost something are priced)."
fails     = "{spend:usd}[ (up to {high:usd})] over {teams:team|teams}; {top_team} takes {value:pct0} of it[, calls without a team {loose_share:pct0}] ({priced_share:pct} of the calls that may have cost something are priced)."
why       = "A bill nobody owns is cut by nobody. By team it has an owner, who also knows what the money buys."
fix       = "1. Show each team its own row every month. 2. Calls without a team: log `team` (cost/untagged says where they come from and shares them out on request). 3. cost/by_feature says what a team spends it on."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Spend by team"
x      = "team"
y      = "spend"
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Spend a day"
x      = "day"
y      = "spend"
by     = "team"
[columns]
team         = { label = "Team", help = "empty: calls that name no team" }
n_calls      = { label = "Calls", unit = "int" }
unpriced     = { label = "No price", unit = "int", help = "calls that may have cost something and have no price: they are not in the spend, see cost/unpriced" }
priced_share = { label = "Priced", unit = "pct", help = "of the team's calls that may have cost something" }
features     = { label = "Features", unit = "int" }
users        = { label = "Users", unit = "int" }
tokens       = { label = "Tokens", unit = "tok", help = "input and output" }
spend        = { label = "Spend", unit = "usd" }
spend_high   = { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
spend_share  = { label = "Of spend", unit = "pct0", help = "of all priced spend" }
mean_usd     = { label = "Per call", unit = "usd", help = "mean over priced calls" }
day          = { label = "Day (UTC)", unit = "date" }
---*/
-- Descriptive: it never warns. Calls without a team are a row of their own, so that the rows add up to the bill.
create or replace temp table by_team as
select team, cast(round(sum(sample_weight)) as bigint) as n_calls, sum(sample_weight) as n, sum(sample_weight) filter (money = 'priced') as priced_calls,
    sum(sample_weight) filter (money <> 'refused') as billable_calls, coalesce(cast(round(sum(sample_weight) filter (money in ('unpriced', 'unfinished'))) as bigint), 0) as unpriced,
    count(distinct feature) as features, count(distinct user_id) as users, cast(round(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0))) as bigint) as tokens,
    sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high, sum(sum(spend)) over () as spend_all
from call_costs group by team;

with total as (
    select cast(round(coalesce(sum(n), 0)) as bigint) as n, sum(spend) as spend, count(team) as teams, sum(priced_calls) / nullif(sum(billable_calls), 0) as priced_share,
        case when count(*) = count(spend_high) and sum(spend_high) > sum(spend) then sum(spend_high) end as high,
        cast(sum(spend) filter (team is null) as double) / nullif(sum(spend), 0) as loose_share
    from by_team
),
top as (select team as top_team, cast(spend as double) / nullif(spend_all, 0) as share from by_team where team is not null order by spend desc nulls last, team limit 1)
select case when total.spend is null then 'unknown' else 'info' end as verdict, total.n, t.share as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value, case when total.spend is null then 'no call has a price, see cost/unpriced' end as reason,
    total.spend, total.high, total.teams, t.top_team, total.loose_share, total.priced_share
from total left join top t on true;

select team, n_calls, unpriced, coalesce(priced_calls, 0) / nullif(billable_calls, 0) as priced_share, features, users, tokens, spend, spend_high, cast(spend as double) / nullif(spend_all, 0) as spend_share,
    spend / nullif(priced_calls, 0) as mean_usd
from by_team order by spend desc nulls last, team;

with top as (select team from by_team where team is not null order by spend desc nulls last, team limit 5)
select date_trunc('day', started_at) as day, case when team is null then '(no team)' when team in (select team from top) then team else '(other)' end as team, sum(spend) as spend
from call_costs where call_costs.spend > 0 and started_at is not null group by 1, 2 order by 1, 2 limit 500;
