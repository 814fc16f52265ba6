/*---
question  = "Which tools fail?"
needs     = ["spans.status where kind in ('tool', 'retrieval', 'guardrail', 'rerank') -- on tools and retrievals"]
results   = ["verdict", "evidence"]
passes    = "{errors:int} of {n:tool run|tool runs} failed ({value:pct1}); no tool surely fails more often than {warn_share:pct0}."
fails     = "{worst_tool} fails in {worst_rate:pct0} of its {worst_runs:run|runs} (95% interval {worst_lo:pct0} to {worst_hi:pct0}), most often with {worst_class}; over all tools it is {value:pct1}."
why       = "A tool that fails makes the model guess, try again, or give up: wrong answers and tokens paid twice, and no error in the model's own log."
fix       = "1. Arguments refused (validation): tighten the tool's schema and description. 2. Time limits: make the tool faster or its limit longer. 3. Refused access or limits: look at its own service. 4. Tell the model what went wrong in the tool's answer."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of runs that failed"
x      = "tool"
y      = "error_rate"
[columns]
tool       = { label = "Tool", help = "name of the span" }
kind       = { label = "Kind" }
runs       = { label = "Runs", unit = "int" }
errors     = { label = "Failed", unit = "int" }
error_rate = { label = "Share", unit = "pct1" }
lo         = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
hi         = { label = "to", unit = "pct1" }
top_class  = { label = "Mostly", help = "most frequent error class" }
p50_ms     = { label = "Median", unit = "ms" }
p95_ms     = { label = "p95", unit = "ms", help = "from 20 runs" }
example    = { label = "Example", help = "the trace of a failed run: llmlogs show ID" }
---*/
create or replace temp table runs as
with params as (
    select coalesce(getvariable('warn_share'), 0.1) as warn_share, -- a tool that surely fails more often is a warning
        coalesce(getvariable('fail_share'), 0.5) as fail_share -- and more often than this a failure
),
weights as (select trace_id, max(sample_weight) as w from calls where trace_id in (select trace_id from spans where kind in ('tool', 'retrieval', 'guardrail', 'rerank')) group by trace_id)
select coalesce(s.name, '(no name)') as tool, s.kind, coalesce(w.w, 1) as w, s.status = 'error' as is_error, coalesce(s.error_class, 'an error without a class') as error_class, s.duration_ms, s.trace_id, warn_share, fail_share
from spans s cross join params left join weights w on s.trace_id = w.trace_id
where s.kind in ('tool', 'retrieval', 'guardrail', 'rerank') and s.status in ('ok', 'error');

create or replace temp table tools as
with classes as (select tool, kind, error_class as top_class from runs where is_error group by tool, kind, error_class qualify row_number() over (partition by tool, kind order by sum(w) desc, error_class) = 1),
sums as (
    select tool, kind, sum(w) as n, coalesce(sum(w) filter (where is_error), 0) as k, power(sum(w), 2) / sum(w * w) as effective_n, quantile_cont(duration_ms, 0.5) as p50_ms,
        case when count(duration_ms) >= 20 then quantile_cont(duration_ms, 0.95) end as p95_ms, max(trace_id) filter (where is_error) as example, max(warn_share) as warn_share, max(fail_share) as fail_share from runs group by tool, kind
),
ready as (select *, k / n as p, 1.96 * 1.96 / effective_n as z2n from sums)
select r.*, c.top_class, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi
from ready r left join classes c on r.tool = c.tool and r.kind is not distinct from c.kind;

with totals as (select coalesce(sum(n), 0) as n, coalesce(sum(k), 0) as k, sum(k) / sum(n) as p, 1.96 * 1.96 / sum(effective_n) as z2n, max(warn_share) as warn_share from tools),
worst as (select tool as worst_tool, p as worst_rate, n as worst_runs, lo as worst_lo, hi as worst_hi, top_class as worst_class, lo > fail_share as is_fail from tools where n >= 10 and lo > warn_share order by k desc, tool limit 1)
select case when n < 10 then 'unknown' when is_fail then 'fail' when worst_tool is not null then 'warn' else 'ok' end as verdict, cast(round(n) as bigint) as n, p as value,
    (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    cast(round(k) as bigint) as errors, warn_share, worst_tool, worst_rate, cast(round(worst_runs) as bigint) as worst_runs, worst_lo, worst_hi, worst_class, 'fewer than ten runs of tools say how they ended' as reason
from totals left join worst on true;

select tool, kind, cast(round(n) as bigint) as runs, cast(round(k) as bigint) as errors, p as error_rate, lo, hi, top_class, p50_ms, p95_ms, example from tools order by k desc, n desc, tool limit 100;
