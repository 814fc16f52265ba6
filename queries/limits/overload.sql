/*---
question  = "Is a provider overloaded, and does more load still get more done?"
needs     = ["calls.started_at", "calls.status | calls.status_code", "calls.error_class | calls.status_code where status = 'error' -- on failed calls"]
min_calls = 100
results   = ["verdict", "evidence", "curve"]
passes    = "{overloaded:int} of {n:try|tries} met an overloaded provider ({value:pct2}), {refused:int} a rate limit, {quota:int} a spent quota; surely above {warn_share:pct0} overloaded would have been a warning. {goodput_said}"
info      = "{overloaded:int} of {n:try|tries} met an overloaded provider ({value:pct2}), {refused:int} a rate limit, {quota:int} a spent quota. {goodput_said}"
fails     = "{worst_name}: {worst_share:pct1} of its tries met an overloaded provider; over all {overloaded:int} of {n:try|tries} did, {refused:int} met a rate limit, {quota:int} a spent quota. {goodput_said}"
why       = "The three look alike and ask for different things: a rate limit for patience, an overloaded provider for a second one, a spent quota for money. And where more requests bring no more answers in time, each further one makes the others late."
fix       = "1. Overloaded: back off longer than at a rate limit, fall back to another region, model or provider, pay for a priority tier. 2. Goodput bends: let fewer calls run at once, shed what cannot be in time. 3. Quota: raise the spend limit, and alarm before it is reached."
[[chart]]
kind   = "scatter"
result = "curve"
title  = "Answers in time against requests, a minute"
x      = "offered"
y      = "goodput"
by     = "provider"
[columns]
provider    = { label = "Provider" }
tries       = { label = "Tries", unit = "int" }
overloaded  = { label = "Overloaded", unit = "int", help = "529, or an error that says so" }
refused     = { label = "Rate limited", unit = "int" }
quota       = { label = "Quota spent", unit = "int", help = "a spend cap or an empty account" }
share       = { label = "Overloaded", unit = "pct2" }
lo          = { label = "from", unit = "pct2", help = "95 % interval (Wilson)" }
hi          = { label = "to", unit = "pct2" }
usual_good  = { label = "In time, usually", unit = "pct0", help = "share of operations that ended well within their feature's time limit, in minutes of middling load (its fourth to sixth tenth)" }
busy_good   = { label = "In time, at most load", unit = "pct0", help = "the same in the busiest tenth of the minutes" }
busy_load   = { label = "Most load", unit = "num", help = "operations a minute in the busiest tenth" }
does_bend   = { label = "Bends", help = "true: at most load surely less than four fifths of the usual share are in time" }
load_tenth  = { label = "Tenth of minutes", unit = "int" }
offered     = { label = "Requests a minute", unit = "num" }
goodput     = { label = "Answered in time a minute", unit = "num" }
---*/
-- Time limit of a feature: its duration SLO ([[slo]] in llmlogs.toml), else slow_times its median. An operation counts in the minute it began, at the provider it went to first.
create temp table if not exists stat_slos (name varchar, metric varchar, target_ms double, share double, window_days integer, feature varchar, team varchar, model varchar, provider varchar, user_id varchar, project varchar);
create or replace temp table operations as
with params as (
    select coalesce(getvariable('slow_times'), 3e0) as slow_times -- times its feature's median wait from which an answer is late, where no SLO says when
),
whole as (
    select operation_id, min(started_at) as began, max(sample_weight) as w, arg_min(coalesce(provider, 'unknown provider'), (started_at, attempt)) as provider, arg_min(feature, (started_at, attempt)) as feature,
        coalesce(arg_max(status, (started_at, attempt)), 'ok') in ('ok', 'cancelled') as is_well, date_diff('millisecond', min(started_at), max(started_at + to_microseconds(cast(coalesce(duration_ms, 0) * 1000 as bigint)))) as wait_ms
    from tries where started_at is not null group by operation_id
),
usual as (select feature, quantile_cont(wait_ms, 0.5) filter (where is_well) as median_ms from whole group by feature),
slos as (select feature, min(target_ms) as target_ms from stat_slos where metric = 'duration' and feature is not null group by feature)
select date_trunc('minute', began) as minute, o.provider, w, is_well and coalesce(wait_ms <= coalesce(s.target_ms, slow_times * u.median_ms), true) as is_good
from whole o cross join params left join usual u on o.feature is not distinct from u.feature left join slos s on o.feature = s.feature;

create or replace temp table tenths as
with minutes as (select provider, minute, sum(w) as offered, coalesce(sum(w) filter (where is_good), 0) as goodput from operations group by provider, minute),
ranked as (select *, ntile(10) over (partition by provider order by offered, minute) as load_tenth, count(*) over (partition by provider) as minutes from minutes)
select provider, load_tenth, avg(offered) as offered, avg(goodput) as goodput, sum(goodput) / sum(offered) as good, stddev_samp(goodput - offered * 0.8) / sqrt(count(*)) as noise from ranked where minutes >= 200 group by provider, load_tenth;

create or replace temp table loads as
with params as (
    select coalesce(getvariable('warn_share'), 5e-2) as warn_share -- a provider that is surely overloaded for more than this share of its tries is a warning
),
sums as (
    select coalesce(provider, 'unknown provider') as provider, sum(sample_weight) as tries, coalesce(sum(sample_weight) filter (where error_class = 'overloaded' or (status_code = 529 and coalesce(error_class, 'unknown') = 'unknown')), 0) as overloaded,
        coalesce(sum(sample_weight) filter (where is_refused), 0) as refused, coalesce(sum(sample_weight) filter (where error_class = 'quota'), 0) as quota, power(sum(sample_weight), 2) / sum(sample_weight * sample_weight) as effective_n
    from tries group by 1
),
rates as (select *, overloaded / tries as p, 1.96 * 1.96 / effective_n as z2n from sums),
usual as (select provider, sum(goodput) / sum(offered) as usual_good from tenths where load_tenth between 4 and 6 group by provider)
select r.*, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, warn_share, u.usual_good, b.good as busy_good, b.offered as busy_load,
    b.goodput + 3 * b.noise < 0.8 * u.usual_good * b.offered and b.offered >= 5 as does_bend
from rates r cross join params left join usual u on r.provider = u.provider left join tenths b on r.provider = b.provider and b.load_tenth = 10;

with totals as (
    select coalesce(sum(tries), 0) as n, coalesce(sum(overloaded), 0) as overloaded, coalesce(sum(refused), 0) as refused, coalesce(sum(quota), 0) as quota, sum(overloaded) / sum(tries) as p, 1.96 * 1.96 / sum(effective_n) as z2n, max(warn_share) as warn_share from loads
),
worst as (select provider as worst_name, p as worst_share from loads where lo > warn_share order by lo desc, provider limit 1),
bend as (select * from loads where does_bend order by (usual_good - busy_good) * tries desc, provider limit 1),
steady as (select * from loads where does_bend = false order by tries desc, provider limit 1)
select case when worst_name is not null then 'warn' when b.provider is not null then 'info' else 'ok' end as verdict, cast(round(n) as bigint) as n, t.p as value, (t.p + t.z2n / 2 - sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as lo,
    (t.p + t.z2n / 2 + sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as hi, 'measured' as basis, t.warn_share as min_effect, cast(null as double) as p_value, cast(round(t.overloaded) as bigint) as overloaded, cast(round(t.refused) as bigint) as refused,
    cast(round(t.quota) as bigint) as quota, t.warn_share, worst_name, worst_share,
    case when b.provider is not null then concat('In the busiest minutes of ', b.provider, ' (', cast(round(b.busy_load) as bigint), ' requests) only ', cast(round(100 * b.busy_good) as bigint), ' % are answered in time, usually ', cast(round(100 * b.usual_good) as bigint), ' %.')
        when s.provider is not null then concat('The busiest minutes of ', s.provider, ' (', cast(round(s.busy_load) as bigint), ' requests) get as much done as others: ', cast(round(100 * s.busy_good) as bigint), ' % in time.') else 'Too few minutes to tell whether load slows it.' end as goodput_said
from totals t left join worst on true left join bend b on true left join steady s on true;

select provider, cast(round(tries) as bigint) as tries, cast(round(overloaded) as bigint) as overloaded, cast(round(refused) as bigint) as refused, cast(round(quota) as bigint) as quota, p as share, lo, hi, usual_good, busy_good, busy_load, does_bend from loads order by tries desc, provider limit 50;
select provider, load_tenth, offered, goodput from tenths order by provider, load_tenth limit 300;
