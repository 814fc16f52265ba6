"""Hand-written calls that must be read as stated; they run as tests."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Sample


def _lines(*calls: dict[str, Any]) -> str:
    return "\n".join(json.dumps(call) for call in calls)


ROLLED_UP = Sample(
    note="the usage of the model op is repeated by the op around it; the thread is the session",
    lines=_lines(
        {
            "id": "c1", "project_id": "shop/bot", "op_name": "weave:///shop/bot/op/answer:v1", "trace_id": "t1", "parent_id": None, "thread_id": "th1",
            "started_at": "2026-03-02T10:00:00Z", "ended_at": "2026-03-02T10:00:02Z", "attributes": {"feature": "faq", "tier": "gold"}, "inputs": {"q": "?"},
            "output": "!", "summary": {"usage": {"gpt-x": {"requests": 1, "prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}}},
        },
        {
            "id": "c2", "project_id": "shop/bot", "op_name": "weave:///shop/bot/op/openai.chat.completions.create:v1", "trace_id": "t1", "parent_id": "c1",
            "started_at": "2026-03-02T10:00:00.5Z", "ended_at": "2026-03-02T10:00:01.5Z", "attributes": {}, "exception": None,
            "inputs": {"model": "gpt-x", "messages": [{"role": "user", "content": "?"}]},
            "output": {
                "id": "chatcmpl-made-up-1", "object": "chat.completion", "model": "gpt-x-0101",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "!"}}],
                "usage": {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45, "prompt_tokens_details": {"cached_tokens": 32}},
            },
            "summary": {
                "usage": {"gpt-x": {"requests": 1, "prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}},
                "weave": {
                    "status": "success", "costs": {"gpt-x": {"prompt_tokens_total_cost": 0.25, "completion_tokens_total_cost": 0.5, "prompt_token_cost": 9}},
                    "feedback": [{"feedback_type": "wandb.reaction.1", "payload": {"alias": ":thumbs_up:"}, "created_at": "2026-03-02T10:05:00Z"}],
                },
            },
        },
    ),
    want=(
        {
            "response_id": "chatcmpl-made-up-1", "span_id": "c2", "parent_span_id": "c1", "trace_id": "t1", "session_id": "th1", "feature": "faq",
            "feature_basis": "trace", "tags": '{"tier":"gold"}', "provider": "openai", "request_model": "gpt-x", "response_model": "gpt-x-0101",
            "input_tokens": 40, "cache_read_tokens": 32, "output_tokens": 5, "reported_usd": Decimal("0.75"), "duration_ms": 1000.0, "status": "ok",
            "finish_reason": "stop", "user_id": None,
        },
    ),
    counts={"records": 2, "calls": 1, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

FAILED = Sample(
    note="an exception on the op and on the one around it is one error; Anthropic's input leaves the cache out",
    lines=_lines(
        {
            "id": "c3", "op_name": "weave:///shop/bot/op/answer:v1", "trace_id": "t2", "started_at": "2026-03-02T11:00:00Z", "inputs": {}, "attributes": {},
            "ended_at": "2026-03-02T11:00:01Z", "exception": "RateLimitError: Error code: 429 - slow down", "output": None, "summary": {"usage": {}},
        },
        {
            "id": "c4", "op_name": "weave:///shop/bot/op/anthropic.Messages.create:v1", "trace_id": "t2", "parent_id": "c3", "inputs": {"model": "claude-x"},
            "started_at": "2026-03-02T11:00:00Z", "ended_at": "2026-03-02T11:00:00.5Z", "exception": "RateLimitError: Error code: 429 - slow down",
            "attributes": {}, "output": None, "summary": {"usage": {}},
        },
        {
            "id": "c5", "op_name": "weave:///shop/bot/op/anthropic.Messages.create:v1", "trace_id": "t2", "parent_id": "c3", "inputs": {"model": "claude-x"},
            "started_at": "2026-03-02T11:00:00.5Z", "ended_at": "2026-03-02T11:00:01Z", "attributes": {}, "output": None,
            "summary": {"usage": {"claude-x": {"requests": 1, "input_tokens": 10, "output_tokens": 3, "cache_read_input_tokens": 200}}},
        },
    ),
    want=(
        {"call_id": "c4", "status": "error", "status_code": 429, "error_class": "rate_limit", "input_tokens": None, "provider": "anthropic"},
        {"call_id": "c5", "status": "ok", "input_tokens": 210, "cache_read_tokens": 200, "output_tokens": 3},
    ),
    counts={"records": 3, "calls": 2, "other": 1},
)  # fmt: skip

SAMPLES = (ROLLED_UP, FAILED)
