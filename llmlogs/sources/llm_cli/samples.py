"""Hand-written entries that must be read as stated; they run as tests."""

from __future__ import annotations

import json
from typing import Any

from llmlogs.sources.base import Sample


def _entry(more: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": "01made0up0turn", "model": "mini", "resolved_model": None, "options_json": {}, "conversation_id": "01made0up0thread", "duration_ms": 800,
        "datetime_utc": "2026-03-02T10:00:00+00:00", "input_tokens": 200, "output_tokens": 24, "token_details": None, "conversation_name": "?",
        "conversation_model": "mini", "schema_json": None, "prompt": "?", "system": None, "response": "hi", "prompt_json": None, "response_json": None,
        "tool_calls": [], "tool_results": [],
    }  # fmt: skip
    return entry | more


ENTRIES = Sample(
    note="the alias is asked for, the answer names the real model; Anthropic's details mean that input leaves the cache out",
    lines="\n".join(
        json.dumps(_entry(more))
        for more in (
            {
                "token_details": '{"prompt_tokens_details": {"cached_tokens": 128}}',
                "response_json": {"id": "chatcmpl-made-up-1", "object": "chat.completion.chunk", "model": "gpt-9-0101", "finish_reason": "stop"},
            },
            {
                "id": "01made0up0turn2", "model": "anthropic/claude-x", "tool_calls": [{"name": "look"}],
                "token_details": '{"cache_read_input_tokens": 1000, "cache_creation_input_tokens": 50}',
            },
        )
    ),
    want=(
        {
            "response_id": "chatcmpl-made-up-1", "session_id": "01made0up0thread", "request_model": "mini", "response_model": "gpt-9-0101",
            "provider": "openai", "input_tokens": 200, "cache_read_tokens": 128, "output_tokens": 24, "duration_ms": 800.0, "stream": True,
            "finish_reason": "stop", "prompt_chars": 1, "completion_chars": 2, "status": "ok", "tool_calls": 0,
        },
        {
            "call_id": "01made0up0turn2", "request_model": "anthropic/claude-x", "response_model": None, "provider": "anthropic", "input_tokens": 1250,
            "cache_read_tokens": 1000, "cache_write_tokens": 50, "output_tokens": 24, "tool_calls": 1, "stream": None,
        },
    ),
    counts={"records": 2, "calls": 2, "other": 0, "merged": 0, "skipped": 0, "rejected": 0},
)  # fmt: skip

SAMPLES = (ENTRIES,)
