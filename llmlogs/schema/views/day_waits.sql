-- How long answers take for what they write, per provider, model and whole day, over the calls of call_waits.
-- value [ln of ms per token, 40 tokens standing for the fixed part of an answer]: so that longer answers alone change nothing; ln ms where tokens are missing.
-- metric typical_wait: the mean, from 5 calls a day (level: median duration, ms); slow_wait: the 95th percentile, from 20 (level: 95th percentile, ms).
-- noise [variance of value from the number of calls alone], 0 where unknown. Days whose calls carry unequal sample weights are left out.
create or replace view day_waits as
with paced as (
    select provider, model, day_no, day_start, weekend_share, sample_weight, duration_ms,
        ln(greatest(duration_ms, 1e-3) / (40 + coalesce(output_tokens, 0))) as pace
    from call_days
    where duration_ms is not null and app_cache is distinct from 'hit' and coalesce(status, 'unknown') not in ('error', 'blocked', 'shed')
),
days as (
    select provider, model, day_no, day_start, weekend_share, count(*) as n, avg(pace) as mean, coalesce(var_samp(pace), 0) / count(*) as noise,
        quantile_cont(pace, 0.95) as slow, quantile_cont(duration_ms, 0.5) as p50, quantile_cont(duration_ms, 0.95) as p95
    from paced
    group by provider, model, day_no, day_start, weekend_share
    having count(*) >= 5 and min(sample_weight) = max(sample_weight)
)
select 'typical_wait' as metric, cast(null as varchar) as feature, provider, model, day_no, day_start, weekend_share, n, mean as value, p50 as level, noise from days
union all
select 'slow_wait', null, provider, model, day_no, day_start, weekend_share, n, slow, p95, 0e0 from days where n >= 20;
