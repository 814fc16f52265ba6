-- Slow tail per provider, model and whole day. value [ln ms], level [ms]: the day's 95th percentile of duration_ms over calls that were worked on
-- (no application cache hits, no refusals), from 20 calls a day. Days whose calls carry unequal sample weights are left out.
create or replace view day_p95 as
select 'p95' as metric, cast(null as varchar) as feature, provider, model, day_no, day_start, weekend_share,
    count(*) as n, ln(greatest(quantile_cont(duration_ms, 0.95), 1e-3)) as value, quantile_cont(duration_ms, 0.95) as level, 0e0 as noise
from call_days
where duration_ms is not null and app_cache is distinct from 'hit' and coalesce(status, 'ok') not in ('error', 'blocked', 'shed')
group by provider, model, day_no, day_start, weekend_share
having count(*) >= 20 and min(sample_weight) = max(sample_weight);
