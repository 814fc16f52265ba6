"""Hand-written sessions that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

SAMPLES = (
    Sample(
        note="an answer that asks for a tool is complete when it asks; thoughts are added to the output; zeros are no usage",
        lines="""
{"sessionId":"g-1","projectHash":"ab12","startTime":"2026-03-02T10:00:00.000Z","lastUpdated":"2026-03-02T10:00:20.000Z","messages":[
{"id":"m-1","type":"user","timestamp":"2026-03-02T10:00:00.000Z","content":"?"},
{"id":"m-2","type":"gemini","timestamp":"2026-03-02T10:00:05.000Z","content":"","model":"gemini-2.5-flash","tokens":{"input":1000,"output":10,"cached":900,"thoughts":30,"tool":5,"total":1045},"toolCalls":[{"id":"read_file-1772445603000-0f","name":"read_file","status":"success","timestamp":"2026-03-02T10:00:05.000Z"}]},
{"id":"m-3","type":"gemini","timestamp":"2026-03-02T10:00:08.000Z","content":"done","model":"gemini-2.5-flash","tokens":{"input":0,"output":0,"cached":0,"thoughts":0,"tool":0,"total":0}}]}
""",
        want=(
            {
                "call_id": "g-1/m-2", "session_id": "g-1", "service": "gemini-cli", "provider": "google", "request_model": "gemini-2.5-flash",
                "input_tokens": 1005, "cache_read_tokens": 900, "output_tokens": 40, "reasoning_tokens": 30, "usage_status": "reported",
                "duration_ms": 3000.0, "tool_calls": 1, "status": "ok",
            },
            {"call_id": "g-1/m-3", "input_tokens": None, "output_tokens": None, "usage_status": "missing", "duration_ms": 3000.0, "completion_chars": 4},
        ),
        counts={"records": 4, "calls": 2, "other": 0, "merged": 0, "skipped": 2, "rejected": 0},
    ),
    Sample(
        note="lines: a message is written again when it has its tokens, the last is the one; what is rewound was paid",
        lines="""
{"sessionId":"g-2","projectHash":"ab12","startTime":"2026-03-02T11:00:00.000Z","lastUpdated":"2026-03-02T11:00:00.000Z","kind":"main"}
{"id":"m-1","timestamp":"2026-03-02T11:00:00.000Z","type":"user","content":[{"text":"?"}]}
{"id":"m-2","timestamp":"2026-03-02T11:00:04.000Z","type":"gemini","content":"a"}
{"$set":{"lastUpdated":"2026-03-02T11:00:04.000Z"}}
{"id":"m-2","timestamp":"2026-03-02T11:00:04.000Z","type":"gemini","content":"ab","model":"gemini-3-pro-preview","tokens":{"input":20,"output":3,"cached":0,"total":23}}
{"$rewindTo":"m-1"}
""",
        want=({"call_id": "g-2/m-2", "input_tokens": 20, "output_tokens": 3, "cache_read_tokens": 0, "duration_ms": 4000.0, "completion_chars": 2},),
        counts={"records": 6, "calls": 1, "other": 0, "merged": 1, "skipped": 4, "rejected": 0},
    ),
)  # fmt: skip
