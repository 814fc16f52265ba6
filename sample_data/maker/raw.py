"""Calls as raw provider responses in an application's envelope. No text: answers are logged without their content."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from maker.world import EPOCH, Call, stamp

URLS = {
    "anthropic": "https://api.anthropic.com/v1/messages",
    "openai": "https://api.openai.com/v1/chat/completions",
    "google": "https://generativelanguage.googleapis.com/v1beta/models/{model}:generateContent",
}


def exchange(call: Call) -> dict[str, Any]:
    """One HTTP exchange as an application logs it."""
    provider, model = call["provider"], call["request_model"]
    row = {
        "ts": stamp(call["started_at"]),
        "latency_ms": call["duration_ms"],
        "ttft_ms": call.get("ttft_ms"),
        "feature": call["feature"],
        "user_id": call["user_id"],
    }
    asked = {} if provider == "google" else {"model": model, "stream": call["stream"]}
    body = BODIES[provider](call) if call["status"] == "ok" else _error(call)
    row |= {"url": URLS[provider].format(model=model), "request": asked | {"max_tokens": 1000}}
    return row | {"status": call.get("status_code", 200), "headers": _headers(call), "response": body}


def _anthropic(call: Call) -> dict[str, Any]:
    read, write = call["cache_read_tokens"], call["cache_write_tokens"]
    usage = {"input_tokens": call["input_tokens"] - read - write, "cache_read_input_tokens": read, "cache_creation_input_tokens": write}
    usage |= {"cache_creation": {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0}, "output_tokens": call["output_tokens"]}
    head = {"id": f"msg_{call['call_id']}", "type": "message", "role": "assistant", "model": call["response_model"], "content": []}
    return head | {"stop_reason": call["finish_reason"], "usage": usage | {"service_tier": "standard"}}


def _openai(call: Call) -> dict[str, Any]:
    usage = {"prompt_tokens": call["input_tokens"], "completion_tokens": call["output_tokens"]}
    usage |= {"total_tokens": call["input_tokens"] + call["output_tokens"], "prompt_tokens_details": {"cached_tokens": call["cache_read_tokens"]}}
    choice = {"index": 0, "finish_reason": call["finish_reason"], "message": {"role": "assistant", "content": None}}
    made = (call["started_at"] - EPOCH) // timedelta(seconds=1)
    return {
        "id": f"chatcmpl-{call['call_id']}",
        "object": "chat.completion",
        "created": made,
        "model": call["response_model"],
        "choices": [choice],
        "usage": usage,
    }


def _google(call: Call) -> dict[str, Any]:
    usage = {
        "promptTokenCount": call["input_tokens"],
        "candidatesTokenCount": call["output_tokens"],
        "totalTokenCount": call["input_tokens"] + call["output_tokens"],
    }
    answer = {"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}
    return {"candidates": [answer], "usageMetadata": usage, "modelVersion": call["response_model"], "responseId": f"g-{call['call_id']}"}


BODIES = {"anthropic": _anthropic, "openai": _openai, "google": _google}


def _error(call: Call) -> dict[str, Any]:
    error = {"type": call["error_type"], "message": "The server had an error while processing your request"}
    return {"type": "error", "error": error} if call["provider"] == "anthropic" else {"error": error}


def _headers(call: Call) -> dict[str, str]:
    """The headers of the answers that were logged with them."""
    limits = call.get("rate_limits") if call["status"] == "ok" else None
    if not limits:
        return {}
    limit, left, wait = limits[0]["limit_value"], limits[0]["remaining"], limits[0]["reset_ms"]
    if call["provider"] == "anthropic":
        full = stamp(call["started_at"] + timedelta(milliseconds=call["duration_ms"] + wait))
        named = {"limit": str(limit), "remaining": str(left), "reset": full}
        return {f"anthropic-ratelimit-tokens-{name}": value for name, value in named.items()}
    named = {"limit": str(limit), "remaining": str(left), "reset": f"{wait}ms"}
    return {f"x-ratelimit-{name}-tokens": value for name, value in named.items()}
