/*---
question  = "What does each model cost?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.response_model | calls.request_model"]
results   = ["verdict", "evidence", "daily"]
passes    = "{spend:usd} over {models:int} models; {top_model} takes {value:pct0} of it at {top_mtok:usd} a million tokens."
fails     = "{spend:usd} over {models:int} models; {top_model} takes {value:pct0} of it at {top_mtok:usd} a million tokens."
info      = "{spend:usd} over {models:int} models; {top_model} takes {value:pct0} of it at {top_mtok:usd} a million tokens ({priced_share:pct} of the calls that may have cost something are priced)."
why       = "The choice of model moves the bill more than anything else: prices of models that do the same job differ tenfold."
fix       = "1. Take the model with the largest share. 2. See which features send it (cost/by_feature). 3. Try the cheaper model of the same family on one feature and compare quality. 4. Move what nobody waits for to batch. 5. See cache/prefix_cache: cached input costs a fraction."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Spend by model"
x      = "model"
y      = "spend"
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Spend a day"
x      = "day"
y      = "spend"
by     = "model"
[columns]
provider     = { label = "Provider" }
model        = { label = "Model", help = "as answered, else as asked" }
n_calls        = { label = "Calls", unit = "int" }
priced_share = { label = "Priced", unit = "pct", help = "of the model's calls that may have cost something" }
input_tokens = { label = "Input", unit = "tok", help = "cache reads and writes included" }
cached_share = { label = "Cached", unit = "pct0", help = "cache reads, of the input tokens of calls that report them" }
output_tokens = { label = "Output", unit = "tok" }
spend        = { label = "Spend", unit = "usd" }
spend_high   = { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
spend_share  = { label = "Of spend", unit = "pct0", help = "of all priced spend" }
mean_usd     = { label = "Per call", unit = "usd", help = "mean over priced calls" }
usd_per_mtok = { label = "Per million tokens", unit = "usd", help = "spend over input and output tokens of priced calls" }
disputed     = { label = "In doubt", help = "why the price of some of these calls is: other good sources have another one; see `llmlogs prices explain`" }
reported_usd = { label = "Reported", unit = "usd", help = "what the log or the provider itself states, where it does" }
day          = { label = "Day (UTC)", unit = "date" }
---*/
-- Descriptive: it never warns. What has no price is judged by cost/unpriced, what became dearer by cost/by_feature.
create or replace temp table by_model as
select provider, model, cast(round(sum(sample_weight)) as bigint) as n_calls, sum(sample_weight) as n,
    sum(sample_weight) filter (money = 'priced') / nullif(sum(sample_weight) filter (money <> 'refused'), 0) as priced_share,
    sum(sample_weight) filter (money = 'priced') as priced_calls, sum(sample_weight) filter (money <> 'refused') as billable_calls,
    cast(round(sum(tokens_in)) as bigint) as input_tokens, cast(round(sum(tokens_out)) as bigint) as output_tokens,
    sum(cache_read_tokens * sample_weight) / nullif(sum(tokens_in) filter (cache_read_tokens is not null), 0) as cached_share,
    sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high, sum(sum(spend)) over () as spend_all,
    sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) filter (money = 'priced') as priced_tokens,
    cast(sum(reported_usd * sample_weight) as decimal(38, 12)) as reported_usd
from call_costs
group by provider, model;

with top as (
    select coalesce(model, 'calls without a model') as top_model, cast(spend as double) / nullif(spend_all, 0) as share, 1e6 * spend / nullif(priced_tokens, 0) as mtok
    from by_model order by spend desc nulls last, provider, model limit 1
)
select case when total.spend is null then 'unknown' else 'info' end as verdict, total.n, t.share as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when total.spend is null then 'no call has a price, see cost/unpriced' end as reason,
    total.spend, total.models, t.top_model, t.mtok as top_mtok, total.priced_share
from (
    select cast(round(coalesce(sum(n), 0)) as bigint) as n, sum(spend) as spend, count(*) as models, sum(priced_calls) / nullif(sum(billable_calls), 0) as priced_share from by_model
) total
left join top t on true;

with doubts as (select rate_id, max(disputed) as disputed from price_rates where disputed is not null group by rate_id),
told as (select provider, model, max(d.disputed) as disputed from call_costs c join doubts d on c.rate_id = d.rate_id where c.cost_usd is not null group by provider, model)
select m.provider, m.model, n_calls, priced_share, input_tokens, cached_share, output_tokens, spend, spend_high, cast(spend as double) / nullif(spend_all, 0) as spend_share,
    spend / nullif(priced_calls, 0) as mean_usd, 1e6 * spend / nullif(priced_tokens, 0) as usd_per_mtok, reported_usd, t.disputed
from by_model m left join told t on m.provider is not distinct from t.provider and m.model is not distinct from t.model
order by spend desc nulls last, n_calls desc, m.provider, m.model;

with top as (select provider, model from by_model order by spend desc nulls last, provider, model limit 5)
select date_trunc('day', c.started_at) as day, case when t.model is not null then c.model when c.model is null then '(no model)' else '(other)' end as model, sum(c.spend) as spend
from call_costs c left join top t on c.model = t.model and c.provider is not distinct from t.provider
where c.spend > 0 and c.started_at is not null group by 1, 2 order by 1, 2 limit 500;
