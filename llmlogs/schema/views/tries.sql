-- Every request that was sent to a provider: the explicit attempts behind a call, and the call itself where its last try has no record of its own.
-- Application cache hits and calls shed before sending are not among them. Adds: series (provider / model / start of the key: what one limit may hold for),
-- is_first (opens its operation: retries and fallbacks do not), is_refused (a rate limit said no; an exhausted quota is not one),
-- hidden_tries [tries of its call that a counter tells of and no record shows], is_only (its operation shows no other try).
-- duration_ms, retry_after_ms, wait_before_ms [ms]; input_tokens, output_tokens [tokens].
create or replace view tries as
with explicit as (
    select call_id, attempt, started_at, duration_ms, provider, model, status_code, error_class, retry_after_ms, wait_before_ms, is_final
    from attempts where origin = 'explicit'
),
told as (select call_id, count(*) as made, bool_or(is_final) as has_final from explicit group by call_id),
repeated as (select operation_id, min(started_at) as opened_at from calls where operation_id is not null group by operation_id having count(*) > 1),
sent as (
    select c.*, coalesce(c.request_model, c.response_model) as model, coalesce(t.made, 0) as made, coalesce(t.has_final, false) as has_final,
        coalesce(c.started_at <= r.opened_at, true) as opens, r.operation_id is null and coalesce(t.made, 0) <= case when t.has_final then 1 else 0 end as is_only,
        greatest(coalesce(c.attempts, 1) - coalesce(t.made, 0) - case when t.has_final then 0 else 1 end, 0) as hidden_tries
    from calls c left join told t on t.call_id = c.call_id left join repeated r on r.operation_id = c.operation_id
    where c.app_cache is distinct from 'hit' and c.status is distinct from 'shed'
),
every_try as (
    select call_id, operation_id, opens and made = 0 as is_first, made + 1 as attempt, started_at, duration_ms, provider, model, api_key_hash, feature, user_id,
        input_tokens, output_tokens, status, status_code, error_class, retry_after_ms, cast(null as double) as wait_before_ms, hidden_tries, sample_weight,
        fallback_from, priority, is_only
    from sent where not has_final
    union all
    select s.call_id, s.operation_id, s.opens and e.attempt = 1, e.attempt, coalesce(e.started_at, s.started_at), e.duration_ms,
        coalesce(e.provider, s.provider), coalesce(e.model, s.model), s.api_key_hash, s.feature, s.user_id, case when e.is_final then s.input_tokens end,
        case when e.is_final then s.output_tokens end, case when e.is_final then s.status when e.status_code < 400 then 'ok' else 'error' end,
        e.status_code, e.error_class, e.retry_after_ms, e.wait_before_ms, s.hidden_tries, s.sample_weight,
        s.fallback_from, s.priority, s.is_only
    from explicit e join sent s on s.call_id = e.call_id
)
select * replace (coalesce(operation_id, call_id) as operation_id),
    concat_ws(' / ', coalesce(provider, 'unknown provider'), model, left(api_key_hash, 8)) as series,
    coalesce(error_class = 'rate_limit', false) or (coalesce(status_code, 0) = 429 and coalesce(error_class, 'unknown') = 'unknown') as is_refused
from every_try;
