-- Calls whose prompt a provider could have read from its prefix cache: at least 1,024 input tokens, cache reads reported, no application cache hit.
-- is_hit: something was read. is_repeat: the same prefix_hash went to the same provider, model and key within the five minutes before, so that a read
-- was achievable; NULL without a prefix_hash. usual_cached [tokens]: median read of hits of the same provider, model and feature.
-- saved_usd [USD per token read instead of sent], write_usd [USD, what writing to the cache cost on top]: by the call's own rate row, else NULL.
create or replace view prefix_calls as
with eligible as (
    select c.call_id, c.provider, coalesce(c.request_model, c.response_model) as model, c.feature, c.prompt_version, c.started_at, c.sample_weight,
        c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.rate_id, c.prefix_hash, c.cache_read_tokens > 0 as is_hit,
        case when c.prefix_hash is not null then coalesce(c.started_at <= interval 5 minute + lag(c.started_at) over (
            partition by c.provider, c.api_key_hash, coalesce(c.request_model, c.response_model), c.prefix_hash order by c.started_at), false) end as is_repeat
    from calls c
    where c.input_tokens >= 1024 and c.cache_read_tokens is not null and c.app_cache is distinct from 'hit'
),
usual as (
    select provider, model, feature, quantile_cont(cache_read_tokens, 0.5) as usual_cached from eligible where is_hit group by provider, model, feature
)
select e.*, u.usual_cached, cast(r.input_rate - coalesce(r.cache_read_rate, r.input_rate) as double) as saved_usd,
    coalesce(e.cache_write_tokens, 0) * cast(coalesce(r.cache_write_rate, r.input_rate) - r.input_rate as double) as write_usd
from eligible e
left join usual u on e.provider is not distinct from u.provider and e.model is not distinct from u.model and e.feature is not distinct from u.feature
left join price_rates r on e.rate_id = r.rate_id;
