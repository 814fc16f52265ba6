/*---
question  = "Are answers cut off, blocked, refused or empty?"
needs     = ["calls.finish_reason | calls.status where operation is null or operation in ('chat', 'text_completion') -- on chats"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "Of {n:answer|answers} {cut:int} were cut off by their limit[ ({cut_rate:pct1} of those that tell)], {filtered:int} blocked by a filter, {refused:int} refused by the model, {empty:int} empty[; not to be seen in this log: {unseen}]. In any feature and model of a hundred answers more than {min_effect:pct0} would have been a warning."
fails     = "{worst_rate:pct0} of {worst_of:answer|answers} of {worst_name} were {worst_ending} (95% interval {worst_lo:pct0} to {worst_hi:pct0})[; not to be seen in this log: {unseen}]."
why       = "An answer that stops in the middle, a refusal or nothing at all is a success in every count of errors, and paid for."
fix       = "1. Cut off: raise max_tokens, or ask for shorter answers; reasoning counts against the limit. 2. Blocked: look which prompts (llmlogs show ID), soften the words of the template or the filter's level. 3. Refused: say in the prompt what is allowed and why. 4. Empty: more room for reasoning, or a retry."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of answers"
x      = "name"
y      = "rate"
lo     = "lo"
hi     = "hi"
by     = "ending"
[columns]
feature  = { label = "Feature" }
model    = { label = "Model" }
name     = { label = "Feature, model, ending" }
ending   = { label = "Ending" }
answers  = { label = "Answers that tell", unit = "int", help = "cut and refused: with a finish_reason (or max_tokens reached); empty: with a length; of calls that neither failed nor were left" }
affected = { label = "Such", unit = "int" }
rate     = { label = "Share", unit = "pct1" }
lo       = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
hi       = { label = "to", unit = "pct1" }
example  = { label = "Example", help = "llmlogs show ID" }
---*/
-- A group surely above a threshold warns: Wilson's lower end lies above it exactly where the share exceeds t + 1.96 * sqrt(t * (1 - t) / n), which is min_effect.
create or replace temp table endings as
with params as (
    select coalesce(getvariable('warn_cut'), 0.05) as warn_cut, -- cut answers surely above this share of a feature and model are a warning
        coalesce(getvariable('warn_blocked'), 0.05) as warn_blocked, -- blocked by a filter, or refused
        coalesce(getvariable('warn_empty'), 0.02) as warn_empty, -- empty
        coalesce(getvariable('label_tokens'), 5) as label_tokens -- a limit of so few tokens is meant to cut (labels, scores)
),
answers as (
    select feature, model, call_id, ending, sample_weight as w, word is not null or (output_tokens is not null and max_tokens is not null) as tells_cut, word is not null as tells_word,
        coalesce(output_tokens, completion_chars) is not null as tells_size, coalesce(max_tokens > label_tokens, true) as is_text
    from call_endings, params
    where ending in ('complete', 'cut', 'filtered', 'refused', 'empty') and app_cache is distinct from 'hit' and (operation is null or operation in ('chat', 'text_completion'))
),
sums as (
    select feature, model, sum(w) as n, power(sum(w), 2) / sum(w * w) / sum(w) as worth, -- worth: what one call of a sampled log counts for (Kish)
        [coalesce(sum(w) filter (tells_cut and is_text), 0), sum(w), coalesce(sum(w) filter (tells_word), 0), coalesce(sum(w) filter (tells_size), 0)] as known,
        [coalesce(sum(w) filter (ending = 'cut' and is_text), 0), coalesce(sum(w) filter (ending = 'filtered'), 0), coalesce(sum(w) filter (ending = 'refused'), 0), coalesce(sum(w) filter (ending = 'empty'), 0)] as hit,
        [max(call_id) filter (ending = 'cut' and is_text), max(call_id) filter (ending = 'filtered'), max(call_id) filter (ending = 'refused'), max(call_id) filter (ending = 'empty')] as examples
    from answers group by feature, model
),
tall as (
    select feature, model, n, worth, unnest([1, 2, 3, 4]) as place, unnest(known) as of_n, unnest(hit) as k, unnest(examples) as example,
        unnest(['cut off by their limit', 'blocked by a filter', 'refused by the model', 'empty']) as ending, unnest([warn_cut, warn_blocked, warn_blocked, warn_empty]) as warn_share
    from sums, params
),
ready as (select *, case when of_n > 0 then k / of_n end as p, 1.96 * 1.96 / nullif(of_n * worth, 0) as z2n from tall)
select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, of_n >= 100 as is_judged,
    case when of_n >= 100 then warn_share + sqrt(z2n * warn_share * (1 - warn_share)) end as visible, concat_ws(', ', coalesce(feature, 'calls without a feature'), model) as name
from ready;

with params as (
    select coalesce(getvariable('fail_share'), 0.3) as fail_share -- any of them surely above this share is a failure
),
kinds as (select place, ending, sum(k) as k, sum(of_n) as of_n, sum(worth * of_n) as effective_n, sum(n) as n from endings group by place, ending),
totals as (
    select coalesce(max(n), 0) as n, string_agg(ending, ', ' order by place) filter (of_n < 0.2 * n) as unseen, sum(k) filter (place = 1) as cut, sum(k) filter (place = 2) as filtered, sum(k) filter (place = 3) as refused,
        sum(k) filter (place = 4) as empty, sum(k) filter (place = 1) / nullif(sum(of_n) filter (place = 1), 0) as cut_rate, sum(k) as k, 1.96 * 1.96 / nullif(sum(effective_n) filter (place = 2), 0) as z2n from kinds
),
ready as (select *, k / nullif(n, 0) as p from totals),
seen as (select max(visible) as visible, count(*) filter (is_judged) as judged from endings),
worst as (select * from endings where is_judged and lo > warn_share order by lo - warn_share desc, name, place limit 1)
select case when judged = 0 then 'unknown' when w.lo > fail_share then 'fail' when w.name is not null then 'warn' else 'ok' end as verdict, cast(round(t.n) as bigint) as n, t.p as value,
    (t.p + t.z2n / 2 - sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as lo, (t.p + t.z2n / 2 + sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as hi, 'measured' as basis, s.visible as min_effect,
    cast(null as double) as p_value, cast(round(cut) as bigint) as cut, cut_rate, cast(round(filtered) as bigint) as filtered, cast(round(refused) as bigint) as refused, cast(round(empty) as bigint) as empty, unseen,
    w.name as worst_name, w.ending as worst_ending, w.p as worst_rate, cast(round(w.of_n) as bigint) as worst_of, w.lo as worst_lo, w.hi as worst_hi, 'no feature and model has a hundred answers' as reason
from ready t cross join seen s cross join params left join worst w on true;

select feature, model, ending, cast(round(of_n) as bigint) as answers, cast(round(k) as bigint) as affected, p as rate, lo, hi, example, concat_ws(', ', name, ending) as name from endings where k > 0 order by k desc, name, place limit 100;
