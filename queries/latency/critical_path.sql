/*---
question  = "Which steps hold up a request: models, retrieval, tools or your own code?"
needs     = ["spans.started_at", "spans.trace_id"]
results   = ["verdict", "evidence", "by_root"]
info      = "{top_said} hold up requests {value:pct0} of their time (critical path of {traces:trace|traces}); making it 10% faster saves about {saves:pct1}. Summed, its steps take {busy_share:pct0} of the time{parallel}."
passes    = "{top_said} hold up requests {value:pct0} of their time (critical path of {traces:trace|traces})."
fails     = "{top_said} hold up requests {value:pct0} of their time (critical path of {traces:trace|traces})."
why       = "Steps that run beside others take time and hold nobody up. Only what lies on the critical path shortens the wait when it gets faster; sums of durations point at the wrong step."
fix       = "1. Work on the kind named first. 2. A step with much busy time and little on the path runs in parallel: leave it. 3. Steps one after the other that do not need each other: run them at the same time. 4. `none` is time between steps nobody logged: add a root span, or look at queues."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of the wait, on the critical path"
x      = "kind"
y      = "share"
[columns]
kind       = { label = "Step", help = "as logged in spans; model = a model call; none = between the roots of a trace that has several" }
path_ms    = { label = "On the path", unit = "ms", help = "time that would leave the wait if this kind took none, over all traces" }
share      = { label = "Share", unit = "pct", help = "of the summed wait of all traces" }
busy_ms    = { label = "Busy", unit = "ms", help = "plain sum of durations, whatever ran beside it; never a share of the wait" }
steps      = { label = "Steps", unit = "int" }
root       = { label = "Request", help = "name of the root step" }
traces     = { label = "Traces", unit = "int" }
mean_ms    = { label = "Mean wait", unit = "ms" }
top_kind   = { label = "Held up by" }
top_share  = { label = "Share", unit = "pct0" }
---*/
-- Descriptive: it never warns. The walk is the view trace_path. From 30 traces on.
create or replace temp table path as
with weights as (select trace_id, max(sample_weight) as w from calls where trace_id is not null group by trace_id)
select p.*, coalesce(w.w, 1) as w from trace_path p left join weights w on p.trace_id = w.trace_id;

create or replace temp table kinds as
with traces as (select distinct trace_id, w from path),
busy as (
    select kind, sum(t.w * ms) as busy_ms, sum(t.w) as steps
    from (select trace_id, kind, coalesce(date_diff('microsecond', started_at, ended_at) / 1e3, duration_ms) as ms from spans where started_at is not null union all select trace_id, 'model', duration_ms from calls where duration_ms is not null) every
    join traces t on every.trace_id = t.trace_id group by kind
),
held as (select kind, sum(w * own_ms) as path_ms from path group by kind)
select coalesce(h.kind, b.kind) as kind, coalesce(path_ms, 0) as path_ms, coalesce(path_ms, 0) / nullif(sum(path_ms) over (), 0) as share, coalesce(busy_ms, 0) as busy_ms, coalesce(busy_ms, 0) / nullif(sum(path_ms) over (), 0) as busy_share,
    cast(round(coalesce(steps, 0)) as bigint) as steps,
    case coalesce(h.kind, b.kind) when 'model' then 'Model calls' when 'retrieval' then 'Retrieval steps' when 'tool' then 'Tools' when 'app' then 'Steps of your own code' when 'none' then 'Gaps nobody logged' else concat('Steps of kind ', coalesce(h.kind, b.kind)) end as said
from held h full join busy b on h.kind = b.kind;

with every as (select coalesce(sum(w), 0) as n from (select trace_id, max(w) as w from path group by trace_id) one_each),
top as (select * from kinds order by path_ms desc, kind limit 1)
select case when e.n < 30 then 'unknown' else 'info' end as verdict, cast(round(e.n) as bigint) as n, t.share as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis, cast(null as double) as min_effect,
    cast(null as double) as p_value, cast(round(e.n) as bigint) as traces, t.said as top_said, t.share / 10 as saves, t.busy_share, case when t.busy_share > 1.3 * t.share then ', for many run beside each other' else '' end as parallel,
    'fewer than 30 traces with spans' as reason
from every e left join top t on true;

select kind, path_ms, share, busy_ms, steps from kinds order by path_ms desc, kind;

with roots as (
    select s.trace_id, case when count(*) = 1 then min(s.name) else '(several roots)' end as root from spans s
    where s.trace_id in (select trace_id from path) and (s.parent_span_id is null or s.parent_span_id not in (select span_id from spans where span_id is not null)) group by s.trace_id
),
held as (select coalesce(r.root, '(a model call)') as root, p.kind, sum(p.w * p.own_ms) as ms from path p left join roots r on p.trace_id = r.trace_id group by 1, 2),
counted as (select coalesce(r.root, '(a model call)') as root, sum(p.w) as traces from (select trace_id, max(w) as w from path group by trace_id) p left join roots r on p.trace_id = r.trace_id group by 1),
best as (select *, ms / nullif(sum(ms) over (partition by root), 0) as share, sum(ms) over (partition by root) as total from held qualify row_number() over (partition by root order by ms desc, kind) = 1)
select b.root, cast(round(c.traces) as bigint) as traces, b.total / c.traces as mean_ms, b.kind as top_kind, b.share as top_share from best b join counted c on b.root = c.root order by b.total desc, b.root limit 50;
