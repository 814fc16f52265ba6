-- Every time a cache was asked, hit or miss: the application's own caches (exact, semantic, retrieval, embedding) and the provider's (prefix: prompts of at
-- least 1,024 input tokens that report cache reads). Where no cache_kind is logged: semantic for features that log a similarity, else embedding or exact.
-- entry: key or prefix hash. age_ms [ms] as logged with a hit, else since it was last filled (sent) under the same model; other_ms: under any; gap_ms: since it
-- was last asked for under the same model. An answer's entry is made by a miss that went well, a prefix is renewed by every call. lifetime_ms [ms]: as logged, also with an earlier call of the entry; a prefix lives 5 minutes, 1 h where a write says so.
-- cause of a miss, the first that fits: ttl_lapse (filled before, longer ago than it lives), unknown (no entry, age or lifetime to tell by, or it should have been there),
-- model_changed (there, but under another model), prefix_changed (new, while the session, or else the feature, had just sent another), cold (never filled, or
-- dropped since: its source changed, or there was no room). tokens, read_tokens: of what was asked, and from the cache. full_usd, read_usd: these at plain rates (an answer's own cost at a miss).
-- wait_ms [ms]: the whole answer, or the first token after a prefix; of calls that went well.
create or replace view cache_lookups as
with asked as (
    select call_id, coalesce(cache_kind, case when cache_similarity is not null or coalesce(feature, '') in (select coalesce(feature, '') from calls where cache_similarity is not null)
            then 'semantic' when operation = 'embeddings' then 'embedding' else 'exact' end) as cache_kind,
        provider, coalesce(request_model, response_model) as model, feature, session_id, coalesce(user_id, session_id, trace_id, call_id) as who, cache_key as entry, started_at,
        sample_weight, app_cache = 'hit' as is_hit, app_cache = 'miss' and coalesce(status, 'ok') not in ('error', 'timeout', 'cancelled', 'blocked', 'shed') as fills,
        cache_similarity as similarity, cache_ttl_ms as logged_ms, cache_age_ms, case when coalesce(status, 'ok') = 'ok' then duration_ms end as wait_ms, coalesce(input_tokens + output_tokens, input_tokens, output_tokens) as tokens, cast(null as bigint) as read_tokens,
        case when app_cache = 'miss' then cast(cost_usd as double) end as full_usd, cast(null as double) as read_usd
    from calls where app_cache in ('hit', 'miss')
    union all
    select c.call_id, 'prefix', c.provider, coalesce(c.request_model, c.response_model), c.feature, c.session_id, coalesce(c.user_id, c.session_id, c.trace_id, c.call_id), c.prefix_hash, c.started_at,
        c.sample_weight, c.cache_read_tokens > 0, true, null, case when c.cache_write_1h_tokens > 0 then 3600000e0 end, null, case when coalesce(c.status, 'ok') = 'ok' then c.ttft_ms end, c.input_tokens, c.cache_read_tokens,
        cast(c.input_tokens * r.input_rate as double), cast(c.cache_read_tokens * r.input_rate as double)
    from calls c left join price_rates r on c.rate_id = r.rate_id
    where c.input_tokens >= 1024 and c.cache_read_tokens is not null and c.app_cache is distinct from 'hit'
),
traced as (
    select *, lag(started_at) over of_model as asked_at, max(case when fills then started_at end) over of_model as filled_at, max(case when fills then started_at end) over of_entry as other_at,
        coalesce(last_value(logged_ms ignore nulls) over of_entry, logged_ms, case when cache_kind = 'prefix' then 300000e0 end) as lifetime_ms,
        case when cache_kind = 'prefix' then max(case when entry is not null then started_at end) over of_seat end as seat_at
    from asked
    window of_model as (partition by cache_kind, coalesce(entry, call_id), provider, model order by started_at, call_id rows between unbounded preceding and 1 preceding),
        of_entry as (partition by cache_kind, coalesce(entry, call_id) order by started_at, call_id rows between unbounded preceding and 1 preceding),
        of_seat as (partition by cache_kind, provider, model, case when cache_kind = 'prefix' then coalesce(session_id, concat(chr(31), feature)) else call_id end
            order by started_at, call_id rows between unbounded preceding and 1 preceding)
),
aged as (
    select *, coalesce(cache_age_ms, date_diff('microsecond', filled_at, started_at) / 1e3) as age_ms, date_diff('microsecond', asked_at, started_at) / 1e3 as gap_ms, date_diff('microsecond', other_at, started_at) / 1e3 as other_ms, date_diff('microsecond', seat_at, started_at) / 1e3 as seat_ms from traced
)
select * exclude (fills, logged_ms, cache_age_ms, asked_at, seat_at, filled_at, other_at),
    case when is_hit then null
        when entry is null or started_at is null or (lifetime_ms is null and other_at is not null) then 'unknown'
        when coalesce(age_ms, other_ms) > lifetime_ms then 'ttl_lapse'
        when age_ms is not null then case when cache_kind = 'prefix' then 'unknown' else 'cold' end
        when other_ms is not null then 'model_changed'
        when seat_ms <= coalesce(lifetime_ms, 300000) then 'prefix_changed'
        else 'cold' end as cause
from aged;
