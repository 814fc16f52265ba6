/*---
question  = "Do answers pause in the middle?"
needs     = ["calls.stream where app_cache is distinct from 'hit' -- on calls that reach a provider", "calls.max_gap_ms where stream and coalesce(status, 'ok') = 'ok' -- on streams that went well"]
min_calls = 50
results   = ["verdict", "evidence"]
passes    = "{stalled:int} of {n:stream|streams} paused in the middle ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}); more than {warn_share:pct1} would have been a warning."
fails     = "{stalled:int} of {n:stream|streams} paused in the middle for longer than {least_s:num} s ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}), most of {top_name}; the longest pause took {longest:ms}."
why       = "A reader whose answer stands still for seconds thinks it is over, or reloads. Pauses also trip idle limits of proxies."
fix       = "1. One provider or model: it is loaded; try another region, a priority tier, or a fallback. 2. All at the same moment: look at your own proxy's buffers and network. 3. Tools run in the middle of the answer: say so in the stream. 4. Raise idle limits above the longest pause."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of streams that paused"
x      = "name"
y      = "share"
[columns]
provider   = { label = "Provider" }
model      = { label = "Model" }
name       = { label = "Model" }
streams    = { label = "Streams", unit = "int", help = "that went well and log their longest pause" }
stalled    = { label = "Paused", unit = "int", help = "longest pause above least_s seconds and above 5 times the call's own time per token" }
share      = { label = "Share", unit = "pct1" }
longest_ms = { label = "Longest", unit = "ms" }
lost_ms    = { label = "Paused, mean", unit = "ms", help = "of the streams that paused" }
example_call = { label = "Example", help = "the call with the longest pause: llmlogs show ID" }
---*/
create or replace temp table streams as
with params as (
    select coalesce(getvariable('least_s'), 1e0) as least_s, -- a shorter pause is none [s]
        coalesce(getvariable('warn_share'), 2e-2) as warn_share, -- paused streams above this share are a warning
        coalesce(getvariable('fail_share'), 1e-1) as fail_share -- and above this share a failure
)
select call_id, provider, coalesce(response_model, request_model) as model, sample_weight as w, max_gap_ms, least_s, warn_share, fail_share,
    max_gap_ms > greatest(1e3 * least_s, coalesce(5 * (duration_ms - ttft_ms) / nullif(output_tokens, 0), 0)) as is_stalled
from calls, params where stream and max_gap_ms is not null and coalesce(status, 'ok') = 'ok' and app_cache is distinct from 'hit';

create or replace temp table models as
select provider, model, concat_ws(' at ', coalesce(model, 'an unnamed model'), provider) as name, sum(w) as n, sum(w) filter (where is_stalled) as k, max(max_gap_ms) as longest_ms,
    sum(w * max_gap_ms) filter (where is_stalled) / sum(w) filter (where is_stalled) as lost_ms, arg_max(call_id, max_gap_ms) as example_call
from streams group by provider, model;

with totals as (
    select coalesce(sum(w), 0) as n, coalesce(sum(w) filter (where is_stalled), 0) as stalled, max(warn_share) as warn_share, max(fail_share) as fail_share, max(least_s) as least_s, max(max_gap_ms) as longest,
        power(sum(w), 2) / sum(w * w) as effective_n from streams
),
rate as (select *, stalled / nullif(n, 0) as p, 1.96 * 1.96 / effective_n as z2n from totals),
wilson as (
    select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from rate
),
top as (select name as top_name from models where k > 0 order by k desc, name limit 1)
select case when lo > fail_share then 'fail' when lo > warn_share then 'warn' else 'ok' end as verdict, cast(round(n) as bigint) as n, p as value, lo, hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    cast(round(stalled) as bigint) as stalled, warn_share, least_s, longest, top_name
from wilson left join top on true;

select provider, model, name, cast(round(n) as bigint) as streams, cast(round(coalesce(k, 0)) as bigint) as stalled, coalesce(k, 0) / n as share, longest_ms, lost_ms, example_call from models order by stalled desc, streams desc, name limit 50;
