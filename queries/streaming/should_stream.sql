/*---
question  = "Which long answers kept a reader waiting that a stream would have shown at once?"
needs     = ["calls.stream where app_cache is distinct from 'hit' -- on calls that reach a provider", "calls.output_tokens where coalesce(status, 'ok') = 'ok' -- on calls that went well"]
min_calls = 50
results   = ["verdict", "evidence"]
info      = "{should_stream:int} of {n:long answer|long answers} ({long_tokens:int} tokens and more) were not streamed ({value:pct0})[; a stream would have shown the first word {saved_ms:ms} earlier, by the mean], most in {top_feature}."
passes    = "All {n:long answer|long answers} ({long_tokens:int} tokens and more) were streamed."
fails     = "{should_stream:int} of {n:long answer|long answers} were not streamed."
why       = "A person who waits for a whole answer waits many times as long as one who reads along. For programs it does not matter."
fix       = "Where a person reads: `stream: true`, and hand the pieces on as they come. Where a program reads (extraction, jobs): leave it, and look at batch prices."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Long answers that were not streamed"
x      = "feature"
y      = "unstreamed"
[columns]
feature     = { label = "Feature" }
provider    = { label = "Provider" }
model       = { label = "Model" }
long_calls  = { label = "Long answers", unit = "int" }
unstreamed  = { label = "Not streamed", unit = "int" }
mean_ms     = { label = "Waited, mean", unit = "ms", help = "for the whole answer" }
first_ms    = { label = "First token", unit = "ms", help = "median of the streams of the same model, else of all streams" }
saved_ms    = { label = "Spared, mean", unit = "ms" }
---*/
-- Descriptive: it never warns, for the log does not say who reads. Batches wait for nobody and are left out.
create or replace temp table long_calls as
with params as (
    select coalesce(getvariable('long_tokens'), 200) as long_tokens -- answers of so many tokens and more
),
firsts as (
    select provider, coalesce(response_model, request_model) as model, quantile_cont(ttft_ms, 0.5) as first_ms, grouping(provider, coalesce(response_model, request_model)) = 3 as is_all
    from calls where ttft_ms is not null and app_cache is distinct from 'hit' group by grouping sets ((provider, coalesce(response_model, request_model)), ())
)
select c.feature, c.provider, coalesce(c.response_model, c.request_model) as model, c.sample_weight as w, c.stream, c.duration_ms, long_tokens, coalesce(f.first_ms, a.first_ms) as first_ms,
    case when c.duration_ms - coalesce(f.first_ms, a.first_ms) is not null then greatest(c.duration_ms - coalesce(f.first_ms, a.first_ms), 0) end as saved_ms
from calls c cross join params left join firsts f on not f.is_all and f.provider is not distinct from c.provider and f.model is not distinct from coalesce(c.response_model, c.request_model) left join firsts a on a.is_all
where c.output_tokens >= long_tokens and c.stream is not null and coalesce(c.status, 'ok') in ('ok', 'cancelled', 'unknown') and c.app_cache is distinct from 'hit' and c.service_tier is distinct from 'batch';

with totals as (
    select coalesce(sum(w), 0) as n, coalesce(sum(w) filter (where not stream), 0) as k, coalesce(max(long_tokens), 200) as long_tokens,
        sum(w * saved_ms) filter (where not stream and saved_ms is not null) / sum(w) filter (where not stream and saved_ms is not null) as saved_ms, power(sum(w), 2) / sum(w * w) as effective_n from long_calls
),
rate as (select *, k / nullif(n, 0) as p, 1.96 * 1.96 / effective_n as z2n from totals),
top as (select coalesce(feature, 'calls without a feature') as top_feature from long_calls where not stream group by 1 order by sum(w) desc, 1 limit 1)
select case when n = 0 then 'unknown' when k > 0 then 'info' else 'ok' end as verdict, cast(round(n) as bigint) as n, p as value, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo,
    (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, case when saved_ms is null then 'measured' else 'estimated' end as basis, 3 / nullif(effective_n, 0) as min_effect, cast(null as double) as p_value,
    cast(round(k) as bigint) as should_stream, long_tokens, saved_ms, top_feature, 'no answer has so many tokens' as reason
from rate left join top on true;

select feature, provider, model, cast(round(sum(w)) as bigint) as long_calls, cast(round(coalesce(sum(w) filter (where not stream), 0)) as bigint) as unstreamed,
    sum(w * duration_ms) filter (where not stream) / sum(w) filter (where not stream and duration_ms is not null) as mean_ms, any_value(first_ms) as first_ms,
    sum(w * saved_ms) filter (where not stream) / sum(w) filter (where not stream and saved_ms is not null) as saved_ms
from long_calls group by feature, provider, model order by unstreamed desc, long_calls desc, feature, model limit 50;
