"""Hand-written spans and annotations that must be read as stated; they run as tests."""

from __future__ import annotations

import json
from typing import Any

from llmlogs.sources.base import Sample

TRACE = "0000000000000000000000000000ab01"


def _lines(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


FRAME = Sample(
    note="a frame: NaN is absent, what is not OpenInference stands under its first part; the agent's sum is no call",
    lines=_lines(
        {
            "name": "invoke_agent", "span_kind": "AGENT", "parent_id": None, "start_time": "2026-03-02T10:00:00.000Z", "end_time": "2026-03-02T10:00:02.000Z",
            "status_code": "UNSET", "status_message": "", "events": [], "context.span_id": "00000000000000a1", "context.trace_id": TRACE,
            "attributes.gen_ai": {"aggregated_usage": {"input_tokens": 2150, "output_tokens": 40}, "agent.name": "helper"}, "attributes.session.id": "s1",
            "attributes.llm.token_count.prompt": None, "attributes.app": {"feature": "faq"}, "attributes.user.id": "ann", "cumulative_token_count.prompt": 2150,
        },
        {
            "name": "chat claude", "span_kind": "LLM", "parent_id": "00000000000000a1", "start_time": "2026-03-02T10:00:00.500Z",
            "end_time": "2026-03-02T10:00:01.500Z", "status_code": "OK", "status_message": "", "context.span_id": "00000000000000a2",
            "events": [{"name": "First Token Stream Event", "timestamp": "2026-03-02T10:00:00.750000+00:00", "attributes": {}}],
            "context.trace_id": TRACE, "attributes.llm.token_count.prompt": 2150.0, "attributes.llm.token_count.completion": 40.0,
            "attributes.llm.token_count.prompt_details.cache_read": 1800.0, "attributes.llm.model_name": "claude-9-sonnet",
            "attributes.llm.system": "anthropic",
            "attributes.gen_ai": {"response": {"id": "msg_made_up_1"}, "request": {"stream": True}}, "attributes.app": None,
        },
    ),
    want=(
        {
            "response_id": "msg_made_up_1", "span_id": "00000000000000a2", "parent_span_id": "00000000000000a1", "trace_id": TRACE, "session_id": "s1",
            "user_id": "ann", "feature": "faq", "feature_basis": "trace", "input_tokens": 2150, "cache_read_tokens": 1800, "output_tokens": 40,
            "duration_ms": 1000.0, "ttft_ms": 250.0, "stream": True, "status": "ok", "provider": "anthropic",
        },
    ),
    counts={"records": 2, "calls": 1, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

REST = Sample(
    note="spans of the REST API: attributes are flat and the kind stands beside them",
    lines=_lines(
        {
            "id": "U3Bhbjo1", "name": "ChatCompletion", "context": {"trace_id": TRACE, "span_id": "00000000000000b1"}, "span_kind": "LLM", "parent_id": None,
            "start_time": "2026-03-02T10:00:00.500000+00:00", "end_time": "2026-03-02T10:00:01.500000+00:00", "status_code": "ERROR",
            "status_message": "RateLimitError: Error code: 429 - slow down", "events": [],
            "attributes": {"llm.model_name": "gpt-9", "llm.provider": "openai", "metadata.team": "care"},
        },
    ),
    want=({"span_id": "00000000000000b1", "status": "error", "status_code": 429, "error_class": "rate_limit", "team": "care", "input_tokens": None},),
    counts={"records": 1, "calls": 1},
)  # fmt: skip

SAMPLES = (FRAME, REST)
