"""SGLang's `meta_info` of a request, which both of its logs write.

Times: `e2e_latency`, `queue_time`, `first_token_latency` are seconds; `*_ts` are epoch seconds; `forward_entry_time` and `prefill_finished_time` are of one
clock of their own. `first_token_latency` starts when the request came, the queue included. `prompt_tokens` includes `cached_tokens`, `completion_tokens`
includes `reasoning_tokens`.
"""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import integer, read_usage
from llmlogs.sources.model_servers.values import Raw, between, mapping, seconds, text


def columns(meta: Raw, request: Raw) -> Row:
    """The call of a finished request."""
    streamed = request.get("stream") if isinstance(request.get("stream"), bool) else None
    row: Row = {
        "response_id": text(meta.get("id")),
        "provider": "sglang",
        "request_model": text(request.get("model")),
        "stream": streamed,
        "started_at": to_utc(meta.get("request_received_ts")),
        "ended_at": to_utc(meta.get("response_sent_to_client_ts")) or to_utc(meta.get("request_finished_ts")),
        "max_tokens": integer(mapping(request.get("sampling_params")).get("max_new_tokens")),
    }
    return row | _usage(meta) | _times(meta, bool(streamed)) | _outcome(meta)


def _usage(meta: Raw) -> Row:
    generated = "completion_tokens" in meta
    raw = {name: meta[name] for name in ("prompt_tokens", "completion_tokens") if name in meta}
    usage = read_usage(raw, generates=generated)
    usage.cache_read = integer(meta.get("cached_tokens"))
    usage.reasoning = integer(meta.get("reasoning_tokens"))
    return usage.columns() | {"operation": "chat" if generated else "embeddings"}


def _times(meta: Raw, streamed: bool) -> Row:
    """Queue, prompt and answer: they sum to the whole, because each begins where the one before ends."""
    whole, queue, first = seconds(meta.get("e2e_latency")), seconds(meta.get("queue_time")), seconds(meta.get("first_token_latency"))
    prefill = between(meta.get("forward_entry_time"), meta.get("prefill_finished_time"))
    if prefill is None and first is not None and queue is not None and first >= queue:
        prefill = round(first - queue, 6)
    before = first if first is not None else None if prefill is None else prefill + (queue or 0.0)
    row: Row = {"duration_ms": whole, "queue_ms": queue, "prefill_ms": prefill}
    row["generation_ms"] = round(whole - before, 6) if whole is not None and before is not None and whole >= before else None
    if streamed and first is not None:
        row |= {"ttft_ms": first, "ttft_basis": "server"}
    return row


def _outcome(meta: Raw) -> Row:
    reason = meta.get("finish_reason")
    told = mapping(reason)
    kind = text(told.get("type")) if told else text(reason)
    row: Row = {"finish_reason": kind, "status": "ok"}
    if kind in ("abort", "error"):
        code = integer(told.get("status_code"))
        row["status"] = "error" if code and code >= 400 else "cancelled"
        if row["status"] == "error":
            row |= {"status_code": code, **_error(told, code)}
    return row


def _error(told: Raw, code: int | None) -> dict[str, Any]:
    return fault_of({"message": told.get("message"), "type": told.get("err_type")}).columns(code)
