/*---
question  = "What changed between two periods, releases, models or prompt versions?"
needs     = ["calls.started_at", "calls.duration_ms | calls.input_tokens | calls.output_tokens | calls.cost_usd | calls.status"]
min_calls = 100
results   = ["verdict", "evidence", "daily"]
method    = "stats.day_block_test"
passes    = "{compared}: nothing moved beyond what days here do by themselves. For the {top_name} a change of {min_effect:pct0} would have been seen."
fails     = "{compared}: the {name} {went} by {size:pct0} (95% interval {lo:pct0} to {hi:pct0}){mixed}. {changes:row|rows} of the table changed beyond chance."
info      = "{compared}: {told}"
why       = "After a release, a new prompt or another model everybody asks whether things got better. Calls of one day share load, users and luck, so that call against call differs nearly always; only days against days tell."
fix       = "1. Read what changed first, and how much of it is only another mix of features and models. 2. Inside the usual movement: wait for more days, or split the traffic and compare the same days. 3. Choose what to compare: `llmlogs compare --before 2026-10-01..2026-10-14 --after 2026-10-15..2026-10-28`, or `--before release=411 --after release=412`."
engine    = "duckdb"
[[chart]]
kind   = "lines-over-time"
result = "daily"
title  = "{top_name}, day by day"
x      = "day"
y      = "level"
by     = "side"
[columns]
metric         = { label = "What", help = "latency of answered calls (ms), tokens and USD a call; error_rate: share of calls that failed or timed out, rate limits included" }
feature        = { label = "Feature", help = "(all) = all calls together" }
model          = { label = "Model", help = "as asked for" }
n_calls        = { label = "Calls", unit = "int", help = "logged calls on the whole days of both" }
before_value   = { label = "Before", unit = "num", help = "plain mean, or the 95th percentile" }
after_value    = { label = "After", unit = "num" }
change         = { label = "Change", unit = "pct0", help = "of the typical call (means of logarithms), weekdays evened out" }
lo             = { label = "from", unit = "pct0", help = "95 % interval, the day as the unit" }
hi             = { label = "to", unit = "pct0" }
p_value        = { label = "p", unit = "num" }
is_change      = { label = "Change?", unit = "bool", help = "beyond chance after all rows are counted (Benjamini-Hochberg, 5 %), and large enough to matter" }
usual_movement = { label = "Usual movement", unit = "pct0", help = "a change up to this is nothing unusual here" }
mix_share      = { label = "From mix", unit = "pct0", help = "part of the plain change that comes from other shares of features and models (Kitagawa)" }
days_before    = { label = "Days before", unit = "int", help = "whole days compared" }
days_after     = { label = "Days after", unit = "int" }
day            = { label = "Day (UTC)", unit = "date" }
level          = { label = "A call", unit = "num" }
side           = { label = "Period" }
---*/
-- Whole days against whole days; how: llmlogs/stats/day_block_test.py. Nobody asked for two periods: then the last seven whole days and those before are shown, and not judged.
create temp table if not exists stat_periods (by_column varchar, before_is varchar, after_is varchar, a0 timestamp, a1 timestamp, b0 timestamp, b1 timestamp, begins_at timestamp, is_asked boolean);
create temp table if not exists stat_comparison (metric varchar, is_all boolean, feature varchar, model varchar, n_calls bigint, before_value double, after_value double, change double, lo double, hi double,
    p_value double, q_value double, usual_movement double, days_before integer, days_after integer);
create temp table if not exists stat_compare_days (grp integer, metric varchar, side varchar, day date, n bigint, k double, value double, noise double, level double);

create or replace temp table asked as
select coalesce(getvariable('min_change'), 0.05) as min_change, -- smallest change worth a word, as a share
    coalesce(getvariable('by_column'), '') as by_column, -- release, prompt_version or model: compare two of its values instead of two periods
    coalesce(getvariable('before_is'), '') as before_is, -- the value that came before
    coalesce(getvariable('after_is'), '') as after_is, -- the value that came after
    coalesce(getvariable('before_from'), null) as before_from, -- start of the first period, UTC; without it as long as the second
    coalesce(getvariable('before_to'), null) as before_to, -- its end, no longer in it; without it the start of the second
    coalesce(getvariable('after_from'), null) as after_from, -- start of the second period; without it the last seven whole days, or half of a shorter log
    coalesce(getvariable('after_to'), null) as after_to -- its end, no longer in it; without it the end of the last whole day
from (select 1);

create or replace temp table compared_rows as
with plain as ( -- sums of whole days, for Kitagawa's split
    select metric, grp, coalesce(sum(k) filter (side = 'before'), 0) as ka, coalesce(sum(k) filter (side = 'after'), 0) as kb, sum(level) filter (side = 'before') / sum(k) filter (side = 'before') as xa,
        sum(level) filter (side = 'after') / sum(k) filter (side = 'after') as xb
    from stat_compare_days where side <> 'earlier' and metric <> 'latency_p95' and grp > 1 group by metric, grp
),
shares as (select *, kb / sum(kb) over m - ka / sum(ka) over m as moved, sum(ka * xa) over m / sum(ka) over m as ma, sum(kb * xb) over m / sum(kb) over m as mb from plain window m as (partition by metric)),
mixes as (select metric, sum(moved * ((xa + xb) / 2 - (ma + mb) / 2)) / nullif(any_value(mb - ma), 0) as mix_share from shares group by metric)
select c.* exclude (feature, model), case when is_all then '(all)' else feature end as feature, case when is_all then '(all)' else model end as model,
    case when is_all and abs(change) >= min_change then mix_share end as mix_share, coalesce(q_value <= 0.05 and abs(change) >= min_change, false) as is_change,
    case metric when 'latency_mean' then 'typical latency' when 'latency_p95' then '95th percentile of latency' when 'input_tokens' then 'input of a call' when 'output_tokens' then 'output of a call'
        when 'cost' then 'cost of a call' else 'error rate' end || case when is_all then '' else concat(' of ', coalesce(feature, 'calls without a feature'), ' on ', coalesce(model, 'an unnamed model')) end as name
from stat_comparison c left join mixes using (metric), asked;

with worst as (select * from compared_rows where is_change order by is_all desc, q_value, metric, feature, model limit 1),
top as (select * from compared_rows where usual_movement is not null order by is_all desc, metric <> 'latency_mean', n_calls desc, metric limit 1),
every as (select count(*) filter (is_change) as changes, count(p_value) as judged, coalesce(max(n_calls) filter (is_all), 0) as n from compared_rows),
said as (select *, case when by_column <> '' then concat(by_column, ' ', after_is, ' against ', before_is)
    else strftime(b0, '%Y-%m-%d') || ' to ' || strftime(b1 - interval 1 second, '%Y-%m-%d') || ' against ' || strftime(a0, '%Y-%m-%d') || ' to ' || strftime(a1 - interval 1 second, '%Y-%m-%d') end as compared from stat_periods)
select case when e.n = 0 then 'unknown' when judged = 0 or not s.is_asked then 'info' when changes > 0 then 'warn' else 'ok' end as verdict,
    case when e.n = 0 and (select max(started_at) from call_outcomes) is null then 'the log holds no calls' when s.compared is null then 'llmlogs compare runs the test this needs' else 'no call lies on a whole day of both' end as reason, cast(e.n as bigint) as n, w.change as value, w.lo, w.hi, 'estimated' as basis,
    t.usual_movement as min_effect, w.q_value as p_value, coalesce(s.compared, 'nothing') as compared, coalesce(t.name, 'typical latency') as top_name, w.name, case when w.change < 0 then 'fell' else 'rose' end as went, abs(w.change) as size, changes,
    case when abs(w.mix_share) >= 0.1 then concat(', ', round(100 * w.mix_share)::integer, '% of it from another mix of features and models') else '' end as mixed,
    case when judged = 0 then 'each side needs five whole days to be judged; the table shows plain numbers' when changes = 0 then 'nothing moved beyond what days here do by themselves'
        else concat(changes, ' of ', judged, ' rows moved beyond chance, first the ', w.name, ' (', case when w.change > 0 then '+' end, round(100 * w.change)::integer, '%)') end || '.' as told
from every e left join said s on true left join worst w on true left join top t on true;

select metric, feature, model, n_calls, before_value, after_value, change, lo, hi, p_value, is_change, usual_movement, mix_share, days_before, days_after
from compared_rows order by is_change desc, feature <> '(all)', n_calls desc, feature, model, metric;

select d.day, case d.side when 'earlier' then 'earlier' when 'before' then 'before' else 'after' end as side, coalesce(d.level / nullif(d.k, 0), 0) as level
from stat_compare_days d where d.grp = 1 and d.metric = (select metric from compared_rows where usual_movement is not null and metric <> 'latency_p95' order by feature <> '(all)', metric <> 'latency_mean', n_calls desc, metric limit 1) order by d.day, side;
