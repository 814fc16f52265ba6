/*---
question  = "Which calls have no price, why, and what could they cost?"
needs     = ["calls.input_tokens | calls.cost_usd"]
results   = ["verdict", "evidence"]
passes    = "All {billable:int} calls that may have cost something are priced."
fails     = "{value:pct} of {billable:int} calls have no price ({tokens:tok} tokens): mostly {top_reason}. At the dearest known rates they cost at most {bound:usd} more; {unbounded:int} of them cannot be bounded."
info      = "{value:pct} of {billable:int} calls have no price ({tokens:tok} tokens): mostly {top_reason}. At the dearest known rates they cost at most {bound:usd} more; {unbounded:int} of them cannot be bounded."
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
no_usage     = { label = "No tokens", unit = "int", help = "calls that logged no token count: nothing bounds them" }
input_tokens = { label = "Input", unit = "tok" }
output_tokens = { label = "Output", unit = "tok" }
bound_usd    = { label = "At most", unit = "usd", help = "logged tokens at the dearest rate this log's price book has for the provider, else for any; for lower_bound what the upper end of the estimated output would add" }
reported_usd = { label = "Reported", unit = "usd", help = "what the log or the provider itself states" }
first_at     = { label = "First", unit = "time" }
last_at      = { label = "Last", unit = "time" }
---*/
-- A problem: more than 1 % of the calls that may have cost something have no price; failing above 10 %.
-- A priced call whose logged output is a placeholder (lower_bound) is listed with what its estimate adds at most, and not judged.
-- Calls that failed without usage cost nothing and do not count; calls cut short without usage are listed and not judged: no log can know what was billed.
create or replace temp table unpriced as
with rates as (
    select coalesce(p.price_provider, p.provider_raw) as provider, max(greatest(coalesce(r.input_rate, 0), coalesce(r.cache_write_rate, 0), coalesce(r.cache_write_1h_rate, 0))) as input_rate,
        max(greatest(coalesce(r.output_rate, 0), coalesce(r.reasoning_rate, 0))) as output_rate
    from price_rates r join price_plans p on r.plan_id = p.plan_id group by 1
),
dearest as (select max(input_rate) as input_rate, max(output_rate) as output_rate from rates),
floors as ( -- priced calls whose output is a placeholder: what the upper end of its estimate would add
    select 'lower_bound' as cost_status, true as unfinished, provider, model, cast(round(sum(sample_weight)) as bigint) as n_calls, cast(0 as bigint) as no_usage,
        cast(round(sum(tokens_in)) as bigint) as input_tokens, cast(round(sum(tokens_out)) as bigint) as output_tokens,
        cast(sum(reported_usd * sample_weight) as decimal(38, 12)) as reported_usd, min(started_at) as first_at, max(started_at) as last_at,
        sum((estimated_output_high - output_tokens) * sample_weight * cast(r.output_rate as double)) as bound_usd
    from call_costs c join price_rates r using (rate_id) where cost_status = 'lower_bound' and estimated_output_high > output_tokens group by 1, 2, 3, 4
),
missing as (
    select case when money = 'unfinished' then 'cut short' else coalesce(cost_status, 'not priced yet') end as cost_status, money = 'unfinished' as unfinished,
        provider, model, cast(round(sum(sample_weight)) as bigint) as n_calls,
        cast(round(sum(sample_weight) filter (coalesce(c.input_tokens, c.output_tokens) is null)) as bigint) as no_usage,
        cast(round(sum(tokens_in)) as bigint) as input_tokens, cast(round(sum(tokens_out)) as bigint) as output_tokens,
        cast(sum(reported_usd * sample_weight) as decimal(38, 12)) as reported_usd, min(started_at) as first_at, max(started_at) as last_at
    from call_costs c where money in ('unpriced', 'unfinished') group by 1, 2, 3, 4
)
select m.*, coalesce(m.input_tokens, 0) * cast(coalesce(r.input_rate, d.input_rate) as double)
        + coalesce(m.output_tokens, 0) * cast(coalesce(r.output_rate, d.output_rate) as double) as bound_usd
from missing m left join rates r on m.provider = r.provider cross join dearest d
union all select * from floors;

with params as (
    select coalesce(getvariable('warn_share'), 0.01) as warn_share, -- share of calls without a price that warns
        coalesce(getvariable('fail_share'), 0.1) as fail_share -- and that fails
),
billable as (select coalesce(sum(sample_weight), 0) as weight from call_costs where money <> 'refused'),
total as (
    select coalesce(sum(n_calls) filter (not unfinished), 0) as weight, cast(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) filter (cost_status <> 'lower_bound') as bigint) as tokens, sum(bound_usd) as bound,
        coalesce(sum(no_usage), 0) as no_usage from unpriced
)
select case when b.weight = 0 then 'unknown' when t.weight = 0 then 'ok' when t.weight > fail_share * b.weight then 'fail' when t.weight > warn_share * b.weight then 'warn' else 'info' end as verdict,
    cast(round(b.weight) as bigint) as n, t.weight / nullif(b.weight, 0) as value, 0e0 as lo, t.weight / nullif(b.weight, 0) as hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    case when b.weight = 0 then 'there is no call' end as reason, cast(round(b.weight) as bigint) as billable, t.tokens, t.bound, cast(t.no_usage as bigint) as unbounded,
    (select cost_status from unpriced where not unfinished group by cost_status order by sum(n_calls) desc, cost_status limit 1) as top_reason
from params, billable b, total t;

select cost_status, provider, model, n_calls, n_calls / (select nullif(sum(sample_weight), 0) from call_costs where money <> 'refused') as call_share,
    no_usage, input_tokens, output_tokens, bound_usd, reported_usd, first_at, last_at
from unpriced order by n_calls desc, cost_status, provider, model;
