-- Calls whose prompt a provider could have read from its prefix cache: at least 1,024 input tokens, cache reads reported, no application cache hit.
-- is_hit: something was read. is_repeat: the same prefix_hash went to the same provider, model and key within its lifetime before (five minutes, an hour where
-- an earlier write of it says so), so that a read was achievable; NULL without a prefix_hash. A prefix that is new in every call repeats nothing, and that may be the
-- fault: is_new_each marks calls of a day (of 20 or more such calls) on which a prompt's hash hardly ever repeats and hardly anything is read, though its cacheable part is known
-- to be long enough: most calls pay for writes, or on other days of this feature most repeats were read. There is_repeat goes by prompt_name and prompt_version instead of the hash.
-- usual_cached [tokens]: median read of hits of the same provider, model and feature.
-- saved_usd [USD per token read instead of sent], write_usd [USD, what writing to the cache cost on top]: by the call's own rate row, else NULL.
create or replace view prefix_calls as
with eligible as (
    select c.call_id, c.provider, coalesce(c.request_model, c.response_model) as model, c.feature, concat_ws(' ', c.prompt_name, c.prompt_version) as prompt, c.prompt_version, c.started_at, c.sample_weight,
        c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.rate_id, c.prefix_hash, c.cache_read_tokens > 0 as is_hit,
        case when c.prefix_hash is not null then coalesce(c.started_at <= lag(c.started_at) over of_hash
            + case when max(c.cache_write_1h_tokens) over (of_hash rows between unbounded preceding and 1 preceding) > 0 then interval 1 hour else interval 5 minute end, false) end as repeats_hash,
        case when coalesce(c.prompt_name, c.prompt_version) is not null then coalesce(c.started_at <= interval 5 minute + lag(c.started_at) over of_prompt, false) end as repeats_prompt
    from calls c
    where c.input_tokens >= 1024 and c.cache_read_tokens is not null and c.app_cache is distinct from 'hit'
    window of_hash as (partition by c.provider, c.api_key_hash, coalesce(c.request_model, c.response_model), c.prefix_hash order by c.started_at),
        of_prompt as (partition by c.provider, c.api_key_hash, coalesce(c.request_model, c.response_model), c.feature, c.prompt_name, c.prompt_version order by c.started_at)
),
days as (
    select provider, model, feature, prompt, date_trunc('day', started_at) as day, sum(sample_weight) filter (where is_hit and repeats_prompt) as read_again, sum(sample_weight) filter (where repeats_prompt) as again,
        count(*) >= 20 and coalesce(sum(sample_weight) filter (where is_hit), 0) < 0.2 * sum(sample_weight) and coalesce(sum(sample_weight) filter (where repeats_hash), 0) < 0.1 * sum(sample_weight) as reads_nothing,
        coalesce(sum(sample_weight) filter (where cache_write_tokens > 0), 0) >= 0.5 * sum(sample_weight) as writes
    from eligible where repeats_prompt is not null and started_at is not null group by provider, model, feature, prompt, date_trunc('day', started_at)
),
broken as (
    select provider, model, feature, prompt, day from days
    qualify reads_nothing and (writes or bool_or(coalesce(again >= 20 and read_again >= 0.5 * again, false)) over (partition by provider, model, feature))
),
usual as (
    select provider, model, feature, quantile_cont(cache_read_tokens, 0.5) as usual_cached from eligible where is_hit group by provider, model, feature
)
select e.* exclude (prompt, repeats_hash, repeats_prompt), b.day is not null as is_new_each, case when b.day is not null then repeats_prompt else repeats_hash end as is_repeat, u.usual_cached,
    cast(r.input_rate - coalesce(r.cache_read_rate, r.input_rate) as double) as saved_usd, coalesce(e.cache_write_tokens, 0) * cast(coalesce(r.cache_write_rate, r.input_rate) - r.input_rate as double) as write_usd
from eligible e
left join broken b on date_trunc('day', e.started_at) = b.day and e.prompt = b.prompt and e.repeats_prompt is not null and e.provider is not distinct from b.provider and e.model is not distinct from b.model and e.feature is not distinct from b.feature
left join usual u on e.provider is not distinct from u.provider and e.model is not distinct from u.model and e.feature is not distinct from u.feature
left join price_rates r on e.rate_id = r.rate_id;
