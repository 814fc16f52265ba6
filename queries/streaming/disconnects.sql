/*---
question  = "Do streams break off before their end?"
needs     = ["calls.stream where app_cache is distinct from 'hit' -- on calls that reach a provider", "calls.status | calls.finish_reason where stream -- on streams"]
min_calls = 50
results   = ["verdict", "evidence", "elapsed"]
passes    = "{broken:int} of {n:stream|streams} broke off ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}); more than {warn_share:pct1} would have been a warning."
fails     = "{broken:int} of {n:stream|streams} broke off ({value:pct1}), {peak_text}; most from {top_feature}[; about {wasted_tokens:tok} tokens were written after the reader had left]."
why       = "The reader sees half an answer and asks again, and what was written before the break is paid for."
fix       = "Where most break at one elapsed time, raise the idle or total time limit of the proxy, load balancer or client that has it, and send a keep-alive while the model thinks. Where users leave, answer sooner or shorter."
engine    = "duckdb"
[[chart]]
kind   = "bars"
result = "elapsed"
x      = "elapsed_s"
y      = "broken"
[columns]
feature      = { label = "Feature" }
provider     = { label = "Provider" }
model        = { label = "Model" }
streams      = { label = "Streams", unit = "int" }
broken       = { label = "Broke off", unit = "int", help = "cancelled by the client, cut, or left" }
share        = { label = "Share", unit = "pct1" }
after_ms     = { label = "After, median", unit = "ms", help = "from the start to the break" }
paid_tokens  = { label = "Tokens paid", unit = "tok", help = "output tokens of the broken streams, where logged" }
wasted_tokens = { label = "After the break", unit = "tok", help = "estimated: output tokens less those that had arrived, by characters or by the model's pace" }
paid_usd     = { label = "Paid", unit = "usd", help = "cost of the broken streams, where priced" }
first_at     = { label = "First", unit = "time" }
last_at      = { label = "Last", unit = "time" }
example_call = { label = "Example", help = "llmlogs show ID" }
elapsed_s    = { label = "Seconds after the start", unit = "num" }
---*/
-- What was written after the break: output tokens less those delivered, told by the characters that arrived (at the rate of whole answers), else by the time
-- (at those paces of the model's whole answers that are slow enough not to have finished before). Nothing is told where the log's own count may be that of a cut answer (usage_status partial).
create or replace temp table streams as
with params as (
    select coalesce(getvariable('warn_share'), 3e-2) as warn_share, -- broken streams above this share are a warning
        coalesce(getvariable('fail_share'), 1e-1) as fail_share, -- and above this share a failure
),
paces as (
    select provider as its_provider, coalesce(request_model, response_model) as its_model, quantile_cont((duration_ms - ttft_ms) / nullif(output_tokens - 1, 0),
            [0.025, 0.075, 0.125, 0.175, 0.225, 0.275, 0.325, 0.375, 0.425, 0.475, 0.525, 0.575, 0.625, 0.675, 0.725, 0.775, 0.825, 0.875, 0.925, 0.975]) as paces_ms,
        quantile_cont(completion_chars * 1e0 / nullif(output_tokens, 0), 0.5) as token_chars
    from calls where stream and coalesce(status, 'ok') = 'ok' and disconnect_ms is null and app_cache is distinct from 'hit' group by 1, 2
)
select call_id, started_at, sample_weight, coalesce(feature, 'no feature') as feature, coalesce(provider, 'unknown provider') as provider,
    coalesce(request_model, response_model) as model, output_tokens, cost_usd, warn_share, fail_share, coalesce(disconnect_ms, duration_ms) as after_ms,
    case when disconnect_ms is null or output_tokens is null or coalesce(usage_status, 'reported') <> 'reported' then null
        else greatest(output_tokens - coalesce(completion_chars / nullif(token_chars, 0), 1 + coalesce(list_avg([(disconnect_ms - ttft_ms) / x for x in paces_ms if x * (output_tokens - 1) > disconnect_ms - ttft_ms]), 0.95 * (output_tokens - 1))), 0) end as wasted,
    coalesce(status = 'cancelled' or error_class in ('client_cancel', 'truncated_stream') or disconnect_ms is not null, false) as is_broken
from calls cross join params left join paces on its_provider is not distinct from provider and its_model is not distinct from coalesce(request_model, response_model)
where stream and app_cache is distinct from 'hit' and (coalesce(status, 'ok') in ('ok', 'cancelled', 'unknown') or error_class in ('client_cancel', 'truncated_stream'));

with totals as (
    select coalesce(sum(sample_weight), 0) as n, coalesce(sum(sample_weight) filter (where is_broken), 0) as broken, sum(sample_weight * wasted) as wasted, sum(sample_weight * output_tokens) filter (where wasted is not null) as wasted_hi, max(warn_share) as warn_share,
        max(fail_share) as fail_share, power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as effective_n from streams
),
rate as (select *, broken / nullif(n, 0) as p, 1.96 * 1.96 / effective_n as z2n from totals),
wilson as (
    select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from rate
),
slots as (select round(after_ms / 500) / 2 as elapsed_s, sum(sample_weight) as w from streams where is_broken and after_ms is not null group by 1),
peak as (select elapsed_s, w / sum(w) over () as peak_share from slots order by w desc, elapsed_s limit 1),
top as (select feature, sum(sample_weight) as w from streams where is_broken group by feature order by w desc, feature limit 1)
select case when lo > fail_share then 'fail' when lo > warn_share then 'warn' else 'ok' end as verdict, cast(round(n) as bigint) as n, p as value, lo, hi, 'measured' as basis,
    warn_share as min_effect, cast(null as double) as p_value, cast(round(broken) as bigint) as broken, warn_share, cast(round(wasted) as bigint) as wasted_tokens, case when wasted is not null then 0 end as wasted_lo, cast(round(wasted_hi) as bigint) as wasted_hi, case when wasted is not null then 'estimated' end as wasted_basis, elapsed_s as peak_s, peak_share, feature as top_feature,
    case when peak_share >= 0.5 then cast(round(100 * peak_share) as integer) || '% of them about ' || elapsed_s || ' s after the start, as a time limit does'
        when peak_share is null then 'after a time that is not logged' else 'at no time in common, as leaving readers do' end as peak_text
from wilson left join peak on true left join top on true;

with timed as (
    select feature, provider, model, after_ms, sum(sample_weight) over s / sum(sample_weight) over (partition by feature, provider, model) as below
    from streams where is_broken and after_ms is not null window s as (partition by feature, provider, model order by after_ms)
),
medians as (select feature, provider, model, min(after_ms) filter (where below >= 0.5) as after_ms from timed group by feature, provider, model)
select s.feature, s.provider, s.model, cast(round(sum(sample_weight)) as bigint) as streams, cast(round(sum(sample_weight) filter (where is_broken)) as bigint) as broken,
    sum(sample_weight) filter (where is_broken) / sum(sample_weight) as share, max(m.after_ms) as after_ms,
    cast(round(sum(sample_weight * output_tokens) filter (where is_broken)) as bigint) as paid_tokens, cast(round(sum(sample_weight * wasted)) as bigint) as wasted_tokens, sum(sample_weight * cost_usd) filter (where is_broken) as paid_usd,
    min(started_at) filter (where is_broken) as first_at, max(started_at) filter (where is_broken) as last_at, max(call_id) filter (where is_broken) as example_call
from streams s left join medians m on m.feature = s.feature and m.provider = s.provider and m.model is not distinct from s.model
group by s.feature, s.provider, s.model having bool_or(is_broken) order by broken desc, s.feature, s.provider, s.model limit 50;

select round(after_ms / 500) / 2 as elapsed_s, cast(round(sum(sample_weight)) as bigint) as broken from streams
where is_broken and after_ms is not null group by 1 order by 1 limit 240;
