-- Where the wait of each call went, in parts that do not overlap and add up to total_ms. All [ms]; a part that was not logged is 0 and its time is in rest_ms.
-- first_token_ms: wait for the first token beyond its logged parts (network, queues, reading, gateway). model_ms: the provider's own time where nothing divides it.
-- Derived where not logged: writing_ms = duration - first token; network_ms = duration - server time, when not streamed.
-- total_ms: duration, or the sum of the parts where they are longer (they overlap or lie outside; excess_ms says by how much).
-- basis: measured (parts were logged), reconstructed (from the first token or the server time alone), NULL (only the whole is known).
create or replace view call_parts as
with logged as (
    select call_id, trace_id, span_id, provider, coalesce(response_model, request_model) as model, feature, started_at, sample_weight, duration_ms,
        coalesce(client_queue_ms, 0) as own_queue_ms, coalesce(queue_ms, 0) as provider_queue_ms, coalesce(prefill_ms, 0) as reading_ms, coalesce(gateway_ms, 0) as gateway_ms,
        coalesce(retrieval_ms, 0) as retrieval_ms, coalesce(tool_ms, 0) as tool_ms, coalesce(app_ms, 0) as app_ms,
        coalesce(network_ms, case when ttft_ms is null and stream is not true and server_ms <= duration_ms then duration_ms - server_ms end, 0) as network_ms,
        coalesce(generation_ms, case when ttft_ms <= duration_ms then duration_ms - ttft_ms end, 0) as writing_ms,
        ttft_ms, case when ttft_ms is null and generation_ms is null and stream is not true then server_ms end as server_ms,
        case when coalesce(network_ms, client_queue_ms, queue_ms, prefill_ms, generation_ms, retrieval_ms, tool_ms, app_ms, gateway_ms) is not null then 'measured'
            when coalesce(ttft_ms, case when stream is not true then server_ms end) is not null then 'reconstructed' end as basis
    from calls
    where duration_ms is not null and app_cache is distinct from 'hit' and coalesce(status, 'unknown') not in ('error', 'blocked', 'shed')
),
undivided as (
    select *, greatest(coalesce(ttft_ms, 0) - network_ms - own_queue_ms - provider_queue_ms - reading_ms - gateway_ms, 0) as first_token_ms,
        greatest(coalesce(server_ms, 0) - provider_queue_ms - reading_ms, 0) as model_ms
    from logged
),
summed as (
    select *, network_ms + own_queue_ms + provider_queue_ms + reading_ms + gateway_ms + retrieval_ms + tool_ms + app_ms + writing_ms + first_token_ms + model_ms as parts_ms
    from undivided
)
select call_id, trace_id, span_id, provider, model, feature, started_at, sample_weight, basis, greatest(duration_ms, parts_ms) as total_ms,
    network_ms, own_queue_ms, provider_queue_ms, reading_ms, gateway_ms, retrieval_ms, tool_ms, app_ms, writing_ms, first_token_ms, model_ms,
    greatest(duration_ms - parts_ms, 0) as rest_ms, greatest(parts_ms - duration_ms, 0) as excess_ms
from summed;
