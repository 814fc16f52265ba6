-- Share of input tokens read from the provider's prefix cache, per provider, model, feature and whole day.
-- value, level [share 0..1 of input tokens]; noise 0. Only calls that report cache reads and are long enough to be cached (1,024 input tokens).
create or replace view day_prefix as
select 'prefix_hits' as metric, feature, provider, model, day_no, day_start, weekend_share, count(*) as n,
    sum(sample_weight * cache_read_tokens) / sum(sample_weight * input_tokens) as value,
    sum(sample_weight * cache_read_tokens) / sum(sample_weight * input_tokens) as level, 0e0 as noise
from call_days
where cache_read_tokens is not null and input_tokens >= 1024 and app_cache is distinct from 'hit'
group by feature, provider, model, day_no, day_start, weekend_share
having count(*) >= 20 and sum(sample_weight) > 0;
