"""Hand-written records that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

DOWNLOAD = Sample(
    note="a trace download: latency in ms in one observation and in s in the other; the agent repeats the usage of its call; the trace says who and what for",
    lines="""
{"trace":{"id":"5b8aa5a2d2c872e8321cf37308d69df2","name":"answer-question","timestamp":"2026-03-02T10:00:00.000Z","environment":"production","tags":["team-a"],"release":"v7","version":null,"userId":"u-17","sessionId":"s-4","public":false,"bookmarked":false,"updatedAt":"2026-03-02T10:00:09.000Z","scores":[{"id":"sc1","timestamp":"2026-03-02T10:01:00.000Z","name":"helpful","value":1,"stringValue":"True","dataType":"BOOLEAN","source":"ANNOTATION","traceId":"5b8aa5a2d2c872e8321cf37308d69df2","observationId":null}],"latency":4.0},"observations":[{"id":"00f067aa0ba902b7","traceId":"5b8aa5a2d2c872e8321cf37308d69df2","type":"AGENT","startTime":"2026-03-02T10:00:00.000Z","endTime":"2026-03-02T10:00:04.000Z","name":"agent","level":"DEFAULT","parentObservationId":null,"latency":4000,"usageDetails":{"input":900,"output":40,"total":940},"model":"unknown"},{"id":"53995c3f42cd8ad8","traceId":"5b8aa5a2d2c872e8321cf37308d69df2","projectId":"p1","type":"GENERATION","startTime":"2026-03-02T10:00:01.000Z","endTime":"2026-03-02T10:00:03.500Z","completionStartTime":"2026-03-02T10:00:01.400Z","name":"chat","level":"DEFAULT","parentObservationId":"00f067aa0ba902b7","latency":2.5,"model":"gpt-4o","usageDetails":{"input":100,"input_cached_tokens":800,"output":30,"output_reasoning_tokens":10,"total":940},"costDetails":{"input":0.001,"total":0.0015},"promptName":"qa","promptVersion":3,"updatedAt":"2026-03-02T10:00:05.000Z"}]}
""",
    want=(
        {
            "call_id": "53995c3f42cd8ad8", "trace_id": "5b8aa5a2d2c872e8321cf37308d69df2", "parent_span_id": "00f067aa0ba902b7", "user_id": "u-17",
            "session_id": "s-4", "feature": "answer-question", "feature_basis": "trace", "release": "v7", "environment": "production", "provider": "openai",
            "request_model": "gpt-4o", "input_tokens": 900, "cache_read_tokens": 800, "output_tokens": 40, "reasoning_tokens": 10, "usage_status": "reported",
            "duration_ms": 2500.0, "ttft_ms": 400.0, "stream": True, "prompt_name": "qa", "prompt_version": "3", "status": "ok",
        },
    ),
    counts={"records": 3, "calls": 1, "other": 2, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

BLOB = Sample(
    note="blob storage, v3: UTC without saying so, parts named as details are inside, an error's code in its message, a call without usage",
    lines="""
{"id":"obs-1","trace_id":"tr-1","project_id":"p1","environment":"default","type":"GENERATION","parent_observation_id":null,"start_time":"2026-03-02 10:00:00.000000","end_time":"2026-03-02 10:00:02.000000","name":"chat","level":"DEFAULT","status_message":null,"provided_model_name":"claude-sonnet-4-5","model_parameters":"{\\"max_tokens\\": 512}","usage_details":{"input":500,"prompt_details.cache_read":300,"output":20,"total":520},"cost_details":{},"total_cost":0,"latency":2.0,"updated_at":"2026-03-02 10:00:05.000000"}
{"id":"obs-2","trace_id":"tr-1","project_id":"p1","environment":"default","type":"GENERATION","parent_observation_id":null,"start_time":"2026-03-02 10:00:03.000000","end_time":"2026-03-02 10:00:03.500000","name":"chat","level":"ERROR","status_message":"Error code: 429 - Rate limit reached","provided_model_name":"gpt-4o","usage_details":{},"cost_details":{},"latency":0.5,"updated_at":"2026-03-02 10:00:05.000000"}
{"id":"obs-3","trace_id":"tr-1","project_id":"p1","environment":"default","type":"EMBEDDING","parent_observation_id":null,"start_time":"2026-03-02 10:00:04.000000","end_time":"2026-03-02 10:00:04.100000","name":"embed","level":"DEFAULT","provided_model_name":"text-embedding-3-small","usage_details":{"total":12},"cost_details":{"total":0.00000024},"latency":0.1}
""",
    want=(
        {"input_tokens": 500, "cache_read_tokens": 300, "output_tokens": 20, "max_tokens": 512, "provider": "anthropic", "duration_ms": 2000.0},
        {"status": "error", "status_code": 429, "error_class": "rate_limit", "usage_status": "missing"},
        {"operation": "embeddings", "input_tokens": 12, "output_tokens": 0, "usage_status": "reported"},
    ),
    counts={"records": 3, "calls": 3, "other": 0, "merged": 0, "skipped": 0, "rejected": 0},
)

EVENTS = Sample(
    note="blob storage, v4: trace labels on every row; a wrapper around one call is that call, counted once",
    lines="""
{"id":"w1","trace_id":"tr-2","project_id":"p1","type":"GENERATION","parent_observation_id":null,"start_time":"2026-03-02 11:00:00.000000","end_time":"2026-03-02 11:00:01.000000","name":"generateText","level":"DEFAULT","provided_model_name":"gpt-4o","usage_details":{"input":10,"output":5,"total":15},"cost_details":{},"latency":1000,"user_id":"u-2","session_id":"s-9","tags":["feature:search"],"release":"v8","trace_name":"POST /ask","is_root_observation":true}
{"id":"l1","trace_id":"tr-2","project_id":"p1","type":"GENERATION","parent_observation_id":"w1","start_time":"2026-03-02 11:00:00.010000","end_time":"2026-03-02 11:00:00.990000","name":"doGenerate","level":"DEFAULT","provided_model_name":"gpt-4o","usage_details":{"input":10,"output":5,"total":15},"cost_details":{},"latency":980,"user_id":"u-2","session_id":"s-9","tags":["feature:search"],"release":"v8","trace_name":"POST /ask","is_root_observation":false}
""",
    want=({"call_id": "l1", "user_id": "u-2", "session_id": "s-9", "feature": "search", "feature_basis": "tags", "input_tokens": 10, "duration_ms": 980.0},),
    counts={"records": 2, "calls": 1, "other": 0, "merged": 1, "skipped": 0, "rejected": 0},
)

SAMPLES = (DOWNLOAD, BLOB, EVENTS)
