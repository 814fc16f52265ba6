"""Hand-written sessions that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

TWICE = Sample(
    note="an event and a line are one call; an event alone is a call too; a refused try is an attempt of what follows",
    lines="""
{"uuid":"q-1","parentUuid":null,"sessionId":"s-1","timestamp":"2026-03-02T10:00:00.000Z","type":"user","cwd":"/home/ann/shop","version":"0.18.1","message":{"role":"user","parts":[{"text":"?"}]}}
{"uuid":"q-2","parentUuid":"q-1","sessionId":"s-1","timestamp":"2026-03-02T10:00:02.000Z","type":"system","cwd":"/home/ann/shop","version":"0.18.1","subtype":"ui_telemetry","systemPayload":{"uiEvent":{"event.name":"qwen-code.api_error","event.timestamp":"2026-03-02T10:00:02.000Z","model":"coder-model","duration_ms":900,"status_code":429,"error_type":"rate_limit_exceeded","error":"busy","auth_type":"openai"}}}
{"uuid":"q-3","parentUuid":"q-2","sessionId":"s-1","timestamp":"2026-03-02T10:00:06.000Z","type":"system","cwd":"/home/ann/shop","version":"0.18.1","subtype":"ui_telemetry","systemPayload":{"uiEvent":{"event.name":"qwen-code.api_response","event.timestamp":"2026-03-02T10:00:06.000Z","response_id":"chatcmpl-7","model":"coder-model","status_code":200,"duration_ms":3000,"input_token_count":500,"output_token_count":20,"cached_content_token_count":400,"thoughts_token_count":15,"total_token_count":520,"prompt_id":"p-1","auth_type":"openai"}}}
{"uuid":"q-4","parentUuid":"q-3","sessionId":"s-1","timestamp":"2026-03-02T10:00:06.010Z","type":"assistant","cwd":"/home/ann/shop","version":"0.18.1","model":"coder-model","message":{"role":"model","parts":[{"functionCall":{"id":"c","name":"ls","args":{}}}]},"usageMetadata":{"promptTokenCount":500,"candidatesTokenCount":20,"thoughtsTokenCount":15,"totalTokenCount":520,"cachedContentTokenCount":400}}
{"uuid":"q-5","parentUuid":"q-4","sessionId":"s-1","timestamp":"2026-03-02T10:00:06.100Z","type":"system","cwd":"/home/ann/shop","version":"0.18.1","subtype":"ui_telemetry","systemPayload":{"uiEvent":{"event.name":"qwen-code.tool_call","event.timestamp":"2026-03-02T10:00:06.100Z","function_name":"ls","duration_ms":40,"status":"success","prompt_id":"p-1"}}}
{"uuid":"q-6","parentUuid":"q-5","sessionId":"s-1","timestamp":"2026-03-02T10:00:08.000Z","type":"system","cwd":"/home/ann/shop","version":"0.18.1","subtype":"ui_telemetry","systemPayload":{"uiEvent":{"event.name":"qwen-code.api_response","event.timestamp":"2026-03-02T10:00:08.000Z","response_id":"chatcmpl-8","model":"coder-model","status_code":200,"duration_ms":1000,"input_token_count":60,"output_token_count":5,"total_token_count":65,"auth_type":"openai"}}}
""",
    want=(
        {
            "call_id": "q-4", "response_id": "chatcmpl-7", "session_id": "s-1", "feature": "shop", "service": "qwen-code", "request_model": "coder-model",
            "input_tokens": 500, "cache_read_tokens": 400, "output_tokens": 20, "reasoning_tokens": 15, "duration_ms": 3000.0, "attempts": 2,
            "usage_status": "reported", "tool_calls": 1, "status": "ok",
        },
        {"response_id": "chatcmpl-8", "input_tokens": 60, "output_tokens": 5, "duration_ms": 1000.0, "attempts": None},
    ),
    counts={"records": 6, "calls": 2, "other": 2, "merged": 1, "skipped": 1, "rejected": 0},
)  # fmt: skip

SAMPLES = (TWICE,)
