/*---
question  = "What does one request cost, and which were the dearest?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.trace_id | calls.operation_id | calls.session_id"]
min_calls = 20
results   = ["verdict", "evidence", "sizes", "curve"]
passes    = "A request costs {mean_usd:usd} on average, {value:usd} in the middle[ and {p95_usd:usd} at the 95th percentile]: {requests:request|requests}, {calls_each:num} calls in the mean[; the dearest 1% take {top1_share:pct0} of {spend:usd} (Gini {gini:num})]. The dearest cost {top_usd:usd}: {top_reason}.[ {left_out:int} more have no price at all and are not in this.]"
fails     = "A request costs {mean_usd:usd} on average, {value:usd} in the middle[ and {p95_usd:usd} at the 95th percentile]: {requests:request|requests}, {calls_each:num} calls in the mean[; the dearest 1% take {top1_share:pct0} of {spend:usd} (Gini {gini:num})]. The dearest cost {top_usd:usd}: {top_reason}.[ {left_out:int} more have no price at all and are not in this.]"
why       = "An average request hides the few that cost a hundred times as much: an agent that went on too long, a whole file in the prompt, the dear model for a small task."
fix       = "1. Open the dearest (llmlogs show TRACE_ID). 2. Many calls: cap the steps of an agent. 3. Long prompts: cut history and retrieved text. 4. A dear model: route the easy part elsewhere. 5. A long tail is a reason to price or limit by use, not by request."
[[chart]]
kind   = "bars"
result = "curve"
title  = "Share of spend by tenth of the requests, cheapest first"
x      = "tenth"
y      = "spend_share"
[columns]
request      = { label = "Request", help = "trace, else operation, else session; a call that names none stands for itself" }
feature      = { label = "Feature", help = "where its calls name several, the first by name" }
user_id      = { label = "User" }
started_at   = { label = "Started", unit = "time" }
n_calls      = { label = "Calls", unit = "int" }
tokens       = { label = "Tokens", unit = "tok" }
model        = { label = "Dearest model", help = "the one that took most of it" }
spend        = { label = "Spend", unit = "usd" }
spend_share  = { label = "Of spend", unit = "pct", help = "of all priced spend" }
times_usual  = { label = "Times the usual", unit = "num", help = "over the median request of its feature" }
calls_times  = { label = "Calls, times", unit = "num", help = "over the mean of its feature" }
tokens_times = { label = "Tokens a call, times", unit = "num" }
price_times  = { label = "Price a token, times", unit = "num", help = "a dearer model, more output for the input, or less of it read from a cache" }
reason       = { label = "Mostly by", help = "the largest of the three factors that multiply to its cost over the mean of its feature" }
unit         = { label = "A request is a" }
requests     = { label = "Requests", unit = "int" }
mean_usd     = { label = "Mean", unit = "usd" }
p50_usd      = { label = "Median", unit = "usd" }
p95_usd      = { label = "p95", unit = "usd", help = "from 20 requests" }
top1_share   = { label = "Dearest 1%", unit = "pct0", help = "their share of the unit's spend, from 100 requests" }
tenth        = { label = "Tenth", unit = "int" }
---*/
-- Descriptive: it never warns. Spend of all calls of a request: tools' models, judges, retries. A request with a call that has no price is counted at what is priced.
create or replace temp table requests as
select coalesce(trace_id, operation_id, session_id, call_id) as request,
    case when trace_id is not null then 'trace' when operation_id is not null then 'operation' when session_id is not null then 'session' else 'call' end as unit,
    sum(spend) as spend, max(sample_weight) as w, count(*) as n_calls, sum(sample_weight) as n, sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) as tokens, min(feature) as feature
from call_costs where money <> 'refused' group by 1, 2;

create or replace temp table ranked as
select *, cast(spend as double) / w as usd, cast(spend as double) as money, sum(w) over up as wins, sum(cast(spend as double)) over up as below, sum(w) over () as w_all, sum(cast(spend as double)) over () as all_usd
from requests where spend is not null
window up as (order by spend / w, w rows between unbounded preceding and current row);

create or replace temp table dearest as
with usual as (
    select feature, sum(n) / sum(w) as calls, sum(tokens) / nullif(sum(n), 0) as per_call, cast(sum(spend) as double) / nullif(sum(tokens), 0) as per_token, quantile_cont(usd, 0.5) as p50 from ranked group by feature
),
factors as (
    select r.request, r.unit, r.feature, r.n_calls, cast(r.tokens as bigint) as tokens, r.spend, r.money / nullif(r.all_usd, 0) as spend_share, r.usd / nullif(u.p50, 0) as times_usual, r.n / r.w / nullif(u.calls, 0) as calls_times,
        r.tokens / nullif(r.n, 0) / nullif(u.per_call, 0) as tokens_times, r.money / nullif(r.tokens, 0) / nullif(u.per_token, 0) as price_times, row_number() over (order by r.usd desc, r.request) as place
    from ranked r left join usual u on r.feature is not distinct from u.feature order by place limit 50
)
select f.*, case when greatest(calls_times, tokens_times, price_times) < 1.5 then 'no one thing' when calls_times = greatest(calls_times, tokens_times, price_times) then 'its number of calls'
    when tokens_times = greatest(calls_times, tokens_times, price_times) then 'tokens a call' when price_times is not null then 'the price of its tokens' else 'no one thing' end as reason
from factors f;

select case when count(*) = 0 then 'unknown' else 'info' end as verdict, cast(round(coalesce(sum(n), 0)) as bigint) as n, min(usd) filter (wins >= 0.5 * w_all) as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value, case when count(*) = 0 then 'no call has a price, see cost/unpriced' end as reason,
    cast(round(sum(w)) as bigint) as requests, sum(spend) as spend, sum(money) / sum(w) as mean_usd, case when count(*) >= 20 then min(usd) filter (wins >= 0.95 * w_all) end as p95_usd, sum(n) / sum(w) as calls_each,
    case when count(*) >= 100 then sum(money) filter (wins - w >= 0.99 * w_all - 1e-9 * w_all) / nullif(max(all_usd), 0) end as top1_share,
    case when count(*) >= 100 then 1 - sum(w * (2 * below - money)) / nullif(max(w_all) * max(all_usd), 0) end as gini,
    max(usd) as top_usd, (select nullif(cast(round(sum(w)) as bigint), 0) from requests where spend is null) as left_out,
    (select concat(cast(n_calls as varchar), case when n_calls = 1 then ' call' else ' calls' end, ', dear by ', reason) from dearest where place = 1) as top_reason
from ranked;

with models as (
    select coalesce(trace_id, operation_id, session_id, call_id) as request, model, sum(spend) as spend, min(started_at) as started_at, min(user_id) as user_id from call_costs
    where coalesce(trace_id, operation_id, session_id, call_id) in (select request from dearest) group by 1, 2
),
top as (select *, min(started_at) over (partition by request) as began_at, row_number() over (partition by request order by spend desc nulls last, model) as rank from models)
select d.request, d.feature, t.user_id, t.began_at as started_at, d.n_calls, d.tokens, t.model, d.spend, d.times_usual, d.reason, d.spend_share, d.calls_times, d.tokens_times, d.price_times
from dearest d left join top t on d.request = t.request and t.rank = 1 order by d.place;

select unit, cast(round(sum(w)) as bigint) as requests, cast(round(sum(n)) as bigint) as n_calls, sum(spend) as spend, sum(money) / sum(w) as mean_usd, quantile_cont(usd, 0.5) as p50_usd,
    case when count(*) >= 20 then quantile_cont(usd, 0.95) end as p95_usd
from ranked group by unit order by unit;

select tenth, sum(money) / nullif(max(all_usd), 0) as spend_share from (select *, cast(ceil(10 * least((wins - w / 2) / w_all, 1)) as integer) as tenth from ranked) t group by tenth order by tenth;
