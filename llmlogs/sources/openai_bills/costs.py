"""What a line item of OpenAI's costs names: `gpt-4o-2024-08-06, cached input`, `gpt-4o-mini, batch output`, `web search tool calls`."""

from __future__ import annotations

import re

from llmlogs.sources.base import Row

MODEL = re.compile(r"(?:ft:|ft-)?(?:gpt|chatgpt|o\d|text-|tts|whisper|dall-e|davinci|babbage|computer-use|codex|omni|sora|image)[\w.:-]*", re.IGNORECASE)
KINDS = (("cache write", "cache_write"), ("cached", "cache_read"), ("input", "input"), ("output", "output"))
TIERS = ("batch", "flex", "priority", "scale")


def line_item(item: str | None) -> Row:
    """Model, kind of token and tier, as far as the words tell; `other` is what is no token."""
    if not item:
        return {}
    name, _, rest = item.partition(",")
    words = (rest or name).lower()
    kind = next((kind for word, kind in KINDS if word in words), "other")
    tier = next((tier for tier in TIERS if re.search(rf"\b{tier}\b", words)), None)
    model = name.strip() if rest and MODEL.fullmatch(name.strip()) else None
    return {"model": model, "token_kind": kind, "service_tier": tier}
