"""Hand-written sessions that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

COUNTED = Sample(
    note="cumulative counts: the second line repeats the first, the third adds a call; a gauge without counts is a quota alone",
    lines="""
{"timestamp":"2026-03-02T10:00:00.000Z","type":"session_meta","payload":{"id":"s-1","timestamp":"2026-03-02T10:00:00.000Z","cwd":"/home/ann/shop","originator":"codex_cli_rs","cli_version":"0.98.0","source":"cli","model_provider":"openai"}}
{"timestamp":"2026-03-02T10:00:00.100Z","type":"event_msg","payload":{"type":"token_count","info":null,"rate_limits":{"primary":{"used_percent":12.5,"window_minutes":300,"resets_in_seconds":600},"secondary":null}}}
{"timestamp":"2026-03-02T10:00:01.000Z","type":"event_msg","payload":{"type":"user_message","message":"?"}}
{"timestamp":"2026-03-02T10:00:01.000Z","type":"turn_context","payload":{"turn_id":"t-1","cwd":"/home/ann/shop","model":"gpt-5.2-codex"}}
{"timestamp":"2026-03-02T10:00:04.000Z","type":"response_item","payload":{"type":"function_call","name":"exec_command","arguments":"{}","call_id":"call_1"}}
{"timestamp":"2026-03-02T10:00:05.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":1000,"cached_input_tokens":800,"output_tokens":60,"reasoning_output_tokens":40,"total_tokens":1060},"last_token_usage":{"input_tokens":1000,"cached_input_tokens":800,"output_tokens":60,"reasoning_output_tokens":40,"total_tokens":1060}}}}
{"timestamp":"2026-03-02T10:00:05.100Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":1000,"cached_input_tokens":800,"output_tokens":60,"reasoning_output_tokens":40,"total_tokens":1060},"last_token_usage":{"input_tokens":0,"cached_input_tokens":0,"output_tokens":0,"reasoning_output_tokens":0,"total_tokens":990}}}}
{"timestamp":"2026-03-02T10:00:06.000Z","type":"response_item","payload":{"type":"function_call_output","call_id":"call_1","output":"?"}}
{"timestamp":"2026-03-02T10:00:08.000Z","type":"response_item","payload":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"?"}]}}
{"timestamp":"2026-03-02T10:00:08.500Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":2500,"cached_input_tokens":1700,"output_tokens":100,"reasoning_output_tokens":40,"total_tokens":2600},"last_token_usage":{"input_tokens":1500,"cached_input_tokens":900,"output_tokens":40,"reasoning_output_tokens":0,"total_tokens":1540}}}}
""",
    want=(
        {
            "session_id": "s-1", "feature": "shop", "feature_basis": "project", "service": "codex", "release": "0.98.0", "provider": "openai",
            "request_model": "gpt-5.2-codex", "trace_id": "t-1", "input_tokens": 1000, "cache_read_tokens": 800, "output_tokens": 60, "reasoning_tokens": 40,
            "tool_calls": 1, "duration_ms": 4000.0, "usage_status": "reported", "status": "ok",
        },
        {"input_tokens": 1500, "cache_read_tokens": 900, "output_tokens": 40, "reasoning_tokens": 0, "tool_calls": 0, "duration_ms": 2500.0},
    ),
    counts={"records": 10, "calls": 2, "other": 2, "merged": 1, "skipped": 5, "rejected": 0},
)  # fmt: skip

RETRIED = Sample(
    note="two broken streams before an answer are its attempts; a spent allowance is a call that failed, with unknown usage",
    lines="""
{"timestamp":"2026-03-02T11:00:00.000Z","type":"session_meta","payload":{"id":"s-2","cwd":"/home/ann/shop","model_provider":"openai"}}
{"timestamp":"2026-03-02T11:00:01.000Z","type":"turn_context","payload":{"model":"gpt-5.2-codex"}}
{"timestamp":"2026-03-02T11:00:01.000Z","type":"event_msg","payload":{"type":"user_message","message":"?"}}
{"timestamp":"2026-03-02T11:00:03.000Z","type":"event_msg","payload":{"type":"stream_error","message":"Reconnecting","codex_error_info":{"response_stream_disconnected":{"http_status_code":null}},"additional_details":"closed"}}
{"timestamp":"2026-03-02T11:00:05.000Z","type":"event_msg","payload":{"type":"stream_error","message":"Reconnecting","codex_error_info":{"response_stream_disconnected":{"http_status_code":null}}}}
{"timestamp":"2026-03-02T11:00:09.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":10,"output_tokens":2},"last_token_usage":{"input_tokens":10,"output_tokens":2}}}}
{"timestamp":"2026-03-02T11:00:20.000Z","type":"event_msg","payload":{"type":"user_message","message":"?"}}
{"timestamp":"2026-03-02T11:00:21.000Z","type":"event_msg","payload":{"type":"error","message":"limit","codex_error_info":"usage_limit_exceeded"}}
""",
    want=(
        {"input_tokens": 10, "output_tokens": 2, "attempts": 3, "duration_ms": 8000.0, "status": "ok"},
        {"status": "error", "error_class": "quota", "error_type": "usage_limit_exceeded", "usage_status": "missing", "duration_ms": 1000.0},
    ),
    counts={"records": 8, "calls": 2, "other": 2, "merged": 0, "skipped": 4, "rejected": 0},
)

OLD = Sample(
    note="a session of before token counts: understood, and said to have no usage",
    lines="""
{"id":"s-3","timestamp":"2025-07-01T10:00:00.000Z","instructions":null,"git":{}}
{"record_type":"state"}
{"type":"message","role":"user","content":[{"type":"input_text","text":"?"}]}
{"type":"message","role":"assistant","content":[{"type":"output_text","text":"?"}]}
""",
    want=(),
    counts={"records": 4, "calls": 0, "other": 0, "merged": 0, "skipped": 4, "rejected": 0},
)

SAMPLES = (COUNTED, RETRIED, OLD)
