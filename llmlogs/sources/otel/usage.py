"""Counts of one span into canonical ones.

OpenTelemetry's input includes the cache. Where an emitter copies a provider's own count that leaves it out (Anthropic and Bedrock behind Strands, the
Vercel AI SDK up to v5), the total or the sizes prove it: what was read from a cache cannot be more than what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from llmlogs.sources.common.usage import Usage, integer, money, read_usage
from llmlogs.sources.otel.span import Fields
from llmlogs.sources.otel.texts import parsed

# field = attribute of Usage
PLAIN = {
    "input": "input", "output": "output", "total": "total", "cache_read": "cache_read", "cache_write": "cache_write", "cache_write_1h": "cache_write_1h",
    "reasoning": "reasoning", "audio_input": "audio_input", "audio_output": "audio_output", "image_input": "image_input", "web_searches": "web_searches",
}  # fmt: skip
COLUMNS = {"input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens", "cache_write": "cache_write_tokens"}
RAW = ("usage_details", "usage_raw")
SEPARATE = (
    "anthropic",
    "aws.bedrock",
    "amazon-bedrock",
    "bedrock",
    "vertex.anthropic",
    "google.vertex.anthropic",
)  # AI SDK's providers that leave the cache out


def usage_of(fields: Fields, generates: bool, failed: bool) -> Usage:
    """The counts of a span; empty where it has none, and where zeros stand for none."""
    usage = Usage()
    for name, attribute in PLAIN.items():
        if name in fields:
            _set(usage, attribute, fields[name])
    if "cache_write_5m" in fields and usage.cache_write is None:
        _set(usage, "cache_write", (integer(fields["cache_write_5m"]) or 0) + (usage.cache_write_1h or 0))
    for name in RAW:
        raw = parsed(fields[name]) if name in fields else None
        if isinstance(raw, Mapping) and raw:
            _fill(usage, _langfuse(raw) if name == "usage_details" else read_usage(raw, generates))
    if "provider_metadata" in fields and "uncached" not in fields:
        _vercel_before_6(usage, fields)
    else:
        _include_cache(usage)
    _zeros(usage, failed)
    usage.reported_usd = _cost(fields)
    return usage


def _set(usage: Usage, attribute: str, value: Any) -> None:
    number = integer(value)
    if number is None:
        usage.issues.append((COLUMNS.get(attribute, f"{attribute}_tokens"), "not_a_number", type(value).__name__))
    else:
        setattr(usage, attribute, number)


def _fill(usage: Usage, other: Usage) -> None:
    """What a JSON of raw counts tells beyond the attributes."""
    for name in PLAIN.values():
        if getattr(usage, name) is None:
            setattr(usage, name, getattr(other, name))


def _include_cache(usage: Usage) -> None:
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    if not cached or usage.input is None:
        return
    apart = usage.output is not None and usage.total == usage.input + usage.output + cached
    if apart or cached > usage.input:
        usage.input += cached


def _vercel_before_6(usage: Usage, fields: Fields) -> None:
    """AI SDK v4 and v5: input as the provider counts it, cache writes only in the provider's own metadata."""
    metadata = parsed(fields["provider_metadata"])
    provider = str(fields.get("provider", "")).lower()
    own: Any = next((item for item in metadata.values() if isinstance(item, Mapping)), {}) if isinstance(metadata, Mapping) else {}
    inner = own.get("usage") if isinstance(own.get("usage"), Mapping) else {}
    written = next((number for number in (integer(own.get("cacheCreationInputTokens")), integer(inner.get("cache_creation_input_tokens")),
                                          integer(inner.get("cacheWriteInputTokens"))) if number is not None), None)  # fmt: skip
    read = next((number for number in (integer(own.get("cacheReadInputTokens")), integer(inner.get("cache_read_input_tokens")),
                                       integer(inner.get("cacheReadInputTokens"))) if number is not None), None)  # fmt: skip
    if usage.cache_write is None:
        usage.cache_write = written
    if usage.cache_read is None:
        usage.cache_read = read
    stated = integer(inner.get("input_tokens"))
    if usage.input is not None and provider.startswith(SEPARATE) and (stated is None or stated == usage.input):
        usage.input += (usage.cache_read or 0) + (usage.cache_write or 0)
    else:
        _include_cache(usage)


def _langfuse(raw: Mapping[str, Any]) -> Usage:
    """`usage_details`: a provider's own usage, flat or nested; or Langfuse's words, where `input` may leave out what other `input_*` keys count."""
    if not {"input", "output"} & raw.keys():
        return read_usage(raw)
    usage = Usage()
    usage.input, usage.output, usage.total = integer(raw.get("input")), integer(raw.get("output")), integer(raw.get("total"))
    usage.cache_read = _either(raw, "input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "input_cached", "cache_read")
    usage.cache_write = _either(raw, "input_cache_creation", "cache_creation_input_tokens", "input_cache_write", "cache_write")
    usage.reasoning = _either(raw, "output_reasoning_tokens", "output_reasoning", "reasoning_tokens")
    usage.audio_input = _either(raw, "input_audio_tokens", "input_audio")
    usage.audio_output = _either(raw, "output_audio_tokens", "output_audio")
    sent = (usage.cache_read or 0) + (usage.cache_write or 0) + (usage.audio_input or 0)
    made = (usage.reasoning or 0) + (usage.audio_output or 0)
    if usage.total is None or usage.input is None or usage.output is None:
        return usage
    if usage.total == usage.input + usage.output + sent + made:
        usage.input, usage.output = usage.input + sent, usage.output + made
    elif usage.total == usage.input + usage.output + sent:
        usage.input += sent
    elif usage.total == usage.input + usage.output + made:
        usage.output += made
    return usage


def _either(raw: Mapping[str, Any], *names: str) -> int | None:
    return next((number for number in (integer(raw.get(name)) for name in names) if number is not None), None)


def _zeros(usage: Usage, failed: bool) -> None:
    """A call that went well read something: zeros are the mark of a stream whose usage nobody asked for."""
    if failed or usage.input:
        return
    if usage.input == 0 or (usage.input is None and not usage.output):
        usage.input = None
        usage.output = usage.output or None
        if usage.output is None:
            usage.cache_read = usage.cache_read or None
            usage.cache_write = usage.cache_write or None
            usage.reasoning = usage.reasoning or None


def _cost(fields: Fields) -> Decimal | None:
    if "cost" in fields:
        return money(fields["cost"])
    details = parsed(fields.get("cost_details"))
    if not isinstance(details, Mapping):
        return None
    if "total" in details:
        return money(details["total"])
    parts = [amount for amount in map(money, details.values()) if amount is not None]
    return sum(parts, Decimal(0)) if parts else None
