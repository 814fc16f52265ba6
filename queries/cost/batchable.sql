/*---
question  = "What would batch or flex processing save?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.stream | calls.priority | calls.ttft_ms where cost_usd > 0 -- on paid calls"]
min_calls = 100
method    = "stats.tier_prices"
results   = ["verdict", "evidence"]
passes    = "[Batch processing would save {sure_usd:usd} of {now_usd:usd} on calls for which the log says that nobody waits, and up to {more_usd:usd} more if nobody waits for those that are neither streamed nor part of a chain][Batch processing would save up to {maybe_usd:usd} of {now_usd:usd}, if nobody waits for calls that are neither streamed nor part of a chain][; the flex tier {flex_usd:usd}]."
fails     = "{reason}"
why       = "Most providers sell the same answer at half the price when it may take hours (batch) or minutes (flex). Nightly jobs, evaluations and embeddings seldom need more."
fix       = "1. Take the features of the table for which nobody waits. 2. Log a `priority` (batch, background, low), so that this card knows them. 3. Send them through the provider's batch interface, or ask for the flex tier and retry later when it refuses. 4. Name features yourself: `llmlogs query cost/batchable --param features=nightly,reports`."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Batch would save"
x      = "feature"
y      = "batch_usd"
[columns]
feature    = { label = "Feature" }
provider   = { label = "Provider" }
model      = { label = "Model" }
told_by    = { label = "Nobody waits", help = "said: priority or your own list of features; perhaps: neither streamed nor part of a chain of calls nor asking for tools, in a feature that does not stream" }
n_calls    = { label = "Calls", unit = "int", help = "paid calls of the standard tier" }
now_usd    = { label = "Spend", unit = "usd" }
batch_usd  = { label = "Batch saves", unit = "usd", help = "the same tokens at the book's batch price of each call's own time and size; empty: the book has none" }
flex_usd   = { label = "Flex saves", unit = "usd", help = "the same at the flex tier" }
no_price_n = { label = "No batch price", unit = "int", help = "of these calls" }
---*/
-- Eligible are paid calls of the standard tier. Nothing is judged: whether somebody waits is known to people, the log only bounds it.
create temp table if not exists stat_tiers (tier varchar, feature varchar, provider varchar, model varchar, operation varchar, priority varchar, is_streamed boolean,
    is_chained boolean, calls_tools boolean, n double, priced_n double, now_usd double, new_usd double);

create or replace temp table eligible as
with params as (
    select coalesce(getvariable('features'), '') as features, -- features nobody waits for, separated by commas
        coalesce(getvariable('max_streamed'), 5e-2) as max_streamed -- a feature of which more is streamed has readers
),
habits as (select feature, sum(n) filter (where is_streamed) / sum(n) as streamed from stat_tiers group by feature)
select t.*, now_usd - new_usd as saved_usd, case
    when lower(t.priority) in ('batch', 'background', 'low', 'bulk', 'offline', 'deferred') or (t.feature <> '' and contains(concat(',', replace(features, ', ', ','), ','), concat(',', t.feature, ','))) then 'said'
    when is_streamed = false and coalesce(h.streamed, 0) <= max_streamed and not is_chained and not calls_tools and coalesce(operation, 'chat') in ('chat', 'text_completion', 'embeddings')
        and coalesce(lower(t.priority), 'normal') not in ('high', 'interactive', 'realtime', 'urgent', 'user') then 'perhaps' end as told_by
from stat_tiers t left join habits h on t.feature is not distinct from h.feature, params;

with every as (
    select coalesce(sum(n) filter (where tier = 'batch'), 0) as n, sum(saved_usd) filter (where tier = 'batch' and told_by = 'said') as sure, sum(saved_usd) filter (where tier = 'batch' and told_by = 'perhaps') as maybe,
        sum(saved_usd) filter (where tier = 'flex' and told_by is not null) as flex from eligible
),
bill as (select cast(sum(spend) as double) as usd from call_costs)
select case when n = 0 then 'unknown' when coalesce(sure, maybe) is null then 'unknown' else 'info' end as verdict, cast(round(n) as bigint) as n, (coalesce(sure, 0) + coalesce(maybe, 0)) / nullif(usd, 0) as value,
    coalesce(sure, 0) / nullif(usd, 0) as lo, (coalesce(sure, 0) + coalesce(maybe, 0)) / nullif(usd, 0) as hi, 'bounded' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    nullif(sure, 0) as sure_usd, coalesce(maybe, 0) as more_usd, case when coalesce(sure, 0) = 0 then maybe end as maybe_usd, usd as now_usd, flex as flex_usd,
    case when n = 0 then 'no paid call of the standard tier, or its prices were not looked up: llmlogs query cost/batchable does that' when coalesce(sure, maybe) is null then 'no call could wait, or the book has no batch price for those that could' end as reason
from every, bill;

select feature, provider, model, told_by, cast(round(sum(n) filter (where tier = 'batch')) as bigint) as n_calls, sum(now_usd) filter (where tier = 'batch') as now_usd, sum(saved_usd) filter (where tier = 'batch') as batch_usd, sum(saved_usd) filter (where tier = 'flex') as flex_usd,
    cast(round(sum(n - coalesce(priced_n, 0)) filter (where tier = 'batch')) as bigint) as no_price_n
from eligible where told_by is not null group by feature, provider, model, told_by order by told_by desc, batch_usd desc nulls last, feature, provider, model, told_by limit 100;
