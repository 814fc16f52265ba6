"""Hand-written messages that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

SAMPLES = (
    Sample(
        note="counts exclude each other: input gets the cache, output gets the reasoning",
        lines='{"id":"msg_a1","sessionID":"ses_a1","role":"assistant","time":{"created":1772445600000,"completed":1772445604500},"parentID":"msg_a0",'
        '"modelID":"claude-sonnet-4-5","providerID":"anthropic","mode":"build","path":{"cwd":"/home/ann/shop/web","root":"/home/ann/shop"},"cost":0.0123,'
        '"tokens":{"input":1000,"output":500,"reasoning":40,"cache":{"read":200,"write":100}},"finish":"stop"}\n',
        want=(
            {
                "call_id": "msg_a1", "session_id": "ses_a1", "trace_id": "msg_a0", "feature": "shop", "service": "opencode", "agent_name": "build",
                "provider": "anthropic", "request_model": "claude-sonnet-4-5", "input_tokens": 1300, "cache_read_tokens": 200, "cache_write_tokens": 100,
                "output_tokens": 540, "reasoning_tokens": 40, "duration_ms": 4500.0, "usage_status": "reported", "finish_reason": "stop", "status": "ok",
            },
        ),
        counts={"records": 1, "calls": 1, "other": 0, "merged": 0, "skipped": 0, "rejected": 0},
    ),
    Sample(
        note="an export: a call that failed has no usage, a tool is a span, a retry an attempt",
        lines='{"info":{"id":"ses_b1","directory":"/home/ann/shop"},"messages":[{"info":{"id":"msg_b0","sessionID":"ses_b1","role":"user"},"parts":[]},'
        '{"info":{"id":"msg_b1","sessionID":"ses_b1","role":"assistant","time":{"created":1772445600000,"completed":1772445601000},"modelID":"gpt-5.2",'
        '"providerID":"openai","cost":0,"tokens":{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}},"error":{"name":"APIError","data":'
        '{"message":"busy","statusCode":429,"isRetryable":true}}},"parts":[{"id":"prt_1","messageID":"msg_b1","type":"retry","attempt":1,'
        '"time":{"created":1772445600500},"error":{"name":"APIError","data":{"message":"busy","statusCode":429}}},{"id":"prt_2","messageID":"msg_b1",'
        '"type":"tool","tool":"bash","callID":"c1","state":{"status":"completed","time":{"start":1772445600600,"end":1772445600900}}}]}]}\n',
        want=({"call_id": "msg_b1", "status": "error", "status_code": 429, "error_class": "rate_limit", "usage_status": "missing", "input_tokens": None},),
        counts={"records": 5, "calls": 1, "other": 2, "merged": 0, "skipped": 2, "rejected": 0},
    ),
)  # fmt: skip
