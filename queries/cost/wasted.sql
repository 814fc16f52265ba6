/*---
question  = "How much of the bill bought nothing?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.status | calls.finish_reason"]
min_calls = 100
results   = ["verdict", "evidence", "by_feature"]
passes    = "{waste_usd:usd} of {spend:usd} ({value:pct1}) bought nothing[, most of it {top_class} ({top_usd:usd})]. Superseded, repeated, truncated or empty calls above {min_effect:pct0} of the bill would have been a warning[; not to be seen in this log: {unseen}]."
fails     = "{waste_usd:usd} of {spend:usd} ({value:pct1}) bought nothing, most of it {top_class} ({top_usd:usd})[, most in {top_feature}][; not to be seen in this log: {unseen}]."
why       = "Waste hides inside normal totals: a retry that was billed, an answer nobody waited for, the same prompt paid twice. Unlike a price it is yours to end."
fix       = "1. Failed but billed: ask for the provider's credit, shorten what is sent again. 2. Superseded and truncated: a larger max_tokens or a time limit that fits. 3. After a disconnect: cancel the request at the provider. 4. Duplicates: an answer cache. 5. Writes never read, prefixes not read: cache/prefix_cache and cost/cache_savings. 6. Empty answers: give reasoning models more room or less effort."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "What bought nothing"
x      = "class"
y      = "usd"
[columns]
class    = { label = "Class", help = "each dollar is in one class: a call's cost goes to the first class from above that claims it, the rest of it to the next" }
usd      = { label = "USD", unit = "usd", help = "empty: this log cannot tell" }
share    = { label = "Of the bill", unit = "pct1" }
n_calls  = { label = "Calls", unit = "int" }
seen     = { label = "Can be told for", unit = "pct0", help = "share of the bill whose calls log what the class needs" }
needed   = { label = "Needs" }
example  = { label = "Worst call", help = "llmlogs show ID" }
worst    = { label = "It wasted", unit = "usd" }
feature  = { label = "Feature" }
spend    = { label = "Spend", unit = "usd" }
waste    = { label = "Wasted", unit = "usd" }
main     = { label = "Mostly" }
---*/
-- Waste + useful + unknown = all priced spend. Unknown: neither status nor finish_reason. A problem: superseded, duplicate, truncated and empty calls take 20 % of the bill
-- (the other classes warn on cards of their own). Only part of a call is waste after a disconnect (output), in writes (their surcharge) and broken prefixes (input at full price).
create or replace temp table claims as
with params as (
    select coalesce(getvariable('duplicate_hours'), 24) as duplicate_hours, -- an answer cache would have kept an answer so long
        coalesce(getvariable('ask_again_minutes'), 10) as ask_again_minutes, -- a truncated answer is asked again within this time
        coalesce(getvariable('empty_tokens'), 0) as empty_tokens -- output beside reasoning, at most, that counts as no answer
),
log as (select max(started_at) as ends_at from calls),
operations as (select operation_id, max(started_at) filter (where not is_failed and not is_left) as last_at from paid_calls where operation_id is not null group by operation_id
    having count(*) > 1 and min(operation) is not distinct from max(operation) and min(prompt_hash) is not distinct from max(prompt_hash)), -- all its calls ask the same
asked as (
    select call_id, started_at, lag(started_at) over (partition by prompt_hash, model order by started_at, call_id) as answered_at from paid_calls where prompt_hash is not null and not is_failed and not is_left and not is_cut
),
cut as (select * from paid_calls where is_cut and not is_failed), again as (
    select c.call_id from cut c join paid_calls p on c.prompt_hash = p.prompt_hash join params on p.started_at > c.started_at and p.started_at <= c.started_at + to_minutes(cast(ask_again_minutes as integer))
    union select c.call_id from cut c join paid_calls p on c.asker = p.asker and c.feature is not distinct from p.feature and c.input_tokens = p.input_tokens and (c.prompt_hash is null or p.prompt_hash is null) join params on p.started_at > c.started_at and p.started_at <= c.started_at + to_minutes(cast(ask_again_minutes as integer))
),
written as (
    select call_id, cache_write_tokens, started_at, case when cache_write_1h_tokens > 0 then interval 1 hour else interval 5 minute end as lifetime,
        min(case when cache_read_tokens > 0 then started_at end) over (partition by provider, api_key_hash, model, prefix_hash order by started_at desc rows between unbounded preceding and 1 preceding) as read_at
    from paid_calls where prefix_hash is not null and (cache_write_tokens > 0 or cache_read_tokens > 0)
),
wanted as (
    select 1 as place, call_id, cast(null as double) as tokens_usd, 1e0 as part from paid_calls where is_failed union all select 2, p.call_id, null, 1 from paid_calls p join operations o on p.operation_id = o.operation_id where p.started_at < o.last_at and not calls_tools
    union all select 3, call_id, null, case when duration_ms > disconnect_ms then (duration_ms - disconnect_ms) / (duration_ms - least(coalesce(ttft_ms, 0), disconnect_ms)) else 1 end from paid_calls where is_left and not is_failed
    union all select 4, call_id, null, 1 from asked, params where answered_at >= started_at - to_hours(cast(duplicate_hours as integer)) union all select 5, call_id, null, 1 from again
    union all select 6, call_id, null, 1 from written, log where cache_write_tokens > 0 and coalesce(read_at > started_at + lifetime, true) and started_at + lifetime <= ends_at
    union all select 7, call_id, sample_weight * least(usual_cached, input_tokens) * saved_usd, 1 from prefix_calls where is_repeat and not is_hit and usual_cached * saved_usd > 0
    union all select 8, call_id, null, 1 from paid_calls, params where reasoning_tokens > 0 and output_tokens - reasoning_tokens <= empty_tokens and not calls_tools and not is_failed and not is_left
),
priced as (
    select w.place, w.call_id, c.feature, c.usd, c.sample_weight, w.part * case w.place when 3 then text_usd + think_usd + media_out_usd when 8 then text_usd + think_usd + media_out_usd when 6 then write_n * (r_write - r_in) + hour_n * (r_hour - r_in) when 7 then tokens_usd else c.usd end as claim from wanted w join call_charges c on w.call_id = c.call_id
),
summed as (select *, sum(greatest(claim, 0)) over (partition by call_id order by place) as upto, sum(greatest(claim, 0)) over (partition by call_id order by place rows between unbounded preceding and 1 preceding) as before from priced where claim > 0)
select place, call_id, feature, sample_weight, least(usd, upto) - least(usd, coalesce(before, 0)) as waste from summed;

create or replace temp table classes as
with fields as (
    select sum(usd) as spend, sum(usd) filter (where status <> 'unknown') as f1, sum(usd) filter (where operation_id is not null) as f2, sum(usd) filter (where status <> 'unknown' or disconnect_ms is not null) as f3, sum(usd) filter (where prompt_hash is not null) as f4,
        sum(usd) filter (where finish_reason is not null and coalesce(prompt_hash, asker) is not null) as f5, sum(usd) filter (where cache_write_tokens = 0 or (cache_write_tokens > 0 and prefix_hash is not null)) as f6,
        sum(usd) filter (where input_tokens < 1024 or (cache_read_tokens is not null and prefix_hash is not null)) as f7, sum(usd) filter (where reasoning_tokens is not null) as f8, coalesce(sum(usd) filter (where is_unknown), 0) - coalesce((select sum(waste) from claims where call_id in (select call_id from paid_calls where is_unknown)), 0) as blind from paid_calls
),
named as (
    select unnest([1, 2, 3, 4, 5, 6, 7, 8]) as place, unnest(['failed but billed', 'superseded by a later try', 'output after a disconnect', 'duplicate prompts', 'truncated and asked again', 'cache writes never read', 'broken prefix cache', 'empty answers']) as class, spend, blind,
        unnest([f1, f2, f3, f4, f5, f6, f7, f8]) / nullif(spend, 0) as seen, unnest(['status', 'operation_id', 'status or disconnect_ms', 'prompt_hash', 'finish_reason and prompt_hash or session_id', 'cache_write_tokens and prefix_hash', 'cache_read_tokens and prefix_hash', 'reasoning_tokens']) as needed from fields
),
sums as (select place, sum(waste) as usd, cast(round(sum(sample_weight)) as bigint) as n_calls from claims where waste > 0 group by place),
worst as (select place, call_id as example, waste as worst from claims where waste > 0 qualify row_number() over (partition by place order by waste desc, call_id) = 1)
select n.*, case when coalesce(seen, 0) > 0 or s.usd > 0 then coalesce(s.usd, 0) end as usd, w.example, w.worst, s.n_calls from named n left join sums s on n.place = s.place left join worst w on n.place = w.place;

with every as (select coalesce(sum(n), 0) as n, sum(spend) as spend from (select sum(sample_weight) as n, cast(sum(spend) as double) as spend from call_costs where money = 'priced')),
waste as (select sum(usd) as usd, sum(usd) filter (where place in (2, 4, 5, 8)) as own, string_agg(case when usd is null then class end, ', ' order by place) as unseen from classes),
params as (
    select coalesce(getvariable('warn_share'), 0.2) as warn_share -- superseded, duplicate, truncated and empty calls above this share of the bill are a warning
),
top as (select class, usd from classes where usd > 0 order by usd desc, place limit 1),
feature as (select coalesce(feature, 'calls without a feature') as name from claims group by feature order by sum(waste) desc, feature limit 1)
select case when e.spend > 0 then case when own >= warn_share * e.spend then 'warn' when w.usd is null then 'unknown' when w.usd >= warn_share * e.spend then 'info' else 'ok' end else 'unknown' end as verdict, cast(round(e.n) as bigint) as n, w.usd / nullif(e.spend, 0) as value, cast(null as double) as lo, cast(null as double) as hi,
    'reconstructed' as basis, warn_share as min_effect, cast(null as double) as p_value, case when coalesce(e.spend, 0) = 0 then 'no call has a price above zero, see cost/unpriced' end as reason, w.usd as waste_usd, e.spend, top.class as top_class, top.usd as top_usd, feature.name as top_feature, unseen
from every e, waste w, params left join top on true left join feature on true;

select class, usd, usd / nullif(spend, 0) as share, n_calls, seen, needed, example, worst from (
    select place, class, usd, spend, n_calls, seen, needed, example, worst from classes union all select 9, 'outcome unknown', max(blind), max(spend), null, 1, 'status or finish_reason', null, null from classes
    union all select 10, 'useful', max(spend) - coalesce(sum(usd), 0) - max(blind), max(spend), null, 1, null, null, null from classes
) where spend is not null order by place;

select s.feature, s.spend, coalesce(w.waste, 0) as waste, coalesce(w.waste, 0) / s.spend as share, m.class as main from (select feature, sum(usd) as spend from paid_calls group by feature) s
left join (select feature, sum(waste) as waste from claims group by feature) w on s.feature is not distinct from w.feature
left join (select feature, class from (select feature, place, sum(waste) as usd from claims group by feature, place) c join classes n on c.place = n.place qualify row_number() over (partition by feature order by c.usd desc, c.place) = 1) m on s.feature is not distinct from m.feature
order by waste desc, s.spend desc, s.feature limit 50;
