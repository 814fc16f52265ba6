/*---
question  = "How long until the first token, and how fast do the others follow?"
needs     = ["calls.stream where app_cache is distinct from 'hit' -- on calls that reach a provider", "calls.ttft_ms where stream and coalesce(status, 'ok') = 'ok' -- on streams that went well"]
results   = ["verdict", "evidence", "timeline"]
passes    = "The first token comes after {p50_ms:ms} in the median and {value:ms} at p95 of {n:stream|streams} (95% interval {lo:ms} to {hi:ms}); no model's p95 is surely above {slow_ms:ms}.{unstreamed_text}"
fails     = "{worst_model} keeps readers waiting: its first token comes after {worst_ms:ms} at p95 of {worst_n:stream|streams} ({value:ms} over all {n:int}), above {slow_ms:ms}.{unstreamed_text}"
why       = "Readers judge an assistant by when it starts to speak; after ten seconds of nothing they do something else."
fix       = "Shorten or cache the prompt of the slow model (reading it comes before the first token), move the work before the call out of the reader's wait, try a nearer region or a smaller model, and stream every answer that a person reads."
[[chart]]
kind   = "lines-over-time"
result = "timeline"
x      = "window_start"
p50    = "p50_ms"
p95    = "p95_ms"
n      = "streams"
[columns]
provider      = { label = "Provider" }
model         = { label = "Model" }
streams       = { label = "Streams", unit = "int", help = "streamed calls that went well and have a time to first token" }
p50_ms        = { label = "p50", unit = "ms" }
p95_ms        = { label = "p95", unit = "ms", help = "from 20 streams" }
p95_lo_ms     = { label = "p95 from", unit = "ms", help = "95% interval (Woodruff)" }
p95_hi_ms     = { label = "p95 to", unit = "ms", help = "95% interval (Woodruff)" }
p99_ms        = { label = "p99", unit = "ms", help = "from 100 streams" }
tokens_per_s  = { label = "Tokens per second", unit = "num", help = "median over calls of (output tokens - 1) / (duration - time to first token)" }
stalled       = { label = "Stalled", unit = "pct1", help = "longest pause above 1 s and above 5 times the call's own time per token, of calls that log it" }
clock         = { label = "Measured by", help = "where the time to first token was taken" }
window_start  = { label = "Window", unit = "time" }
---*/
-- quantile_cont where every call weighs the same, else the first value at which the summed weight reaches the share q.
create or replace temp macro weighted_quantile(x, w, below, q) as case when min(w) = max(w) then quantile_cont(x, q) else min(x) filter (where below >= q) end;
create or replace temp table streams as
with params as (
    select coalesce(getvariable('slow_ms'), 1e4) as slow_ms -- a p95 above this loses readers
)
select started_at, sample_weight as w, case when sample_weight > 1 then coalesce(trace_id, operation_id, call_id) end as unit, coalesce(provider, 'unknown provider') as provider, coalesce(request_model, response_model, 'unknown model') as model, ttft_ms, ttft_basis, slow_ms,
    case when output_tokens > 1 and duration_ms > ttft_ms then (output_tokens - 1) * 1e3 / (duration_ms - ttft_ms) end as speed,
    case when max_gap_ms is not null and output_tokens > 1 and duration_ms > ttft_ms then max_gap_ms > greatest(1e3, 5 * (duration_ms - ttft_ms) / output_tokens) end as is_stalled
from calls, params where stream and ttft_ms is not null and coalesce(status, 'ok') = 'ok' and app_cache is distinct from 'hit';

-- The interval of a percentile inverts the interval of the share below it (Woodruff 1952). In a sampled log it is about the unsampled log's percentile, see sampled_calls.
create or replace temp table models as
with ranked as (select *, sum(w) over (partition by provider, model order by ttft_ms) / sum(w) over (partition by provider, model) as below from streams),
paced as (select provider, model, w, speed, sum(w) over (partition by provider, model order by speed) / sum(w) over (partition by provider, model) as below from streams where speed is not null),
points as (select provider, model, min(ttft_ms) filter (where below >= 0.95) as p95, sum(w) as n, 0.95 * 0.05 * sum(w * w) as v from ranked group by provider, model),
units as (
    select s.provider, s.model, sum(sqrt(w * (w - 1)) * ((ttft_ms <= p95)::integer - 0.95)) as r
    from streams s join points p on p.provider = s.provider and p.model = s.model where unit is not null group by s.provider, s.model, unit
),
sampled as (select provider, model, nullif(sum(r * r), 0) as v from units group by provider, model),
margins as (select p.provider, p.model, 1.96 * sqrt(coalesce(s.v, p.v)) / n as margin from points p left join sampled s on s.provider = p.provider and s.model = p.model),
speeds as (select provider, model, weighted_quantile(speed, w, below, 0.5) as tokens_per_s from paced group by provider, model)
select r.provider, r.model, count(*) as seen, sum(w) as streams, weighted_quantile(ttft_ms, w, below, 0.5) as p50_ms,
    case when count(*) >= 20 then weighted_quantile(ttft_ms, w, below, 0.95) end as p95_ms, case when count(*) >= 20 then min(ttft_ms) filter (where below >= 0.95 - margin) end as p95_lo_ms,
    case when count(*) >= 20 then coalesce(min(ttft_ms) filter (where below >= 0.95 + margin), max(ttft_ms)) end as p95_hi_ms,
    case when count(*) >= 100 then weighted_quantile(ttft_ms, w, below, 0.99) end as p99_ms, max(tokens_per_s) as tokens_per_s,
    sum(w) filter (where is_stalled) / nullif(sum(w) filter (where is_stalled is not null), 0) as stalled_share, bool_or(is_stalled is not null) as has_gaps, min(ttft_basis) as clock, max(slow_ms) as slow_ms
from ranked r join margins m on m.provider = r.provider and m.model = r.model left join speeds s on s.provider = r.provider and s.model = r.model
group by r.provider, r.model;

with ranked as (select ttft_ms, w, unit, sum(w) over (order by ttft_ms) / sum(w) over () as below from streams),
points as (select min(ttft_ms) filter (where below >= 0.95) as p95, sum(w) as n, 0.95 * 0.05 * sum(w * w) as v from ranked),
units as (select sum(sqrt(w * (w - 1)) * ((ttft_ms <= p95)::integer - 0.95)) as r from ranked, points where unit is not null group by unit),
margins as (select 1.96 * sqrt(coalesce((select nullif(sum(r * r), 0) from units), v)) / n as margin from points),
totals as (
    select count(*) as seen, coalesce(sum(w), 0) as n, weighted_quantile(ttft_ms, w, below, 0.5) as p50_ms, weighted_quantile(ttft_ms, w, below, 0.95) as p95_ms,
        min(ttft_ms) filter (where below >= 0.95 - margin) as lo, coalesce(min(ttft_ms) filter (where below >= 0.95 + margin), max(ttft_ms)) as hi from ranked, margins
),
unstreamed as (select coalesce(sum(sample_weight), 0) as long_calls from calls where not stream and output_tokens >= 200 and app_cache is distinct from 'hit'),
worst as (select * from models where p95_ms is not null order by p95_ms desc, provider, model limit 1)
select case when t.seen < 20 then 'unknown' when worst.p95_lo_ms > worst.slow_ms then 'warn' else 'ok' end as verdict,
    case when t.seen = 0 then 'no call was streamed' else t.seen || ' of the 20 streams a p95 takes' end
        || case when long_calls > 0 then '; ' || cast(round(long_calls) as bigint) || ' calls wrote 200 tokens or more without streaming' else '' end as reason,
    cast(round(n) as bigint) as n, case when t.seen >= 20 then t.p95_ms end as value, case when t.seen >= 20 then lo end as lo, case when t.seen >= 20 then hi end as hi,
    'measured' as basis, worst.slow_ms as min_effect, cast(null as double) as p_value, t.p50_ms, worst.slow_ms, worst.model as worst_model, worst.p95_ms as worst_ms,
    cast(round(worst.streams) as bigint) as worst_n,
    case when long_calls > 0 then ' ' || cast(round(long_calls) as bigint) || ' calls wrote 200 tokens or more without streaming.' else '' end as unstreamed_text
from totals t cross join unstreamed left join worst on true;

select provider, model, cast(round(streams) as bigint) as streams, p50_ms, p95_ms, p95_lo_ms, p95_hi_ms, p99_ms, tokens_per_s, case when has_gaps then coalesce(stalled_share, 0) end as stalled, clock
from models order by p95_ms desc nulls last, provider, model limit 50;

with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from streams),
placed as (select ttft_ms, w, case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start from streams, span),
ranked as (select *, sum(w) over (partition by window_start order by ttft_ms) / sum(w) over (partition by window_start) as below from placed)
select window_start, cast(round(sum(w)) as bigint) as streams, weighted_quantile(ttft_ms, w, below, 0.5) as p50_ms, case when count(*) >= 20 then weighted_quantile(ttft_ms, w, below, 0.95) end as p95_ms
from ranked group by window_start order by window_start;
