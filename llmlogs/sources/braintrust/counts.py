"""What the metrics of a Braintrust row tell: counts, in floats, and times, in seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from llmlogs.sources.base import Row
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, read_usage

# Braintrust's metric -> OpenAI's word for it, whose sense it has
COUNTS = {
    "prompt_tokens": "prompt_tokens", "completion_tokens": "completion_tokens", "tokens": "total_tokens",
    "prompt_cached_tokens": "prompt_tokens_details.cached_tokens", "prompt_cache_creation_tokens": "prompt_tokens_details.cache_write_tokens",
    "prompt_audio_tokens": "prompt_tokens_details.audio_tokens", "completion_audio_tokens": "completion_tokens_details.audio_tokens",
    "completion_reasoning_tokens": "completion_tokens_details.reasoning_tokens",
}  # fmt: skip


def wait(start: datetime | None, end: datetime | None) -> float | None:
    """Milliseconds between two instants; None where one is missing or they are the wrong way round."""
    return (end - start) / timedelta(milliseconds=1) if start is not None and end is not None and end >= start else None


def first_token(metrics: Row, stream: bool | None, issues: list[tuple[str, str, str]]) -> Row:
    """Only of a stream: for a whole answer the SDK writes when it ended."""
    first = duration_ms(metrics.get("time_to_first_token"), "s")
    if first is None or not stream:
        return {}
    start, end = to_utc(metrics.get("start")), to_utc(metrics.get("end"))
    total = wait(start, end)
    if total is not None and first > total + 1:
        issues.append(("ttft_ms", "inconsistent", "float"))
        return {}
    return {"ttft_ms": first, "ttft_basis": "client"} | ({"first_token_at": start + timedelta(milliseconds=first)} if start else {})


def usage_in(metrics: Row, name: str, issues: list[tuple[str, str, str]]) -> Usage:
    """The counts of `metrics`, which are floats; cache writes may be told by lifetime only."""
    raw: Row = {}
    for metric, word in COUNTS.items():
        head, _, tail = word.partition(".")
        if metrics.get(metric) is not None:
            (raw.setdefault(head, {}) if tail else raw)[tail or head] = metrics[metric]
    short, hour = integer(metrics.get("prompt_cache_creation_5m_tokens")), integer(metrics.get("prompt_cache_creation_1h_tokens"))
    if short is not None or hour is not None:
        sent = raw.setdefault("prompt_tokens_details", {})
        sent["cache_write_tokens"] = max(integer(sent.get("cache_write_tokens")) or 0, (short or 0) + (hour or 0))
    usage = read_usage(raw, generates="embedding" not in name.lower()) if raw else Usage()
    usage.cache_write_1h = hour
    usage.include_cache()
    issues += usage.issues
    return usage
