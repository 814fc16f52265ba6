/*---
question  = "Which calls have no price, why, and what could they cost?"
needs     = ["calls.input_tokens | calls.cost_usd"]
results   = ["verdict", "evidence"]
passes    = "All {billable:int} calls that may have cost something are priced."
fails     = "{value:pct} of {billable:int} calls have no price ({tokens:tok} tokens): mostly {top_reason}.[ They cost at most {bound:usd} more.][ Nothing bounds {unbounded:call|calls} of them.]"
info      = "{value:pct} of {billable:int} calls have no price ({tokens:tok} tokens): mostly {top_reason}.[ They cost at most {bound:usd} more.][ Nothing bounds {unbounded:call|calls} of them.]"
why       = "An unpriced call is not a free call. Every total of money in this report is a lower bound until these are priced."
fix       = "1. unknown model: name it in llmlogs.prices.toml ([[alias]] to a known model, or [[price]] of your own). 2. usage missing on streams: ask for it (stream_options.include_usage) and log it. 3. unknown provider: log `provider`. 4. Free by contract: say so with [[free]]."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Calls without a price, by reason"
x      = "model"
y      = "n_calls"
[columns]
cost_status  = { label = "Why" }
provider     = { label = "Provider" }
model        = { label = "Model" }
n_calls        = { label = "Calls", unit = "int" }
call_share   = { label = "Of calls", unit = "pct", help = "of all calls that may have cost something" }
no_usage     = { label = "No tokens", unit = "int", help = "calls that logged no token count" }
unbounded    = { label = "No bound", unit = "int", help = "calls of which nothing says what they may have cost at most" }
input_tokens = { label = "Input", unit = "tok" }
output_tokens = { label = "Output", unit = "tok" }
bound_usd    = { label = "At most", unit = "usd", help = "what these calls may have cost above what is known: view call_costs, spend_high; calls without a bound are not in it" }
reported_usd = { label = "Reported", unit = "usd", help = "what the log or the provider itself states" }
first_at     = { label = "First", unit = "time" }
last_at      = { label = "Last", unit = "time" }
---*/
-- A problem: more than 1 % of the calls that may have cost something have no price; failing above 10 %.
-- A priced call whose logged output is a placeholder (lower_bound) is listed with what its estimate adds at most, and not judged.
-- Calls that failed without usage cost nothing and do not count; calls cut short without usage are listed and not judged: no log can know what was billed.
create or replace temp table unpriced as
select case when money = 'priced' then 'lower_bound' when money = 'unfinished' then 'cut short' else coalesce(cost_status, 'not priced yet') end as cost_status,
    money <> 'unpriced' as unjudged, provider, model, cast(round(sum(sample_weight)) as bigint) as n_calls,
    cast(round(coalesce(sum(sample_weight) filter (coalesce(input_tokens, output_tokens) is null), 0)) as bigint) as no_usage,
    cast(round(coalesce(sum(sample_weight) filter (spend_high is null), 0)) as bigint) as unbounded,
    cast(round(sum(tokens_in)) as bigint) as input_tokens, cast(round(sum(tokens_out)) as bigint) as output_tokens,
    cast(sum(reported_usd * sample_weight) as decimal(38, 12)) as reported_usd, min(started_at) as first_at, max(started_at) as last_at,
    sum(cast(spend_high as double) - coalesce(cast(spend as double), 0)) as bound_usd
from call_costs where money in ('unpriced', 'unfinished') or cost_status = 'lower_bound' and spend_high is distinct from spend
group by 1, 2, 3, 4;

with params as (
    select coalesce(getvariable('warn_share'), 0.01) as warn_share, -- share of calls without a price that warns
        coalesce(getvariable('fail_share'), 0.1) as fail_share -- and that fails
),
billable as (select coalesce(sum(sample_weight), 0) as weight from call_costs where money <> 'refused'),
total as (
    select coalesce(sum(n_calls) filter (not unjudged), 0) as weight, cast(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) filter (cost_status <> 'lower_bound') as bigint) as tokens, sum(bound_usd) as bound,
        coalesce(sum(unbounded), 0) as unbounded from unpriced
)
select case when b.weight = 0 then 'unknown' when t.weight = 0 then 'ok' when t.weight > fail_share * b.weight then 'fail' when t.weight > warn_share * b.weight then 'warn' else 'info' end as verdict,
    cast(round(b.weight) as bigint) as n, t.weight / nullif(b.weight, 0) as value, 0e0 as lo, t.weight / nullif(b.weight, 0) as hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    case when b.weight = 0 then 'there is no call' end as reason, cast(round(b.weight) as bigint) as billable, t.tokens, t.bound, case when t.unbounded > 0 then cast(t.unbounded as bigint) end as unbounded,
    (select cost_status from unpriced where not unjudged group by cost_status order by sum(n_calls) desc, cost_status limit 1) as top_reason
from params, billable b, total t;

select cost_status, provider, model, n_calls, n_calls / (select nullif(sum(sample_weight), 0) from call_costs where money <> 'refused') as call_share,
    no_usage, unbounded, input_tokens, output_tokens, bound_usd, reported_usd, first_at, last_at
from unpriced order by n_calls desc, cost_status, provider, model;
