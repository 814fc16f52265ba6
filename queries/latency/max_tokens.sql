/*---
question  = "Do calls say how long an answer may get, and does that limit fit what answers take?"
needs     = ["calls.max_tokens | calls.finish_reason"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "All {n:call|calls} set max_tokens, no group allows more than {much_room:num} times what 99 in 100 of its answers take, and {cut:answer was|answers were} cut off ({cut_share:pct1})."
fails     = "Of {n:call|calls} some set no limit."
info      = "{n:call|calls} looked at: [{without:int} set no max_tokens ({value:pct0}), most of {top_without}; ][whether {unlogged:int} set max_tokens is not logged; ][{roomy:group allows|groups allow} more than {much_room:num} times what 99 in 100 answers take ({top_roomy}: {top_limit:tok} against {top_p99:tok}); ]{cut_said}."
why       = "Without a limit one answer that never ends holds a connection, a slot and the reader for minutes, and is paid to the last token. A limit far above what is used protects no better; some providers count it against your tokens a minute before a word is written. A limit too low cuts answers in the middle, and they are asked again."
fix       = "1. No limit: set max_tokens near the last column. 2. Far more room than used: lower it, first where rate limits bind (limits/which_limit). 3. Cut answers: raise the limit of that feature, or ask for shorter ones; a reasoning model spends part of the limit before it writes."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "What answers take, and what they may"
x      = "name"
y      = ["p99_tokens", "limit_tokens"]
[columns]
name          = { label = "Feature, model" }
feature       = { label = "Feature" }
model         = { label = "Model" }
n_calls       = { label = "Calls", unit = "int" }
without       = { label = "No limit", unit = "int", help = "max_tokens is empty although this file of the log has it elsewhere; empty = cannot tell" }
without_share = { label = "Share", unit = "pct0" }
limit_tokens  = { label = "Limit, median", unit = "tok", help = "of the calls that set one" }
p50_tokens    = { label = "Answer p50", unit = "tok" }
p99_tokens    = { label = "Answer p99", unit = "tok", help = "from 100 answers" }
max_out       = { label = "Longest", unit = "tok" }
room          = { label = "Room", unit = "ratio", help = "median limit over p99 of answers" }
cut           = { label = "Cut off", unit = "int", help = "finish_reason length or max_tokens" }
cut_share     = { label = "Share", unit = "pct1", help = "of the answers that log a finish_reason" }
cut_lo        = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
cut_hi        = { label = "to", unit = "pct1" }
would_fit     = { label = "Would fit", unit = "tok", help = "half again the p99, in steps of 64; not where more than 1 % are cut off, for then nobody knows what they need" }
---*/
-- Descriptive: it never warns. A file of a source that never logs max_tokens is not told to have set none. Embeddings, images and audio have no such limit.
create or replace temp table limited as
with params as (
    select coalesce(getvariable('much_room'), 4) as much_room -- times the p99 of answers from which a limit is called roomy
),
told as (select source, file_id, count(max_tokens) > 0 as tells from calls group by source, file_id),
sent as (
    select c.feature, coalesce(c.request_model, c.response_model) as model, c.sample_weight as w, c.max_tokens, t.tells, case when coalesce(c.status, 'ok') = 'ok' then c.output_tokens end as output_tokens, c.finish_reason is not null as tells_end,
        coalesce(lower(c.finish_reason) in ('length', 'max_tokens', 'max_output_tokens', 'model_length', 'incomplete'), false) as is_cut
    from calls c join told t on c.source is not distinct from t.source and c.file_id is not distinct from t.file_id
    where coalesce(c.operation, 'chat') in ('chat', 'text_completion') and c.app_cache is distinct from 'hit' and coalesce(c.status, 'ok') not in ('error', 'blocked', 'shed')
),
counted as (
    select feature, model, sum(w) as n, power(sum(w) filter (tells_end), 2) / sum(w * w) filter (tells_end) as n_end, sum(w) filter (tells and max_tokens is null) as none, sum(w) filter (tells) as n_tells, sum(w) filter (tells_end) as ended, sum(w) filter (is_cut) as cut
    from sent group by feature, model
),
lengths as (select feature, model, output_tokens as x, sum(w) as w, count(*) as k from sent where output_tokens is not null group by all),
below as (select *, sum(w) over (partition by feature, model order by x) / sum(w) over (partition by feature, model) as share, sum(k) over (partition by feature, model) as answers from lengths),
answers as (select feature, model, max(answers) as answers, min(x) filter (share >= 0.5) as p50, case when max(answers) >= 100 then min(x) filter (share >= 0.99) end as p99, max(x) as longest from below group by feature, model),
limits as (select feature, model, max_tokens as x, sum(w) as w from sent where max_tokens is not null group by all),
limits_below as (select *, sum(w) over (partition by feature, model order by x) / sum(w) over (partition by feature, model) as share from limits),
middle as (select feature, model, min(x) filter (share >= 0.5) as limit_tokens from limits_below group by feature, model)
select c.*, a.p50, a.p99, a.longest, m.limit_tokens, m.limit_tokens / nullif(a.p99, 0) as room, coalesce(cut, 0) / nullif(ended, 0) as cut_share, 3.8416 / n_end as z, much_room, coalesce(m.limit_tokens / nullif(a.p99, 0) > much_room, false) as is_roomy,
    concat_ws(', ', coalesce(c.feature, 'no feature'), coalesce(c.model, 'an unnamed model')) as name
from params, counted c left join answers a on c.feature is not distinct from a.feature and c.model is not distinct from a.model left join middle m on c.feature is not distinct from m.feature and c.model is not distinct from m.model;

with every as (select coalesce(sum(n), 0) as n, sum(none) as none, sum(n_tells) as n_tells, sum(cut) as cut, sum(ended) as ended, sum(n) - coalesce(sum(n_tells), 0) as unlogged, count(*) filter (is_roomy) as roomy, coalesce(max(much_room), 4) as much_room from limited),
effective as (select power(sum(sample_weight), 2) / sum(sample_weight * sample_weight) as k from calls),
rate as (select *, coalesce(none, case when n_tells > 0 then 0 end) / n_tells as p, 3.8416 / (k * n_tells / n) as z from every, effective),
roomy as (select name, limit_tokens, p99 from limited where is_roomy order by n desc, name limit 1)
select case when n = 0 then 'unknown' when unlogged = 0 and coalesce(none, 0) = 0 and roomy = 0 and ended is not null and coalesce(cut, 0) <= 0.01 * ended then 'ok' else 'info' end as verdict,
    cast(round(n) as bigint) as n, p as value, (p + z / 2 - sqrt(z * (p * (1 - p) + z / 4))) / (1 + z) as lo, (p + z / 2 + sqrt(z * (p * (1 - p) + z / 4))) / (1 + z) as hi, 'measured' as basis, 3 / nullif(k * n_tells / n, 0) as min_effect,
    cast(null as double) as p_value, 'no answered call could have had a limit' as reason, cast(round(coalesce(none, case when n_tells > 0 then 0 end)) as bigint) as without, (select name from limited where none > 0 order by none desc, name limit 1) as top_without,
    cast(nullif(round(unlogged), 0) as bigint) as unlogged, nullif(r.roomy, 0) as roomy, much_room, o.name as top_roomy, o.limit_tokens as top_limit, o.p99 as top_p99, cast(round(coalesce(cut, 0)) as bigint) as cut, coalesce(cut, 0) / ended as cut_share,
    case when ended is null then 'whether answers were cut off is not logged (finish_reason)' when coalesce(cut, 0) = 0 then 'none was cut off'
        else concat(round(cut)::bigint, case when round(cut) = 1 then ' answer was' else ' answers were' end, ' cut off (', round(100 * cut / ended, 1), '%), most of ', (select name from limited where cut > 0 order by cut desc, name limit 1)) end as cut_said
from rate r left join roomy o on true;

select name, feature, model, cast(round(n) as bigint) as n_calls, cast(round(coalesce(none, case when n_tells > 0 then 0 end)) as bigint) as without, coalesce(none, case when n_tells > 0 then 0 end) / n_tells as without_share, limit_tokens, p50 as p50_tokens, p99 as p99_tokens, longest as max_out, room,
    case when ended is not null then cast(round(coalesce(cut, 0)) as bigint) end as cut, cut_share, (cut_share + z / 2 - sqrt(z * (cut_share * (1 - cut_share) + z / 4))) / (1 + z) as cut_lo, (cut_share + z / 2 + sqrt(z * (cut_share * (1 - cut_share) + z / 4))) / (1 + z) as cut_hi,
    case when coalesce(cut_share, 0) <= 0.01 then cast(64 * ceil(1.5 * p99 / 64) as bigint) end as would_fit
from limited order by n desc, name limit 100;
