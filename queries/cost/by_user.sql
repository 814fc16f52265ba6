/*---
question  = "Who spends the money: is it spread over users, or a few?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.user_id"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "{spend:usd} over {users:int} users; the largest takes {value:pct0}, the top tenth {top_tenth:pct0}."
fails     = "{top_user} alone takes {value:pct0} of {spend:usd}, {times:num} times the median user; {users:int} users share the rest."
info      = "{spend:usd} over {users:int} users; the largest takes {value:pct0}, the top tenth {top_tenth:pct0}."
why       = "One runaway script, leaked key or abused free plan looks like growth in every total; by user it is plain."
fix       = "1. Look at the largest users' calls a day (llmlogs sql). 2. A script or an abuse: cap tokens or calls a user and day. 3. A real customer: price the plan accordingly. 4. Calls without a user: log `user_id`."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Spend by user"
x      = "user_id"
y      = "spend"
[columns]
user_id      = { label = "User", help = "empty: calls that name no user; the last row sums all smaller users" }
users        = { label = "Users", unit = "int" }
n_calls        = { label = "Calls", unit = "int" }
priced_share = { label = "Priced", unit = "pct", help = "of the user's calls that may have cost something" }
tokens       = { label = "Tokens", unit = "tok", help = "input and output" }
spend        = { label = "Spend", unit = "usd" }
spend_high   = { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
spend_share  = { label = "Of spend", unit = "pct0", help = "of all priced spend" }
mean_usd     = { label = "Per call", unit = "usd", help = "mean over priced calls" }
days         = { label = "Days", unit = "int", help = "UTC days with a call" }
---*/
-- A problem: among at least 20 named users one takes half of the spend that names a user. Below 20 users a large share is nothing unusual.
create or replace temp table by_user as
with params as (
    select coalesce(getvariable('max_share'), 0.5) as max_share, -- share of spend from which one user is a problem
        coalesce(getvariable('min_users'), 20) as min_users, -- named users needed to judge
        coalesce(getvariable('shown'), 100) as shown -- users listed one by one
)
select u.*, p.max_share, p.min_users, p.shown,
    sum(spend) over () as spend_all, sum(spend) over (partition by user_id is null) as spend_named, count(*) over (partition by user_id is null) as users_named,
    row_number() over (partition by user_id is null order by spend desc nulls last, user_id) as place
from (
    select user_id, cast(round(sum(sample_weight)) as bigint) as n_calls, sum(sample_weight) as n, sum(sample_weight) filter (money = 'priced') as priced_calls,
        sum(sample_weight) filter (money <> 'refused') as billable_calls, cast(round(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0))) as bigint) as tokens,
        sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high, count(distinct cast(started_at as date)) as days
    from call_costs group by user_id
) u, params p;

with named as (
    select count(*) as users, max(spend) as largest, sum(spend) as spend, quantile_cont(cast(spend as double), 0.5) as typical,
        sum(spend) filter (place <= ceil(users_named / 10e0)) as tenth, max(max_share) as max_share, max(min_users) as min_users
    from by_user where user_id is not null
),
every as (select cast(round(coalesce(sum(n), 0)) as bigint) as n, sum(spend) as spend from by_user)
select case when e.spend is null then 'unknown' when n.users >= n.min_users and n.largest >= n.max_share * n.spend then 'warn' else 'info' end as verdict,
    e.n, cast(n.largest as double) / nullif(n.spend, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis,
    n.max_share as min_effect, cast(null as double) as p_value, case when e.spend is null then 'no call has a price, see cost/unpriced' end as reason,
    e.spend, n.users, n.largest / nullif(n.typical, 0) as times, cast(n.tenth as double) / nullif(n.spend, 0) as top_tenth,
    (select user_id from by_user where user_id is not null and place = 1) as top_user
from every e, named n;

select user_id, users, n_calls, priced_share, tokens, spend, spend_high, cast(spend as double) / nullif(spend_all, 0) as spend_share, spend / nullif(priced_calls, 0) as mean_usd, days
from (
    select case when place <= shown then user_id else '(all smaller users)' end as user_id, count(by_user.user_id) as users, cast(sum(n_calls) as bigint) as n_calls,
        sum(priced_calls) / nullif(sum(billable_calls), 0) as priced_share, cast(sum(tokens) as bigint) as tokens, sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high, max(spend_all) as spend_all,
        sum(priced_calls) as priced_calls, max(days) as days, place > shown as rest
    from by_user group by 1, rest
)
order by rest, spend desc nulls last, user_id;
