/*---
question  = "How much traffic has no second path when its provider fails, and what would one have saved?"
needs     = ["calls.started_at", "calls.status | calls.status_code"]
min_calls = 100
method    = "stats.failure_scan"  # the incidents of errors/bursts
results   = ["verdict", "evidence", "incidents", "priorities"]
passes    = "[{exposed:int} of {n:int} requests ({value:pct0}) are of features and models that failed and never fell back, most of {top_feature}][None of {n:int} requests is known{known} to be without a second path][; for {untold:pct0} too few failed to tell][. {incidents:incident|incidents} lost {lost:request|requests}][; with a second path as good as the best there was in the same minutes it would have been {with_one:int}][, the answers for {extra_usd:usd}][. Shed before sending: {shed:request|requests}][, {shed_share:pct0} of them of priority {shed_priority}]."
fails     = "{reason}"          # it describes; errors/bursts warns of outages
why       = "A second provider or model costs nothing until it is needed. Without one every outage of the first is yours."
fix       = "1. Give the features named first a fallback to another provider, and try it: a path that was never used is not known to work. 2. Incidents nobody else's traffic shows a way out of: send one request in a hundred elsewhere all the time. 3. Shed the least important first: the table of priorities shows who was."
[[chart]]
kind   = "bars"
result = "incidents"
title  = "Requests lost, and with a second path"
x      = "name"
y      = ["lost", "with_one"]
[columns]
feature      = { label = "Feature" }
provider     = { label = "Provider" }
model        = { label = "Model", help = "of the first try" }
operations   = { label = "Requests", unit = "int" }
traffic      = { label = "Of all", unit = "pct0" }
failed       = { label = "Failed first", unit = "int", help = "first try failed or was refused by a limit" }
fell_back    = { label = "Fell back", unit = "int" }
lost         = { label = "Lost", unit = "int", help = "not answered in the end" }
second_path  = { label = "Second path", unit = "bool", help = "a request fell back: yes; five or more failed first and none did: no; empty: too few failed to tell" }
name         = { label = "Incident" }
started_at   = { label = "From", unit = "time" }
ended_at     = { label = "To", unit = "time" }
series       = { label = "Where", help = "provider / model" }
elsewhere    = { label = "Best elsewhere", help = "provider / model with the best record in the same minutes, of 20 requests or more" }
elsewhere_ok = { label = "Its record", unit = "pct1" }
with_one     = { label = "Lost with it", unit = "int", help = "the lost requests times the share that failed there; a busier second path may do worse" }
extra_usd    = { label = "For", unit = "usd", help = "answers instead of the lost requests, at the mean cost of an answer there" }
priority     = { label = "Priority" }
shed         = { label = "Shed", unit = "int", help = "given up by your own side before sending" }
shed_share   = { label = "Of its requests", unit = "pct1" }
ended_well   = { label = "Ended well", unit = "pct1", help = "of those sent" }
---*/
create temp table if not exists stat_bursts (burst integer, series varchar, window_start timestamp, window_end timestamp, p_value double, usual_share double);
create or replace temp table asked as
select *, sample_weight as w, concat_ws(' / ', coalesce(provider, 'unknown provider'), model) as series, outcome in ('failed', 'refused') as is_hit from whole_operations;

create or replace temp table paths as
select feature, provider, model, sum(w) as n, coalesce(sum(w) filter (where is_hit), 0) as failed, coalesce(sum(w) filter (where fell_back), 0) as fell_back, coalesce(sum(w) filter (where is_hit and not ended_well), 0) as lost,
    case when bool_or(fell_back) then true when count(*) filter (where is_hit) >= 5 then false end as second_path
from asked group by feature, provider, model;

create or replace temp table hits as -- of each incident, from its first failed request to its last
with edges as (
    select b.burst, b.series, min(a.started_at) as started_at, max(a.started_at) as ended_at from stat_bursts b join asked a on a.series = b.series and a.started_at >= b.window_start and a.started_at < b.window_end
    where a.outcome = 'failed' group by b.burst, b.series
),
inside as (
    select e.burst, a.series, a.series = e.series as is_here, a.outcome, a.ended_well, a.w, a.last_id from edges e join asked a on a.started_at between e.started_at and e.ended_at where a.outcome in ('ok', 'failed')
),
elsewhere as (
    select burst, i.series, coalesce(sum(i.w) filter (where outcome = 'ok'), 0) / sum(i.w) as ok_share, sum(i.w * cast(c.cost_usd as double)) / sum(i.w) filter (where c.cost_usd is not null) as mean_usd
    from inside i left join calls c on c.call_id = i.last_id and i.outcome = 'ok' where not is_here group by burst, i.series having count(*) >= 20
    qualify row_number() over (partition by burst order by ok_share desc, sum(i.w) desc, i.series) = 1
),
here as (select burst, sum(w) as n, coalesce(sum(w) filter (where outcome = 'failed' and not ended_well), 0) as lost, coalesce(sum(w) filter (where outcome = 'failed' and ended_well), 0) as rescued from inside where is_here group by burst)
select e.burst, e.series, e.started_at, e.ended_at, h.n, h.lost, h.rescued, x.series as elsewhere, x.ok_share as elsewhere_ok, h.lost * (1 - x.ok_share) as with_one, h.lost * x.ok_share * x.mean_usd as extra_usd
from edges e join here h on h.burst = e.burst left join elsewhere x on x.burst = e.burst;

create or replace temp table queue as -- every request by the application's own priority, shed ones included
with sent as (select priority, sum(w) as n, coalesce(sum(w) filter (where is_hit), 0) as failed, coalesce(sum(w) filter (where ended_well), 0) as well from asked group by priority),
dropped as (select priority, sum(sample_weight) as n from calls where status = 'shed' group by priority)
select coalesce(s.priority, d.priority) as priority, coalesce(s.n, 0) as n, s.failed, s.well, coalesce(d.n, 0) as shed from sent s full join dropped d on s.priority is not distinct from d.priority;

with every as (
    select coalesce(sum(n), 0) as n, coalesce(sum(n) filter (where not second_path), 0) as exposed, coalesce(sum(n) filter (where second_path is null), 0) as untold from paths
),
told as (select (select count(*) from calls where operation_id is not null or fallback_from is not null) + (select count(*) from attempts where origin = 'explicit') > 0 as can_tell),
top as (select coalesce(feature, 'calls without a feature') as feature from paths where not second_path order by n desc, feature, provider, model limit 1),
lost as (select nullif(count(*), 0) as incidents, sum(lost) as lost, case when bool_and(with_one is not null) then sum(with_one) end as with_one, case when bool_and(extra_usd is not null) then sum(extra_usd) end as extra_usd from hits),
shed as (select nullif(sum(shed), 0) as n, max(shed) as most, arg_max(priority, (shed, priority)) as priority from queue where shed > 0)
select case when e.n = 0 or not can_tell then 'unknown' else 'info' end as verdict, cast(round(e.n) as bigint) as n, case when can_tell then exposed / nullif(e.n, 0) end as value, case when can_tell then exposed / nullif(e.n, 0) end as lo,
    case when can_tell then (exposed + untold) / nullif(e.n, 0) end as hi, case when untold > 0 then 'bounded' else 'measured' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when e.n = 0 then 'the log holds no calls to a provider' else 'log fallback_from, or one operation_id for all tries of a request: without them no second path can be seen' end as reason,
    case when exposed > 0 then cast(round(exposed) as bigint) end as exposed, t.feature as top_feature, case when exposed = 0 then '' end as known, nullif(untold / nullif(e.n, 0), 0) as untold, incidents, cast(round(l.lost) as bigint) as lost,
    cast(round(l.with_one) as bigint) as with_one, l.extra_usd, cast(round(s.n) as bigint) as shed, s.most / s.n as shed_share, s.priority as shed_priority
from every e cross join told cross join lost l cross join shed s left join top t on true;

select feature, provider, model, cast(round(n) as bigint) as operations, n / nullif(sum(n) over (), 0) as traffic, cast(round(failed) as bigint) as failed, cast(round(fell_back) as bigint) as fell_back, cast(round(lost) as bigint) as lost, second_path
from paths order by second_path nulls last, n desc, feature, provider, model limit 100;

select concat(series, ', ', cast(date_trunc('minute', started_at) as varchar)) as name, started_at, ended_at, series, cast(round(n) as bigint) as operations, cast(round(lost) as bigint) as lost, elsewhere, elsewhere_ok,
    cast(round(with_one) as bigint) as with_one, extra_usd from hits order by lost desc, burst limit 50;

select priority, cast(round(n + shed) as bigint) as operations, cast(round(shed) as bigint) as shed, shed / nullif(n + shed, 0) as shed_share, cast(round(failed) as bigint) as failed, well / nullif(n, 0) as ended_well
from queue where n + shed > 0 and priority is not null or shed > 0 order by shed desc, priority limit 50;
