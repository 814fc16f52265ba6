/*---
question  = "Does your answer cache serve answers that are out of date?"
needs     = ["calls.cache_age_ms | calls.cache_key where app_cache = 'hit' -- on cache hits"]
min_calls = 20
results   = ["verdict", "evidence", "daily"]
passes    = "{stale:int} of {n:int} cached answers ({value:pct1}) were out of date{checked}; a share of {min_effect:pct1} would have been seen."
fails     = "{stale:int} of {n:int} cached answers ({value:pct0}, 95% interval {lo:pct0} to {hi:pct0}) were out of date: {over_ttl:int} outlived their lifetime, {outdated:int} were older than the last change of their source{checked}. First on {first_at:time}, the oldest {oldest_ms:ms} old."
why       = "A stale answer is wrong with confidence: an old price, a withdrawn product, a fixed fault told as open. Nobody sees an error."
fix       = "1. Answers past their lifetime: make the cache check its expiry when it reads. 2. Answers older than their source: delete the key when the source changes, or put the source's version into the key. 3. Shorten the lifetime to what users accept. 4. Log source_update events and cache_ttl_ms, so that both can be watched."
[[chart]]
kind   = "bars-over-time"
result = "daily"
title  = "Cached answers a day"
x      = "day"
y      = ["fresh_hits", "stale_hits"]
[columns]
feature    = { label = "Feature" }
cache_kind = { label = "Cache" }
hits       = { label = "Hits", unit = "int" }
hit_rate   = { label = "Hit rate", unit = "pct0", help = "of the calls that asked the cache" }
age_p50_ms = { label = "Age p50", unit = "ms", help = "of hits; not given where sample weights differ" }
age_p95_ms = { label = "Age p95", unit = "ms", help = "from 20 hits" }
ttl_ms     = { label = "Lifetime", unit = "ms", help = "the longest that was logged" }
over_ttl   = { label = "Past lifetime", unit = "int" }
outdated   = { label = "Older than source", unit = "int", help = "entry made before the last source_update or cache_invalidation of its key" }
stale_share = { label = "Stale", unit = "pct1", help = "either of the two, of the hits" }
basis      = { label = "Age is", help = "measured: logged at the hit; reconstructed: time since the miss that filled the same key" }
stale_key  = { label = "Most often", help = "hash of the key that was served stale most often" }
day        = { label = "Day (UTC)", unit = "date" }
fresh_hits = { label = "Fresh", unit = "int" }
stale_hits = { label = "Stale", unit = "int" }
---*/
-- A problem: surely (lower end of the Wilson interval) more than 1 % of hits past their lifetime or more than 10 % older than the last change of their source;
-- failing at 5 % and 30 %. A cache that expires but hears of no updates is always a little stale: that is what its lifetime means.
create or replace temp table hits as select * from cache_hits; -- one reading for all three results

with sums as (
    select sum(sample_weight) as n, sum(sample_weight) filter (where is_judged) as judged, coalesce(sum(sample_weight) filter (where is_over), 0) as over_ttl,
        coalesce(sum(sample_weight) filter (where is_outdated), 0) as outdated, coalesce(sum(sample_weight) filter (where is_over or is_outdated), 0) as stale,
        power(sum(sample_weight) filter (where is_judged), 2) / sum(power(sample_weight, 2)) filter (where is_judged) as kish, -- what a sampled log is worth
        min(started_at) filter (where is_over or is_outdated) as first_at, max(age_ms) filter (where is_over or is_outdated) as oldest_ms,
        count(cache_ttl_ms) as with_ttl, case when count(*) filter (where basis = 'measured') >= 0.5 * count(*) then 'measured' else 'reconstructed' end as basis
    from hits
),
shares as (
    select *, 3.8416 / kish as z, stale / judged as p, over_ttl / judged as p_over, outdated / judged as p_outdated,
        (select count(*) from events where kind in ('source_update', 'cache_invalidation')) as updates
    from sums
),
ends as (
    select *, (p + z / 2 - sqrt(z * (p * (1 - p) + z / 4))) / (1 + z) as lo, (p + z / 2 + sqrt(z * (p * (1 - p) + z / 4))) / (1 + z) as hi,
        (p_over + z / 2 - sqrt(z * (p_over * (1 - p_over) + z / 4))) / (1 + z) as lo_over, (p_outdated + z / 2 - sqrt(z * (p_outdated * (1 - p_outdated) + z / 4))) / (1 + z) as lo_outdated
    from shares
)
select case when coalesce(judged, 0) = 0 then 'unknown' when lo_over > 0.05 or lo_outdated > 0.3 then 'fail' when lo_over > 0.01 or lo_outdated > 0.1 then 'warn' else 'ok' end as verdict,
    cast(round(coalesce(judged, 0)) as bigint) as n, p as value, lo, hi, basis, case when kish > 0 then greatest(0.01, 3.8416 / (kish + 3.8416)) end as min_effect, cast(null as double) as p_value,
    case when n is null then 'no call was served from a cache of your own (log app_cache)' when coalesce(judged, 0) = 0 then 'log cache_ttl_ms, or source_update events and cache_key' end as reason,
    cast(round(stale) as bigint) as stale, cast(round(over_ttl) as bigint) as over_ttl, cast(round(outdated) as bigint) as outdated, first_at, oldest_ms,
    case when updates = 0 then ' (lifetime only: no source_update events are logged)' when with_ttl = 0 then ' (changes of the source only: cache_ttl_ms is not logged)' else '' end as checked
from ends;

with asked as (
    select feature, cache_kind, sum(sample_weight) filter (where app_cache = 'hit') / sum(sample_weight) as hit_rate from calls where app_cache in ('hit', 'miss') group by feature, cache_kind
),
grouped as (
    select feature, cache_kind, cast(round(sum(sample_weight)) as bigint) as hits, case when min(sample_weight) = max(sample_weight) then quantile_cont(age_ms, 0.5) end as age_p50_ms,
        case when count(age_ms) >= 20 and min(sample_weight) = max(sample_weight) then quantile_cont(age_ms, 0.95) end as age_p95_ms, max(cache_ttl_ms) as ttl_ms,
        cast(round(coalesce(sum(sample_weight) filter (where is_over), 0)) as bigint) as over_ttl, cast(round(coalesce(sum(sample_weight) filter (where is_outdated), 0)) as bigint) as outdated,
        coalesce(sum(sample_weight) filter (where is_over or is_outdated), 0) / sum(sample_weight) filter (where is_judged) as stale_share, min(basis) as basis
    from hits group by feature, cache_kind
),
worst as (select feature, cache_kind, cache_key as stale_key from hits where is_over or is_outdated group by feature, cache_kind, cache_key
    qualify row_number() over (partition by feature, cache_kind order by sum(sample_weight) desc, cache_key) = 1)
select g.feature, g.cache_kind, g.hits, a.hit_rate, age_p50_ms, age_p95_ms, ttl_ms, over_ttl, outdated, stale_share, g.basis, w.stale_key
from grouped g left join asked a on g.feature is not distinct from a.feature and g.cache_kind is not distinct from a.cache_kind
left join worst w on g.feature is not distinct from w.feature and g.cache_kind is not distinct from w.cache_kind
order by stale_share desc nulls last, g.hits desc, g.feature, g.cache_kind;

select date_trunc('day', started_at) as day, cast(round(coalesce(sum(sample_weight) filter (where not (is_over or is_outdated)), 0)) as bigint) as fresh_hits,
    cast(round(coalesce(sum(sample_weight) filter (where is_over or is_outdated), 0)) as bigint) as stale_hits
from hits where started_at is not null group by 1 order by 1 limit 500;
