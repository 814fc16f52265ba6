/*---
question  = "Is the slow tail slow for another reason than a typical call?"
needs     = ["calls.duration_ms", "calls.ttft_ms | calls.queue_ms | calls.generation_ms | calls.prefill_ms -- (any part of the wait)"]
min_calls = 200
results   = ["verdict", "evidence", "bands"]
method    = "stats.least_absolute_deviations"
info      = "A typical call spends its time on {typical_part_said} ({typical_share:pct0}); {tail_name} on {tail_part_said} ({value:pct0}). {advice}"
passes    = "A typical call spends its time on {typical_part_said} ({typical_share:pct0}); {tail_name} on {tail_part_said} ({value:pct0}). {advice}"
fails     = "A typical call spends its time on {typical_part_said}; {tail_name} on {tail_part_said}."
why       = "What makes the mean slow and what makes the slow calls slow are often two things: work on the first leaves the second as it is, and users remember the second."
fix       = "1. Waiting leads: look at queues and limits of the provider, spread the load, try another region or a priority tier, set a time limit with a fallback. 2. Writing leads: cap and shorten answers. 3. Reading leads: shorter prompts, prefix cache. 4. Retrieval, tools or own code lead: run them at the same time, cache them."
[[chart]]
kind   = "stacked-parts"
result = "bands"
title  = "A typical call and the slow tail"
x      = "band"
part   = "part"
y      = "ms"
[columns]
part          = { label = "Part", help = "wait = network, queues and gateway; prefill = reading the prompt; generation = writing the answer; other = what is not itemised" }
typical_ms    = { label = "Typical", unit = "ms", help = "mean over calls between the 45th and 55th percentile of duration" }
typical_share = { label = "Share", unit = "pct0" }
tail_ms       = { label = "Slow tail", unit = "ms", help = "mean over calls between the 93rd and 97th percentile, below 2,000 calls between the 88th and 92nd" }
tail_share    = { label = "Share in the tail", unit = "pct0" }
band          = { label = "Calls" }
ms            = { label = "Mean", unit = "ms" }
---*/
-- Descriptive: it never warns. Parts of calls as in view call_parts; a wait for the first token that nothing divides is reading (slope of a line of least absolute deviations on
-- uncached input, llmlogs/stats/least_absolute_deviations.py) and waiting. Only calls whose time is divided count.
create temp table if not exists stat_reading (provider varchar, model varchar, ms_per_token double, n bigint);

create or replace temp table divided as
with timed as (
    select p.*, c.input_tokens, c.cache_read_tokens,
        case when p.reading_ms = 0 then least(p.first_token_ms, coalesce(r.ms_per_token * greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0), 0), 0)) else 0 end as read_ms
    from call_parts p join calls c on p.call_id = c.call_id left join stat_reading r on p.provider is not distinct from r.provider and p.model is not distinct from r.model
    where p.basis is not null and p.total_ms > 0
)
select total_ms, sample_weight as w, basis, writing_ms as generation, reading_ms + read_ms as prefill, network_ms + own_queue_ms + provider_queue_ms + gateway_ms + first_token_ms - read_ms as wait,
    retrieval_ms as retrieval, tool_ms as tool, app_ms as app, model_ms + rest_ms as other from timed;

create or replace temp table bands as
with every as (select count(*) as n, coalesce(min(w) <> max(w), false) as uneven from divided),
ranked as (select total_ms, sum(w) over (order by total_ms) / sum(w) over () as below from divided where (select uneven from every)),
cuts as (
    select quantile_cont(total_ms, 0.45) as p45, quantile_cont(total_ms, 0.55) as p55, quantile_cont(total_ms, 0.88) as p88, quantile_cont(total_ms, 0.92) as p92,
        quantile_cont(total_ms, 0.93) as p93, quantile_cont(total_ms, 0.97) as p97 from divided where not (select uneven from every)
    union all
    select min(total_ms) filter (below >= 0.45), min(total_ms) filter (below >= 0.55), min(total_ms) filter (below >= 0.88), min(total_ms) filter (below >= 0.92),
        min(total_ms) filter (below >= 0.93), min(total_ms) filter (below >= 0.97) from ranked
),
places as (
    select 1 as place, 'a typical call (p45 to p55)' as band, p45 as low, p55 as high from cuts, every where n >= 200
    union all select 2, 'the slow tail (p88 to p92)', p88, p92 from cuts, every where n >= 200 and n < 2000
    union all select 2, 'the slow tail (p93 to p97)', p93, p97 from cuts, every where n >= 2000
),
summed as (
    select place, band, sum(w) as w, sum(w * total_ms) as total, sum(w * generation) as generation, sum(w * prefill) as prefill, sum(w * wait) as wait, sum(w * retrieval) as retrieval, sum(w * tool) as tool,
        sum(w * app) as app, sum(w * other) as other from divided join places on total_ms between low and high group by place, band
),
long as (
    select place, band, w, total, unnest(['generation', 'prefill', 'wait', 'retrieval', 'tool', 'app', 'other']) as part, unnest([generation, prefill, wait, retrieval, tool, app, other]) as ms from summed
)
select place, band, part, ms / w as ms, ms / total as share from long;

with said as (
    select *, case part when 'generation' then 'writing the answer' when 'prefill' then 'reading the prompt' when 'wait' then 'waiting (network and queues)' when 'retrieval' then 'retrieval' when 'tool' then 'tools'
        when 'app' then 'your own code' else 'what nothing itemises' end as words, row_number() over (partition by place order by share desc, part) as rank
    from bands
),
every as (select cast(round(coalesce(sum(w), 0)) as bigint) as n, count(*) filter (basis = 'measured') as measured, count(*) as calls_divided from divided)
select case when t.part is null then 'unknown' else 'info' end as verdict, e.n, t.share as value, cast(null as double) as lo, cast(null as double) as hi,
    case when measured >= 0.5 * calls_divided then 'measured' when (select count(*) from stat_reading) > 0 then 'estimated' else 'reconstructed' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    t.part as tail_part, c.part as typical_part, c.words as typical_part_said, c.share as typical_share, t.words as tail_part_said, t.band as tail_name,
    case when t.part <> c.part and c.part = 'generation' then 'Shorter answers will not mend the tail.' when t.part <> c.part then concat('Less of ', c.words, ' will not mend the tail.') else 'Both have the same cause.' end as advice,
    'fewer than 200 calls have a wait that is divided' as reason
from every e left join said t on t.place = 2 and t.rank = 1 left join said c on c.place = 1 and c.rank = 1;

select c.part, c.ms as typical_ms, c.share as typical_share, t.ms as tail_ms, t.share as tail_share from bands c join bands t on c.part = t.part and t.place = 2 where c.place = 1 and (c.ms > 0 or t.ms > 0) order by t.share desc, c.part;

select band, part, ms from bands where ms > 0 order by place, part;
