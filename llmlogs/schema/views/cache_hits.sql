-- Every answer served from the application's own cache, with the age of its entry and what happened to its key before.
-- age_ms [ms]: as logged, else the time since the miss that filled the same key (basis: measured | reconstructed; NULL: neither is known).
-- is_over: past the lifetime logged with it, beyond a second of clock. is_outdated: made before the last source_update or cache_invalidation of its key.
-- is_judged: its age is known, and a lifetime or any such event to hold it against.
create or replace view cache_hits as
with happened as (
    select cache_key as subject, started_at as moment, 2 as kind, call_id from calls where app_cache = 'hit' and cache_key is not null
    union all
    select cache_key, started_at, 1, null from calls
    where app_cache = 'miss' and cache_key is not null and coalesce(status, 'ok') not in ('error', 'timeout', 'cancelled', 'blocked', 'shed')
    union all
    select e.subject, e.at, 0, null from events e where e.kind in ('source_update', 'cache_invalidation')
),
traced as (
    select call_id, kind, max(case when kind = 1 then moment end) over past as filled_at, max(case when kind = 0 then moment end) over past as changed_at
    from happened
    window past as (partition by subject order by moment, kind rows between unbounded preceding and current row)
),
aged as (
    select c.call_id, c.feature, c.cache_kind, c.cache_key, c.started_at, c.sample_weight, c.cache_ttl_ms, t.changed_at,
        coalesce(c.cache_age_ms, date_diff('millisecond', t.filled_at, c.started_at)) as age_ms,
        case when c.cache_age_ms is not null then 'measured' when t.filled_at is not null then 'reconstructed' end as basis
    from calls c left join traced t on c.call_id = t.call_id and t.kind = 2
    where c.app_cache = 'hit'
)
select *, coalesce(age_ms > cache_ttl_ms + 1000, false) as is_over,
    coalesce(changed_at > started_at - to_milliseconds(try_cast(age_ms as bigint)), false) as is_outdated,
    basis is not null and (cache_ttl_ms is not null or (select count(*) from events where kind in ('source_update', 'cache_invalidation')) > 0) as is_judged
from aged;
