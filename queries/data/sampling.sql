/*---
question  = "Is this log a sample, of what, and how much does it still tell?"
needs     = ["calls.call_id"]
results   = ["verdict", "evidence"]
passes    = "No row says that it stands for more than itself: {n:call|calls}, all of weight 1. If you do sample, log sample_weight (1 / keep rate) or ingest with --sample-rate, else every total is too low."
fails     = "sample_weight is logged on {known:int} of {partial_rows:row|rows} of {source} and missing on {missing:int}: those count as one call each[; if they were sampled alike, {lost:int} calls are missing from every total]."
info      = "{n_rows:row stands|rows stand} for {n:call|calls} (weights from {low:num} to {high:num}; {kept_said}). Rates and means are as sure as from {kish:int} calls of equal weight (Kish)[; weights differ inside of {mixed_traces:trace|traces}]."
why       = "A sample that is weighted back gives honest totals with wider intervals; one that is not is wrong by the keep rate. Where errors are kept whole and the rest is not, the plain error rate is several times too high."
fix       = "1. Log sample_weight on every row, 1 where nothing was dropped. 2. Decide by trace, not by call, so that requests stay whole. 3. Keep all failures and all slow calls. 4. Rate limits, bursts and retries need every call of a key: sample none of those, or trust only what is long."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of the calls that was kept"
x      = "name"
y      = "kept"
[columns]
name    = { label = "Source, outcome" }
source  = { label = "Source" }
outcome = { label = "Outcome" }
n_rows  = { label = "Rows", unit = "int", help = "logged" }
n_calls = { label = "Calls they stand for", unit = "int" }
kept    = { label = "Kept", unit = "pct1", help = "rows over calls" }
low     = { label = "Weight from", unit = "num" }
high    = { label = "to", unit = "num" }
kish    = { label = "As sure as", unit = "int", help = "Kish's effective number of calls: (sum of weights)^2 over sum of squares" }
unsaid  = { label = "Without a weight", unit = "int", help = "rows of this source that do not log one while others do; they count as 1" }
---*/
-- A warning: a source that logs a weight on some rows and none on others. Everything else is told, not judged.
create or replace temp table weights as
select coalesce(source, 'unknown') as source, case when status in ('error', 'timeout', 'blocked', 'shed') then 'failed' when status = 'cancelled' then 'cancelled' when status is null or status = 'unknown' then 'not known' else 'went well' end as outcome,
    count(*) as n_rows, sum(sample_weight) as n_calls, sum(sample_weight * sample_weight) as squares, min(sample_weight) as low, max(sample_weight) as high from calls group by 1, 2;

create or replace temp table partial as
select f.source, cast(any_value(f.filled) as bigint) as known, cast(any_value(f."of" - f.filled) as bigint) as missing, cast(any_value(f."of") as bigint) as of from field_coverage f
where f.table_name = 'calls' and f.column_name = 'sample_weight' and f.filled > 0 and f.filled < f."of" group by f.source;

with every as (select coalesce(sum(n_rows), 0) as n_rows, coalesce(sum(n_calls), 0) as n, power(sum(n_calls), 2) / sum(squares) as kish, min(low) as low, max(high) as high from weights),
worst as (select p.*, (select (sum(n_calls) - p.missing) / nullif(p.known, 0) from weights w where w.source = p.source) as mean_weight from partial p order by missing desc, source limit 1),
traces as (select count(*) as mixed from (select trace_id from calls where trace_id is not null group by trace_id having min(sample_weight) <> max(sample_weight)) t),
sides as (select sum(n_rows) filter (outcome = 'failed') / sum(n_calls) filter (outcome = 'failed') as failed_kept, sum(n_rows) filter (outcome <> 'failed') / sum(n_calls) filter (outcome <> 'failed') as rest_kept from weights)
select case when n_rows = 0 then 'unknown' when w.source is not null then 'warn' when low <> 1 or high <> 1 then 'info' else 'ok' end as verdict, cast(round(n) as bigint) as n, n_rows / nullif(n, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis,
    1e0 / nullif(n_rows, 0) as min_effect, cast(null as double) as p_value, 'there is no call' as reason, cast(n_rows as bigint) as n_rows, low, high, cast(round(kish) as bigint) as kish, nullif(mixed, 0) as mixed_traces, w.source, w.known, w.missing, w.of as partial_rows,
    cast(round(w.missing * (w.mean_weight - 1)) as bigint) as lost,
    case when failed_kept is null or abs(failed_kept - rest_kept) < 0.01 then concat(round(100 * n_rows / n, 1), '% of all was kept') else concat(round(100 * failed_kept, 1), '% of the failed calls and ', round(100 * rest_kept, 1), '% of the others were kept') end as kept_said
from every cross join traces cross join sides left join worst w on true;

select w.source || ', ' || outcome as name, w.source, outcome, n_rows, cast(round(n_calls) as bigint) as n_calls, n_rows / n_calls as kept, low, high, cast(round(n_calls * n_calls / squares) as bigint) as kish, p.missing as unsaid
from weights w left join partial p on w.source = p.source order by n_calls desc, name limit 100;
