/*---
question  = "What do the calls that took far longer than their tokens explain have in common?"
needs     = ["calls.duration_ms"]
min_calls = 500
results   = ["verdict", "evidence", "groups"]
method    = "stats.huber_regression"
passes    = "{outliers:int} of {n:int} calls took far longer than their tokens explain ({value:pct1}), and they have nothing in common that is logged. Something behind {min_effect:pct0} of the unexplained time would have been named."
info      = "{top_name}{same_calls} stands behind {value:pct0} of the time that calls took beyond what their tokens explain: {lift:num} times as often an outlier as the rest ({top_outliers:int} calls, {lost:ms} in all, little of the whole wait)."
fails     = "{top_name}{same_calls} stands behind {value:pct0} of the time that calls took beyond what their tokens explain: {lift:num} times as often an outlier as the rest ({top_outliers:int} calls, {lost:ms} in all)."
why       = "A slow call that wrote much is no riddle. One that took four times what it should is, and what such calls share (a provider, a release, a user, an hour) is usually the culprit."
fix       = "1. Look at the group named first; `llmlogs show CALL` opens one of its calls. 2. A provider or region: compare it with another over the same hours, set a time limit and a fallback. 3. A release: compare it with the one before. 4. A user or feature: look at what it sends. 5. An hour: look at load, cron jobs and limits."
engine    = "duckdb"
[[chart]]
kind   = "bars"
result = "groups"
title  = "What outliers have in common: times as often"
x      = "attribute_value"
y      = "lift"
[columns]
call_id         = { label = "Call", help = "llmlogs show ID" }
started_at      = { label = "Started", unit = "time" }
provider        = { label = "Provider" }
model           = { label = "Model" }
feature         = { label = "Feature" }
duration_ms     = { label = "Took", unit = "ms" }
expected_ms     = { label = "Expected", unit = "ms", help = "by its tokens and its model's usual speed, else the model's median" }
ratio           = { label = "Times", unit = "num" }
explained_by    = { label = "What explains it" }
attribute       = { label = "What", help = "hour: of the UTC day" }
attribute_value = { label = "Which" }
lift            = { label = "Times as often", unit = "num", help = "share of outliers inside over outside" }
outliers        = { label = "Outliers", unit = "int" }
calls_inside    = { label = "of its calls", unit = "int" }
share_of_excess = { label = "Of unexplained time", unit = "pct0" }
---*/
-- Expected: overhead + prefill * uncached input + generation * output of the model (llmlogs/stats/huber_regression.py), else its median. An outlier is beyond max(4 MAD, 1.5 times) of that.
-- A finding: at least 5 outliers, lift above 1.5, 15 % of all unexplained time, and signed root of the 2 x 2 table's G beyond a Benjamini-Hochberg level of 1 % over everything tried.
create temp table if not exists stat_fit (grp integer, a double, b double, c double, s double);
create temp table if not exists stat_timed (call_id varchar, w double, y double, x1 double, x2 double, grp integer, s1 double, s2 double);

create or replace temp table expected as
with lines as (select call_id, f.a + f.b * coalesce(x1 / s1, case when f.b = 0 then 0 end) + f.c * coalesce(x2 / s2, 0) as line_ms from stat_timed join stat_fit f using (grp)),
medians as (select provider, model, stream, quantile_cont(duration_ms, 0.5) as median_ms, count(*) as calls_timed from call_waits where duration_ms > 0 group by provider, model, stream),
joined as (
    select w.call_id, coalesce(l.line_ms, case when calls_timed >= 500 then median_ms end) as expected_ms, ln(w.duration_ms / coalesce(l.line_ms, case when calls_timed >= 500 then median_ms end)) as z,
        concat_ws(chr(31), w.provider, w.model, w.stream, l.line_ms is null) as fitted_by
    from call_waits w left join lines l on w.call_id = l.call_id and l.line_ms > 0 join medians m on w.provider is not distinct from m.provider and w.model is not distinct from m.model and w.stream is not distinct from m.stream where w.duration_ms > 0
),
spreads as (select fitted_by, greatest(4 * 1.4826 * mad(z), ln(1.5)) as limit_z from joined where expected_ms is not null group by fitted_by)
select j.call_id, j.expected_ms, exp(j.z) as ratio, j.z > s.limit_z as is_outlier from joined j join spreads s using (fitted_by);

create or replace temp table marked as
select e.is_outlier, e.ratio, e.expected_ms, c.*, coalesce(c.response_model, c.request_model) as model, case when e.is_outlier then c.duration_ms - e.expected_ms else 0 end as excess_ms from expected e join calls c using (call_id);

create or replace temp table found as
with params as (
    select coalesce(getvariable('min_lift'), 1.5) as min_lift, -- times as often an outlier as the rest
        coalesce(getvariable('min_excess'), 0.15) as min_excess, -- share of all unexplained time a group must stand for
        coalesce(getvariable('warn_share'), 0.05) as warn_share -- share of the whole wait that one group's unexplained time must be for a warning
),
sliced as ( -- one scan: each attribute by itself
    select provider, model, feature, user_id, release, prompt_version, region, endpoint, deployment, api_key_hash, service, environment, stream::varchar as stream, lpad(hour(started_at)::varchar, 2, '0') as hour, sample_weight as w, is_outlier, excess_ms from marked
),
long as (
    unpivot (select provider, model, feature, user_id, release, prompt_version, region, endpoint, deployment, api_key_hash, service, environment, stream, hour, count(*) as n, count(*) filter (is_outlier) as k,
        coalesce(sum(w * excess_ms), 0) as excess from sliced group by grouping sets (provider, model, feature, user_id, release, prompt_version, region, endpoint, deployment, api_key_hash, service, environment, stream, hour))
    on provider, model, feature, user_id, release, prompt_version, region, endpoint, deployment, api_key_hash, service, environment, stream, hour into name attribute value attribute_value
),
totals as (select count(*)::double as nn, count(*) filter (is_outlier)::double as kk, coalesce(sum(sample_weight * excess_ms), 0) as excess_all, sum(sample_weight * duration_ms) as wait_all from marked),
tables as (
    select l.*, t.*, (k + 0.5) / (n + 1) / ((kk - k + 0.5) / (nn - n + 1)) as lift, excess / nullif(excess_all, 0) as share_of_excess, n * kk / nn as e11, (nn - n) * kk / nn as e01, n * (nn - kk) / nn as e10, (nn - n) * (nn - kk) / nn as e00
    from long l, totals t where n < nn and kk > 0
),
tested as (
    select *, sqrt(greatest(2 * (k * ln(greatest(k, 1e-9) / e11) + (kk - k) * ln(greatest(kk - k, 1e-9) / e01) + (n - k) * ln(greatest(n - k, 1e-9) / e10) + (nn - n - kk + k) * ln(greatest(nn - n - kk + k, 1e-9) / e00)), 0)) * sign(k - e11) as z
    from tables where n >= 5
),
levelled as (select *, case when z > 0 then exp(-z * z / 2) / sqrt(2 * pi()) / (0.661 * z + 0.339 * sqrt(z * z + 5.51)) else 1 end as p from tested),
ranked as (select *, p * count(*) over () / row_number() over (order by p) as q from levelled)
select attribute, attribute_value, lift, k as outliers, n as calls_inside, share_of_excess, excess, z, p, min_excess, excess > warn_share * wait_all as is_much, list_position(['provider', 'model', 'release', 'prompt_version', 'feature', 'user_id', 'region', 'deployment', 'api_key_hash'], attribute) as place
from (select *, min(q) over (order by p desc) as q_all from ranked), params where q_all < 0.01 and k >= 5 and lift > min_lift and share_of_excess >= min_excess;

with top as (select * from found order by z desc, share_of_excess desc, place nulls last, attribute, attribute_value limit 1),
same as (select string_agg(concat(replace(f.attribute, '_id', ''), ' ', f.attribute_value), ', ' order by f.place nulls last, f.attribute) as names from found f, top t where f.outliers = t.outliers and f.calls_inside = t.calls_inside and f.attribute <> t.attribute),
every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n, count(*) filter (is_outlier) as outliers, avg(is_outlier::integer) as rate from marked)
select case when e.n = 0 then 'unknown' when t.is_much then 'warn' when t.attribute is not null then 'info' else 'ok' end as verdict, e.n, coalesce(t.share_of_excess, e.rate) as value, cast(null as double) as lo, cast(null as double) as hi, 'estimated' as basis,
    0.15 as min_effect, t.p as p_value, e.outliers, concat(case t.attribute when 'user_id' then 'user' when 'api_key_hash' then 'key' when 'prompt_version' then 'prompt version' else t.attribute end, ' ', t.attribute_value) as top_name, case when s.names is not null then concat(' (the same calls: ', s.names, ')') else '' end as same_calls, t.lift, t.outliers as top_outliers, t.excess as lost,
    case when e.n = 0 then 'no model has 500 answered calls' end as reason
from every e left join top t on true left join same s on true;

select call_id, started_at, provider, model, feature, duration_ms, expected_ms, ratio, case when attempts > 1 then concat(attempts, ' tries') when queue_ms > 0.5 * duration_ms then 'the provider''s queue' when client_queue_ms > 0.5 * duration_ms then 'your own queue'
        when max_gap_ms > 0.5 * excess_ms then 'a pause in the middle of the answer' when ttft_ms > 0.5 * duration_ms and ttft_ms > 1.5 * expected_ms then 'waiting for the first token'
        else coalesce((select concat(replace(attribute, '_id', ''), ' ', attribute_value) from found f where f.attribute_value = case f.attribute when 'provider' then m.provider when 'model' then m.model when 'feature' then m.feature when 'user_id' then m.user_id when 'release' then m.release
            when 'prompt_version' then m.prompt_version when 'region' then m.region when 'endpoint' then m.endpoint when 'deployment' then m.deployment when 'hour' then lpad(hour(m.started_at)::varchar, 2, '0') end order by z desc limit 1), 'nothing logged explains it') end as explained_by
from (select * from marked where is_outlier order by excess_ms desc, call_id limit 20) m order by excess_ms desc, call_id;

select attribute, attribute_value, lift, outliers, calls_inside, share_of_excess from found order by z desc, share_of_excess desc, place nulls last, attribute, attribute_value limit 20;
