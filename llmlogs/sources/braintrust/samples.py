"""Hand-written rows that must be read as stated; they run as tests."""

from __future__ import annotations

import json
from typing import Any

from llmlogs.sources.base import Sample


def lines(*rows: dict[str, Any]) -> str:
    """Rows as JSON Lines."""
    return "\n".join(json.dumps(row) for row in rows)


INHERITED = Sample(
    note="tags and user stand on the root; time to first token of a whole answer is none",
    lines=lines(
        {
            "id": "r1", "span_id": "s1", "root_span_id": "s1", "span_parents": None, "is_root": True, "tags": ["beta"], "scores": {"helpful": 1},
            "span_attributes": {"name": "answer", "type": "task"}, "metrics": {"start": 1772445600.0, "end": 1772445602.0},
            "metadata": {"user_id": "ann", "feature": "faq"},
        },
        {
            "id": "r2", "span_id": "s2", "root_span_id": "s1", "span_parents": ["s1"], "span_attributes": {"name": "Chat Completion", "type": "llm"},
            "metrics": {
                "start": 1772445600.5, "end": 1772445601.75, "prompt_tokens": 2150.0, "completion_tokens": 40.0, "tokens": 2190.0,
                "prompt_cached_tokens": 1800, "prompt_cache_creation_5m_tokens": 300, "prompt_cache_creation_1h_tokens": 0, "time_to_first_token": 1.24,
            },
            "metadata": {"model": "gpt-x", "provider": "openai"},
            "output": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "hi"}}],
        },
    ),
    want=(
        {
            "call_id": "r2", "span_id": "s2", "trace_id": "s1", "parent_span_id": "s1", "user_id": "ann", "feature": "faq", "feature_basis": "trace",
            "tags": '{"beta":"true"}', "request_model": "gpt-x", "provider": "openai", "input_tokens": 2150, "cache_read_tokens": 1800,
            "cache_write_tokens": 300, "cache_write_1h_tokens": 0, "output_tokens": 40, "duration_ms": 1250.0, "ttft_ms": None, "status": "ok",
            "finish_reason": "stop", "completion_chars": 2,
        },
    ),
    counts={"records": 2, "calls": 1, "other": 1, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

MERGED = Sample(
    note="one row in two parts; the error of a silent call stands on the span around it",
    lines=lines(
        {
            "id": "r3", "span_id": "s3", "root_span_id": "s3", "span_attributes": {"name": "answer", "type": "task"},
            "metrics": {"start": 1772445600, "end": 1772445601},
            "error": 'Traceback (most recent call last):\n  File "a.py", line 1\nopenai.RateLimitError: Error code: 429 - Rate limit reached',
        },
        {
            "id": "r4", "span_id": "s4", "root_span_id": "s3", "span_parents": ["s3"], "span_attributes": {"name": "Chat Completion", "type": "llm"},
            "metrics": {"start": 1772445600.25}, "metadata": {"model": "gpt-x"}, "_xact_id": "1",
        },
        {"id": "r4", "span_id": "s4", "root_span_id": "s3", "_is_merge": True, "metrics": {"end": 1772445600.75}, "_xact_id": "2"},
    ),
    want=({"call_id": "r4", "status": "error", "status_code": 429, "error_class": "rate_limit", "error_type": "RateLimitError", "duration_ms": 500.0},),
    counts={"records": 3, "calls": 1, "other": 1, "merged": 1, "skipped": 0, "rejected": 0},
)  # fmt: skip

SAMPLES = (INHERITED, MERGED)
