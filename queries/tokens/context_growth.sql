/*---
question  = "How much context does each turn of a conversation add?"
needs     = ["calls.input_tokens", "calls.session_id | calls.trace_id"]
min_calls = 30
results   = ["verdict", "evidence"]
passes    = "A turn adds {value:tok} tokens to the prompt of {top_name}, {grows}."
fails     = "A turn adds {value:tok} tokens to the prompt of {top_name}, {grows}."
info      = "A turn adds {value:tok} tokens to the prompt of {top_name}{between}, {grows}; {resent:pct0} of all input in conversations is text beyond what their first prompts held."
why       = "Every turn sends the whole conversation again. Where each adds as much as the one before, the bill of a conversation grows with the square of its length; where each adds more, something is copied into the history over and over."
fix       = "1. Faster than linear: look for tool results or retrieved text that is appended again each turn. 2. Linear and long: summarise or cut the history after some turns, and keep its start unchanged so that the prefix cache can read it. 3. Tool output: keep what was used, not all of it."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Input tokens a turn adds"
x      = "feature"
y      = "tokens_per_turn"
[columns]
feature         = { label = "Feature", help = "empty: calls that name no feature" }
sessions        = { label = "Conversations", unit = "int", help = "of three turns or more: a session, or a trace where no session is logged; each agent's turns apart" }
turns           = { label = "Turns", unit = "num", help = "of the middle conversation" }
tokens_per_turn = { label = "A turn adds", unit = "tok", help = "input tokens, by least squares in each conversation; the median of these. A prompt of less than half the one before starts anew (history cut or summarised)" }
lo              = { label = "from", unit = "tok", help = "95 % interval of the median; from 6 conversations" }
hi              = { label = "to", unit = "tok" }
growth          = { label = "Growth", help = "linear: each turn adds about as much; faster: later turns add half as much again, or more; none: nothing, or less than 1 % of the prompt" }
first_input     = { label = "First prompt", unit = "tok", help = "median" }
last_input      = { label = "Last prompt", unit = "tok", help = "median" }
resent_share    = { label = "Beyond the first", unit = "pct0", help = "share of input tokens that exceed the first prompt of their conversation" }
---*/
-- Turns are the answered calls of one session, feature and agent in order of time. Interval of the median: by ranks, n / 2 -+ 0.98 sqrt(n). Growth is faster when the gain
-- a turn in the second half is 1.5 times that of the first in the median, and the larger one in clearly more than half of the conversations (two standard errors).
create or replace temp table conversations as
with params as (
    select coalesce(getvariable('min_turns'), 3) as min_turns -- turns a conversation needs
),
turns as (
    select feature, coalesce(session_id, trace_id) as session, agent_name, started_at, call_id, input_tokens as x, sample_weight as w
    from calls where input_tokens > 0 and coalesce(session_id, trace_id) is not null and app_cache is distinct from 'hit' and coalesce(status, 'ok') not in ('error', 'blocked', 'shed', 'timeout')
),
stepped as (select *, x < 0.5 * lag(x) over one as is_anew, row_number() over one as turn from turns window one as (partition by feature, session, agent_name order by started_at, call_id)),
stretched as (select *, count(*) filter (is_anew) over (partition by feature, session, agent_name order by turn) as stretch from stepped),
placed as (select *, 2 * (turn - min(turn) over s) <= count(*) over s - 1 as is_early, 2 * (turn - min(turn) over s) >= count(*) over s - 1 as is_late from stretched window s as (partition by feature, session, agent_name, stretch)),
stretches as ( -- sums of squares and products within a stretch: those of one conversation share a slope
    select feature, session, agent_name, stretch, count(*) as n, avg(w) as w, sum(x) as sx, arg_min(x, turn) as first_x, arg_max(x, turn) as last_x, regr_sxy(x, turn) as sxy, regr_sxx(x, turn) as sxx,
        regr_slope(x, turn) filter (is_early) as early, regr_slope(x, turn) filter (is_late) as late
    from placed group by feature, session, agent_name, stretch
)
select feature, session, cast(sum(n) as bigint) as turns, avg(w) as w, sum(sxy) / nullif(sum(sxx), 0) as slope, sum(n * early) / sum(n) filter (early is not null) as early, sum(n * late) / sum(n) filter (late is not null) as late,
    sum(sx) as input, arg_min(first_x, stretch) as first_x, arg_max(last_x, stretch) as last_x, greatest(sum(sx) - sum(n) * arg_min(first_x, stretch), 0) as beyond
from stretches group by feature, session, agent_name having sum(n) >= (select min_turns from params) and max(n) >= 3;

create or replace temp table grown as
with ranked as (select *, row_number() over (partition by feature order by slope) as place, count(*) over (partition by feature) as k from conversations),
medians as (
    select feature, cast(round(sum(w)) as bigint) as sessions, any_value(k) as k, quantile_cont(turns, 0.5) as turns, cast(sum(turns * w) as bigint) as calls, quantile_cont(slope, 0.5) as tokens_per_turn,
        max(slope) filter (place <= greatest(floor(k / 2e0 - 0.98 * sqrt(k)), 1)) as low, min(slope) filter (place >= least(ceil(k / 2e0 + 0.98 * sqrt(k)) + 1, k)) as high,
        quantile_cont(first_x, 0.5) as first_input, quantile_cont(last_x, 0.5) as last_input, sum(w * beyond) as beyond, sum(w * input) as input, sum(w * input) / sum(w * turns) as mean_input,
        quantile_cont(early, 0.5) as early, quantile_cont(late, 0.5) as late, avg(cast(late > early as integer)) as rising
    from ranked group by feature
)
select *, case when k >= 6 then low end as lo, case when k >= 6 then high end as hi, beyond / input as resent_share,
    case when tokens_per_turn < 0.01 * mean_input or (k >= 6 and low <= 0) then 'none' when late >= 1.5 * early and rising - 0.5 > 1 / sqrt(k) then 'faster' else 'linear' end as growth
from medians;

with top as (select * from grown order by input desc, feature limit 1), every as (select coalesce(cast(sum(calls) as bigint), 0) as n, sum(beyond) / sum(input) as resent from grown)
select case when t.k is null then 'unknown' else 'info' end as verdict, e.n, t.tokens_per_turn as value, t.lo, t.hi, 'measured' as basis, null::double as min_effect, null::double as p_value,
    coalesce(t.feature, 'calls without a feature') as top_name, e.resent, case when t.lo is null then '' else concat(' (95% interval ', round(t.lo)::bigint, ' to ', round(t.hi)::bigint, ')') end as between,
    case t.growth when 'faster' then 'and later turns add more' when 'linear' then 'each turn about as much' else 'which is next to nothing' end as grows,
    case when t.k is null then 'no session or trace has three answered calls with input tokens; log session_id' end as reason
from every e left join top t on true;

select feature, sessions, turns, tokens_per_turn, lo, hi, growth, first_input, last_input, resent_share from grown order by input desc, feature;
