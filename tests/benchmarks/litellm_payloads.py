"""LiteLLM's callback payloads, as long as real ones: 5-8 kB with messages and answer."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

WORDS = ("shipping", "invoice", "please", "the", "Über", "order", "late", "customer", "policy", "token", "refund", "a", "of", "system")
MODELS = (("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5-20250929"))
PRICES = {f"cost_of_{n}": None if n % 3 else 1e-06 for n in range(60)}  # payloads carry the whole price entry of the model


def payload(rng: random.Random, n: int) -> dict[str, Any]:
    """One callback payload; of a hundred two are refused, and half of those tried again."""
    provider, model = rng.choice(MODELS)
    start = 1774958400 + n / 20
    streamed, failed = rng.random() < 0.5, rng.random() < 0.02
    call = f"{rng.getrandbits(32):08x}-0000-4000-8000-{rng.getrandbits(48):012x}"
    sent, made = 100 + rng.randrange(4000), 0 if failed else 20 + rng.randrange(500)
    usage = {
        "prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made, "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }  # fmt: skip
    answer = {
        "id": f"chatcmpl-{call}", "created": int(start), "model": model, "object": "chat.completion", "usage": usage, "service_tier": "default",
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": _text(rng, 60, 160), "tool_calls": None}}],
    }  # fmt: skip
    error = {"error_code": "429", "error_class": "RateLimitError", "llm_provider": provider, "error_message": f"Rate limit reached, {n} used"}
    headers = {f"llm_provider-x-ratelimit-{what}-{of}": "500" for what in ("limit", "remaining") for of in ("requests", "tokens")}
    return {
        "id": call if failed else answer["id"], "litellm_call_id": call, "trace_id": f"s-{n // 9}", "session_id": "", "call_type": "acompletion",
        "cache_hit": False, "stream": True if streamed and not failed else None, "status": "failure" if failed else "success",
        "custom_llm_provider": provider, "saved_cache_cost": 0.0, "startTime": start, "endTime": start + 1.5, "completionStartTime": start + 0.4,
        "response_time": 0.4, "model": f"{provider}/{model}", "model_group": model, "model_id": "9" * 64, "api_base": f"https://api.{provider}.com/v1",
        "metadata": {
            "user_api_key_hash": "a" * 64, "user_api_key_team_alias": "search", "usage_object": None if failed else usage,
            "requester_metadata": {"session_id": f"s-{n // 9}", "headers": {f"h{i}": "v" * 20 for i in range(12)}},
        },
        "cache_key": None, "response_cost": 0.0 if failed else 0.001, "cost_breakdown": {"input_cost": 0.0005, "output_cost": 0.0005, "total_cost": 0.001},
        "total_tokens": sent + made, "prompt_tokens": 0 if failed else sent, "completion_tokens": made, "end_user": f"u{rng.randrange(9000)}",
        "request_tags": [f"feature:{rng.choice('abcdef')}", "env:prod", "User-Agent: python", "User-Agent: python/3.12"],
        "messages": [{"role": "system", "content": "You answer briefly. " * 12}, {"role": "user", "content": _text(rng, 80, 300)}],
        "response": {} if failed else answer, "model_parameters": {"stream": streamed, "max_tokens": 800, "temperature": 0.2},
        "hidden_params": {"litellm_overhead_time_ms": 8.25, "additional_headers": headers | {"openai-processing-ms": "400"}},
        "model_map_information": {"model_map_key": model, "model_map_value": PRICES}, "error_str": None,
        "error_information": error if failed else {"error_code": "", "error_class": "", "llm_provider": "", "error_message": ""},
    }  # fmt: skip


def _text(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(least, most)))


def write(path: Path, size: int) -> None:
    """A log of about `size` bytes."""
    rng, n = random.Random(7), 0
    with path.open("w", encoding="utf-8") as out:
        while out.tell() < size:
            out.write(json.dumps(payload(rng, n), ensure_ascii=False) + "\n")
            n += 1
