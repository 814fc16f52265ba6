-- Every call that cost something, with how it ended. usd [USD, weighted]; model as asked, else as answered; asker: session, else trace, else user.
-- is_failed: no answer (error, timeout, blocked, shed). is_left: the client went away or the stream broke. is_cut, calls_tools: as in
-- call_endings. is_unknown: neither status nor finish_reason is logged, so nobody can tell whether it was of use.
create or replace view paid_calls as
select call_id, started_at, feature, operation, operation_id, prompt_hash, prefix_hash, finish_reason, provider, api_key_hash, model,
    coalesce(status, 'unknown') as status, coalesce(session_id, trace_id, user_id) as asker, input_tokens, output_tokens, reasoning_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
    disconnect_ms, duration_ms, ttft_ms, cast(cost_usd * sample_weight as double) as usd, sample_weight,
    coalesce(status in ('error', 'timeout', 'blocked', 'shed'), false) as is_failed,
    coalesce(status = 'cancelled' or disconnect_ms is not null or error_class in ('client_cancel', 'truncated_stream'), false) as is_left,
    is_cut, calls_tools,
    coalesce(status, 'unknown') = 'unknown' and finish_reason is null as is_unknown
from call_endings
where cost_usd > 0;
