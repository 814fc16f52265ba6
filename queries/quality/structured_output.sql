/*---
question  = "How often is structured output invalid, and what do the retries cost?"
needs     = ["calls.output_valid | calls.error_class where output_valid is not null or error_class in ('parse_error', 'tool_error') -- on structured outputs"]
results   = ["verdict", "evidence"]
passes    = "{invalid:int} of {n:checked output|checked outputs} were invalid ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1})[, {partial:int} of them cut off][; {retried:int} were asked again, {helped:int} of those with success][, for {retry_usd:usd}]. In any feature and model of a hundred more than {min_effect:pct0} would have been a warning."
fails     = "{worst_rate:pct0} of {worst_of:checked output|checked outputs} of {worst_name} were invalid (95% interval {worst_lo:pct0} to {worst_hi:pct0})[, {worst_partial:int} of them cut off][; {worst_retried:int} were asked again, {worst_helped:int} of those with success]; over all it is {value:pct1}[, and retries cost {retry_usd:usd}]."
why       = "Output a program cannot read is an answer lost, or paid for twice; a schema that fails a little everywhere fails most where prompts are long."
fix       = "1. Cut off: raise max_tokens. 2. Use the provider's structured output (a JSON schema it enforces) instead of asking for JSON in words. 3. Simplify the schema: fewer levels, fewer optional fields. 4. Retry once with the validator's message, not the same prompt again."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of checked outputs that were invalid"
x      = "name"
y      = "rate"
lo     = "lo"
hi     = "hi"
[columns]
feature   = { label = "Feature" }
model     = { label = "Model" }
name      = { label = "Feature, model" }
checked   = { label = "Checked", unit = "int", help = "output_valid says yes or no; where a feature and model never log it: all its answers, and the share is at least so much" }
invalid   = { label = "Invalid", unit = "int", help = "output_valid is false, or the call failed of a parse error or a malformed tool call" }
rate      = { label = "Share", unit = "pct1" }
lo        = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
hi        = { label = "to", unit = "pct1" }
partial   = { label = "Of these cut off", unit = "int", help = "the output limit ended them" }
traceable = { label = "Can be followed", unit = "int", help = "invalid ones with an operation_id, or a session_id and prompt_hash" }
retried   = { label = "Asked again", unit = "int", help = "the next call of the same operation, or of the same session with the same prompt_hash, within the time" }
helped    = { label = "With success", unit = "int", help = "of these the next call was valid" }
retry_usd = { label = "Retries cost", unit = "usd" }
basis     = { label = "Basis", help = "measured: output_valid is logged; bounded: only failures are, so at least so many" }
example   = { label = "Example", help = "llmlogs show ID" }
---*/
create or replace temp table outputs as
with params as (
    select coalesce(getvariable('minutes'), 10) as minutes -- a retry follows within so many minutes of the answer's end
),
ended as (
    select call_id, feature, model, operation_id, session_id, prompt_hash, started_at, coalesce(duration_ms, 0) as duration_ms, sample_weight as w, cast(cost_usd as double) as usd, is_cut, output_valid,
        coalesce(not output_valid, error_class in ('parse_error', 'tool_error'), false) as is_invalid, ending in ('complete', 'cut') and coalesce(output_valid, true) as is_good
    from call_endings where app_cache is distinct from 'hit' and (operation is null or operation in ('chat', 'text_completion'))
        and (ending in ('complete', 'cut', 'refused', 'empty') or output_valid is not null or error_class in ('parse_error', 'tool_error'))
),
places as (select feature, model, bool_or(output_valid is not null) as is_logged from ended group by feature, model having bool_or(output_valid is not null or is_invalid)),
bad as (select * from ended where is_invalid),
near as ( -- only what can follow an invalid output is put in order
    select 1 as way, operation_id as thread, cast(null as varchar) as prompt_hash, call_id, started_at, w, cast(cost_usd as double) as usd, ending in ('complete', 'cut') and coalesce(output_valid, true) as is_good
    from (select *, sample_weight as w from call_endings where operation_id in (select operation_id from bad)) same_operation
    union all
    select 2, session_id, prompt_hash, call_id, started_at, w, cast(cost_usd as double), ending in ('complete', 'cut') and coalesce(output_valid, true)
    from (select *, sample_weight as w from call_endings where session_id in (select session_id from bad where operation_id is null) and prompt_hash in (select prompt_hash from bad where operation_id is null)) same_prompt
),
led as (
    select way, call_id, lead(started_at) over next_one as next_at, lead(is_good) over next_one as next_good, lead(usd) over next_one as next_usd from near window next_one as (partition by way, thread, prompt_hash order by started_at, call_id)
)
select e.*, p.is_logged, e.is_invalid and (operation_id is not null or (session_id is not null and prompt_hash is not null)) as can_follow,
    coalesce(next_at <= started_at + to_milliseconds(cast(duration_ms as bigint)) + to_seconds(cast(60 * minutes as bigint)), false) as is_retried, next_good, next_usd
from ended e join places p on e.feature is not distinct from p.feature and e.model is not distinct from p.model cross join params
left join led l on e.is_invalid and e.call_id = l.call_id and l.way = case when operation_id is not null then 1 else 2 end
where not p.is_logged or output_valid is not null or is_invalid;

create or replace temp table rates as
with params as (
    select coalesce(getvariable('warn_share'), 0.05) as warn_share, -- a feature and model surely invalid more often is a warning
        coalesce(getvariable('fail_share'), 0.25) as fail_share -- and more often than this a failure
),
sums as (
    select feature, model, is_logged, sum(w) as n, power(sum(w), 2) / sum(w * w) as effective_n, coalesce(sum(w) filter (is_invalid), 0) as k, coalesce(sum(w) filter (is_invalid and is_cut), 0) as partial, coalesce(sum(w) filter (can_follow), 0) as traceable,
        sum(w) filter (is_retried) as retried, sum(w) filter (is_retried and next_good) as helped, sum(w * next_usd) filter (is_retried) as retry_usd, max(call_id) filter (is_invalid) as example
    from outputs group by feature, model, is_logged
),
ready as (select *, k / n as p, 1.96 * 1.96 / effective_n as z2n, case when traceable > 0 then coalesce(retried, 0) end as again, case when traceable > 0 then coalesce(helped, 0) end as good from sums, params)
select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, n >= 100 as is_judged,
    case when n >= 100 then warn_share + sqrt(z2n * warn_share * (1 - warn_share)) end as visible, concat_ws(', ', coalesce(feature, 'calls without a feature'), model) as name
from ready;

with totals as (
    select coalesce(sum(n), 0) as n, coalesce(sum(k), 0) as k, sum(k) / sum(n) as p, 1.96 * 1.96 / sum(effective_n) as z2n, sum(partial) as partial, sum(again) as retried, sum(good) as helped, sum(retry_usd) as retry_usd,
        max(visible) as visible, count(*) filter (is_judged) as judged, bool_and(is_logged) as is_logged from rates
),
worst as (select * from rates where is_judged and lo > warn_share order by lo desc, name limit 1)
select case when t.judged = 0 then 'unknown' when w.lo > w.fail_share then 'fail' when w.name is not null then 'warn' when not t.is_logged then 'info' else 'ok' end as verdict, cast(round(t.n) as bigint) as n, t.p as value,
    (t.p + t.z2n / 2 - sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as lo, (t.p + t.z2n / 2 + sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as hi, case when t.is_logged then 'measured' else 'bounded' end as basis, t.visible as min_effect,
    cast(null as double) as p_value, cast(round(t.k) as bigint) as invalid, nullif(cast(round(t.partial) as bigint), 0) as partial, cast(round(t.retried) as bigint) as retried, cast(round(t.helped) as bigint) as helped, t.retry_usd, w.name as worst_name, w.p as worst_rate,
    cast(round(w.n) as bigint) as worst_of, w.lo as worst_lo, w.hi as worst_hi, nullif(cast(round(w.partial) as bigint), 0) as worst_partial, cast(round(w.again) as bigint) as worst_retried, cast(round(w.good) as bigint) as worst_helped,
    case when t.n = 0 then 'no output is said to be valid or not: log output_valid' else 'no feature and model has a hundred checked outputs' end as reason
from totals t left join worst w on true;

select feature, model, name, cast(round(n) as bigint) as checked, cast(round(k) as bigint) as invalid, p as rate, lo, hi, cast(round(partial) as bigint) as partial, cast(round(traceable) as bigint) as traceable, cast(round(again) as bigint) as retried, cast(round(good) as bigint) as helped,
    retry_usd, case when is_logged then 'measured' else 'bounded' end as basis, example from rates order by k desc, n desc, name limit 100;
