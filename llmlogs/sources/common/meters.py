"""What the words of a cloud's meter tell: model, kind of token, tier, window and how many tokens one unit is. Clouds name none of these in a column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = (
    (re.compile(r"cache[\s_-]?write.*(?:1[\s_-]?h|one[\s_-]?hour)|(?:1[\s_-]?h|one[\s_-]?hour).*cache[\s_-]?write"), "cache_write_1h"),
    (re.compile(r"cache[\s_-]?(?:write|creation|storage)|cachewrite"), "cache_write"),
    (re.compile(r"cache[\s_-]?(?:read|hit)|cached|cacheread|cchd|\bcd[\s-]?inp"), "cache_read"),
    (re.compile(r"out(?:p|put)?\b|output|outp|response[\s_-]?token|completion"), "output"),
    (re.compile(r"in(?:p|put)\b|input|inp|prompt|embedding"), "input"),
)
TIERS = (("batch", "batch"), ("flex", "flex"), ("priority", "priority"), ("provisioned", "provisioned"))
UNIT = re.compile(r"(?P<count>[\d,.]+)?\s*(?:(?P<size>k|m|thousand|million|kilo|mega)(?:\b|(?=tokens?)))?\s*(?:\w+\s+)*?tokens?\b", re.IGNORECASE)
SIZES = {"k": 1000, "thousand": 1000, "kilo": 1000, "m": 10**6, "million": 10**6, "mega": 10**6}
CLAUDE = re.compile(
    r"claude[\s_-]*(?:(?P<v1>\d(?:\.\d+)?)[\s_-]*(?P<f1>opus|sonnet|haiku|fable|instant)|(?P<f2>opus|sonnet|haiku|fable|instant)[\s_-]*(?P<v2>\d(?:[.-]\d)?))",
    re.I,
)
PREFIX = re.compile(r"^[A-Z]{2,4}\d{1,2}-")  # the billing name of an AWS region: USE1-, APS3-
SUFFIX = re.compile(
    r"[-_.](?:mantle[-_])?(?:input|output|cache[-_]?(?:read|write)|prompt|response|text|image|video|audio|speech|embedding|invoke|custom|batch|flex|priority|"
    r"created|model|provisioned|guardrail|search|long[-_]context)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Meter:
    """What the words told; None where they did not."""

    token_kind: str | None = None
    service_tier: str | None = None
    context_window: str | None = None


def words_of(parts: Iterable[str | None]) -> Meter:
    """The first text that names a kind of token tells it; tier and window are looked for in all."""
    texts = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", part).lower() for part in parts if part]
    kind = next((kind for text in texts for pattern, kind in KINDS if pattern.search(text)), None)
    tier = next((tier for word, tier in TIERS for text in texts if word in text), None)
    long = any(re.search(r"long[\s_-]?context|_?lctx|> ?200k", text) for text in texts)
    return Meter(kind, tier, "long" if long else None)


def tokens_per_unit(unit: str | None) -> int | None:
    """1 for `Tokens`, 1000 for `1K tokens`, 1000000 for `1M Tokens` and `1,000,000 Tokens`; None where the unit is no token."""
    found = UNIT.search(unit or "")
    if not found:
        return None
    count = (found["count"] or "1").replace(",", "").rstrip(".")
    try:
        size = float(count or "1") * SIZES.get((found["size"] or "").lower(), 1)
    except ValueError:
        return None
    return int(size) if size >= 1 and size == int(size) else None


def claude(text: str | None) -> str | None:
    """Anthropic's own name for `Claude4.6Opus`, `Claude Opus 4.6 (Amazon Bedrock Edition)`; models before 4 have the number first."""
    found = CLAUDE.search(text or "")
    if not found:
        return None
    family, version = (found["f1"] or found["f2"]).lower(), (found["v1"] or found["v2"]).replace(".", "-")
    return f"claude-{family}-{version}" if int(version[0]) >= 4 else f"claude-{version}-{family}"


def aws_model(usage_type: str) -> str | None:
    """The model in a Bedrock usage type (`USE1-NovaPro-input-tokens`); Marketplace ones (`USE1-MP:...`) name none."""
    if "MP:" in usage_type:
        return None
    rest = PREFIX.sub("", usage_type)
    end = SUFFIX.search(rest)
    name = rest[: end.start()] if end else ""
    return claude(name) or name or None
