/*---
question  = "How much traffic is there: calls and tokens per minute, and how many at once?"
needs     = ["calls.started_at"]
results   = ["verdict", "evidence", "timeline"]
passes    = "{n:call|calls}[ (95% interval {calls_lo:int} to {calls_hi:int}, as the log is a sample)] in {active_minutes:minute|minutes} with traffic: {value:num} a minute in the median, [{busy_calls:num} in the busiest twentieth, ]{peak_calls:num} at {peak_at:time}[; {usual_tokens:tok} tokens a minute in the median][, up to {peak_tokens:tok}][; at most {at_once:call|calls} at once]."
fails     = "{n:call|calls}."          # it describes and never alarms
why       = "Limits, capacity and bills follow the busiest minutes, not the average."
fix       = "Hold the peak against the limits you have; move batches out of the busiest hours."
[[chart]]
kind   = "bars-over-time"
result = "timeline"
x      = "window_start"
y      = "calls_sent"
[columns]
provider     = { label = "Provider" }
model        = { label = "Model" }
calls_sent   = { label = "Calls", unit = "int" }
usual_calls  = { label = "Calls a minute", unit = "num", help = "median of its minutes with traffic" }
busy_calls   = { label = "Calls in a busy minute", unit = "num", help = "p95 of its minutes with traffic, from 20 of them" }
peak_calls   = { label = "Calls in its busiest minute", unit = "num" }
peak_at      = { label = "When", unit = "time" }
tokens       = { label = "Tokens", unit = "tok", help = "input and output" }
usual_tokens = { label = "Tokens a minute", unit = "tok", help = "median of its minutes with traffic" }
busy_tokens  = { label = "Tokens in a busy minute", unit = "tok", help = "p95 of its minutes with traffic, from 20 of them" }
peak_tokens  = { label = "Tokens in its busiest minute", unit = "tok" }
at_once      = { label = "At once", unit = "int", help = "most calls under way at the same moment; needs durations" }
window_start = { label = "Window", unit = "time" }
---*/
create or replace temp table minutes as -- of calls that reached a provider; a minute without any is in no percentile, and the sentence says so
select coalesce(provider, 'unknown provider') as provider, coalesce(request_model, response_model, 'unknown model') as model, date_trunc('minute', started_at) as at_minute,
    count(*) as seen, sum(sample_weight) as sent, sum(sample_weight * (coalesce(input_tokens, 0) + coalesce(output_tokens, 0))) as used,
    bool_or(input_tokens is not null or output_tokens is not null) as has_tokens
from calls where started_at is not null and app_cache is distinct from 'hit' group by provider, model, at_minute;

create or replace temp table crowds as -- who leaves goes first
with sent as (
    select coalesce(provider, 'unknown provider') as provider, coalesce(request_model, response_model, 'unknown model') as model, started_at, started_at + to_microseconds(cast(round(duration_ms * 1e3) as bigint)) as ended_at, sample_weight as w
    from calls where duration_ms is not null and started_at is not null and app_cache is distinct from 'hit'
),
edges as (select provider, model, started_at as moment, w as change from sent union all select provider, model, ended_at, -w from sent),
running as (
    select provider, model, sum(change) over (order by moment, change rows unbounded preceding) as together, sum(change) over (partition by provider, model order by moment, change rows unbounded preceding) as at_once from edges
)
select provider, model, max(together) as together, max(at_once) as at_once from running group by provider, model;

with every_minute as (select at_minute, sum(seen) as seen, sum(sent) as sent, sum(used) as used, bool_or(has_tokens) as has_tokens from minutes group by at_minute),
totals as (
    select coalesce(sum(sent), 0) as n, sum(seen) as seen, count(*) as active, quantile_disc(sent, 0.5) as p50, case when count(*) >= 20 then quantile_disc(sent, 0.95) end as p95, max(sent) as peak,
        quantile_disc(used, 0.5) filter (where has_tokens) as usual_tokens, max(used) filter (where has_tokens) as peak_tokens from every_minute
),
sampling as ( -- see sampled_calls; NULL where nothing was sampled
    select 1.96 * sqrt(sum(r * r)) as half from (select sum(spread) as r from sampled_calls where started_at is not null and app_cache is distinct from 'hit' group by unit) units
),
peak as (select at_minute as peak_at from every_minute order by sent desc, at_minute limit 1),
crowd as (select nullif(max(together), 0) as at_once from crowds)
select case when n = 0 then 'unknown' else 'info' end as verdict, 'the log holds no calls' as reason, cast(round(n) as bigint) as n, p50 as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value, n as calls_total, case when n - half < seen then seen when half is not null then n - half end as calls_lo, n + half as calls_hi,
    active as active_minutes, p95 as busy_calls, peak as peak_calls, peak_at, usual_tokens, peak_tokens, cast(round(at_once) as bigint) as at_once
from totals left join peak on true cross join crowd cross join sampling;

with peaks as (select provider, model, at_minute as peak_at, row_number() over (partition by provider, model order by sent desc, at_minute) as place from minutes)
select m.provider, m.model, cast(round(sum(sent)) as bigint) as calls_sent, quantile_disc(sent, 0.5) as usual_calls, case when count(*) >= 20 then quantile_disc(sent, 0.95) end as busy_calls, max(sent) as peak_calls, max(peak_at) as peak_at,
    cast(round(max(c.at_once)) as bigint) as at_once, case when bool_or(has_tokens) then cast(round(sum(used)) as bigint) end as tokens, case when bool_or(has_tokens) then quantile_disc(used, 0.5) end as usual_tokens,
    case when bool_or(has_tokens) and count(*) >= 20 then quantile_disc(used, 0.95) end as busy_tokens, case when bool_or(has_tokens) then max(used) end as peak_tokens
from minutes m join peaks p on p.provider = m.provider and p.model = m.model and p.place = 1 left join crowds c on c.provider = m.provider and c.model = m.model
group by m.provider, m.model order by calls_sent desc, m.provider, m.model limit 50;

with span as (select date_diff('hour', min(at_minute), max(at_minute)) as hours from minutes)
select case when hours <= 6 then at_minute when hours <= 400 then date_trunc('hour', at_minute) else date_trunc('day', at_minute) end as window_start,
    cast(round(sum(sent)) as bigint) as calls_sent, cast(round(sum(used)) as bigint) as tokens
from minutes, span group by 1 order by 1;
