"""Samples of the LiteLLM source: made-up records that must be read as said."""

from llmlogs.sources.base import Sample

SAMPLES: tuple[Sample, ...] = (
    Sample(
        note="a callback's payload of a streamed call: response_time is the first token",
        lines='{"id": "chatcmpl-a1", "litellm_call_id": "11111111-2222-3333-4444-555555555555", "trace_id": "s-1", "call_type": "acompletion", "stream": true,'
        ' "status": "success", "custom_llm_provider": "openai", "saved_cache_cost": 0.0, "startTime": 1774958400.0, "endTime": 1774958402.0,'
        ' "completionStartTime": 1774958400.5, "response_time": 0.5, "model": "openai/gpt-4o", "model_group": "fast", "response_cost": 0.0031,'
        ' "prompt_tokens": 1200, "completion_tokens": 10, "total_tokens": 1210, "request_tags": ["feature:search", "User-Agent: curl"], "end_user": "u-7",'
        ' "metadata": {"usage_object": {"prompt_tokens": 1200, "completion_tokens": 10, "total_tokens": 1210,'
        ' "prompt_tokens_details": {"cached_tokens": 1024}}, "requester_metadata": {"session_id": "s-1"}},'
        ' "hidden_params": {"additional_headers": {"llm_provider-x-ratelimit-remaining-requests": "9"}}}',
        want=(
            {
                "response_id": "chatcmpl-a1", "operation_id": "11111111-2222-3333-4444-555555555555", "session_id": "s-1", "request_model": "gpt-4o",
                "duration_ms": 2000.0, "ttft_ms": 500.0, "input_tokens": 1200, "cache_read_tokens": 1024, "output_tokens": 10, "feature": "search",
                "user_id": "u-7", "status": "ok",
            },
        ),
    ),
    Sample(
        note="a row of SpendLogs: a cache hit costs nothing and names the answer it repeats",
        lines='{"request_id": "chatcmpl-a1_cache_hit1774958500.1", "call_type": "acompletion", "api_key": "k", "spend": "0.0", "total_tokens": "30",'
        ' "prompt_tokens": "20", "completion_tokens": "10", "startTime": "2026-03-31 12:01:40", "endTime": "2026-03-31 12:01:40.250", "model": "gpt-4o",'
        ' "custom_llm_provider": "openai", "cache_hit": "True", "cache_key": "abc", "status": "success",'
        ' "metadata": "{\\"litellm_call_id\\": \\"11111111-2222-3333-4444-666666666666\\", \\"attempted_retries\\": 0}"}',
        want=(
            {
                "call_id": "11111111-2222-3333-4444-666666666666", "app_cache": "hit", "cache_origin_id": "chatcmpl-a1", "input_tokens": 20,
                "duration_ms": 250.0, "attempts": 1,
            },
        ),
    ),
    Sample(
        note="a failed call: its counts are estimates and stay out of the token columns",
        lines='{"request_id": "11111111-2222-3333-4444-777777777777", "call_type": "acompletion", "api_key": "k", "spend": 0.0, "total_tokens": 28,'
        ' "prompt_tokens": 28, "completion_tokens": 0, "startTime": "2026-03-31T12:00:00Z", "endTime": "2026-03-31T12:00:05Z", "model": "openai/gpt-4o",'
        ' "custom_llm_provider": "openai", "cache_hit": "False", "cache_key": "Cache OFF", "status": "failure",'
        ' "metadata": {"attempted_retries": 2, "error_information": {"error_code": "429", "error_class": "RateLimitError", "llm_provider": "openai",'
        ' "error_message": "Rate limit reached"}}}',
        want=(
            {
                "call_id": "11111111-2222-3333-4444-777777777777", "status": "error", "status_code": 429, "error_class": "rate_limit", "attempts": 3,
                "usage_status": "estimated", "app_cache": "off",
            },
        ),
    ),
)  # fmt: skip
