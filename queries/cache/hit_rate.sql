/*---
question  = "How often do your caches answer, and what does that save?"
needs     = ["calls.app_cache | calls.cache_read_tokens"]
min_calls = 100
results   = ["verdict", "evidence", "ages", "daily"]
info      = "{told}."
passes    = "{told}. A lasting fall by {min_effect:pct0} of the lookups would have been a warning."
fails     = "The hit rate of the {fell_kind} cache of {fell_feature} fell from {fell_from:pct0} to {fell_to:pct0} and stayed there since {changed_at:date}. Over all: {told}."
why       = "A cache that misses costs twice: the call it should have spared, and the wait for it. Rates of unlike caches say nothing when added up, so each stands alone."
fix       = "1. See cache/misses for what to do about each kind of miss. 2. Fell on a day: look for a new part of the key (a date, a release, a user id) or a shorter lifetime since. 3. A high rate is no merit by itself: cache/staleness and cache/semantic say whether the answers are right."
chart     = [{ kind = "lines-over-time", result = "daily", title = "Hit rate by day", x = "day", y = ["exact", "semantic", "retrieval", "embedding", "prefix"] },
             { kind = "bars", result = "ages", title = "Hit rate by age of the entry", x = "name", y = "hit_rate" }]
[columns]
cache_kind   = { label = "Cache", help = "the application's own: exact, semantic, retrieval, embedding; the provider's: prefix" }
feature      = { label = "Feature" }
asked        = { label = "Lookups", unit = "int", help = "prefix: prompts of at least 1,024 input tokens that report cache reads" }
hits         = { label = "Hits", unit = "int" }
hit_rate     = { label = "Hit rate", unit = "pct1" }
lo           = { label = "from", unit = "pct1", help = "95 % interval: Wilson with Student's t, lookups of one user counted as the less they differ" }
hi           = { label = "to", unit = "pct1" }
design_effect = { label = "Design effect", unit = "num", help = "how many lookups say as much as one of somebody new" }
token_rate   = { label = "Of tokens", unit = "pct0", help = "tokens that came from the cache, of all; prefix: of input tokens" }
usd_rate     = { label = "Of money", unit = "pct0", help = "the same, each token at its price: prefix at the plain input rate, an answer at what misses of its feature and model cost a token. What caches save net of writes: cost/cache_savings" }
miss_p50_ms  = { label = "Miss p50", unit = "ms", help = "answers: the whole wait; prefix: the first token. Of calls that went well; not given where sample weights differ or there are fewer than 30" }
hit_p50_ms   = { label = "Hit p50", unit = "ms" }
saved_ms     = { label = "Faster by", unit = "ms", help = "miss p50 less hit p50; for prefixes also because prompts differ" }
name         = { label = "Cache, age" }
age          = { label = "Age of the entry", help = "at a hit as logged, else since it was last filled" }
day          = { label = "Day (UTC)", unit = "date" }
exact        = { label = "Exact", unit = "pct0" }
semantic     = { label = "Semantic", unit = "pct0" }
retrieval    = { label = "Retrieval", unit = "pct0" }
embedding    = { label = "Embedding", unit = "pct0" }
prefix       = { label = "Provider's prefix", unit = "pct0" }
---*/
-- A problem: the hit rate of an answer cache and feature fell by 20 points for good in a log of 14 days (days as the unit, normal deviate of 3.4, or p < 1 % when older
-- than three days). The provider's prefix cache is judged by cache/prefix_cache. n of an interval is divided by the design effect of users.
create or replace temp table groups as
with every as (
    select cache_kind, feature, model, who, sum(sample_weight) as w, sum(sample_weight * sample_weight) as ww, coalesce(sum(sample_weight) filter (where is_hit), 0) as hits,
        sum(sample_weight * tokens) as tokens, sum(sample_weight * tokens) filter (where is_hit) as hit_tokens, sum(sample_weight * read_tokens) as read_tokens, count(*) as rows_all, count(tokens) as rows_counted,
        sum(sample_weight * full_usd) as full_usd, sum(sample_weight * tokens) filter (where full_usd is not null) as priced_tokens, sum(sample_weight * read_usd) as read_usd
    from cache_lookups group by cache_kind, feature, model, who
),
models as (
    select cache_kind, feature, model, case when cache_kind = 'prefix' then sum(full_usd) else sum(tokens) * sum(full_usd) / nullif(sum(priced_tokens), 0) end as all_usd,
        case when cache_kind = 'prefix' then sum(read_usd) else coalesce(sum(hit_tokens), 0) * sum(full_usd) / nullif(sum(priced_tokens), 0) end as hit_usd,
        case when cache_kind = 'prefix' then sum(read_tokens) else coalesce(sum(hit_tokens), 0) end as hit_tokens, sum(tokens) as tokens, sum(rows_all) as rows_all, sum(rows_counted) as rows_counted from every group by cache_kind, feature, model
),
money as (
    select cache_kind, feature, case when sum(rows_counted) >= 0.9 * sum(rows_all) then sum(hit_tokens) / nullif(sum(tokens), 0) end as token_rate,
        case when sum(rows_counted) >= 0.9 * sum(rows_all) and bool_and(all_usd is not null) then sum(hit_usd) / nullif(sum(all_usd), 0) end as usd_rate from models group by cache_kind, feature
),
users as (select cache_kind, feature, who, grouping(feature) = 1 as is_all, sum(w) as m, sum(hits) as y, sum(ww) as ww from every group by grouping sets ((cache_kind, feature, who), (cache_kind, who))),
sums as (select cache_kind, feature, is_all, count(*) as c, sum(m) as n, sum(y) as k, sum(y) / sum(m) as p, power(sum(m), 2) / sum(ww) as n_kish, sum(y * y) as yy, sum(y * m) as ym, sum(m * m) as mm from users group by cache_kind, feature, is_all),
effects as (
    select *, greatest(case when p > 0 and p < 1 and c > 1 then (yy - 2 * p * ym + p * p * mm) / (n * n) * c / (c - 1) / (p * (1 - p) / n_kish) else 1 end, 1) as design_effect,
        1.96 + 2.372 / greatest(n * n / mm - 1, 1) + 2.823 / power(greatest(n * n / mm - 1, 1), 2) as t -- Student's t by Cornish and Fisher, as many degrees as users of equal weight, less one
    from sums
),
ready as (select *, t * t * design_effect / n_kish as z2n from effects)
select r.cache_kind, r.feature, r.is_all, r.n, r.k, r.p, r.design_effect, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, m.token_rate, m.usd_rate
from ready r left join money m on not r.is_all and r.cache_kind = m.cache_kind and r.feature is not distinct from m.feature;

create or replace temp table falls as
with params as (
    select coalesce(getvariable('min_fall'), 0.2) as min_fall -- lasting fall of a hit rate worth a warning, as a share of lookups
),
shifts as (select *, count(*) over () as series_tested from series_shifts where metric in ('exact_hits', 'semantic_hits', 'retrieval_hits', 'embedding_hits'))
select replace(metric, '_hits', '') as fell_kind, coalesce(feature, 'calls without a feature') as fell_feature, level_before as fell_from, level_after as fell_to, changed_at, days >= 14 as judged, min_fall,
    least(1e0, p_value * series_tested) as p_all, coalesce(days >= 14 and shift <= -min_fall and ((days_after <= 3 and z >= 3.4) or p_value * series_tested < 0.01), false) as fell
from shifts, params;

with told as (
    select string_agg(concat(case cache_kind when 'prefix' then 'the provider''s prefix cache' else concat('the ', cache_kind, ' cache') end, ' answered ', cast(round(100 * p) as integer), '% of ', cast(round(n) as bigint), ' lookups'), ', ' order by n desc, cache_kind) as told, coalesce(sum(n), 0) as n from groups where is_all
),
largest as (select p, lo, hi from groups where is_all order by n desc, cache_kind limit 1),
fallen as (select coalesce(bool_or(judged), false) as judged, max(min_fall) as min_fall from falls),
worst as (select * from falls where fell order by fell_from - fell_to desc, fell_kind, fell_feature limit 1)
select case when t.n = 0 then 'unknown' when w.fell then 'warn' when f.judged then 'ok' else 'info' end as verdict, cast(round(t.n) as bigint) as n, l.p as value, l.lo, l.hi, 'measured' as basis,
    case when f.judged then f.min_fall end as min_effect, w.p_all as p_value, upper(left(told, 1)) || substr(told, 2) as told, w.fell_kind, w.fell_feature, w.fell_from, w.fell_to, w.changed_at, 'no cache was asked: log app_cache, or cache_read_tokens' as reason
from told t cross join fallen f left join largest l on true left join worst w on true;

with waits as (select cache_kind, feature, case when min(sample_weight) = max(sample_weight) and count(wait_ms) filter (where not is_hit) >= 30 then quantile_cont(wait_ms, 0.5) filter (where not is_hit) end as miss_p50_ms,
        case when min(sample_weight) = max(sample_weight) and count(wait_ms) filter (where is_hit) >= 30 then quantile_cont(wait_ms, 0.5) filter (where is_hit) end as hit_p50_ms
    from cache_lookups group by cache_kind, feature)
select g.cache_kind, g.feature, cast(round(n) as bigint) as asked, cast(round(k) as bigint) as hits, p as hit_rate, lo, hi, design_effect, token_rate, usd_rate, miss_p50_ms, hit_p50_ms, miss_p50_ms - hit_p50_ms as saved_ms
from groups g join waits w on g.cache_kind = w.cache_kind and g.feature is not distinct from w.feature where not g.is_all order by n desc, g.cache_kind, g.feature;

with placed as (
    select cache_kind, is_hit, sample_weight, age_ms, case when age_ms < 60000 then '< 1 min' when age_ms < 300000 then '< 5 min' when age_ms < 900000 then '< 15 min' when age_ms < 3600000 then '< 1 h' when age_ms < 14400000 then '< 4 h'
        when age_ms < 86400000 then '< 24 h' when age_ms < 604800000 then '< 7 d' else '7 d +' end as age from cache_lookups where age_ms is not null
)
select cache_kind, age, concat(cache_kind, ', ', age) as name, cast(round(sum(sample_weight)) as bigint) as asked, cast(round(coalesce(sum(sample_weight) filter (where is_hit), 0)) as bigint) as hits,
    coalesce(sum(sample_weight) filter (where is_hit), 0) / sum(sample_weight) as hit_rate from placed group by cache_kind, age order by cache_kind, min(age_ms);

with days as (select date_trunc('day', started_at) as day, cache_kind, coalesce(sum(sample_weight) filter (where is_hit), 0) / sum(sample_weight) as rate from cache_lookups where started_at is not null group by 1, cache_kind)
select day, max(rate) filter (where cache_kind = 'exact') as exact, max(rate) filter (where cache_kind = 'semantic') as semantic, max(rate) filter (where cache_kind = 'retrieval') as retrieval,
    max(rate) filter (where cache_kind = 'embedding') as embedding, max(rate) filter (where cache_kind = 'prefix') as prefix from days group by day order by day limit 500;
