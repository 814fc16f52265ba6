/*---
question  = "How much of the wait is reading, writing and fixed overhead, where only totals and tokens are logged?"
needs     = ["calls.duration_ms", "calls.output_tokens"]
min_calls = 200
results   = ["verdict", "evidence"]
method    = "stats.huber_regression"
info      = "{top_part} takes about {value:pct0} of the wait of {top_name} (95% interval {lo:pct0} to {hi:pct0}): {per_token:num} ms a token[; reading the prompt {prefill_said}]. Estimated for {fitted:model|models} from how times follow tokens."
passes    = "{top_part} takes about {value:pct0} of the wait of {top_name}."
fails     = "{top_part} takes about {value:pct0} of the wait of {top_name}."
why       = "Few logs say where the wait went. How times follow tokens says it all the same, where the tokens vary enough: whether shorter answers, shorter prompts or another provider would help."
fix       = "1. Generation leads: shorter answers (max_tokens, ask for less), a faster model. 2. Prefill leads: shorter prompts, keep their start the same for the prefix cache. 3. Overhead leads: network, region, connection reuse, queues. 4. Excess: look at outliers/explained. 5. To measure instead of estimating log ttft_ms on streams."
[[chart]]
kind   = "stacked-parts"
result = "evidence"
title  = "Estimated parts of the mean wait"
x      = "name"
part   = "part"
y      = "ms"
[columns]
provider      = { label = "Provider" }
model         = { label = "Model" }
name          = { label = "Model" }
is_stream     = { label = "Streamed", unit = "bool" }
n_calls       = { label = "Calls", unit = "int" }
part          = { label = "Part", help = "generation = writing the answer, prefill = reading the prompt, overhead = what every call takes, excess = mean over typical time (queues, slow calls)" }
share         = { label = "Share", unit = "pct0", help = "of the mean wait" }
lo            = { label = "from", unit = "pct0", help = "95 % interval" }
hi            = { label = "to", unit = "pct0" }
ms            = { label = "Mean", unit = "ms" }
per_token_ms  = { label = "A token", unit = "num", help = "ms a token" }
identified    = { label = "Reliable?", unit = "bool" }
basis         = { label = "Basis", help = "bounded: only the upper end is known" }
doubt         = { label = "Why not" }
---*/
-- Descriptive: it never warns. How the parts are told apart, and when they are not: llmlogs/stats/huber_regression.py.
create temp table if not exists stat_latency_parts (grp integer, provider varchar, model varchar, is_stream boolean, n bigint, mean_ms double, part varchar, share double, lo double, hi double, is_identified boolean,
    basis varchar, per_token_ms double, spread double, reason varchar);

create or replace temp table parts as
select grp, provider, model, is_stream, n as n_calls, part, share, lo, hi, share * mean_ms as ms, per_token_ms, is_identified as identified, basis, nullif(reason, '') as doubt,
    concat(coalesce(model, 'an unnamed model'), case when provider is not null then ' at ' || provider else '' end, case when is_stream then ', streamed' else '' end) as name
from stat_latency_parts;

with known as (select * from parts where identified and basis = 'estimated' and part in ('generation', 'prefill', 'overhead')),
busiest as (select grp from known group by grp order by max(n_calls) desc, grp limit 1),
top as (select k.*, case part when 'generation' then 'Writing the answer' when 'prefill' then 'Reading the prompt' else 'Fixed overhead' end as top_part from known k join busiest using (grp) order by share desc, part limit 1),
read as (select case basis when 'bounded' then concat('at most ', round(100 * hi)::integer, '%') else concat('about ', round(100 * share)::integer, '%') end as prefill_said
    from parts join busiest using (grp) where part = 'prefill' and identified and part not in (select part from top)),
every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n from calls where duration_ms is not null and output_tokens is not null and app_cache is distinct from 'hit')
select case when t.grp is null then 'unknown' else 'info' end as verdict, e.n, t.share as value, t.lo, t.hi, 'estimated' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    t.top_part, t.name as top_name, t.per_token_ms as per_token, r.prefill_said, (select count(distinct grp) from known) as fitted,
    case when (select count(*) from parts) > 0 then 'the times do not follow the tokens closely enough: ' || (select doubt from parts where part = 'generation' order by n_calls desc, grp limit 1)
        else 'no model has 200 answered calls with tokens' end as reason
from every e left join top t on true left join read r on true;

select provider, model, is_stream, n_calls, part, share, lo, hi, ms, per_token_ms, identified, basis, doubt, name
from parts order by n_calls desc, grp, case part when 'generation' then 1 when 'prefill' then 2 when 'overhead' then 3 else 4 end;
