"""What a logged service tier means for the price."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STANDARD = {"", "default", "standard", "auto", "on_demand", "standard_only", "not_available", "null", "none", "unspecified", "regular"}
_CAPACITY = {"provisioned_throughput", "provisioned", "ptu", "scale", "reserved", "dedicated"}
_BATCH = {"batch", "batches", "batch_api"}


@dataclass(frozen=True)
class Context:
    """How a call is billed. `ask` is genai-prices' price context; `named` is what must have a price of its own, or the call has none."""

    ask: dict[str, str] = field(default_factory=dict)
    named: str = ""
    capacity: bool = False


def context(service_tier: str | None) -> Context:
    """Read a tier as logged: `batch`, `flex`, `SERVICE_TIER_PRIORITY`, `ON_DEMAND`, `standard+fast` ..."""
    words = [_word(part) for part in re.split(r"[+,]", service_tier or "")]
    ask: dict[str, str] = {}
    for word in words:
        ask |= _ask(word)
    named = [word for word in words if word not in _STANDARD]
    return Context(ask, "+".join(named), any(word in _CAPACITY for word in words))


def _word(text: str) -> str:
    word = re.sub(r"[\s-]+", "_", text.strip().lower())
    return re.sub(r"^(service_tier_|on_demand_)(?=.)", "", word)


def _ask(word: str) -> dict[str, str]:
    if word in _BATCH:
        return {"processing": "batch"}
    if word == "fast":  # OpenAI calls it a tier, Anthropic a speed
        return {"service_tier": "fast", "speed": "fast"}
    if word == "default" or word not in _STANDARD | _CAPACITY:
        return {"service_tier": word}
    return {}
