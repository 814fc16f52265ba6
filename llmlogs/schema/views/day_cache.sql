-- Share of lookups that the application's own caches answered, per kind (metric exact_hits, semantic_hits, retrieval_hits, embedding_hits), feature and whole day.
-- value, level [share 0..1 of lookups]; noise [variance of value from their number alone]. Days with fewer than 20 lookups are left out.
create or replace view day_cache as
select concat(l.cache_kind, '_hits') as metric, d.feature, cast(null as varchar) as provider, cast(null as varchar) as model, d.day_no, d.day_start, d.weekend_share, count(*) as n,
    sum(d.sample_weight * cast(l.is_hit as integer)) / sum(d.sample_weight) as value, sum(d.sample_weight * cast(l.is_hit as integer)) / sum(d.sample_weight) as level,
    avg(cast(l.is_hit as integer)) * (1 - avg(cast(l.is_hit as integer))) / count(*) as noise
from call_days d join cache_lookups l on d.call_id = l.call_id
where d.app_cache in ('hit', 'miss') and l.cache_kind <> 'prefix'
group by l.cache_kind, d.feature, d.day_no, d.day_start, d.weekend_share
having count(*) >= 20 and sum(d.sample_weight) > 0;
