/*---
question  = "Were there outages: times when many calls of a provider or model failed?"
needs     = ["calls.started_at", "calls.status | calls.status_code"]
min_calls = 200
method    = "stats.failure_scan"  # windows of every provider / model against the usual share of failures; fails on any burst that is not chance
results   = ["verdict", "evidence", "timeline"]
passes    = "{failed:int} of {n:int} calls failed ({value:pct1}) and never in a burst; one that failed {min_effect:pct0} of the calls in {window_minutes:minute|minutes} or an hour would have been seen."
fails     = "{bursts:burst|bursts} of failures, {down_minutes:minute|minutes} in all; the worst failed {worst_failed:int} of {worst_calls:int} calls ({worst_share:pct0}) of {worst_series} between {worst_from:time} and {worst_to:time}[, most of {worst_class}][; it struck {worst_where}]."
why       = "In a burst retries fail too: everybody who depends on that model waits or leaves, and a few minutes a month do not show in a monthly rate."
fix       = "Fall back to a second model or provider after the first failures, stop retrying while it lasts (circuit breaker), and hold the times below against the provider's status page and your own releases."
chart     = { kind = "bars-over-time", result = "timeline", x = "window_start", y = "failed" }
[columns]
started_at   = { label = "From", unit = "time", help = "first failed call" }
ended_at     = { label = "To", unit = "time", help = "last failed call" }
series       = { label = "Where", help = "provider / model" }
calls_made   = { label = "Calls", unit = "int", help = "between from and to" }
failed       = { label = "Failed", unit = "int", help = "without refusals by a rate limit, filters and the user's own cancels" }
failed_share = { label = "Share", unit = "pct0" }
usual_share  = { label = "Usually", unit = "pct1", help = "share failed outside bursts" }
top_class    = { label = "Most of", help = "errors/by_class explains the words" }
class_share  = { label = "Share of the burst", unit = "pct0" }
scope        = { label = "Struck", help = "the smallest part of all calls in that time that explains 80 % of the excess failures while the rest was spared: provider, model, endpoint, region, api_key_hash; all = none of these alone" }
scope_value  = { label = "Which" }
top_feature  = { label = "Hit most", help = "feature with the most failed calls" }
example_call = { label = "Example", help = "llmlogs show ID" }
window_start = { label = "Window", unit = "time" }
---*/
create temp table if not exists stat_bursts (burst integer, series varchar, window_start timestamp, window_end timestamp, p_value double, usual_share double);
create temp table if not exists stat_burst_scan (windows bigint, smallest_share double);
create or replace temp table bursts as
with edges as (
    select burst, b.series, p_value, usual_share, min(c.started_at) as started_at, max(c.started_at) as ended_at
    from stat_bursts b join call_outcomes c on c.series = b.series and c.started_at >= b.window_start and c.started_at < b.window_end
    where c.is_failure group by burst, b.series, p_value, usual_share
)
select burst, e.series, p_value, usual_share, e.started_at, e.ended_at, sum(sample_weight) as calls_made, sum(sample_weight) filter (where is_failure) as failed,
    max(call_id) filter (where is_failure) as example_call
from edges e join call_outcomes c on c.series = e.series and c.started_at between e.started_at and e.ended_at
group by burst, e.series, p_value, usual_share, e.started_at, e.ended_at;

create or replace temp table parts as -- the class and the feature with the most failures of each burst
with hits as (
    select burst, class, feature, sample_weight from bursts b join call_outcomes c on c.series = b.series and c.started_at between b.started_at and b.ended_at where is_failure
),
classes as (select burst, class, sum(sample_weight) as w, row_number() over (partition by burst order by sum(sample_weight) desc, class) as place from hits group by burst, class),
features as (select burst, feature, row_number() over (partition by burst order by sum(sample_weight) desc, feature) as place from hits where feature is not null group by burst, feature)
select c.burst, nullif(c.class, 'unknown') as top_class, c.w as class_weight, f.feature as top_feature
from classes c left join features f on f.burst = c.burst and f.place = 1 where c.place = 1;

create or replace temp table scopes as -- parts that hold the same calls cannot be told apart: the widest is named
with shares as (select series, avg(is_failure::integer) as usual from call_outcomes where exists (select 1 from bursts) group by series),
known as (select series, max(usual_share) as usual from bursts group by series),
struck as (
    select b.burst, c.provider, c.model, c.endpoint, c.region, c.api_key_hash, c.sample_weight as w, c.sample_weight * (c.is_failure::integer - coalesce(k.usual, s.usual)) as excess
    from bursts b join call_outcomes c on c.started_at between b.started_at and b.ended_at join shares s on s.series = c.series left join known k on k.series = c.series
),
parts_of as (
    select burst, 2 as width, 'provider' as scope, provider as scope_value, w, excess from struck union all select burst, 3, 'model', model, w, excess from struck
    union all select burst, 4, 'endpoint', endpoint, w, excess from struck union all select burst, 5, 'region', region, w, excess from struck union all select burst, 6, 'api_key_hash', api_key_hash, w, excess from struck
),
every as (select burst, sum(w) as n, sum(excess) as e from struck group by burst),
tried as (select p.burst, width, scope, scope_value, sum(p.w) as n_in, sum(p.excess) as e_in, max(a.n) as n, max(a.e) as e from parts_of p join every a on a.burst = p.burst where scope_value is not null group by all)
select burst, scope, scope_value from (
    select burst, width, scope, scope_value, n_in from tried where n_in < n and e_in >= 0.8 * e and (e - e_in) / (n - n_in) <= 0.5 * e_in / n_in and (n - n_in) * e_in / n_in >= 3
    union all select burst, 1, 'all', null, n from every
) passing qualify row_number() over (partition by burst order by n_in, width, scope_value) = 1;

with totals as (
    select coalesce(sum(sample_weight), 0) as n, coalesce(sum(sample_weight) filter (where is_failure), 0) as failed,
        power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as effective_n from call_outcomes
),
rate as (select *, failed / nullif(n, 0) as p, 1.96 * 1.96 / effective_n as z2n from totals),
scan as (
    select max(windows) as windows, max(smallest_share) as smallest_share,
        coalesce(getvariable('window_minutes'), 5) as window_minutes -- length of the short windows; whole hours are looked at beside them
    from stat_burst_scan
),
counted as (select count(*) as bursts, min(p_value) as p_value, sum(date_diff('minute', started_at, ended_at) + 1) as down_minutes from bursts),
worst as (select * from bursts left join parts using (burst) left join scopes using (burst) order by failed desc, burst limit 1)
select case when windows is null or (bursts = 0 and smallest_share is null) then 'unknown' when bursts > 0 then 'fail' else 'ok' end as verdict,
    case when windows is null then 'llmlogs query errors/bursts runs the scan this needs' else 'so few calls an hour that no burst could be told from chance' end as reason,
    cast(round(n) as bigint) as n, p as value, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo,
    (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, 'measured' as basis, smallest_share as min_effect, counted.p_value, window_minutes,
    cast(round(rate.failed) as bigint) as failed, bursts, cast(down_minutes as bigint) as down_minutes, cast(round(worst.failed) as bigint) as worst_failed,
    cast(round(calls_made) as bigint) as worst_calls, worst.failed / calls_made as worst_share, series as worst_series, started_at as worst_from, ended_at as worst_to,
    top_class as worst_class, case when scope <> 'all' then concat(replace(scope, '_hash', ''), ' ', scope_value) end as worst_where
from rate, scan, counted left join worst on true;

select started_at, ended_at, series, cast(round(calls_made) as bigint) as calls_made, cast(round(failed) as bigint) as failed, failed / calls_made as failed_share, usual_share,
    top_class, class_weight / failed as class_share, scope, scope_value, top_feature, example_call
from bursts left join parts using (burst) left join scopes using (burst) order by failed desc, burst limit 50;

with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from call_outcomes)
select case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start,
    cast(round(sum(sample_weight)) as bigint) as calls_made, cast(round(coalesce(sum(sample_weight) filter (where is_failure), 0)) as bigint) as failed
from call_outcomes, span group by 1 order by 1;
