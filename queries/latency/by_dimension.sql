/*---
question  = "Which features, endpoints, regions or hours wait longest?"
needs     = ["calls.duration_ms"]
min_calls = 100
results   = ["verdict", "evidence", "hours"]
passes    = "Half of {n:call|calls} take less than {p50:ms}, one in twenty more than {p95:ms}; no {asked} stands out beyond chance."
fails     = "{top} is slow."
info      = "{top} stands out: one in twenty of its {top_n:call|calls} takes more than {value:ms} ({lo:ms} to {hi:ms}), against {others_p95:ms} elsewhere[; by median {top_p50:ms} against {others_p50:ms}][; {others:other value stands|other values stand} out]."
why       = "A slow feature or region disappears in the mean of all. A slow hour says load, a slow endpoint or deployment says route, a slow feature says long answers or a slow model."
fix       = "1. A feature: see what its time is spent on (latency/where_time_goes, latency/what_lengths_cost). 2. A region, endpoint or deployment: send part of its traffic elsewhere and compare (latency/providers). 3. An hour: spread what can wait (batches, imports) over the night. 4. A release: llmlogs compare --before release=... --after release=...."
[[chart]]
kind   = "bars"
result = "hours"
title  = "p50 and p95 by hour of the day"
x      = "hour"
y      = ["p50_ms", "p95_ms"]
[columns]
dimension  = { label = "By" }
name       = { label = "Which" }
n_calls    = { label = "Calls", unit = "int", help = "answered calls; no own cache hits, no failures" }
p50_ms     = { label = "p50", unit = "ms" }
p50_lo     = { label = "from", unit = "ms", help = "95 % interval (Woodruff, widened by how days differ)" }
p50_hi     = { label = "to", unit = "ms" }
p95_ms     = { label = "p95", unit = "ms", help = "from 100 calls" }
p95_lo     = { label = "from", unit = "ms" }
p95_hi     = { label = "to", unit = "ms" }
slow_share = { label = "Of its calls slow", unit = "pct1", help = "above the p95 of all other calls: 5 % where it is as they are" }
stands_out = { label = "Stands out?", unit = "bool", help = "p95 or median a quarter above that of the other calls, their intervals apart" }
hour       = { label = "Hour of the day (UTC)", unit = "int" }
---*/
-- Descriptive: it never warns. Percentiles of weighted calls; intervals: the share of calls below has an error (days as clusters, at least that of single calls), inverted (Woodruff 1952, JASA 47).
create or replace temp view long_waits as
with asked as (
    select coalesce(getvariable('by_what'), 'feature, region, hour') as by_what -- what calls are grouped by, several with commas: feature, endpoint, region, hour, deployment, release, stream, operation
    from (select 1)
),
dimensions as (select unnest(['feature', 'endpoint', 'region', 'hour', 'deployment', 'release', 'stream', 'operation']) as dimension),
chosen as (select dimension from asked, dimensions where concat(',', replace(by_what, ' ', ''), ',') like concat('%,', dimension, ',%'))
select dimension, case dimension when 'feature' then feature when 'endpoint' then endpoint when 'region' then region when 'hour' then lpad(cast(extract(hour from started_at) as varchar), 2, '0') || ':00' when 'deployment' then deployment
        when 'release' then release when 'stream' then case when stream then 'streamed' when not stream then 'not streamed' end else operation end as name,
    duration_ms, cast(round(100 * ln(greatest(duration_ms, 0.01))) as integer) as bin, sample_weight as w, date_trunc('day', started_at) as day
from call_waits cross join chosen;

create or replace temp table bins as -- 1 % wide; only intervals and comparisons use them
select dimension, name, day, bin, sum(w) as w, sum(w * w) as ww from long_waits where name is not null group by dimension, name, day, bin;

create or replace temp table names as
select dimension, name, sum(w) as n, power(sum(w), 2) / sum(ww) as kish from bins group by dimension, name qualify row_number() over (partition by dimension order by n desc, name) <= 50;

create or replace temp table below as
with edges as (select dimension, bin, sum(w) as w from bins group by dimension, bin),
own as (select dimension, name, bin, sum(w) as w from bins group by dimension, name, bin),
grid as (select n.dimension, n.name, e.bin, coalesce(o.w, 0) as own_w, e.w - coalesce(o.w, 0) as other_w from names n join edges e on n.dimension = e.dimension left join own o on o.dimension = n.dimension and o.name = n.name and o.bin = e.bin)
select *, sum(own_w) over up / sum(own_w) over every as own_below, sum(other_w) over up / nullif(sum(other_w) over every, 0) as other_below
from grid window every as (partition by dimension, name), up as (partition by dimension, name order by bin);

create or replace temp table judged as
with cuts as (
    select dimension, name, min(bin) filter (own_below >= 0.5) as b50, min(bin) filter (own_below >= 0.95) as b95, min(bin) filter (other_below >= 0.5) as o50, min(bin) filter (other_below >= 0.95) as o95,
        1 - min(other_below) filter (other_below >= 0.5) as others_above_50, 1 - min(other_below) filter (other_below >= 0.95) as others_above_95 from below group by dimension, name
),
days as (
    select b.dimension, b.name, b.day, sum(w) as n, coalesce(sum(w) filter (bin <= b50), 0) as x50, coalesce(sum(w) filter (bin <= b95), 0) as x95, coalesce(sum(w) filter (bin > o50), 0) as y50, coalesce(sum(w) filter (bin > o95), 0) as y95
    from bins b join cuts c on b.dimension = c.dimension and b.name = c.name group by b.dimension, b.name, b.day
),
shares as (select dimension, name, count(*) as days, sum(n) as n, sum(x50) / sum(n) as p50, sum(x95) / sum(n) as p95, sum(y50) / sum(n) as s50, sum(y95) / sum(n) as s95 from days group by dimension, name),
errors as (
    select s.dimension, s.name, any_value(s.s50) as s50, any_value(s.s95) as s95, case when count(*) >= 5 then count(*) / (count(*) - 1e0) / power(sum(d.n), 2) else 0 end as scale, sum(power(x50 - p50 * d.n, 2)) as e50, sum(power(x95 - p95 * d.n, 2)) as e95, sum(power(y50 - s50 * d.n, 2)) as f50, sum(power(y95 - s95 * d.n, 2)) as f95
    from shares s join days d on s.dimension = d.dimension and s.name = d.name group by s.dimension, s.name
)
select n.*, o50, o95, s95 as slow_share, sqrt(greatest(scale * e50, 0.25 / kish)) as se50, sqrt(greatest(scale * e95, 0.0475 / kish)) as se95,
    s50 - others_above_50 > 3.3 * sqrt(greatest(scale * f50, 0.25 / kish)) as slower, s95 - others_above_95 > 3.3 * sqrt(greatest(scale * f95, 0.0475 / kish)) as slower_tail, n * (s95 - others_above_95) as excess
from names n join cuts c on n.dimension = c.dimension and n.name = c.name join errors e on e.dimension = n.dimension and e.name = n.name;

create or replace temp table told as
with plain as (select dimension, name, count(*) as k, min(w) <> max(w) as uneven, quantile_cont(duration_ms, 0.5) as q50, quantile_cont(duration_ms, 0.95) as q95 from long_waits where name is not null group by dimension, name),
ranked as (select dimension, name, duration_ms, sum(w) over (partition by dimension, name order by duration_ms) / sum(w) over (partition by dimension, name) as share from long_waits where name is not null and (select bool_or(uneven) from plain)),
weighted as (select dimension, name, min(duration_ms) filter (share >= 0.5) as q50, min(duration_ms) filter (share >= 0.95) as q95 from ranked group by dimension, name),
ranges as (
    select j.dimension, j.name, exp(min(bin) filter (own_below >= 0.5 - 1.96 * se50) / 1e2) as p50_lo, exp(min(bin) filter (own_below >= least(1, 0.5 + 1.96 * se50)) / 1e2) as p50_hi, exp(min(bin) filter (own_below >= 0.95 - 1.96 * se95) / 1e2) as p95_lo,
        exp(min(bin) filter (own_below >= 0.95 + 1.96 * se95) / 1e2) as p95_hi from judged j join below b on j.dimension = b.dimension and j.name = b.name group by j.dimension, j.name
)
select j.*, r.* exclude (dimension, name), p.k, exp(o50 / 1e2) as o50_ms, exp(o95 / 1e2) as o95_ms, coalesce(w.q50, p.q50) as p50_ms, case when p.k >= 100 then coalesce(w.q95, p.q95) end as p95_ms,
    p.k >= 100 and coalesce((slower_tail and coalesce(w.q95, p.q95) >= 1.25 * exp(o95 / 1e2)) or (slower and coalesce(w.q50, p.q50) >= 1.25 * exp(o50 / 1e2)), false) as stands_out
from judged j join plain p on j.dimension = p.dimension and j.name = p.name join ranges r on r.dimension = j.dimension and r.name = j.name left join weighted w on w.dimension = j.dimension and w.name = j.name;

with ranked as (select duration_ms, sum(sample_weight) over (order by duration_ms) / sum(sample_weight) over () as share from call_waits where (select min(sample_weight) <> max(sample_weight) from call_waits)),
every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n, coalesce((select min(duration_ms) filter (share >= 0.5) from ranked), quantile_cont(duration_ms, 0.5)) as p50, coalesce((select min(duration_ms) filter (share >= 0.95) from ranked), quantile_cont(duration_ms, 0.95)) as p95 from call_waits),
dims as (select string_agg(dimension, ', ' order by dimension) as asked from (select dimension from told group by dimension)),
top as (select *, count(*) over () - 1 as others from told where stands_out order by excess desc, dimension, name limit 1)
select case when (select count(*) from told where k >= 100) = 0 then 'unknown' when t.name is null then 'ok' else 'info' end as verdict, e.n, coalesce(t.p95_ms, e.p95) as value, least(t.p95_lo, t.p95_ms) as lo, greatest(t.p95_hi, t.p95_ms) as hi, 'measured' as basis, 0.25e0 as min_effect,
    cast(null as double) as p_value, case when e.n = 0 then 'there is no answered call with a duration' when d.asked is null then 'no call says what is asked by (feature, region, ...)' else 'no feature, region and the like has 100 calls' end as reason, e.p50, e.p95, d.asked, coalesce(upper(left(t.dimension, 1)) || substring(t.dimension, 2) || ' ' || t.name, 'Nothing') as top, cast(round(t.n) as bigint) as top_n, o95_ms as others_p95, case when t.slower then p50_ms end as top_p50, case when t.slower then o50_ms end as others_p50,
    nullif(t.others, 0) as others
from every e cross join dims d left join top t on true;

select dimension, name, cast(round(n) as bigint) as n_calls, p50_ms, least(p50_lo, p50_ms) as p50_lo, greatest(p50_hi, p50_ms) as p50_hi, p95_ms, case when k >= 100 then least(p95_lo, p95_ms) end as p95_lo, case when k >= 100 then greatest(p95_hi, p95_ms) end as p95_hi, case when o95 is not null then slow_share end as slow_share, stands_out
from told order by stands_out desc, dimension, case dimension when 'hour' then 0 else -n end, name limit 400;

select cast(extract(hour from started_at) as integer) as hour, quantile_cont(duration_ms, 0.5) as p50_ms, case when count(*) >= 100 then quantile_cont(duration_ms, 0.95) end as p95_ms, cast(round(sum(sample_weight)) as bigint) as n_calls
from call_waits where started_at is not null group by 1 having min(sample_weight) = max(sample_weight) order by 1;
