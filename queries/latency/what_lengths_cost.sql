/*---
question  = "What would shorter answers, shorter prompts or fewer retrieved chunks save of the wait?"
needs     = ["calls.duration_ms", "calls.output_tokens"]
min_calls = 200
results   = ["verdict", "evidence"]
method    = "stats.huber_regression"
passes    = "{told}."
fails     = "{told}."
info      = "{told}[; {chunks_said}]. Estimated for {fitted:model|models} from how times follow tokens."
why       = "\"Make it shorter\" is cheap to try and often tried at the wrong end: where writing takes the time a shorter prompt saves next to nothing, and the other way round."
fix       = "1. Answers: ask for less, set max_tokens, return fields instead of prose. 2. Chunks: retrieve more, rerank, keep the best half; check that answers stay grounded (feedback). 3. Prompts: drop stale history and tools nobody calls; keep the start the same for the prefix cache. 4. To know more: vary one length for a tenth of the traffic."
chart     = { kind = "bars", result = "evidence", title = "Wait saved a call (95 % interval)", x = "name", y = "saved_ms", lo = "lo", hi = "hi", by = "change" }
[columns]
change       = { label = "Change", help = "answers or prompts a tenth shorter (what is read from a cache aside), or half of the retrieved chunks" }
name         = { label = "Feature, model" }
feature      = { label = "Feature" }
provider     = { label = "Provider" }
model        = { label = "Model" }
is_stream    = { label = "Streamed", unit = "bool" }
n_calls      = { label = "Calls", unit = "int" }
mean_ms      = { label = "Wait now, mean", unit = "ms" }
tokens       = { label = "Tokens fewer", unit = "int", help = "a call" }
per_chunk    = { label = "Tokens a chunk", unit = "num", help = "slope of input tokens on document_count" }
saved_ms     = { label = "Saves", unit = "ms", help = "a call; for the whole answer, not the first token of a stream" }
lo           = { label = "from", unit = "ms", help = "95 % interval" }
hi           = { label = "to", unit = "ms" }
saved_share  = { label = "Of the wait", unit = "pct1" }
reliable     = { label = "Reliable?", unit = "bool" }
basis        = { label = "Basis", help = "bounded: only the upper end is known" }
doubt        = { label = "Why not" }
---*/
-- Descriptive: it never warns. Times per token: llmlogs/stats/huber_regression.py. Tokens a chunk: least squares within a feature and model, its error from the sums of whole days
-- (Liang and Zeger 1986) or single calls (White 1980), the larger; told where counts vary (15 %) and the interval is within 30 %. Both errors together: delta method.
create temp table if not exists stat_latency_parts (grp integer, provider varchar, model varchar, is_stream boolean, n bigint, mean_ms double, part varchar, share double, lo double, hi double, is_identified boolean,
    basis varchar, per_token_ms double, spread double, reason varchar);

create or replace temp view plain_calls as
select feature, provider, coalesce(response_model, request_model) as model, coalesce(stream, false) as is_stream, sample_weight as w, duration_ms, output_tokens, date_trunc('day', started_at) as day, document_count * 1e0 as docs, input_tokens * 1e0 as read,
    case when input_tokens is not null then greatest(input_tokens - coalesce(cache_read_tokens, 0), 0) end as fresh
from calls where duration_ms > 0 and output_tokens is not null and app_cache is distinct from 'hit' and coalesce(status, 'ok') = 'ok' and coalesce(attempts, 1) = 1 and coalesce(usage_status, '') <> 'partial';

create or replace temp table lengths as
select feature, provider, model, is_stream, count(*) as n_rows, sum(w) as w, sum(w * duration_ms) / sum(w) as mean_ms, sum(w * output_tokens) as written, sum(w * fresh) as fresh, sum(w * docs) / sum(w) filter (docs is not null) as docs,
    concat_ws(', ', coalesce(feature, 'no feature'), coalesce(model, 'an unnamed model'), case when is_stream then 'streamed' end) as name
from plain_calls group by feature, provider, model, is_stream;

create or replace temp table chunk_slopes as
with counted as (select * from plain_calls where docs > 0 and read > 0),
lines as (
    select feature, provider, model, is_stream, count(*) as n, sum(w) as sw, sum(w * docs) / sum(w) as mx, sum(w * read) / sum(w) as my, sum(w * docs * docs) - power(sum(w * docs), 2) / sum(w) as sxx, sum(w * docs * read) - sum(w * docs) * sum(w * read) / sum(w) as sxy
    from counted group by feature, provider, model, is_stream having count(*) >= 100 and stddev_pop(docs) >= 0.15 * avg(docs)
),
scores as (
    select l.feature, l.provider, l.model, l.is_stream, any_value(sxx) as sxx, any_value(sxy / sxx) as slope, c.day, sum(c.w * (docs - mx) * (read - my - sxy / sxx * (docs - mx))) as score, sum(power(c.w * (docs - mx) * (read - my - sxy / sxx * (docs - mx)), 2)) as squares
    from counted c join lines l on c.feature is not distinct from l.feature and c.provider is not distinct from l.provider and c.model is not distinct from l.model and c.is_stream = l.is_stream group by l.feature, l.provider, l.model, l.is_stream, c.day
)
select feature, provider, model, is_stream, any_value(slope) as slope, 1.96 * sqrt(greatest(sum(squares), case when count(*) >= 5 then sum(score * score) * count(*) / (count(*) - 1e0) else 0 end)) / any_value(sxx) as half
from scores group by feature, provider, model, is_stream;

create or replace temp table savings as
with params as (
    select coalesce(getvariable('shorter'), 0.1) as shorter, -- share by which answers and prompts become shorter
        coalesce(getvariable('fewer_chunks'), 0.5) as fewer_chunks -- share of the retrieved chunks left out
),
groups as (select provider, model, is_stream, sum(written) / sum(w) as written, sum(fresh) / sum(w) as fresh from lengths group by provider, model, is_stream),
choices as (
    select l.*, s.slope, s.half, unnest(['answers', 'prompts', 'chunks']) as kind, unnest([shorter * l.written / l.w, shorter * l.fresh / l.w, fewer_chunks * l.docs * s.slope]) as tokens, unnest(['generation', 'prefill', 'prefill']) as part, shorter, fewer_chunks
    from params, lengths l left join chunk_slopes s on l.feature is not distinct from s.feature and l.provider is not distinct from s.provider and l.model is not distinct from s.model and l.is_stream = s.is_stream
    where l.n_rows >= 30
),
priced as (
    select c.*, p.is_identified, p.basis as part_basis, p.reason, tokens / nullif(case c.part when 'generation' then g.written else g.fresh end, 0) * p.mean_ms as ms_a_share, p.share, p.hi as share_hi, case when kind = 'chunks' then coalesce(slope > 0 and half <= 0.3 * slope, false) else true end as is_told,
        sqrt(power((p.hi - p.lo) / 2 / nullif(p.share, 0), 2) + case when kind = 'chunks' then power(half / nullif(slope, 0), 2) else 0 end) as relative
    from choices c join groups g on c.provider is not distinct from g.provider and c.model is not distinct from g.model and c.is_stream = g.is_stream
        join stat_latency_parts p on c.provider is not distinct from p.provider and c.model is not distinct from p.model and c.is_stream = p.is_stream and p.part = c.part
    where kind <> 'chunks' or docs > 0
),
told as (select *, is_told and is_identified and share is not null as reliable, coalesce(part_basis, '') = 'bounded' as is_bound from priced)
select feature, provider, model, is_stream, name, w, mean_ms, kind, concat(case kind when 'answers' then 'answers ' when 'prompts' then 'prompts ' else 'retrieved chunks ' end, round(100 * case kind when 'chunks' then fewer_chunks else shorter end)::integer, case kind when 'chunks' then '% fewer' else '% shorter' end) as change,
    tokens, case when kind = 'chunks' then slope end as per_chunk, reliable, is_bound, case when reliable then case when is_bound then 'bounded' else 'estimated' end end as basis, case when reliable and not is_bound then ms_a_share * share end as saved_ms,
    case when reliable then case when is_bound then 0 else ms_a_share * share * (1 - relative) end end as lo, case when reliable then ms_a_share * case when is_bound then share_hi * case when kind = 'chunks' then 1 + half / slope else 1 end else share * (1 + relative) end end as hi,
    case when not coalesce(is_identified, false) then reason when not is_told then 'tokens do not follow the number of chunks closely enough, or it hardly varies' end as doubt
from told;

with best as (select * from savings where reliable and not is_bound and kind <> 'chunks' order by w * saved_ms desc, name limit 1),
chunks as (select * from savings where reliable and kind = 'chunks' order by w * hi desc, name limit 1),
every as (select cast(round(coalesce(sum(w), 0)) as bigint) as n from lengths)
select case when b.name is null and c.name is null then 'unknown' else 'info' end as verdict, e.n, coalesce(b.saved_ms / b.mean_ms, c.hi / c.mean_ms) as value, coalesce(b.lo / b.mean_ms, c.lo / c.mean_ms) as lo, coalesce(b.hi / b.mean_ms, c.hi / c.mean_ms) as hi,
    coalesce(b.basis, c.basis) as basis, cast(null as double) as min_effect, cast(null as double) as p_value, (select count(distinct (provider, model)) from savings where reliable) as fitted,
    case when b.name is null then 'What shorter answers or prompts save cannot be told' else concat(upper(left(b.change, 1)), substring(b.change, 2), ' would save ', round(100 * b.saved_ms / b.mean_ms, 1), '% of the wait of ', b.name, ' (', round(b.saved_ms)::bigint, ' ms of ', round(b.mean_ms)::bigint, ' ms a call; 95% interval ', round(b.lo)::bigint, ' to ', round(b.hi)::bigint, ' ms)') end as told,
    case when c.name is null then null when c.is_bound then concat(c.change, ' at most ', round(100 * c.hi / c.mean_ms, 1), '% of that of ', c.name) else concat(c.change, ' ', round(100 * c.saved_ms / c.mean_ms, 1), '% of that of ', c.name, ' (', round(c.lo)::bigint, ' to ', round(c.hi)::bigint, ' ms; ', round(c.per_chunk)::bigint, ' tokens a chunk)') end as chunks_said,
    case when (select count(*) from savings) > 0 then 'the times do not follow the tokens closely enough: ' || (select doubt from savings where kind = 'answers' order by w desc, name limit 1) else 'no model has 200 answered calls with tokens' end as reason
from every e left join best b on true left join chunks c on true;

select change, name, feature, provider, model, is_stream, cast(round(w) as bigint) as n_calls, mean_ms, cast(round(tokens) as bigint) as tokens, per_chunk, saved_ms, lo, hi, saved_ms / mean_ms as saved_share, reliable, basis, doubt
from savings order by reliable desc, w * coalesce(saved_ms, hi, 0) desc, w desc, name, kind limit 200;
