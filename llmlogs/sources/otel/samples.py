"""Hand-written exports that must be read as stated; they run as tests."""

from __future__ import annotations

from llmlogs.sources.base import Sample

NESTED = Sample(
    note="an agent's sum, a framework's call and the SDK's own span of the same request: one call, with the best of both",
    lines="""
{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"lampshop"}},{"key":"deployment.environment.name","value":{"stringValue":"prod"}}]},"scopeSpans":[{"scope":{"name":"pydantic-ai"},"spans":[{"traceId":"0000000000000000000000000000a001","spanId":"00000000000000a1","name":"invoke_agent","kind":1,"startTimeUnixNano":"1772445600000000000","endTimeUnixNano":"1772445602000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"helper"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"20"}},{"key":"app.feature","value":{"stringValue":"faq"}},{"key":"user.id","value":{"stringValue":"u-7"}}],"status":{}},{"traceId":"0000000000000000000000000000a001","spanId":"00000000000000a2","parentSpanId":"00000000000000a1","name":"chat","kind":3,"startTimeUnixNano":"1772445600100000000","endTimeUnixNano":"1772445601900000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"anthropic"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-5"}},{"key":"gen_ai.response.id","value":{"stringValue":"msg_01AA"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"20"}},{"key":"gen_ai.usage.cache_creation.input_tokens","value":{"intValue":"300"}}],"status":{}}]},{"scope":{"name":"com.anthropic.sdk.python"},"spans":[{"traceId":"0000000000000000000000000000a001","spanId":"00000000000000a3","parentSpanId":"00000000000000a2","name":"anthropic.messages.create","kind":3,"startTimeUnixNano":"1772445600150000000","endTimeUnixNano":"1772445601850000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"anthropic"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-5"}},{"key":"gen_ai.request.stream","value":{"boolValue":true}},{"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.5}},{"key":"gen_ai.response.id","value":{"stringValue":"msg_01AA"}},{"key":"http.response.status_code","value":{"intValue":"200"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"500"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"20"}},{"key":"gen_ai.usage.cache_write.input_tokens","value":{"intValue":"300"}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"100"}},{"key":"anthropic.message.stop_reason","value":{"stringValue":"end_turn"}}],"status":{"code":1}}]}]}]}
""",
    want=(
        {
            "response_id": "msg_01AA", "input_tokens": 500, "output_tokens": 20, "cache_read_tokens": 100, "cache_write_tokens": 300, "duration_ms": 1800.0,
            "ttft_ms": 550.0, "ttft_basis": "client", "stream": True, "status": "ok", "status_code": 200, "feature": "faq", "feature_basis": "trace",
            "user_id": "u-7", "agent_name": "helper", "service": "lampshop", "environment": "prod", "finish_reason": "stop", "usage_status": "reported",
        },
    ),
    counts={"records": 3, "calls": 1, "other": 1, "merged": 1, "skipped": 0, "rejected": 0},
)  # fmt: skip

TRIES = Sample(
    note="the Vercel AI SDK writes a span for each attempt, and a wrapper that repeats the counts",
    lines="""
{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"ai"},"spans":[{"traceId":"0000000000000000000000000000b001","spanId":"00000000000000b1","name":"ai.generateText","startTimeUnixNano":"1772445600000000000","endTimeUnixNano":"1772445603000000000","attributes":[{"key":"ai.operationId","value":{"stringValue":"ai.generateText"}},{"key":"ai.telemetry.functionId","value":{"stringValue":"summary"}},{"key":"ai.usage.inputTokens","value":{"intValue":80}},{"key":"ai.usage.outputTokens","value":{"intValue":9}}],"status":{"code":0}},{"traceId":"0000000000000000000000000000b001","spanId":"00000000000000b2","parentSpanId":"00000000000000b1","name":"ai.generateText.doGenerate","startTimeUnixNano":"1772445600000000000","endTimeUnixNano":"1772445600400000000","attributes":[{"key":"ai.operationId","value":{"stringValue":"ai.generateText.doGenerate"}},{"key":"ai.model.id","value":{"stringValue":"gpt-5-mini"}},{"key":"ai.model.provider","value":{"stringValue":"openai.responses"}}],"status":{"code":2,"message":"rate-limit"}},{"traceId":"0000000000000000000000000000b001","spanId":"00000000000000b3","parentSpanId":"00000000000000b1","name":"ai.generateText.doGenerate","startTimeUnixNano":"1772445602400000000","endTimeUnixNano":"1772445603000000000","attributes":[{"key":"ai.operationId","value":{"stringValue":"ai.generateText.doGenerate"}},{"key":"ai.model.id","value":{"stringValue":"gpt-5-mini"}},{"key":"ai.model.provider","value":{"stringValue":"openai.responses"}},{"key":"ai.response.id","value":{"stringValue":"resp_01BB"}},{"key":"ai.usage.inputTokens","value":{"intValue":80}},{"key":"ai.usage.outputTokens","value":{"intValue":9}}],"status":{"code":0}}]}]}]}
""",
    want=(
        {
            "response_id": "resp_01BB", "provider": "openai", "request_model": "gpt-5-mini", "input_tokens": 80, "output_tokens": 9, "attempts": 2,
            "status": "ok", "duration_ms": 3000.0, "feature": "summary", "stream": False,
        },
    ),
    counts={"records": 3, "calls": 1, "other": 2, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

CONSOLE = Sample(
    note="one span an object, times as [seconds, nanos], as the JavaScript SDK and Copilot's file exporter write them; metrics hold no calls",
    lines="""
{"type":"span","traceId":"0000000000000000000000000000c001","spanId":"00000000000000c1","name":"chat","kind":2,"startTime":[1772445600,0],"endTime":[1772445601,500000000],"attributes":{"gen_ai.operation.name":"chat","gen_ai.provider.name":"openai","gen_ai.request.model":"gpt-5","gen_ai.conversation.id":"s-1","gen_ai.usage.input_tokens":0,"gen_ai.usage.output_tokens":0},"status":{"code":0},"events":[],"resource":{"attributes":{"service.name":"github-copilot"}},"instrumentationScope":{"name":"github.copilot"}}
{"type":"metric","name":"gen_ai.client.token.usage","dataPoints":[]}
""",
    want=(
        {
            "call_id": "0000000000000000000000000000c001:00000000000000c1", "session_id": "s-1", "service": "github-copilot", "duration_ms": 1500.0,
            "usage_status": "missing", "status": "ok",
        },
    ),
    counts={"records": 2, "calls": 1, "other": 0, "merged": 0, "skipped": 1, "rejected": 0},
)  # fmt: skip

SAMPLES = (NESTED, TRIES, CONSOLE)
