/*---
question  = "What does a successful answer cost, everything that failed on the way included?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "feedback.value | feedback.label | calls.output_valid | calls.status"]
min_calls = 100
engine    = "duckdb"  # hash for the seeded bootstrap
results   = ["verdict", "evidence"]
passes    = "A success costs {value:usd}[ (95% interval {lo:usd} to {hi:usd})]: {spend:usd} for {successes:int} successes among {known:request|requests} whose outcome is known, by {basis_words}; {failed_share:pct0} of it went into requests that failed.[ The dearest success: {top_usd:usd} in {top_feature}.]"
fails     = "A success costs {value:usd}[ (95% interval {lo:usd} to {hi:usd})]: {spend:usd} for {successes:int} successes among {known:request|requests} whose outcome is known, by {basis_words}; {failed_share:pct0} of it went into requests that failed.[ The dearest success: {top_usd:usd} in {top_feature}.]"
why       = "A cheap model that fails every second time is a dear one. What users pay for is the answer that worked: its price holds all attempts, tools, judges and retries."
fix       = "1. Compare features and models by this number, not by price per call. 2. Much spent on failures: stop them early, validate before the dear step. 3. Told by the status alone? Log `output_valid` or feedback: an answer that came is not yet one that helped."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Cost of a success by feature"
x      = "feature"
y      = "per_success"
lo     = "lo_usd"
hi     = "hi_usd"
[columns]
feature      = { label = "Feature", help = "where a request's calls name several, the first by name" }
told_by      = { label = "Success told by", help = "feedback where 10 % of the requests have it, else output_valid likewise, else the status of the last call" }
n_requests   = { label = "Requests", unit = "int", help = "trace, else operation, else session, else call" }
known_share  = { label = "Outcome known", unit = "pct0", help = "of the requests; what has no price at all counts as unknown" }
success_rate = { label = "Succeed", unit = "pct", help = "of the requests whose outcome is known" }
spend        = { label = "Spend", unit = "usd", help = "all calls of the requests whose outcome is known" }
spend_unknown = { label = "Of unknown outcome", unit = "usd", help = "spend of the others: in no ratio here" }
per_request  = { label = "Per request", unit = "usd" }
per_success  = { label = "Per success", unit = "usd" }
lo_usd       = { label = "from", unit = "usd", help = "95 % interval: bootstrap over requests, in 200 groups where there are more" }
hi_usd       = { label = "to", unit = "usd" }
check_usd    = { label = "If failures cost as much", unit = "usd", help = "mean successful request / success rate: below the cost per success, failures are the dearer ones" }
failed_share = { label = "Spent on failures", unit = "pct0", help = "of the spend" }
---*/
-- Descriptive. What a judgement says: view request_judgements; a person's counts before a judge's, a judge's before code's, then the latest.
create or replace temp table outcomes as
with params as (
    select coalesce(getvariable('feedback_name'), '') as feedback_name, -- the one feedback that tells success; all where empty
        coalesce(getvariable('min_known'), 0.1) as min_known -- share of a feature's requests that must have feedback or output_valid to be told by it
),
keyed as (
    select coalesce(trace_id, operation_id, session_id, call_id) as request, feature, spend, sample_weight, status, output_valid, money,
        2 * date_diff('microsecond', timestamp '1970-01-01', coalesce(started_at, timestamp '1970-01-01')) as moment
    from call_costs
),
said as (
    select request, good from request_judgements, params where feedback_name = '' or name = feedback_name
    qualify row_number() over (partition by request order by rank desc, judged_at desc nulls last, good) = 1
),
requests as ( -- the latest known status or validity: its moment doubled, plus 1 where it is good, so that the largest number carries the answer
    select request, min(feature) as feature, sum(spend) as spend, max(sample_weight) as w, sum(sample_weight) as n, sum(spend) is null and bool_or(money <> 'refused') as dark,
        max(moment + cast(output_valid as integer)) % 2 = 1 as valid,
        max(moment + cast(status = 'ok' as integer)) filter (status in ('ok', 'error', 'timeout', 'blocked', 'shed')) % 2 = 1 as ended_well
    from keyed group by request
),
told as (
    select feature, case when sum(w) filter (good is not null) >= max(min_known) * sum(w) then 'feedback' when sum(w) filter (valid is not null) >= max(min_known) * sum(w) then 'output_valid' else 'status' end as told_by
    from requests left join said using (request) cross join params group by feature
)
select r.feature, t.told_by, r.w, r.n, coalesce(cast(r.spend as double), 0) as usd, r.spend, hash(r.request) % 200 as block,
    case when r.dark then null when t.told_by = 'feedback' then s.good when t.told_by = 'output_valid' then r.valid else r.ended_well end as good
from requests r left join said s using (request) join told t on r.feature is not distinct from t.feature;

create or replace temp table intervals as -- Poisson bootstrap (Chamandy and others, 2012): each block of requests is drawn 0, 1, 2 ... times
with parts as (select feature, block, sum(usd) as usd, coalesce(sum(w) filter (good), 0) as successes from outcomes where good is not null group by feature, block),
ranked as (select feature, row_number() over (order by sum(usd) desc, feature) as place from parts group by feature),
blocks as (
    select p.feature, false as is_all, block, usd, successes from parts p join ranked r on p.feature is not distinct from r.feature where place <= 60
    union all select null, true, block, sum(usd), sum(successes) from parts group by block
),
drawn as (select b.*, rep, hash(block, rep, 20260105) / 18446744073709551616e0 as u from blocks b, range(400) r(rep)),
sums as (
    select is_all, feature, rep, sum(usd * times) / nullif(sum(successes * times), 0) as ratio
    from (
        select *, case when u < 0.367879 then 0 when u < 0.735759 then 1 when u < 0.919699 then 2 when u < 0.981012 then 3 when u < 0.996340 then 4 when u < 0.999406 then 5 else 6 end as times from drawn
    ) d group by is_all, feature, rep
)
select is_all, feature, quantile_cont(ratio, 0.025) as lo, quantile_cont(ratio, 0.975) as hi from sums group by is_all, feature having count(ratio) = 400;

create or replace temp table by_outcome as
select feature, told_by, sum(w) as w, sum(n) as n, sum(w) filter (good is not null) as known, coalesce(sum(w) filter (good), 0) as successes, sum(spend) filter (good is not null) as spend, sum(spend) filter (good is null) as spend_unknown,
    sum(usd) filter (good is not null) as usd, coalesce(sum(usd) filter (not good), 0) as failed_usd from outcomes group by feature, told_by;

with total as (select sum(n) as n, sum(known) as known, sum(successes) as successes, sum(spend) as spend, sum(usd) as usd, sum(failed_usd) as failed_usd, string_agg(distinct told_by, ', ') as told from by_outcome),
top as (select feature, usd / successes as top_usd from by_outcome where successes >= 10 order by top_usd desc, feature limit 1)
select case when t.spend is null or coalesce(t.successes, 0) = 0 then 'unknown' else 'info' end as verdict, cast(round(coalesce(t.n, 0)) as bigint) as n, t.usd / nullif(t.successes, 0) as value, i.lo, i.hi, 'estimated' as basis,
    cast(null as double) as min_effect, cast(null as double) as p_value, case when t.spend is null then 'no call has a price, see cost/unpriced' when t.successes = 0 then 'no request of this log is known to have succeeded' end as reason,
    t.spend, cast(round(t.successes) as bigint) as successes, cast(round(t.known) as bigint) as known, t.told as basis_words, t.failed_usd / nullif(t.usd, 0) as failed_share, coalesce(top.feature, 'calls without a feature') as top_feature, top.top_usd
from total t left join intervals i on i.is_all left join top on (select count(*) from by_outcome) > 1;

select b.feature, b.told_by, cast(round(b.w) as bigint) as n_requests, b.successes / nullif(b.known, 0) as success_rate, b.usd / nullif(b.successes, 0) as per_success, i.lo as lo_usd, i.hi as hi_usd, b.usd / nullif(b.known, 0) as per_request,
    b.failed_usd / nullif(b.usd, 0) as failed_share, b.spend, (b.usd - b.failed_usd) / nullif(b.successes, 0) / nullif(b.successes / nullif(b.known, 0), 0) as check_usd, b.known / b.w as known_share, b.spend_unknown
from by_outcome b left join intervals i on not i.is_all and b.feature is not distinct from i.feature order by b.spend desc nulls last, b.feature;
