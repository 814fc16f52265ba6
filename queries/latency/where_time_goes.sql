/*---
question  = "Where does the time go: network, queues, retrieval, the model, tools or your own code?"
needs     = ["calls.duration_ms"]
min_calls = 30
results   = ["verdict", "evidence", "bands"]
passes    = "{top_part} takes {value:pct0} of the waiting time ({basis_said})[; {second_part} {second_share:pct0}]. {tail}"
fails     = "{top_part} takes {value:pct0} of the waiting time ({basis_said})[; {second_part} {second_share:pct0}]. {tail}"
info      = "{top_part} takes {value:pct0} of the waiting time of {n:int} requests ({basis_said})[; {second_part} {second_share:pct0}]. {tail}"
why       = "Work on the part that holds the wait: halving something that takes a tenth of the time saves a twentieth, however slow it looks alone."
fix       = "1. Writing the answer: shorter answers, a faster model, stream. 2. Reading the prompt, first token: shorter prompts, prefix cache, another region. 3. Own queue: more workers. 4. Retrieval, tools: run them at the same time, cache them. 5. Own code: profile it. 6. Not itemised: log ttft_ms, queue_ms and spans."
chart     = { kind = "stacked-parts", result = "bands", title = "All requests, a typical one and the slow tail", x = "band", part = "part", y = "ms" }
[columns]
part      = { label = "Part" }
mean_ms   = { label = "Mean", unit = "ms" }
share     = { label = "Share", unit = "pct0", help = "of the waiting time of all requests; on the critical path where spans are logged: time that would leave the wait" }
typical_ms = { label = "Typical request", unit = "ms", help = "mean over requests between the 45th and 55th percentile of total time" }
tail_ms   = { label = "Slow tail", unit = "ms", help = "mean over requests between the 93rd and 97th percentile, below 2,000 requests between the 88th and 92nd, from 200 on" }
tail_share = { label = "Share in the tail", unit = "pct0" }
band      = { label = "Requests" }
ms        = { label = "Time", unit = "ms" }
---*/
-- Descriptive: it never warns. A request is a trace with spans (its critical path, view trace_path; model calls on it divided by their own parts) or a call
-- outside any (view call_parts). Only requests whose time is divided count; below 20 % of them nothing is told.
create or replace temp table path as select * from trace_path;

create or replace temp table requests as
with paths as (
    select t.trace_id, t.kind, t.own_ms, c.basis, t.own_ms / nullif(c.total_ms, 0) as f, c.* exclude (trace_id, basis)
    from path t left join call_parts c on t.call_id = c.call_id and t.kind = 'model' and t.own_ms > 0
),
weights as (select trace_id, max(sample_weight) as w from calls where trace_id in (select trace_id from path) group by trace_id),
traces as (
    select p.trace_id, max(w) as w, true as is_known, true as is_measured, true as has_spans, sum(own_ms) as total_ms, sum(f * network_ms) as network, sum(f * own_queue_ms) as own_queue,
        sum(f * provider_queue_ms) as provider_queue, sum(f * reading_ms) as reading, sum(f * first_token_ms) as first_token, sum(f * writing_ms) as writing,
        sum(f * model_ms + case when basis is null then f * rest_ms else 0 end) as model, sum(f * gateway_ms) as gateway,
        sum(case when kind in ('retrieval', 'embedding', 'rerank') then own_ms else f * retrieval_ms end) as retrieval, sum(case when kind = 'tool' then own_ms else f * tool_ms end) as tool,
        sum(case when kind in ('app', 'agent', 'chain', 'prompt', 'guardrail') then own_ms else f * app_ms end) as app,
        sum(case when kind in ('http', 'llm', 'other', 'none') then own_ms when basis is not null then f * rest_ms end) as rest, sum(case when kind = 'model' and f is null then own_ms end) as failed
    from paths p join weights v on p.trace_id = v.trace_id group by p.trace_id
)
select * from traces where total_ms > 0
union all
select call_id, sample_weight, basis is not null, basis = 'measured', false, total_ms, network_ms, own_queue_ms, provider_queue_ms, reading_ms, first_token_ms, writing_ms, model_ms, gateway_ms,
    retrieval_ms, tool_ms, app_ms, rest_ms, 0
from call_parts where total_ms > 0 and (trace_id is null or trace_id not in (select trace_id from path));

create or replace temp table parts as
with known as (select count(*) as n, coalesce(min(w) <> max(w), false) as uneven from requests where is_known),
ranked as ( -- where sample weights differ: shares of the summed weight instead of plain quantiles
    select total_ms, sum(w) over (order by total_ms) / sum(w) over () as below from requests where is_known and (select uneven from known)
),
cuts as (
    select quantile_cont(total_ms, 0.45) as p45, quantile_cont(total_ms, 0.55) as p55, quantile_cont(total_ms, 0.88) as p88, quantile_cont(total_ms, 0.92) as p92,
        quantile_cont(total_ms, 0.93) as p93, quantile_cont(total_ms, 0.97) as p97 from requests where is_known and not (select uneven from known)
    union all
    select min(total_ms) filter (below >= 0.45), min(total_ms) filter (below >= 0.55), min(total_ms) filter (below >= 0.88), min(total_ms) filter (below >= 0.92),
        min(total_ms) filter (below >= 0.93), min(total_ms) filter (below >= 0.97) from ranked
),
bands as (
    select 'All requests' as band, 0 as place, 0e0 as low, 1e300 as high
    union all select 'Typical (p45 to p55)', 1, p45, p55 from cuts, known where n >= 20
    union all select 'Slow tail (p88 to p92)', 2, p88, p92 from cuts, known where n >= 200 and n < 2000
    union all select 'Slow tail (p93 to p97)', 2, p93, p97 from cuts, known where n >= 2000
),
sums as (
    select band, place, sum(w) as w, sum(w * total_ms) as total, sum(w * network) as network, sum(w * own_queue) as own_queue, sum(w * provider_queue) as provider_queue, sum(w * reading) as reading,
        sum(w * first_token) as first_token, sum(w * writing) as writing, sum(w * model) as model, sum(w * gateway) as gateway, sum(w * retrieval) as retrieval, sum(w * tool) as tool,
        sum(w * app) as app, sum(w * rest) as rest, sum(w * failed) as failed
    from requests join bands on is_known and total_ms between low and high group by band, place
),
long as (
    select band, place, w, total, unnest(['Writing the answer', 'Reading the prompt', 'Waiting for the first token', 'The model, undivided', 'The provider''s queue', 'Your own queue', 'The network', 'The gateway',
        'Retrieval', 'Tools', 'Your own code', 'Failed tries', 'Not itemised']) as part,
        unnest([writing, reading, first_token, model, provider_queue, own_queue, network, gateway, retrieval, tool, app, failed, rest]) as ms
    from sums
)
select band, place, part, coalesce(ms, 0) / w as mean_ms, coalesce(ms, 0) / nullif(total, 0) as share from long;

with told as (
    select count(*) as n_all, coalesce(sum(w), 0) as w_all, coalesce(sum(w) filter (where is_known), 0) as w_known, coalesce(sum(w) filter (where has_spans), 0) as w_spans,
        coalesce(sum(w) filter (where is_known and is_measured), 0) as w_measured from requests
),
first as (select part, share, row_number() over (partition by place order by share desc, part) as rank, place from parts)
select case when w_known < 0.2 * w_all or w_all = 0 then 'unknown' else 'info' end as verdict, cast(round(case when w_known < 0.2 * w_all then w_all else w_known end) as bigint) as n,
    a.share as value, cast(null as double) as lo, cast(null as double) as hi, case when w_measured >= 0.5 * w_known then 'measured' else 'reconstructed' end as basis,
    cast(null as double) as min_effect, cast(null as double) as p_value, a.part as top_part, b.part as second_part, b.share as second_share,
    concat(case when w_spans >= 0.5 * w_known then 'critical path of their spans' when w_measured >= 0.5 * w_known then 'parts as logged' else 'from the first token or the server''s time' end,
        case when w_known < 0.9 * w_all then concat('; told for ', cast(floor(100 * w_known / w_all) as integer), '% of them, the others log no parts') else '' end) as basis_said,
    coalesce('In the slow tail ' || lower(left(c.part, 1)) || substring(c.part, 2) || ' leads with ' || cast(round(100 * c.share) as integer) || '%.', '') as tail,
    'log the parts of the wait: ttft_ms on streams, queue_ms, prefill_ms and generation_ms, or spans' as reason
from told left join first a on a.place = 0 and a.rank = 1 left join first b on b.place = 0 and b.rank = 2 and b.share > 0 left join first c on c.place = 2 and c.rank = 1;

select p.part, p.mean_ms, p.share, t.mean_ms as typical_ms, s.mean_ms as tail_ms, s.share as tail_share
from parts p left join parts t on p.part = t.part and t.place = 1 left join parts s on p.part = s.part and s.place = 2
where p.place = 0 and p.mean_ms > 0 order by p.share desc, p.part;

select band, part, mean_ms as ms from parts where mean_ms > 0 and part in (select part from parts where share >= 0.001) order by place, part;
