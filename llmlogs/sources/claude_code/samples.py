"""Hand-written sessions that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

GROWING = Sample(
    note="one call in two lines: the start is the question, the final line has the stop reason",
    lines="""
{"type":"user","uuid":"u1","parentUuid":null,"sessionId":"s1","isSidechain":false,"version":"2.1.5","cwd":"/home/ann/shop","timestamp":"2026-03-02T10:00:00.000Z","message":{"role":"user","content":"?"}}
{"type":"assistant","uuid":"a1","parentUuid":"u1","sessionId":"s1","isSidechain":false,"version":"2.1.5","cwd":"/home/ann/shop","requestId":"req_1","timestamp":"2026-03-02T10:00:02.500Z","message":{"id":"msg_1","role":"assistant","model":"claude-opus-4-5-20251101","stop_reason":null,"content":[{"type":"thinking","thinking":"?"}],"usage":{"input_tokens":10,"cache_read_input_tokens":200,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":2,"service_tier":"standard"}}}
{"type":"assistant","uuid":"a2","parentUuid":"a1","sessionId":"s1","isSidechain":false,"version":"2.1.5","cwd":"/home/ann/shop","requestId":"req_1","timestamp":"2026-03-02T10:00:04.000Z","message":{"id":"msg_1","role":"assistant","model":"claude-opus-4-5-20251101","stop_reason":"end_turn","content":[{"type":"text","text":"?"}],"usage":{"input_tokens":10,"cache_read_input_tokens":200,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":57,"service_tier":"standard"}}}
""",
    want=(
        {
            "response_id": "msg_1", "session_id": "s1", "feature": "shop", "feature_basis": "project", "service": "claude-code", "release": "2.1.5",
            "provider": "anthropic", "response_model": "claude-opus-4-5-20251101", "input_tokens": 240, "cache_read_tokens": 200,
            "cache_write_tokens": 30, "cache_write_1h_tokens": 20, "output_tokens": 57, "usage_status": "reported", "finish_reason": "end_turn",
            "duration_ms": 4000.0, "status": "ok",
        },
    ),
    counts={"records": 3, "calls": 1, "other": 0, "merged": 1, "skipped": 1, "rejected": 0},
)  # fmt: skip

NESTED = Sample(
    note="a sub-agent's call inside its parent's line is a record of its own; its roll-up in the tool result is not a call",
    lines="""
{"type":"progress","uuid":"p1","parentUuid":null,"sessionId":"s2","isSidechain":false,"version":"2.1.36","cwd":"/home/ann/shop","timestamp":"2026-03-02T11:00:00.000Z","data":{"type":"agent_progress","agentId":"ab12","message":{"type":"user","uuid":"n1","timestamp":"2026-03-02T11:00:00.000Z","message":{"role":"user","content":"?"}}}}
{"type":"progress","uuid":"p2","parentUuid":"p1","sessionId":"s2","isSidechain":false,"version":"2.1.36","cwd":"/home/ann/shop","timestamp":"2026-03-02T11:00:03.000Z","data":{"type":"agent_progress","agentId":"ab12","message":{"type":"assistant","uuid":"n2","requestId":"req_2","timestamp":"2026-03-02T11:00:03.000Z","message":{"id":"msg_2","role":"assistant","model":"claude-haiku-4-5-20251001","stop_reason":null,"content":[],"usage":{"input_tokens":3,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":1}}}}}
{"type":"user","uuid":"u2","parentUuid":"p2","sessionId":"s2","isSidechain":false,"version":"2.1.36","cwd":"/home/ann/shop","timestamp":"2026-03-02T11:00:04.000Z","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1"}]},"toolUseResult":{"totalDurationMs":4000,"totalTokens":4,"usage":{"input_tokens":3,"output_tokens":1}}}
""",
    want=(
        {
            "response_id": "msg_2",
            "agent_name": "ab12",
            "session_id": "s2",
            "input_tokens": 3,
            "output_tokens": 1,
            "usage_status": "partial",
            "duration_ms": 3000.0,
        },
    ),
    counts={"records": 4, "calls": 1, "other": 0, "merged": 0, "skipped": 3, "rejected": 0},
)

RETRIED = Sample(
    note="two refused tries behind one call; the wait of the caller includes them",
    lines="""
{"type":"user","uuid":"u3","parentUuid":null,"sessionId":"s3","isSidechain":false,"timestamp":"2026-03-02T12:00:00.000Z","message":{"role":"user","content":"?"}}
{"type":"system","subtype":"api_error","uuid":"e1","parentUuid":"u3","sessionId":"s3","isSidechain":false,"timestamp":"2026-03-02T12:00:02.000Z","retryAttempt":1,"maxRetries":10,"retryInMs":500,"error":{"status":529,"headers":{"retry-after":"3"},"error":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}}}
{"type":"system","subtype":"api_error","uuid":"e2","parentUuid":"e1","sessionId":"s3","isSidechain":false,"timestamp":"2026-03-02T12:00:04.500Z","retryAttempt":2,"maxRetries":10,"retryInMs":1000,"error":{"status":529,"error":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}}}
{"type":"assistant","uuid":"a3","parentUuid":"e2","sessionId":"s3","isSidechain":false,"requestId":"req_3","timestamp":"2026-03-02T12:00:08.000Z","message":{"id":"msg_3","role":"assistant","model":"claude-opus-4-5-20251101","stop_reason":"end_turn","content":[],"usage":{"input_tokens":5,"output_tokens":6}}}
""",
    want=({"response_id": "msg_3", "attempts": 3, "duration_ms": 8000.0, "status": "ok", "input_tokens": 5, "output_tokens": 6},),
    counts={"records": 4, "calls": 1, "other": 2, "merged": 0, "skipped": 1, "rejected": 0},
)

SAMPLES = (GROWING, NESTED, RETRIED)
