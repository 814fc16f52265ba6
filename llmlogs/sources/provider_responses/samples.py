"""Samples of the provider-response source: made-up records that must be read as said."""

from llmlogs.sources.base import Sample

SAMPLES: tuple[Sample, ...] = (
    Sample(
        note="a bare answer of OpenAI's chat API: prompt_tokens includes the cached ones",
        lines='{"id": "chatcmpl-a1", "object": "chat.completion", "created": 1774958400, "model": "gpt-4o-2024-08-06",'
        ' "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],'
        ' "usage": {"prompt_tokens": 1200, "completion_tokens": 8, "total_tokens": 1208, "prompt_tokens_details": {"cached_tokens": 1024}}}',
        want=({"input_tokens": 1200, "cache_read_tokens": 1024, "output_tokens": 8, "response_id": "chatcmpl-a1", "provider": "openai"},),
    ),
    Sample(
        note="an Anthropic answer in an envelope of one's own: input_tokens excludes the cache",
        lines='{"at": "2026-03-31T12:00:00Z", "took_ms": 1830, "feature": "search",'
        ' "req": {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": [{"role": "user", "content": "Hi"}]},'
        ' "resp": {"id": "msg_b2", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "stop_reason": "end_turn",'
        ' "content": [{"type": "text", "text": "Hello."}],'
        ' "usage": {"input_tokens": 12, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 300, "output_tokens": 9}}}',
        want=({"input_tokens": 2312, "cache_read_tokens": 2000, "cache_write_tokens": 300, "output_tokens": 9, "duration_ms": 1830.0, "feature": "search"},),
    ),
    Sample(
        note="Gemini: thoughts are output and stand beside the candidates",
        lines='{"url": "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent", "status": 200,'
        ' "response": {"candidates": [{"content": {"parts": [{"text": "Hello."}]}, "finishReason": "STOP"}], "modelVersion": "gemini-2.5-flash",'
        ' "responseId": "c3", "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 200, "thoughtsTokenCount": 5000, "totalTokenCount": 5210}}}',
        want=({"input_tokens": 10, "output_tokens": 5200, "reasoning_tokens": 5000, "request_model": "gemini-2.5-flash", "provider": "gcp.gemini"},),
    ),
    Sample(
        note="a refused request: a call without tokens, with its class and the wait it was asked for",
        lines='{"ts": 1774958400, "request": {"url": "https://api.openai.com/v1/responses", "body": {"model": "gpt-5"}},'
        ' "response": {"status": 429, "headers": {"retry-after": "7", "x-ratelimit-remaining-requests": "0"},'
        ' "body": {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}}}',
        want=({"status": "error", "status_code": 429, "error_class": "rate_limit", "retry_after_ms": 7000.0, "request_model": "gpt-5"},),
    ),
    Sample(
        note="a stream, one event a line: message_delta replaces what message_start guessed",
        lines='{"type": "message_start", "message": {"id": "msg_d4", "type": "message", "model": "claude-x",'
        ' "usage": {"input_tokens": 43, "output_tokens": 1}}}\n'
        '{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}}\n'
        '{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 120}}\n'
        '{"type": "message_stop"}',
        want=({"response_id": "msg_d4", "input_tokens": 43, "output_tokens": 120, "stream": True},),
        counts={"records": 4, "calls": 1, "merged": 3},
    ),
)
