/*---
question  = "How often does a second model or provider step in, does it help, and what does that add?"
needs     = ["calls.status | calls.status_code"]
method    = "stats.fallback_prices"
results   = ["verdict", "evidence", "timeline"]
passes    = "[{fell:request|requests} of {n:int} fell back ({value:pct2}, 95% interval {lo:pct2} to {hi:pct2}); {saved:int} of them were answered][, after {added_ms:ms} more than the first model usually takes][, for {added_usd:usd} more than it would have cost][, for {saved_usd:usd} less than it would have cost][ ({unpriced:answer|answers} without both prices)][; most often {top_from} to {top_to}: {top_saved:int} of {top_n:int}][{none:request|requests} and no fallback in the log][; {failed_alone:request|requests} failed without one]."
fails     = "{reason}"          # it describes and never alarms
why       = "A fallback turns an outage into a slower answer, if it works when it is needed. One that never succeeds only makes users wait longer for the error."
fix       = "1. A pair that seldom succeeds: is the second of the same provider, region or limit? 2. Much time added: fall back after a shorter time limit, or at once while the first is down. 3. Requests that failed without a fallback: errors/exposure says whose. 4. Log `fallback_from`, and one `operation_id` for all tries of a request."
[[chart]]
kind   = "bars-over-time"
result = "timeline"
title  = "Requests that fell back"
x      = "window_start"
y      = ["answered", "not_answered"]
[columns]
from_name    = { label = "From", help = "as logged in fallback_from, else the model of the first try" }
to_name      = { label = "To", help = "model of the fallback" }
to_provider  = { label = "Provider" }
operations   = { label = "Requests", unit = "int" }
succeeded    = { label = "Answered", unit = "int", help = "by the fallback" }
success_rate = { label = "Share", unit = "pct0" }
lo           = { label = "from", unit = "pct0", help = "95 % interval (Wilson)" }
hi           = { label = "to", unit = "pct0" }
lost_ms      = { label = "Before it began", unit = "ms", help = "mean time from the first try to the one that answered" }
added_ms     = { label = "Time added", unit = "ms", help = "mean wait of the answered ones, less the mean duration of answers of the first model to the same feature (20 of them, else of all features)" }
added_usd    = { label = "Cost added", unit = "usd", help = "what the answered ones cost, billed failures included, less the first model's price for the same token counts" }
priced       = { label = "of", unit = "int", help = "answers with both prices" }
window_start = { label = "Window", unit = "time" }
answered     = { label = "Answered by the fallback", unit = "int" }
not_answered = { label = "Not answered", unit = "int" }
---*/
create temp table if not exists stat_fallback_prices (call_id varchar, first_usd double);
create or replace temp table fallen as
with fell as (select * from whole_operations where fell_back),
usual as (
    select provider, coalesce(request_model, response_model) as model, feature, grouping(feature) as is_any, sum(sample_weight * duration_ms) / sum(sample_weight) as mean_ms from calls
    where duration_ms is not null and status = 'ok' and fallback_from is null and app_cache is distinct from 'hit' and coalesce(request_model, response_model) in (select model from fell)
    group by grouping sets ((provider, coalesce(request_model, response_model), feature), (provider, coalesce(request_model, response_model))) having count(*) >= 20
),
others as ( -- tries beside the answer that were billed
    select o.operation_id, sum(c.cost_usd) as usd from fell o join calls c on c.operation_id = o.operation_id and c.call_id <> o.last_id group by o.operation_id
),
placed as (
    select o.*, date_diff('microsecond', o.started_at, a.started_at) / 1e3 as until_ms, a.duration_ms, cast(a.cost_usd as double) as answer_usd, cast(x.usd as double) as other_usd, coalesce(f.mean_ms, u.mean_ms) as usual_ms, p.first_usd
    from fell o join calls a on a.call_id = o.last_id left join others x on x.operation_id = o.operation_id left join stat_fallback_prices p on p.call_id = o.last_id
        left join usual f on f.is_any = 0 and f.provider is not distinct from o.provider and f.model = o.model and f.feature is not distinct from o.feature
        left join usual u on u.is_any = 1 and u.provider is not distinct from o.provider and u.model = o.model
)
select operation_id, started_at, sample_weight as w, is_saved, from_name, to_model as to_name, to_provider, case when is_saved and not first_is_fallback then until_ms end as lost_ms,
    case when is_saved and not first_is_fallback then until_ms + duration_ms - usual_ms end as added_ms, case when is_saved then answer_usd + coalesce(other_usd, 0) - first_usd end as added_usd
from placed;

create or replace temp table routes as
select from_name, to_name, to_provider, sum(w) as n, coalesce(sum(w) filter (where is_saved), 0) as saved, power(sum(w), 2) / sum(w * w) as n_kish, sum(w * lost_ms) / sum(w) filter (where lost_ms is not null) as lost_ms,
    sum(w * added_ms) / sum(w) filter (where added_ms is not null) as added_ms, sum(w * added_usd) as added_usd, coalesce(sum(w) filter (where added_usd is not null), 0) as priced
from fallen group by from_name, to_name, to_provider;

with every as (
    select coalesce(sum(sample_weight), 0) as n, power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as n_kish, sum(sample_weight) filter (where outcome in ('failed', 'refused') and not ended_well and not fell_back) as alone from whole_operations
),
told as (select (select count(*) from calls where operation_id is not null or fallback_from is not null) + (select count(*) from attempts where origin = 'explicit') > 0 as can_tell),
sums as (
    select coalesce(sum(w), 0) as fell, coalesce(sum(w) filter (where is_saved), 0) as saved, sum(w * added_ms) / sum(w) filter (where added_ms is not null) as added_ms, sum(w * added_usd) as added_usd,
        sum(w) filter (where is_saved and added_usd is null) as unpriced from fallen
),
ready as (select *, fell / nullif(n, 0) as p, 1.96 * 1.96 / n_kish as z2n from every, told, sums),
top as (select * from routes order by n desc, from_name, to_name, to_provider limit 1)
select case when r.n = 0 or not can_tell then 'unknown' else 'info' end as verdict, cast(round(r.n) as bigint) as n, case when can_tell then p end as value,
    case when can_tell then (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) end as lo, case when can_tell then (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) end as hi,
    case when r.added_ms is not null or r.added_usd is not null then 'estimated' else 'measured' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when r.n = 0 then 'the log holds no calls to a provider' else 'log fallback_from, and one operation_id for all tries of a request' end as reason,
    cast(round(nullif(fell, 0)) as bigint) as fell, cast(round(r.saved) as bigint) as saved, case when r.added_ms > 0 then r.added_ms end as added_ms, case when r.added_usd >= 0 then r.added_usd end as added_usd, case when r.added_usd < 0 then -r.added_usd end as saved_usd,
    case when r.added_usd is not null then cast(round(unpriced) as bigint) end as unpriced, t.from_name as top_from, t.to_name as top_to, cast(round(t.saved) as bigint) as top_saved, cast(round(t.n) as bigint) as top_n,
    case when fell = 0 then cast(round(r.n) as bigint) end as none, cast(round(alone) as bigint) as failed_alone
from ready r left join top t on true;

select from_name, to_name, to_provider, cast(round(n) as bigint) as operations, cast(round(saved) as bigint) as succeeded, saved / n as success_rate,
    (saved / n + 1.9208 / n_kish - sqrt(3.8416 / n_kish * (saved / n * (1 - saved / n) + 0.9604 / n_kish))) / (1 + 3.8416 / n_kish) as lo, (saved / n + 1.9208 / n_kish + sqrt(3.8416 / n_kish * (saved / n * (1 - saved / n) + 0.9604 / n_kish))) / (1 + 3.8416 / n_kish) as hi,
    lost_ms, added_ms, added_usd, cast(round(priced) as bigint) as priced from routes order by n desc, from_name, to_name, to_provider limit 100;

with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from fallen)
select case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start,
    cast(round(coalesce(sum(w) filter (where is_saved), 0)) as bigint) as answered, cast(round(coalesce(sum(w) filter (where not is_saved), 0)) as bigint) as not_answered
from fallen, span where started_at is not null group by 1 order by 1;
