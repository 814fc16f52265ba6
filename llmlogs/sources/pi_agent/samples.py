"""Hand-written sessions that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

SAMPLES = (
    Sample(
        note="input gets the cache; the inner time is the start, the outer one the end; zeros are no usage",
        lines="""
{"type":"session","id":"p-1","timestamp":"2026-03-02T10:00:00.000Z","cwd":"/home/ann/shop","provider":"anthropic","modelId":"claude-sonnet-4-5"}
{"type":"message","timestamp":"2026-03-02T10:00:00.000Z","message":{"role":"user","content":[],"timestamp":1772445600000}}
{"type":"message","timestamp":"2026-03-02T10:00:04.000Z","message":{"role":"assistant","content":[{"type":"toolCall","id":"tc_1","name":"read"}],"api":"anthropic-messages","provider":"anthropic","model":"claude-sonnet-4-5","usage":{"input":3,"output":191,"cacheRead":100,"cacheWrite":1684,"totalTokens":1978,"cost":{"input":0.000009,"output":0.002865,"cacheRead":0.00003,"cacheWrite":0.006315,"total":0.009219}},"stopReason":"toolUse","timestamp":1772445600500}}
{"type":"message","timestamp":"2026-03-02T10:00:05.000Z","message":{"role":"toolResult","toolCallId":"tc_1","toolName":"read","content":[],"isError":false,"timestamp":1772445605000}}
{"type":"message","timestamp":"2026-03-02T10:00:07.000Z","message":{"role":"assistant","content":[],"api":"anthropic-messages","provider":"anthropic","model":"claude-sonnet-4-5","usage":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"cost":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"total":0}},"stopReason":"aborted","errorMessage":"aborted","timestamp":1772445605500}}
""",
        want=(
            {
                "session_id": "p-1", "feature": "shop", "service": "pi", "provider": "anthropic", "request_model": "claude-sonnet-4-5",
                "input_tokens": 1787, "cache_read_tokens": 100, "cache_write_tokens": 1684, "output_tokens": 191, "duration_ms": 3500.0,
                "tool_calls": 1, "finish_reason": "toolUse", "usage_status": "reported", "status": "ok",
            },
            {"input_tokens": None, "usage_status": "missing", "status": "cancelled", "duration_ms": 1500.0, "reported_usd": None},
        ),
        counts={"records": 5, "calls": 2, "other": 1, "merged": 0, "skipped": 2, "rejected": 0},
    ),
)  # fmt: skip
