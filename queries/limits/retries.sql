/*---
question  = "Do retries make it worse: how many, how patient, how much in step?"
needs     = ["calls.started_at", "calls.status | calls.status_code", "attempts.started_at | calls.operation_id | calls.prompt_hash"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "{tries_each:num} tries an operation; {retries:retry|retries}[, {obeyed_share:pct0} of those that were told how long to wait did]. Half of {least_asked:int} such retries too early would have been told."
info      = "{tries_each:num} tries an operation; {retries:retry|retries}[, {obeyed_share:pct0} of those that were told how long to wait did][; most that did not wait are of {worst_name}, which sends {worst_tries:num} tries an operation]."
fails     = "Retries do not wait: {too_soon:int} of {asked:int} came sooner than the answer before them asked ({value:pct0}), most from {worst_name}, which sends {worst_tries:num} tries an operation."
why       = "A retry counts against the limit like any call. Retried too soon it is refused again and keeps the limit full; clients that wait equally long come back together."
fix       = "1. Wait at least as long as retry-after says. 2. Without it double the wait each time, from a second on, with a random part of half of it. 3. Give up after four or five tries. 4. One layer retries: not the library, the gateway and the job queue on top of each other."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Tries an operation"
x      = "name"
y      = "amplification"
[columns]
series        = { label = "Limit of", help = "provider / model / start of the key's hash" }
feature       = { label = "Feature" }
name          = { label = "Who" }
operations    = { label = "Operations", unit = "int" }
amplification = { label = "Tries each", unit = "num", help = "tries per operation" }
retries       = { label = "Retries", unit = "int", help = "tries after one that failed, of the same operation" }
wait_ms       = { label = "Wait, median", unit = "ms", help = "from the end of the failed try to the next" }
growth        = { label = "Growth", unit = "num", help = "median of a wait over the one before it: 2 = doubling, 1 = fixed; from 20 pairs on" }
jitter        = { label = "Jitter", unit = "num", help = "spread (standard deviation over mean) of waits at the same number of tries: 0 = in step" }
obeyed_share  = { label = "Obeyed retry-after", unit = "pct0" }
sync_share    = { label = "In step", unit = "pct0", help = "largest share of an incident's retries in one quarter of a second; from 20 retries on" }
basis         = { label = "Basis", help = "measured: attempts or operation ids are logged; reconstructed: the same prompt of the same user or key again within two minutes of a failure" }
---*/
-- Descriptive: it never warns, for refusals alarm on limits/rate_limit_bursts.
create or replace temp table chains as
with single as (
    select t.call_id, coalesce(c.user_id, c.api_key_hash) as who, c.prompt_hash from tries t join calls c on t.call_id = c.call_id
    where c.prompt_hash is not null and coalesce(c.user_id, c.api_key_hash) is not null and c.operation_id is null and t.attempt = 1
        and c.prompt_hash in (select prompt_hash from calls where prompt_hash is not null and operation_id is null group by prompt_hash having count(*) > 1 and bool_or(status not in ('ok', 'cancelled')))
),
-- Without operation ids: the same prompt of the same user or key within two minutes after a failure goes on with its operation.
ordered as (
    select t.call_id, s.who, s.prompt_hash, t.started_at, coalesce(t.started_at > lag(t.started_at) over o + interval 120 second or not lag(t.status in ('error', 'timeout', 'unknown')) over o, true) as begins
    from single s join tries t on s.call_id = t.call_id window o as (partition by s.who, s.prompt_hash order by t.started_at, t.call_id)
),
linked as (select call_id, concat_ws('/', who, prompt_hash, sum(begins::integer) over (partition by who, prompt_hash order by started_at, call_id)) as chain, count(*) over (partition by who, prompt_hash) as links from ordered)
select t.series, t.feature, t.started_at, t.duration_ms, t.status not in ('ok', 'cancelled') as has_failed, t.is_refused, t.retry_after_ms, t.wait_before_ms, t.attempt, t.sample_weight as w,
    coalesce('linked/' || l.chain, t.operation_id) as chain, l.chain is not null as is_linked, t.call_id
from tries t left join linked l on t.call_id = l.call_id where t.started_at is not null;

create or replace temp table steps as
with several as (select * from chains where chain in (select chain from chains group by chain having count(*) > 1)),
befores as (
    select *, lag(has_failed) over o as after_failure, lag(retry_after_ms) over o as asked_ms, row_number() over o as place,
        coalesce(wait_before_ms, date_diff('microsecond', lag(started_at) over o, started_at) / 1e3 - coalesce(lag(duration_ms) over o, 0)) as waited_ms
    from several window o as (partition by chain order by started_at, attempt, call_id)
)
select *, lag(case when after_failure then waited_ms end) over (partition by chain order by place) as wait_earlier from befores;

create or replace temp table clients as
with params as (
    select coalesce(getvariable('least_asked'), 50) as least_asked, -- retries told how long to wait, of one feature, needed to judge it
        coalesce(getvariable('warn_share'), 0.5) as warn_share -- share of them that came sooner from which it is told
),
retried as (select *, greatest(waited_ms, 0) as wait from steps where after_failure),
spreads as (select series, feature, place, sum(w) as n, stddev_pop(wait) / nullif(avg(wait), 0) as cv from retried group by series, feature, place having count(*) >= 20),
jitters as (select series, feature, sum(n * cv) / sum(n) as jitter from spreads group by series, feature),
incidents as (
    select series, feature, started_at, w, sum(case when is_near then 0 else 1 end) over (partition by series order by started_at, call_id) as incident
    from (select *, coalesce(started_at <= lag(started_at) over (partition by series order by started_at, call_id) + interval 15 minute, false) as is_near from retried) n
),
slots as (select series, feature, incident, sum(w) as n from incidents group by series, feature, incident, floor(date_diff('millisecond', timestamp '2020-01-01', started_at) / 250)),
synced as (select series, feature, max(share) as sync_share from (select series, feature, incident, max(n) / sum(n) as share from slots group by series, feature, incident having sum(n) >= 20) i group by series, feature),
waits as (
    select series, feature, sum(w) as retries, quantile_cont(wait, 0.5) as wait_ms, sum(w) filter (where asked_ms is not null) as asked, coalesce(sum(w) filter (where waited_ms < asked_ms - 1), 0) as too_soon,
        case when count(*) filter (where wait_earlier > 0) >= 20 then quantile_cont(wait / wait_earlier, 0.5) filter (where wait_earlier > 0) end as growth, bool_or(is_linked) as is_linked from retried group by series, feature
),
sent as (select series, feature, sum(w) as tries from chains group by series, feature),
totals as (select s.series, s.feature, tries, tries - coalesce(r.again, 0) as operations from sent s left join (select series, feature, sum(w) as again from retried group by series, feature) r on s.series = r.series and s.feature is not distinct from r.feature)
select t.series, t.feature, coalesce(t.feature, t.series) as name, operations, tries, tries / operations as amplification, coalesce(retries, 0) as retries, wait_ms, growth, jitter, asked, too_soon, 1 - too_soon / asked as obeyed_share, sync_share,
    case when is_linked then 'reconstructed' else 'measured' end as basis, least_asked, warn_share, coalesce(asked >= least_asked and too_soon / asked > warn_share, false) as is_storm
from totals t cross join params left join waits w on t.series = w.series and t.feature is not distinct from w.feature left join jitters j on t.series = j.series and t.feature is not distinct from j.feature
left join synced s on t.series = s.series and t.feature is not distinct from s.feature;

with all_of as (
    select sum(operations) as n, sum(tries) / sum(operations) as tries_each, sum(retries) as retries, sum(asked) as asked, sum(too_soon) filter (where asked > 0) as too_soon, max(least_asked) as least_asked, bool_or(is_storm) as is_storm, bool_or(basis = 'reconstructed') as is_linked from clients
),
rate as (select *, too_soon / nullif(asked, 0) as p, 1.96 * 1.96 / nullif(asked, 0) as z2n from all_of),
worst as (select name as worst_name, amplification as worst_tries from clients where is_storm order by too_soon desc, name limit 1)
select case when is_storm then 'info' when asked >= least_asked then 'ok' else 'info' end as verdict, cast(round(n) as bigint) as n, p as value, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo,
    (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, case when is_linked then 'reconstructed' else 'measured' end as basis, 0.5e0 as min_effect, cast(null as double) as p_value, tries_each,
    cast(round(retries) as bigint) as retries, 1 - p as obeyed_share, cast(round(asked) as bigint) as asked, cast(round(too_soon) as bigint) as too_soon, least_asked, worst_name, worst_tries
from rate left join worst on true;

select series, feature, name, cast(round(operations) as bigint) as operations, amplification, cast(round(retries) as bigint) as retries, wait_ms, growth, jitter, obeyed_share, sync_share, basis
from clients order by retries desc, operations desc, series, feature limit 100;
