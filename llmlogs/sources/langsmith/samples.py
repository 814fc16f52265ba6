"""Hand-written runs that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

TRACE = Sample(
    note="the chain repeats the tokens, cost and first token of its model run; what it is for stands at the root; times are UTC without saying so",
    lines="""
{"id":"aaaaaaaa-0000-4000-8000-000000000001","trace_id":"aaaaaaaa-0000-4000-8000-000000000001","name":"answer","run_type":"chain","parent_run_id":null,"dotted_order":"20260302T100000000000Zaaaaaaaa-0000-4000-8000-000000000001","start_time":"2026-03-02T10:00:00.000000","end_time":"2026-03-02T10:00:03.000000","first_token_time":"2026-03-02T10:00:00.900000","status":"success","error":null,"inputs":{},"outputs":{},"extra":{"metadata":{"thread_id":"th-1","user_id":"u-1","feature":"search"}},"session_id":"pppppppp-0000-4000-8000-000000000009","prompt_tokens":900,"completion_tokens":40,"total_tokens":940,"total_cost":"0.0021","feedback_stats":{"thumb":{"n":1,"avg":1.0}},"tags":[]}
{"id":"aaaaaaaa-0000-4000-8000-000000000002","trace_id":"aaaaaaaa-0000-4000-8000-000000000001","name":"ChatOpenAI","run_type":"llm","parent_run_id":"aaaaaaaa-0000-4000-8000-000000000001","dotted_order":"20260302T100000000000Zaaaaaaaa-0000-4000-8000-000000000001.20260302T100000500000Zaaaaaaaa-0000-4000-8000-000000000002","start_time":"2026-03-02T10:00:00.500000","end_time":"2026-03-02T10:00:02.500000","first_token_time":"2026-03-02T10:00:00.900000","status":"success","error":null,"inputs":{"messages":[]},"outputs":{"generations":[[{"message":{"kwargs":{"id":"run--1","response_metadata":{"id":"chatcmpl-abc123","model_name":"gpt-4o-2024-08-06","finish_reason":"stop"},"usage_metadata":{"input_tokens":900,"output_tokens":40,"total_tokens":940,"input_token_details":{"cache_read":768},"output_token_details":{"reasoning":8}}}}}]]},"extra":{"metadata":{"ls_provider":"openai","ls_model_name":"gpt-4o","ls_model_type":"chat"},"invocation_params":{"model":"gpt-4o","max_tokens":256}},"session_id":"pppppppp-0000-4000-8000-000000000009","prompt_tokens":900,"completion_tokens":40,"total_tokens":940,"total_cost":"0.0021","feedback_stats":{},"tags":[]}
""",
    want=(
        {
            "call_id": "aaaaaaaa-0000-4000-8000-000000000002", "response_id": "chatcmpl-abc123", "trace_id": "aaaaaaaa-0000-4000-8000-000000000001",
            "parent_span_id": "aaaaaaaa-0000-4000-8000-000000000001", "session_id": "th-1", "user_id": "u-1", "feature": "search", "feature_basis": "trace",
            "provider": "openai", "request_model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "input_tokens": 900, "cache_read_tokens": 768,
            "output_tokens": 40, "reasoning_tokens": 8, "usage_status": "reported", "duration_ms": 2000.0, "ttft_ms": 400.0, "stream": True,
            "finish_reason": "stop", "max_tokens": 256, "status": "ok",
        },
    ),
    counts={"records": 2, "calls": 1, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

FAILED = Sample(
    note="bulk export: structures as JSON texts; an error's code in its text; 0 tokens are not counted; a pending run",
    lines="""
{"id":"bbbbbbbb-0000-4000-8000-000000000001","trace_id":"bbbbbbbb-0000-4000-8000-000000000001","is_root":true,"name":"ChatAnthropic","run_type":"llm","parent_run_id":null,"dotted_order":"20260302T110000000000Zbbbbbbbb-0000-4000-8000-000000000001","start_time":"2026-03-02T11:00:00","end_time":"2026-03-02T11:00:00.250","status":"error","error":"RateLimitError(\\"Error code: 429 - {'type': 'error', 'error': {'type': 'rate_limit_error'}}\\")","inputs":"{}","outputs":"{}","extra":"{\\"metadata\\": {\\"ls_provider\\": \\"anthropic\\", \\"ls_model_name\\": \\"claude-sonnet-4-5\\"}}","prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"total_cost":"0"}
{"id":"bbbbbbbb-0000-4000-8000-000000000002","trace_id":"bbbbbbbb-0000-4000-8000-000000000002","is_root":true,"name":"ChatAnthropic","run_type":"llm","parent_run_id":null,"dotted_order":"","start_time":"2026-03-02T11:00:01","end_time":null,"status":"pending","error":null,"inputs":"{}","outputs":null,"extra":"{}","prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"total_cost":null}
""",
    want=(
        {"provider": "anthropic", "status": "error", "status_code": 429, "error_class": "rate_limit", "usage_status": "missing", "duration_ms": 250.0},
        {"status": "unknown", "usage_status": "missing"},
    ),
    counts={"records": 2, "calls": 2, "other": 0, "merged": 0, "skipped": 0, "rejected": 0},
)

SAMPLES = (TRACE, FAILED)
