/*---
question  = "Does the semantic cache serve answers to other questions than were asked?"
needs     = ["calls.cache_similarity where app_cache = 'hit' and coalesce(cache_kind, 'semantic') = 'semantic' -- on hits of a semantic cache"]
min_calls = 200
results   = ["verdict", "evidence"]
passes    = "No band of similarity surely draws {min_excess:pct0} more complaints than misses do ({miss_rate:pct1} of {n_misses:int} {signal} misses; hits {hit_rate:pct1} of {n:int}). An excess of {min_effect:pct1} in one band would have been seen."
fails     = "Hits below a similarity of {raise_to} draw complaints in {risky_rate:pct0} of {n_risky:int} {signal} answers, misses in {miss_rate:pct0} (95% interval of the difference {lo:pct1} to {hi:pct1}). Raising the threshold to {raise_to} drops {dropped:pct0} of the hits and spares about {spared:complaint|complaints}[; asking the model instead costs about {extra_usd:usd} more]."
why       = "A similar question is not the same question: 'with' and 'without' are close to each other, their answers are not. The reader gets a fluent answer to something else."
fix       = "1. Raise the threshold to the similarity named. 2. Open a few hits just below it with llmlogs show: numbers, names and negations want to be part of the key. 3. Few ratings: log feedback for hits and misses alike, or prompt_hash and session_id so that re-asks are seen."
chart     = { kind = "bars", result = "evidence", title = "Complaints by similarity, beyond those of misses", x = "band", y = "excess", mark = "is_risky" }
[columns]
band           = { label = "Similarity" }
band_from      = { label = "from", unit = "num" }
band_to        = { label = "to", unit = "num" }
hits           = { label = "Hits", unit = "int" }
rated          = { label = "Judged", unit = "int", help = "hits with a rating (of people, judges or checks); where hardly any are rated: in a session that logs prompt_hash" }
complaint_rate = { label = "Complaints", unit = "pct1", help = "rated negatively or found ungrounded; where hardly any are rated: asked again within ten minutes" }
excess         = { label = "Beyond misses", unit = "pct1" }
lo             = { label = "from", unit = "pct1", help = "95 % interval that holds for all bands at once (Newcombe, Bonferroni), answers to one user counted as the less they differ" }
hi             = { label = "to", unit = "pct1" }
is_risky       = { label = "Risky", help = "surely more complaints than misses, and by more than the least worth a word" }
---*/
-- A problem: a band of similarity whose hits surely draw more complaints than misses of the same cache; failing where the excess below the edge is surely 10 points.
-- Bands: hundredths, joined until each holds about 200 judged hits. The edge is where one step in the rate of complaints is most likely (Hinkley 1970), hits above it and misses as one.
create or replace temp table judged as
with rated as (select call_id, bool_or(is_negative) as is_bad from call_ratings where is_negative is not null and call_id is not null group by call_id),
again as (
    select call_id, coalesce(lead(started_at) over same <= started_at + interval 10 minute and (operation_id is null or lead(operation_id) over same is distinct from operation_id), false) as is_bad
    from calls where prompt_hash is not null and coalesce(session_id, user_id) is not null and started_at is not null
    window same as (partition by coalesce(session_id, user_id), prompt_hash order by started_at, call_id)
),
asked as (
    select l.who, l.is_hit, l.similarity, l.sample_weight as w, l.full_usd, r.is_bad as is_rated_bad, a.is_bad as is_asked_again, count(r.call_id) filter (where l.is_hit) over () >= 200 as by_rating
    from cache_lookups l left join rated r on l.call_id = r.call_id left join again a on l.call_id = a.call_id
    where l.cache_kind = 'semantic' and (l.similarity is not null or not l.is_hit)
)
select *, case when by_rating then is_rated_bad else is_asked_again end as is_bad from asked;

create or replace temp table bands as
with params as (
    select coalesce(getvariable('min_excess'), 0.02) as min_excess -- smallest share of complaints beyond those of misses worth a warning
),
sides as (select is_hit, sum(w) filter (where is_bad is not null) as n, sum(w) filter (where is_bad) / sum(w) filter (where is_bad is not null) as p from judged group by is_hit),
people as (select j.who, sum(w * (cast(is_bad as integer) - coalesce(s.p, 0))) as r, sum(power(w * (cast(is_bad as integer) - coalesce(s.p, 0)), 2)) as rr from judged j join sides s using (is_hit) where is_bad is not null group by j.who),
spread as (select greatest(coalesce(sum(r * r) / nullif(sum(rr), 0), 1), 1) as effect from people),
cells as (
    select floor(similarity * 100 + 1e-9) / 100 as cell, sum(w) as hits, coalesce(sum(w) filter (where is_bad is not null), 0) as n, coalesce(sum(w) filter (where is_bad), 0) as k, coalesce(power(sum(w) filter (where is_bad is not null), 2) / sum(w * w) filter (where is_bad is not null), 0) as kish
    from judged where is_hit group by 1
),
summed as (select *, sum(kish) over (order by cell) - kish as before, sum(kish) over () as kish_all from cells),
joined as (
    select min(cell) as band_from, least(round(max(cell) + 0.01, 2), greatest(max(cell), 1)) as band_to, sum(hits) as hits, sum(n) as n, sum(k) as k, sum(kish) / max(s.effect) as n_eff from summed, spread s group by least(floor(before / 200), greatest(floor(kish_all / 200) - 1, 0))
),
misses as (select sum(w) filter (where is_bad is not null) as n0, coalesce(sum(w) filter (where is_bad), 0) / sum(w) filter (where is_bad is not null) as p0, power(sum(w) filter (where is_bad is not null), 2) / sum(w * w) filter (where is_bad is not null) / (select effect from spread) as n0_eff from judged where not is_hit),
level as (select *, sqrt(-2 * ln(0.025 / count(*) over ())) as u from joined),
scaled as (select *, k / nullif(n, 0) as p, u - (2.515517 + 0.802853 * u + 0.010328 * u * u) / (1 + 1.432788 * u + 0.189269 * u * u + 0.001308 * u * u * u) as z from level, misses), -- Abramowitz and Stegun 26.2.23
ends as (
    select *, (p + z * z / n_eff / 2 - z * sqrt((p * (1 - p) + z * z / n_eff / 4) / n_eff)) / (1 + z * z / n_eff) as l1, (p + z * z / n_eff / 2 + z * sqrt((p * (1 - p) + z * z / n_eff / 4) / n_eff)) / (1 + z * z / n_eff) as u1,
        (p0 + z * z / n0_eff / 2 - z * sqrt((p0 * (1 - p0) + z * z / n0_eff / 4) / n0_eff)) / (1 + z * z / n0_eff) as l0, (p0 + z * z / n0_eff / 2 + z * sqrt((p0 * (1 - p0) + z * z / n0_eff / 4) / n0_eff)) / (1 + z * z / n0_eff) as u0
    from scaled
)
select band_from, band_to, hits, n, k, n_eff, p, p0, n0, n0_eff, z, p - p0 as excess, p - p0 - sqrt(power(p - l1, 2) + power(u0 - p0, 2)) as lo, p - p0 + sqrt(power(u1 - p, 2) + power(p0 - l0, 2)) as hi, min_excess,
    coalesce(n >= 100 and n0 >= 100 and p - p0 - sqrt(power(p - l1, 2) + power(u0 - p0, 2)) > 0 and p - p0 >= min_excess, false) as is_risky
from ends, params;

with steps as (select similarity as s, sum(w) as n, sum(w * cast(is_bad as integer)) as k from judged where is_hit and is_bad is not null group by similarity),
below as (
    select s, lead(s) over (order by s) as s_next, sum(n) over (order by s) as n1, sum(k) over (order by s) as k1, sum(n) over () + n0 as n_all, sum(k) over () + p0 * n0 as k_all from steps, (select max(n0) as n0, max(p0) as p0 from bands) m
),
fits as (
    select *, k1 / n1 as p1, (k_all - k1) / (n_all - n1) as p2, k1 * ln(nullif(k1 / n1, 0)) + coalesce((n1 - k1) * ln(nullif(1 - k1 / n1, 0)), 0)
            + coalesce((k_all - k1) * ln(nullif((k_all - k1) / (n_all - n1), 0)), 0) + (n_all - n1 - k_all + k1) * ln(nullif(1 - (k_all - k1) / (n_all - n1), 0)) as likelihood
    from below where n1 >= 50 and n_all > n1
),
edge as (select round(coalesce((s + s_next) / 2, s + 5e-4), 3) as raise_to, p1, n1 from fits where p1 > p2 and (select bool_or(is_risky) from bands) order by likelihood desc nulls last, s limit 1),
totals as (select coalesce(sum(n), 0) as n, sum(k) / nullif(sum(n), 0) as p, coalesce(max(n0), 0) as n0, max(p0) as p0, max(n0_eff) as n0_eff, min(n_eff) filter (where n >= 100) as least_eff, max(z) as z, coalesce(max(min_excess), 0.02) as min_excess, sum(n) / nullif(sum(n_eff), 0) as per_eff from bands),
below_edge as (select sum(w) as hits, sum(w) / (select sum(w) from judged where is_hit) as dropped from judged, edge where is_hit and similarity < raise_to),
price as (select sum(w * full_usd) / sum(w) filter (where full_usd is not null) as usd, coalesce(bool_or(by_rating), false) as by_rating from judged where not is_hit),
excess as (select *, p1 - p0 as d, 3.8416 * per_eff / n1 as a, 3.8416 / n0_eff as b from edge, totals),
ends as (
    select *, d - sqrt(power(p1 - (p1 + a / 2 - sqrt(a * (p1 * (1 - p1) + a / 4))) / (1 + a), 2) + power((p0 + b / 2 + sqrt(b * (p0 * (1 - p0) + b / 4))) / (1 + b) - p0, 2)) as lo,
        d + sqrt(power((p1 + a / 2 + sqrt(a * (p1 * (1 - p1) + a / 4))) / (1 + a) - p1, 2) + power(p0 - (p0 + b / 2 - sqrt(b * (p0 * (1 - p0) + b / 4))) / (1 + b), 2)) as hi from excess
)
select case when t.n0 < 100 or t.n < 200 then 'unknown' when e.raise_to is null then 'ok' when e.lo >= 0.1 then 'fail' else 'warn' end as verdict, cast(round(t.n) as bigint) as n, coalesce(e.d, t.p - t.p0) as value, e.lo, e.hi, case when x.by_rating then 'measured' else 'estimated' end as basis,
    (t.z + 1.64) * sqrt((t.p0 * t.n0_eff + 2) / (t.n0_eff + 4) * (1 - (t.p0 * t.n0_eff + 2) / (t.n0_eff + 4)) * (1 / t.least_eff + 1 / t.n0_eff)) as min_effect, cast(null as double) as p_value, t.min_excess, e.raise_to, e.p1 as risky_rate, cast(round(e.n1) as bigint) as n_risky, t.p as hit_rate, t.p0 as miss_rate, cast(round(t.n0) as bigint) as n_misses,
    case when x.by_rating then 'rated' else 'traceable' end as signal, b.dropped, cast(round((e.p1 - t.p0) * b.hits) as bigint) as spared, b.hits * x.usd as extra_usd,
    case when (select count(*) from judged) = 0 then 'no semantic cache was asked (log cache_kind and cache_similarity)' else concat('only ', cast(round(t.n) as bigint), ' hits and ', cast(round(t.n0) as bigint), ' misses of the semantic cache are rated or in a session with prompt_hash; 200 and 100 are needed') end as reason
from totals t cross join price x left join ends e on true left join below_edge b on true;

select concat(printf('%.2f', band_from), ' to ', printf('%.2f', band_to)) as band, band_from, band_to, cast(round(hits) as bigint) as hits, cast(round(n) as bigint) as rated, p as complaint_rate, excess, lo, hi, is_risky from bands order by band_from;
