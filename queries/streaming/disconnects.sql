/*---
question  = "Do streams break off before their end?"
needs     = ["calls.stream where app_cache is distinct from 'hit' -- on calls that reach a provider", "calls.status | calls.finish_reason where stream -- on streams"]
min_calls = 50
results   = ["verdict", "evidence", "elapsed"]
passes    = "{broken:int} of {n:stream|streams} broke off ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}); more than {warn_share:pct1} would have been a warning."
fails     = "{broken:int} of {n:stream|streams} broke off ({value:pct1}), {peak_text}; most from {top_feature}."
why       = "The reader sees half an answer and asks again, and what was written before the break is paid for."
fix       = "Where most break at one elapsed time, raise the idle or total time limit of the proxy, load balancer or client that has it, and send a keep-alive while the model thinks. Where users leave, answer sooner or shorter."
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
paid_usd     = { label = "Paid", unit = "usd", help = "cost of the broken streams, where priced" }
first_at     = { label = "First", unit = "time" }
last_at      = { label = "Last", unit = "time" }
example_call = { label = "Example", help = "llmlogs show ID" }
elapsed_s    = { label = "Seconds after the start", unit = "num" }
---*/
create or replace temp table streams as
with params as (
    select coalesce(getvariable('warn_share'), 3e-2) as warn_share, -- broken streams above this share are a warning
        coalesce(getvariable('fail_share'), 1e-1) as fail_share, -- and above this share a failure
)
select call_id, started_at, sample_weight, coalesce(feature, 'no feature') as feature, coalesce(provider, 'unknown provider') as provider,
    coalesce(request_model, response_model) as model, output_tokens, cost_usd, warn_share, fail_share, coalesce(disconnect_ms, duration_ms) as after_ms,
    coalesce(status = 'cancelled' or error_class in ('client_cancel', 'truncated_stream') or disconnect_ms is not null, false) as is_broken
from calls, params
where stream and app_cache is distinct from 'hit' and (coalesce(status, 'ok') in ('ok', 'cancelled', 'unknown') or error_class in ('client_cancel', 'truncated_stream'));

with totals as (
    select coalesce(sum(sample_weight), 0) as n, coalesce(sum(sample_weight) filter (where is_broken), 0) as broken, max(warn_share) as warn_share,
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
    warn_share as min_effect, cast(null as double) as p_value, cast(round(broken) as bigint) as broken, warn_share, elapsed_s as peak_s, peak_share, feature as top_feature,
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
    cast(round(sum(sample_weight * output_tokens) filter (where is_broken)) as bigint) as paid_tokens, sum(sample_weight * cost_usd) filter (where is_broken) as paid_usd,
    min(started_at) filter (where is_broken) as first_at, max(started_at) filter (where is_broken) as last_at, max(call_id) filter (where is_broken) as example_call
from streams s left join medians m on m.feature = s.feature and m.provider = s.provider and m.model is not distinct from s.model
group by s.feature, s.provider, s.model having bool_or(is_broken) order by broken desc, s.feature, s.provider, s.model limit 50;

select round(after_ms / 500) / 2 as elapsed_s, cast(round(sum(sample_weight)) as bigint) as broken from streams
where is_broken and after_ms is not null group by 1 order by 1 limit 240;
