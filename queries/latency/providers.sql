/*---
question  = "Which provider is quicker for the same work in the same hours?"
needs     = ["calls.duration_ms", "calls.provider", "calls.started_at"]
min_calls = 100
results   = ["verdict", "evidence"]
method    = "stats.paired_hours"
passes    = "{compared}"
fails     = "{compared}"
info      = "{told}[ Its first token comes {first_said}.][ Its answers have {tokens_said}, so part of the time is theirs.]"
why       = "Two providers of the same model differ by more than a model change, and a mean over all calls compares different hours, features and users. Only the same work in the same hours tells."
fix       = "1. A provider is quicker beyond chance: route the features where people wait to it, and keep the other as fallback. 2. Not told apart: send a tenth of the traffic of one feature to both for two weeks. 3. See errors/availability and cost/what_if before moving: quick is not all."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "How much slower the second provider is, same hours (95 % interval)"
x      = "pair_name"
y      = "slower_by"
lo     = "lo"
hi     = "hi"
[columns]
pair_name    = { label = "Compared" }
kind         = { label = "Same", help = "model: the same model (and feature) at both; feature: the same feature, by other models" }
name         = { label = "Which" }
quicker      = { label = "Quicker" }
slower       = { label = "Slower" }
slower_by    = { label = "Slower by", unit = "pct0", help = "of the typical answer (means of logarithms), paired by hour" }
lo           = { label = "from", unit = "pct0", help = "95 % interval, the day as the unit; below 0 the order may be the other" }
hi           = { label = "to", unit = "pct0" }
is_ranked    = { label = "Told apart?", unit = "bool", help = "beyond chance after all pairs are counted (Benjamini-Hochberg, 5 %)" }
p_value      = { label = "p", unit = "num", help = "corrected for the number of pairs" }
first_token  = { label = "First token", unit = "pct0", help = "of the slower one against the quicker, streams; minus = earlier" }
first_lo     = { label = "from", unit = "pct0" }
first_hi     = { label = "to", unit = "pct0" }
tokens       = { label = "Answer tokens", unit = "pct0", help = "of the slower one against the quicker: longer answers take longer" }
n_quicker    = { label = "Calls, quicker", unit = "int", help = "logged calls in hours both answered" }
n_slower     = { label = "Calls, slower", unit = "int" }
hours        = { label = "Hours", unit = "int", help = "in which both answered" }
days         = { label = "Days", unit = "int" }
---*/
-- Descriptive: it never warns. Own cache hits, failures and batches are left out. How pairs are made and tested: llmlogs/stats/paired_hours.py.
create temp table if not exists stat_provider_pairs (pair integer, kind varchar, name varchar, metric varchar, a varchar, b varchar, hours bigint, n_a bigint, n_b bigint, days integer, change double, lo double, hi double,
    p_value double, q_value double);

create or replace temp table turned as
select pair, kind, name, metric, hours, days, q_value, change < 0 as is_turned, a, b, n_a, n_b, change, lo, hi from stat_provider_pairs where metric = 'duration';

create or replace temp table pairs as
with params as (
    select coalesce(getvariable('min_difference'), 0.05) as min_difference -- smallest difference that is worth a rank, as a share
),
turned_too as ( -- b over a becomes slower over quicker
    select t.*, case when is_turned then 1 / (1 + o.change) - 1 else o.change end as o_change, case when is_turned then 1 / (1 + o.hi) - 1 else o.lo end as o_lo, case when is_turned then 1 / (1 + o.lo) - 1 else o.hi end as o_hi,
        case when is_turned then 1 / (1 + k.change) - 1 else k.change end as tokens
    from turned t left join stat_provider_pairs o on t.pair = o.pair and o.metric = 'first_token' left join stat_provider_pairs k on t.pair = k.pair and k.metric = 'output_tokens'
)
select pair, kind, name, hours, days, q_value, case when is_turned then b else a end as quicker, case when is_turned then a else b end as slower, case when is_turned then n_b else n_a end as n_quicker,
    case when is_turned then n_a else n_b end as n_slower, case when is_turned then 1 / (1 + change) - 1 else change end as slower_by, case when is_turned then 1 / (1 + hi) - 1 else lo end as lo,
    case when is_turned then 1 / (1 + lo) - 1 else hi end as hi, o_change as first_token, o_lo as first_lo, o_hi as first_hi, tokens, coalesce(q_value <= 0.05 and abs(change) >= min_difference, false) as is_ranked,
    name || ': ' || case when is_turned then b || ' and ' || a else a || ' and ' || b end as pair_name
from turned_too, params;

with worst as (select * from pairs where slower_by is not null order by is_ranked desc, n_quicker + n_slower desc, pair limit 1),
every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n, count(distinct provider) as providers from call_waits),
counted as (select count(*) as pairs, count(*) filter (slower_by is not null) as judged, count(*) filter (is_ranked) as ranked from pairs)
select case when w.pair is null then 'unknown' else 'info' end as verdict, case when w.pair is null then e.n else n_quicker + n_slower end as n, slower_by as value, lo, hi, 'measured' as basis, greatest(abs(hi), abs(lo)) as min_effect, cast(null as double) as p_value,
    case when providers < 2 then 'one provider answered all calls, there is nothing to compare' when pairs = 0 then 'no model or feature was answered by two providers in the same hour'
        else 'two providers answered the same work in the same hours on fewer than five days' end as reason,
    case when is_ranked then concat(quicker, ' is quicker') else 'No two providers are told apart' end as compared, quicker, slower, name, ranked, judged,
    case when is_ranked then concat(slower, ' takes ', round(100 * slower_by)::integer, '% longer than ', quicker, ' for ', name, ' in the same hours (', round(100 * lo)::integer, '% to ', round(100 * hi)::integer, '%); ', ranked, ' of ', judged, ' pairs are told apart.')
        else concat('No provider is quicker beyond chance in the same hours. For ', name, ' (the most calls) ', slower, ' against ', quicker, ' lies between ', case when lo > 0 then '+' end, round(100 * lo)::integer, '% and ', case when hi > 0 then '+' end, round(100 * hi)::integer, '%.') end as told,
    case when is_ranked and first_lo > 0 then concat(round(100 * first_token)::integer, '% later') when is_ranked and first_hi < 0 then concat(round(-100 * first_token)::integer, '% earlier') end as first_said,
    case when is_ranked and tokens >= 0.1 then concat(round(100 * tokens)::integer, '% more tokens') end as tokens_said
from every e cross join counted left join worst w on true;

select pair_name, kind, name, quicker, slower, slower_by, lo, hi, is_ranked, q_value as p_value, first_token, first_lo, first_hi, tokens, n_quicker, n_slower, hours, days
from pairs where slower_by is not null order by is_ranked desc, slower_by desc, pair;
