-- The critical path of every trace that has spans: time that would leave the request's wait if that step took none. Rows: a stretch of one step,
-- own_ms [ms] of it; the rows of a trace add up to the time from its root's start to its end. Walk: from the end of a window back, the child that ends
-- last holds the wait; what lies behind it is the parent's own. Parts of a child outside its parent's window do not count.
-- Traces of more than 500 steps (whole agent sessions, no requests) are left out: the walk grows with the square of the steps in a row.
-- kind: as in spans, model for a call (call_id says which), none between several roots.
create or replace view trace_path as
with recursive nodes as (
    select trace_id, span_id, parent_span_id, kind, call_id, started_at as t0, coalesce(ended_at, started_at + to_microseconds(try_cast(1000 * duration_ms as bigint))) as t1
    from spans where trace_id is not null and started_at is not null and coalesce(ended_at, started_at + to_microseconds(try_cast(1000 * duration_ms as bigint))) >= started_at
    union all
    select trace_id, coalesce(span_id, call_id), parent_span_id, 'model', call_id, started_at, started_at + to_microseconds(try_cast(1000 * duration_ms as bigint))
    from calls where duration_ms is not null and trace_id in (select trace_id from spans)
),
sized as (select * from nodes qualify count(*) over (partition by trace_id) <= 500),
linked as (
    select n.*, p.span_id as parent_id from sized n left join (select distinct trace_id, span_id from sized) p
        on n.trace_id = p.trace_id and n.parent_span_id = p.span_id and n.span_id <> n.parent_span_id
),
tops as (
    select trace_id, count(*) as roots, min(t0) as t0, max(t1) as t1, min(span_id) as span_id, min(kind) as kind, min(call_id) as call_id from linked where parent_id is null group by trace_id
),
tree as (
    select l.trace_id, l.span_id, coalesce(l.parent_id, '') as parent_id, l.kind, l.call_id, l.t0, l.t1 from linked l join tops t on l.trace_id = t.trace_id where l.parent_id is not null or t.roots > 1
),
steps as (
    select trace_id, case when roots = 1 then span_id else '' end as span_id, case when roots = 1 then kind else 'none' end as kind, case when roots = 1 then call_id end as call_id, t0 as w0, t1 as w1 from tops
    union all
    select trace_id, case side when 1 then child_id else span_id end, case side when 1 then child_kind else kind end, case side when 1 then child_call else call_id end,
        case side when 1 then greatest(c0, w0) else w0 end, case side when 1 then c1 else c0 end
    from (
        select s.*, c.span_id as child_id, c.kind as child_kind, c.call_id as child_call, c.t0 as c0, least(c.t1, s.w1) as c1
        from steps s join tree c on s.trace_id = c.trace_id and s.span_id = c.parent_id and c.t0 < s.w1 and c.t1 > s.w0
        qualify row_number() over (partition by s.trace_id, s.span_id, s.w0, s.w1 order by least(c.t1, s.w1) desc, c.span_id) = 1
    ) chosen, (select unnest([1, 2]) as side) sides
    where side = 1 or c0 > w0
)
select s.trace_id, s.span_id, s.kind, s.call_id, date_diff('microsecond', coalesce(max(case when c.span_id is not null then least(c.t1, s.w1) end), s.w0), s.w1) / 1e3 as own_ms
from steps s left join tree c on s.trace_id = c.trace_id and s.span_id = c.parent_id and c.t0 < s.w1 and c.t1 > s.w0
group by s.trace_id, s.span_id, s.kind, s.call_id, s.w0, s.w1;
