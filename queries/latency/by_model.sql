/*---
question  = "How fast is each model, and has a provider become slower?"
needs     = ["calls.duration_ms", "calls.response_model | calls.request_model"]
min_calls = 20
results   = ["verdict", "evidence", "daily"]
passes    = "Half of all answers take less than {p50:ms}, one in twenty more than {p95:ms}. No model became slower for good; a slowdown of {min_effect:pct0} of {top_model} would have been seen."
fails     = "{model} at {provider} is {value:pct0} slower since {changed_at:date} for the same number of tokens ({lo:pct0} to {hi:pct0}): its {measure} went from {level_before:ms} to {level_after:ms}."
info      = "Half of all answers take less than {p50:ms}, one in twenty more than {p95:ms} ({n:int} calls). A change cannot be judged: that takes 14 whole days with enough calls, and this log spans {days:int}."
why       = "Users feel the slow answers, not the average. A provider that slows down looks like your own fault until its answers are compared with their own past."
fix       = "1. Ask the provider's status page for the date above. 2. Send part of the traffic to another region, provider or model and compare. 3. Set a time limit with a fallback near the p95 of good days. 4. Shorten answers: most time goes into writing them (latency/where_time_goes)."
[[chart]]
kind   = "lines-over-time"
result = "daily"
title  = "p95 by day"
x      = "day"
y      = "p95_ms"
by     = "model"
[columns]
provider   = { label = "Provider" }
model      = { label = "Model", help = "as answered, else as asked" }
n_calls    = { label = "Calls", unit = "int", help = "answered calls; no cache hits of your own, no failures" }
p50_ms     = { label = "p50", unit = "ms" }
p95_ms     = { label = "p95", unit = "ms", help = "from 20 calls" }
p99_ms     = { label = "p99", unit = "ms", help = "from 100 calls" }
max_ms     = { label = "Slowest", unit = "ms" }
ttft_p50_ms = { label = "First token p50", unit = "ms", help = "streamed calls that log it" }
ttft_p95_ms = { label = "First token p95", unit = "ms", help = "from 20 streamed calls" }
ms_per_token = { label = "Per token", unit = "ms", help = "median of duration over output tokens" }
change     = { label = "Slower by", unit = "pct0", help = "for the same tokens, at the most striking change of typical or slow answers" }
changed_at = { label = "Since", unit = "date" }
day        = { label = "Day (UTC)", unit = "date" }
---*/
-- A problem: typical or slow answers take at least 20 % longer for the same tokens than on the model's own earlier days, in a log of 14 whole days:
-- three days old or less with a normal deviate of 3.4, or older with p < 1 % after counting every split, model and measure tried (view series_shifts).
create or replace temp table shift as
with params as (
    select coalesce(getvariable('min_slowdown'), 0.2) as min_slowdown, -- smallest lasting slowdown worth a warning, as a share
        coalesce(getvariable('min_days'), 14) as min_days -- whole days needed to judge
)
select s.*, case metric when 'slow_wait' then 'p95' else 'median' end as measure, exp(shift) - 1 as change, exp(shift - 1.96 * se) - 1 as lo, exp(shift + 1.96 * se) - 1 as hi,
    least(1e0, p_value * count(*) over ()) as p_all, days >= min_days as judged,
    days >= min_days and exp(shift) - 1 >= min_slowdown and ((days_after <= 3 and z >= 3.4) or p_value * count(*) over () < 0.01) as problem
from series_shifts s, params where metric in ('typical_wait', 'slow_wait');

create or replace temp table waits as
with grouped as (
    select grouping(provider, model) > 0 as is_all, provider, model, count(*) as n_rows, sum(sample_weight) as w, min(sample_weight) <> max(sample_weight) as uneven,
        max(duration_ms) as max_ms, quantile_cont(duration_ms, 0.5) as q50, quantile_cont(duration_ms, 0.95) as q95, quantile_cont(duration_ms, 0.99) as q99,
        quantile_cont(ttft_ms, 0.5) as t50, quantile_cont(ttft_ms, 0.95) as t95, count(ttft_ms) as n_ttft,
        quantile_cont(duration_ms / nullif(output_tokens, 0), 0.5) as ms_per_token
    from call_waits group by grouping sets ((provider, model), ())
),
ranked as ( -- only where sample weights differ: the first value at which the summed weight reaches the share
    select false as is_all, provider, model, duration_ms,
        sum(sample_weight) over (partition by provider, model order by duration_ms) / sum(sample_weight) over (partition by provider, model) as below
    from call_waits where (select bool_or(uneven) from grouped)
    union all
    select true, null, null, duration_ms, sum(sample_weight) over (order by duration_ms) / sum(sample_weight) over ()
    from call_waits where (select bool_or(uneven) from grouped)
),
weighted as (
    select is_all, provider, model, min(duration_ms) filter (below >= 0.5) as p50, min(duration_ms) filter (below >= 0.95) as p95, min(duration_ms) filter (below >= 0.99) as p99
    from ranked group by is_all, provider, model
)
select g.is_all, g.provider, g.model, cast(round(coalesce(g.w, 0)) as bigint) as n_calls, coalesce(r.p50, q50) as p50_ms,
    case when n_rows >= 20 then coalesce(r.p95, q95) end as p95_ms, case when n_rows >= 100 then coalesce(r.p99, q99) end as p99_ms, max_ms,
    case when not uneven then t50 end as ttft_p50_ms, case when not uneven and n_ttft >= 20 then t95 end as ttft_p95_ms, case when not uneven then ms_per_token end as ms_per_token
from grouped g left join weighted r on g.is_all = r.is_all and g.provider is not distinct from r.provider and g.model is not distinct from r.model;

with worst as (select * from shift order by problem desc, judged desc, p_value, series limit 1),
top as (select w.model as top_model, exp(s.smallest_shift) - 1 as smallest
    from waits w left join shift s on w.provider is not distinct from s.provider and w.model is not distinct from s.model and s.metric = 'typical_wait'
    where not w.is_all order by n_calls desc, w.provider, w.model limit 1)
select case when a.n_calls = 0 then 'unknown' when w.problem then case when w.change >= 1 then 'fail' else 'warn' end when w.judged then 'ok' else 'info' end as verdict,
    a.n_calls as n, w.change as value, w.lo, w.hi, 'estimated' as basis, case when t.smallest > 0.2 then t.smallest when t.smallest is not null then 0.2 end as min_effect, case when w.judged and w.change > 0 then w.p_all end as p_value,
    case when a.n_calls = 0 then 'there is no answered call with a duration' end as reason, a.p50_ms as p50, a.p95_ms as p95, coalesce(t.top_model, 'a call without a model') as top_model,
    coalesce(w.model, 'a call without a model') as model, coalesce(w.provider, 'an unnamed provider') as provider, w.measure, w.level_before, w.level_after, w.changed_at,
    (select coalesce(max(day_no) + 1, 0) from day_waits) as days
from waits a left join worst w on true left join top t on true where a.is_all;

select w.provider, w.model, n_calls, p50_ms, p95_ms, p99_ms, max_ms, ttft_p50_ms, ttft_p95_ms, ms_per_token, s.change, s.changed_at
from waits w left join shift s on w.provider is not distinct from s.provider and w.model is not distinct from s.model
where not is_all
qualify row_number() over (partition by w.provider, w.model order by s.p_value, s.metric) = 1
order by n_calls desc, w.provider, w.model;

with top as (select provider, model from waits where not is_all order by n_calls desc, provider, model limit 6)
select date_trunc('day', c.started_at) as day, c.provider, c.model, cast(round(sum(c.sample_weight)) as bigint) as n_calls, quantile_cont(c.duration_ms, 0.5) as p50_ms,
    case when count(*) >= 20 then quantile_cont(c.duration_ms, 0.95) end as p95_ms
from call_waits c join top t on c.provider is not distinct from t.provider and c.model is not distinct from t.model
where c.started_at is not null group by 1, 2, 3 having min(c.sample_weight) = max(c.sample_weight) order by 1, 2, 3 limit 500;
