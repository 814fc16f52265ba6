/*---
question  = "Are requests sent again smaller after they were too long, too slow or cut off, and does it help?"
needs     = ["calls.operation_id | calls.session_id", "calls.status | calls.finish_reason", "calls.input_tokens | calls.prompt_chars"]
results   = ["verdict", "evidence"]
passes    = "{n:call|calls}."          # it describes and never alarms
fails     = "{n:call|calls}."
info      = "{triggers:int} of {n:call|calls} were too long for the model, timed out or were cut off[; {again:int} of the {traceable:int} that can be followed were sent again within {minutes:int} minutes][, {smaller:int} of them smaller ({value:pct0}, 95% interval {lo:pct0} to {hi:pct0})][. Smaller ones went well in {smaller_ok:pct0} ({smaller_lo:pct0} to {smaller_hi:pct0})][, the others in {other_ok:pct0} ({other_lo:pct0} to {other_hi:pct0})]."
why       = "Sending the same request again after it was too long, or timed out for its size, fails again and is paid again; a smaller one may work, with less for the model to read."
fix       = "1. Too long for the model: drop old turns and low-ranked chunks before sending, count tokens first. 2. Timed out: fewer chunks, shorter answers, or a stream. 3. Cut off: a larger max_tokens helps, a smaller prompt rarely does."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share that went well"
x      = "name"
y      = "ok_rate"
lo     = "lo"
hi     = "hi"
[columns]
feature   = { label = "Feature" }
cause     = { label = "After" }
sent      = { label = "Sent again", help = "the next call of the same operation (where operations are logged), else of the same session and feature; smaller, as large and larger by input tokens, else by characters" }
name      = { label = "After, sent again" }
retries   = { label = "Such", unit = "int" }
went_well = { label = "Went well", unit = "int", help = "neither failed nor was left nor cut off" }
ok_rate   = { label = "Share", unit = "pct0" }
lo        = { label = "from", unit = "pct0", help = "95 % interval (Wilson)" }
hi        = { label = "to", unit = "pct0" }
cut_share = { label = "Smaller by", unit = "pct0", help = "median share of the request left out" }
spent     = { label = "Cost", unit = "usd", help = "of the calls sent again" }
basis     = { label = "Basis", help = "measured: the same operation; reconstructed: some only share a session, where the next call may be another question" }
example   = { label = "Example", help = "the call before; llmlogs show ID" }
---*/
create or replace temp table again as
with params as (
    select coalesce(getvariable('minutes'), 10) as minutes -- sent again within so many minutes of the first one's end
),
caused as (
    select *, case when error_class = 'context_length' or word = 'model_context_window_exceeded' then 'too long for the model' when status = 'timeout' or error_class = 'timeout' then 'timed out' when ending = 'cut' then 'cut off' end as cause
    from call_endings where app_cache is distinct from 'hit' and (operation is null or operation in ('chat', 'text_completion'))
),
triggers as (select * from caused where cause is not null),
threads as ( -- only what can follow a trigger is put in order
    select *, operation_id as thread, 1 as way from caused where operation_id in (select operation_id from triggers)
    union all select *, concat_ws(' ', session_id, feature), 2 from caused where session_id in (select session_id from triggers where operation_id is null)
),
led as (
    select call_id, way, lead(started_at) over next_one as next_at, lead(input_tokens) over next_one as next_tokens, lead(prompt_chars) over next_one as next_chars, lead(ending) over next_one as next_ending, lead(cost_usd) over next_one as next_usd
    from threads window next_one as (partition by way, thread order by started_at, call_id)
),
followed as (
    select t.*, coalesce(operation_id, session_id) is not null as can_follow, l.way, next_at <= started_at + to_milliseconds(cast(coalesce(duration_ms, 0) as bigint)) + to_seconds(cast(60 * minutes as bigint)) as is_again, next_ending, next_usd, minutes,
        coalesce(cast(next_tokens as double) / nullif(input_tokens, 0), cast(next_chars as double) / nullif(prompt_chars, 0)) as ratio
    from triggers t cross join params left join led l on t.call_id = l.call_id and l.way = case when t.operation_id is not null then 1 else 2 end
)
select call_id, feature, cause, can_follow, sample_weight as w, minutes, way, coalesce(is_again, false) as is_again, ratio, cast(next_usd as double) as usd, coalesce(next_ending in ('complete', 'filtered', 'refused', 'empty'), false) as is_ok,
    case when ratio < 1 then 'smaller' when ratio = 1 then 'as large' when ratio > 1 then 'larger' else 'size not logged' end as sent
from followed;

create or replace temp table rates as
with sums as (
    select coalesce(sum(w), 0) as n, coalesce(sum(w) filter (can_follow), 0) as traceable, coalesce(sum(w) filter (is_again), 0) as again, power(sum(w) filter (is_again), 2) / sum(w * w) filter (is_again) as n_again, coalesce(sum(w) filter (is_again and sent = 'smaller'), 0) as smaller,
        power(sum(w) filter (is_again and sent = 'smaller'), 2) / sum(w * w) filter (is_again and sent = 'smaller') as n_smaller, power(sum(w) filter (is_again and sent <> 'smaller'), 2) / sum(w * w) filter (is_again and sent <> 'smaller') as n_other,
        sum(w) filter (is_again and sent = 'smaller' and is_ok) as smaller_good, sum(w) filter (is_again and sent <> 'smaller' and is_ok) as other_good, max(minutes) as minutes, bool_or(is_again and way = 2) as is_loose from again
),
tall as (select unnest(['smaller', 'works', 'other']) as what, unnest([smaller, coalesce(smaller_good, 0), coalesce(other_good, 0)]) / nullif(unnest([again, smaller, again - smaller]), 0) as p, 1.96 * 1.96 / unnest([n_again, n_smaller, n_other]) as z2n from sums)
select t.*, s.*, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from tall t, sums s;

with seen as (select coalesce(sum(sample_weight), 0) as n from calls where app_cache is distinct from 'hit' and (operation is null or operation in ('chat', 'text_completion')))
select case when s.n = 0 or (r.n > 0 and r.traceable = 0) then 'unknown' else 'info' end as verdict, cast(round(s.n) as bigint) as n, r.p as value, r.lo, r.hi, case when r.is_loose then 'reconstructed' else 'measured' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    cast(round(r.n) as bigint) as triggers, cast(round(r.traceable) as bigint) as traceable, case when r.traceable > 0 then cast(round(r.again) as bigint) end as again, cast(round(r.smaller) as bigint) as smaller, r.minutes, x.p as smaller_ok, x.lo as smaller_lo, x.hi as smaller_hi,
    o.p as other_ok, o.lo as other_lo, o.hi as other_hi, case when s.n = 0 then 'the log holds no chats' else 'no call that was too long, timed out or was cut off names its operation or session' end as reason
from seen s cross join (select * from rates where what = 'smaller') r cross join (select * from rates where what = 'works') x cross join (select * from rates where what = 'other') o;

with sums as (
    select feature, cause, case when not can_follow then 'cannot be followed' when is_again then sent else 'not sent again' end as sent, sum(w) as n, sum(w) filter (is_again and is_ok) as k, power(sum(w), 2) / sum(w * w) as effective_n, sum(w * usd) filter (is_again) as spent,
        quantile_cont(1 - ratio, 0.5) filter (is_again and ratio < 1) as cut_share, bool_or(is_again and way = 2) as is_loose, bool_or(is_again) as is_again, max(call_id) as example from again group by all
),
ready as (select *, case when is_again then coalesce(k, 0) / n end as p, 1.96 * 1.96 / effective_n as z2n from sums)
select feature, cause, sent, concat(coalesce(feature || ': ', ''), cause, ', ', sent) as name, cast(round(n) as bigint) as retries, case when is_again then cast(round(coalesce(k, 0)) as bigint) end as went_well, p as ok_rate, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo,
    (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, cut_share, spent, case when is_loose then 'reconstructed' when is_again then 'measured' end as basis, example from ready order by n desc, name limit 100;
