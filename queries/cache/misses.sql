/*---
question  = "Why do caches miss, and what would a longer lifetime buy?"
needs     = ["calls.cache_key | calls.prefix_hash where app_cache = 'miss' or (cache_read_tokens = 0 and input_tokens >= 1024) -- on misses"]
min_calls = 30
results   = ["verdict", "evidence", "lifetimes", "features"]
info      = "{told}{buys}{sampled}."
fails     = "{told}{buys}{sampled}."
passes    = "None of {asked:lookup|lookups} missed."
why       = "Each cause has its own cure, and a cold miss has none: a cache cannot know what nobody asked before."
fix       = "1. ttl_lapse: a longer lifetime, as far as the answers stay true (the curve says what it buys; cache/staleness what it costs). 2. prefix_changed: what changes from call to call belongs behind what does not. 3. model_changed: the cache is filled once for each model; move a whole feature at a time. 4. unknown: log cache_key, prefix_hash and cache_ttl_ms; a prefix that was sent a moment ago and not read is the provider's (other machine, entry dropped, mark missing)."
[[chart]]
kind   = "stacked-parts"
result = "evidence"
title  = "Misses by cause"
x      = "cache_kind"
part   = "cause"
y      = "misses"
[[chart]]
kind   = "bars"
result = "lifetimes"
title  = "Share of lookups that could be hits, by lifetime"
x      = "name"
y      = ["hit_share", "least_share"]
[columns]
cache_kind  = { label = "Cache", help = "the application's own: exact, semantic, retrieval, embedding; the provider's: prefix" }
feature     = { label = "Feature" }
cause       = { label = "Cause", help = "cold: never filled, or dropped since (its source changed, or there was no room); ttl_lapse: filled, and outlived; prefix_changed: another prefix was sent just before; model_changed: filled under another model; unknown: not logged, or a prefix that should have been read" }
misses      = { label = "Misses", unit = "int" }
share       = { label = "Share", unit = "pct0", help = "of the misses of this cache" }
age_p50_ms  = { label = "Last seen, p50", unit = "ms", help = "how long before the miss the entry was last filled, under any model; not given where sample weights differ" }
lifetime_ms = { label = "Lifetime", unit = "ms" }
name        = { label = "Lifetime" }
lookups     = { label = "Lookups", unit = "int", help = "that log a key or a prefix hash" }
hit_share   = { label = "Renewed by use", unit = "pct0", help = "an entry lives so long after it was last asked for, in a cache without bounds: the most this lifetime can give" }
least_share = { label = "Not renewed", unit = "pct0", help = "at least so many where an entry dies so long after it was made" }
hits_now    = { label = "Hits now", unit = "pct0" }
top_cause   = { label = "Most often" }
top_share   = { label = "Of its misses", unit = "pct0" }
---*/
-- Descriptive: it never warns. The view cache_lookups says how a cause is told. A lookup's entry could have been there if it was asked for within the lifetime before
-- (renewed by use). Where it is not renewed: emptying the whole cache
-- at every multiple of the lifetime never serves more than an entry that dies its lifetime after it was made, a lower bound without walking each key.
create or replace temp table lookups as select cache_kind, feature, entry, started_at, sample_weight, is_hit, cause, gap_ms, coalesce(age_ms, other_ms) as age_ms from cache_lookups;

create or replace temp table causes as
select cache_kind, cause, sum(sample_weight) as w, sum(sum(sample_weight)) over (partition by cache_kind) as w_all, case when min(sample_weight) = max(sample_weight) then quantile_cont(age_ms, 0.5) end as age_p50_ms
from lookups where not is_hit group by cache_kind, cause;

create or replace temp table lifetimes as
with terms(lifetime_ms, name) as (values (60000, '1 min'), (300000, '5 min'), (900000, '15 min'), (3600000, '1 h'), (14400000, '4 h'), (86400000, '24 h')),
asked as (
    select cache_kind, is_hit, gap_ms, date_diff('millisecond', timestamp '1970-01-01 00:00:00', started_at) as at_ms, sample_weight as w from lookups where entry is not null and started_at is not null
),
kinds as (select cache_kind, sum(w) as w, coalesce(sum(w) filter (where is_hit), 0) as hits from asked group by cache_kind),
served as (
    select cache_kind, lifetime_ms, sum(w) as renewed, coalesce(sum(w) filter (where (at_ms - cast(ceil(gap_ms) as bigint)) // lifetime_ms = at_ms // lifetime_ms), 0) as kept
    from asked join terms on gap_ms <= lifetime_ms group by cache_kind, lifetime_ms
)
select k.cache_kind, t.lifetime_ms, concat(k.cache_kind, ', ', t.name) as name, k.w, coalesce(s.renewed, 0) / k.w as hit_share, case when k.cache_kind <> 'prefix' then coalesce(s.kept, 0) / k.w end as least_share, k.hits / k.w as hits_now
from kinds k cross join terms t left join served s using (cache_kind, lifetime_ms);

with every as (
    select coalesce(sum(sample_weight), 0) as asked, coalesce(sum(sample_weight) filter (where not is_hit), 0) as missed, coalesce(max(sample_weight) > 1, false) as is_sampled,
        coalesce(sum(sample_weight) filter (where cause = 'unknown'), 0) as unknown from lookups
),
ranked as (select *, row_number() over (partition by cache_kind order by w desc, cause) as place from causes),
lines as (
    select cache_kind, max(w_all) as w_all, concat(cache_kind, ': ', cast(round(max(w_all)) as bigint), ' missed, ', string_agg(concat(case when w < 0.01 * w_all then '<1' when w > 0.99 * w_all and w < w_all then '>99' else cast(cast(round(100 * w / w_all) as integer) as varchar) end, '% ', cause), ', ' order by place)) as line
    from ranked group by cache_kind
),
told as (select string_agg(line, '; ' order by w_all desc, cache_kind) as told from lines),
best as (select *, coalesce(least_share, hit_share) as bought from lifetimes where lifetime_ms = case when cache_kind = 'prefix' then 3600000 else 86400000 end and coalesce(least_share, hit_share) >= hits_now + 0.05 order by (coalesce(least_share, hit_share) - hits_now) * w desc, cache_kind limit 1)
select case when asked = 0 then 'unknown' when missed = 0 then 'ok' else 'info' end as verdict, cast(round(asked) as bigint) as n, (missed - unknown) / nullif(missed, 0) as value, cast(null as double) as lo, cast(null as double) as hi,
    case when is_sampled then 'bounded' else 'reconstructed' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value, cast(round(asked) as bigint) as asked, told,
    coalesce(concat('; kept ', case when cache_kind = 'prefix' then '1 h' else '24 h' end, ', at least ', cast(floor(100 * bought) as integer), '% of the ', cache_kind, ' lookups could have been hits instead of ', cast(round(100 * hits_now) as integer), '%'), '') as buys,
    case when is_sampled then ' (the log is a sample: many a call that filled an entry is not in it, so cold is too high)' else '' end as sampled, 'no cache was asked: log app_cache, or cache_read_tokens' as reason
from every left join told on true left join best on true;

select cache_kind, cause, cast(round(w) as bigint) as misses, w / w_all as share, age_p50_ms from causes order by cache_kind, misses desc, cause;

select cache_kind, lifetime_ms, name, cast(round(w) as bigint) as lookups, hit_share, least_share, hits_now from lifetimes order by cache_kind, lifetime_ms;

with sums as (select cache_kind, feature, cause, sum(sample_weight) as w, sum(sum(sample_weight)) over (partition by cache_kind, feature) as w_all from lookups where not is_hit group by cache_kind, feature, cause)
select cache_kind, feature, cast(round(w_all) as bigint) as misses, cause as top_cause, w / w_all as top_share
from sums qualify row_number() over (partition by cache_kind, feature order by w desc, cause) = 1 order by misses desc, cache_kind, feature limit 50;
