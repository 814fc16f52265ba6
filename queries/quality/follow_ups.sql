/*---
question  = "How often does an answer have to be asked for again?"
needs     = ["calls.session_id | calls.user_id", "calls.started_at"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "{follow_ups:int} of {n:answer|answers} were asked for again within {minutes:int} minutes ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}){weak}; above {warn_share:pct0} a feature would have been a warning."
info      = "{follow_ups:int} of {n:answer|answers} were followed by another question within two minutes ({value:pct1}){weak}."
fails     = "{worst_feature}: {worst_rate:pct0} of its answers were asked for again within {minutes:int} minutes (95% interval {worst_lo:pct0} to {worst_hi:pct0}); over all it is {value:pct1}."
why       = "Who asks the same again did not get what was wanted, and rates nothing. Each re-ask also costs a second answer."
fix       = "1. Open pairs of the feature named with llmlogs show. 2. Truncated answers: raise max_tokens. 3. Errors shown as answers: see errors/by_class. 4. To see re-asks at all log prompt_hash (and session_id)."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of answers asked for again"
x      = "feature"
y      = "rate"
[columns]
feature    = { label = "Feature" }
answers    = { label = "Answers", unit = "int", help = "calls that went well, with a session or a user" }
follow_ups = { label = "Asked again", unit = "int" }
rate       = { label = "Share", unit = "pct1" }
lo         = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
hi         = { label = "to", unit = "pct1" }
basis      = { label = "Basis", help = "measured: the same prompt_hash in the same session; bounded: no prompt_hash is logged, so any next question within two minutes counts" }
---*/
create or replace temp table answers as
with params as (
    select coalesce(getvariable('minutes'), 10) as minutes, -- within so many minutes of the answer's start it is the same question again
        coalesce(getvariable('warn_share'), 0.2) as warn_share -- a feature surely above this share is a warning
),
asked as (
    select c.*, coalesce(session_id, user_id) as seat, p.* from calls c, params p where started_at is not null and coalesce(session_id, user_id) is not null and (operation is null or operation in ('chat', 'text_completion'))
),
led as (
    select *, lead(started_at) over (partition by seat, prompt_hash order by started_at, call_id) as again_at, lead(operation_id) over (partition by seat, prompt_hash order by started_at, call_id) as again_op,
        lead(started_at) over (partition by seat order by started_at, call_id) as next_at
    from asked
)
select feature, sample_weight as w, minutes, warn_share, prompt_hash is not null as is_hashed,
    case when prompt_hash is not null then coalesce(again_at <= started_at + to_seconds(cast(60 * minutes as bigint)) and (operation_id is null or again_op is distinct from operation_id), false)
        else coalesce(next_at <= started_at + to_milliseconds(cast(coalesce(duration_ms, 0) as bigint)) + interval 2 minute, false) end as is_again
from led where coalesce(status, 'ok') = 'ok';

create or replace temp table rates as
with sums as (
    select feature, is_hashed, sum(w) as n, coalesce(sum(w) filter (where is_again), 0) as k, power(sum(w), 2) / sum(w * w) as effective_n, max(warn_share) as warn_share, max(minutes) as minutes from answers group by feature, is_hashed
),
ready as (select *, k / n as p, 1.96 * 1.96 / effective_n as z2n from sums)
select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from ready;

with best as (select coalesce(bool_or(is_hashed), false) as is_hashed from rates),
totals as (select coalesce(sum(n), 0) as n, coalesce(sum(k), 0) as k, sum(k) / sum(n) as p, 1.96 * 1.96 / sum(effective_n) as z2n, max(warn_share) as warn_share, max(minutes) as minutes from rates join best using (is_hashed)),
worst as (select coalesce(feature, 'calls without a feature') as worst_feature, p as worst_rate, lo as worst_lo, hi as worst_hi from rates where is_hashed and n >= 30 and lo > warn_share order by lo desc, feature limit 1)
select case when t.n = 0 then 'unknown' when not b.is_hashed then 'info' when w.worst_feature is not null then 'warn' else 'ok' end as verdict, cast(round(t.n) as bigint) as n, t.p as value,
    (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, case when b.is_hashed then 'measured' else 'bounded' end as basis,
    t.warn_share as min_effect, cast(null as double) as p_value, cast(round(t.k) as bigint) as follow_ups, t.minutes, t.warn_share, case when b.is_hashed then '' else ': at most so many were re-asks; log prompt_hash to know' end as weak,
    w.worst_feature, w.worst_rate, w.worst_lo, w.worst_hi, 'no answer has a session or a user' as reason
from totals t cross join best b left join worst w on true;

select feature, cast(round(n) as bigint) as answers, cast(round(k) as bigint) as follow_ups, p as rate, lo, hi, case when is_hashed then 'measured' else 'bounded' end as basis from rates order by is_hashed desc, n desc, feature limit 50;
