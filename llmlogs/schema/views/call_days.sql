-- Every call with the whole 24-hour day it belongs to. Days are counted back from the end of the log's last hour (from midnight UTC when that is
-- less than two hours away), so that each holds one full daily cycle; the oldest day may lack two hours, what is older is left out.
-- Adds: model (as asked for), day_no [0 = the latest whole day], day_start [UTC], weekend_share [0..1 of the day on Saturday or Sunday].
create or replace view call_days as
with log as (
    select date_trunc('hour', max(started_at)) + interval 1 hour as hour_end, min(started_at) as begins_at from calls
),
span as (
    select begins_at, case when extract(hour from hour_end) >= 22 then date_trunc('day', hour_end) + interval 1 day else hour_end end as ends_at from log
),
numbered as (
    select c.*, coalesce(c.request_model, c.response_model) as model, s.ends_at,
        (date_diff('second', c.started_at, s.ends_at) - 1) // 86400 as day_no,
        (date_diff('second', s.begins_at, s.ends_at) + 7200) // 86400 as whole_days
    from calls c, span s
),
placed as (
    select *, ends_at - to_days(cast(day_no + 1 as integer)) as day_start from numbered where day_no < whole_days
)
select * exclude (ends_at),
    ((24 - extract(hour from day_start)) * cast(extract(dow from day_start) in (0, 6) as integer)
        + extract(hour from day_start) * cast(extract(dow from day_start) in (5, 6) as integer)) / 24e0 as weekend_share
from placed;
