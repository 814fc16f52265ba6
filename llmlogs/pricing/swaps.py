"""Another model in place of the one that answered: which one is meant, how many tokens the same text has there, and what fits into it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.pricing.names import split_prefix
from llmlogs.pricing.overrides import Overrides
from llmlogs.pricing.resolve import Tuple, find

FACTS = Path(__file__).with_name("model_facts.toml")
Range = tuple[float, float, float]  # low, base, high


@dataclass(frozen=True)
class Swap:
    """`from=to`: calls of models that match a pattern (`*` stands for anything) go to a provider's model."""

    pattern: str
    provider: str
    model: str

    def takes(self, key: Tuple) -> bool:
        """The swap is meant for calls of this tuple: by the bare name, or by provider/name."""
        names = {name.lower() for name in (key.request_model, key.response_model, key.deployment) if name}
        names |= {f"{(key.provider or '').lower()}/{name}" for name in names}
        return any(fnmatchcase(name, self.pattern.lower()) for name in names) or self.pattern == "*"

    def applied(self, key: Tuple) -> Tuple:
        """The tuple of the call at the other model. A region or deployment of one provider says nothing at another."""
        return replace(key, provider=self.provider, request_model=self.model, response_model=None, deployment=None, region=None)


def parse(text: str) -> tuple[Swap, ...]:
    """`gpt-4o=anthropic/claude-haiku-4-5, *=openai/gpt-4o-mini`: the first that fits a call is taken. UsageError for what is none."""
    return tuple(_swap(part.strip()) for part in text.split(",") if part.strip())


def check(swap: Swap, prices: Overrides | None = None) -> None:
    """UsageError when neither the book nor the own prices have the model."""
    from llmlogs.pricing.own import plan_for

    plan = plan_for(Tuple(swap.provider, swap.model), prices)
    if plan.status not in ("priced", "free"):
        raise UsageError(
            "no price for that model", f"{swap.provider}/{swap.model}", plan.status.replace("_", " "), "write it as provider/model, as a log would"
        )


def factors(before: Tuple, after: Tuple) -> Range:
    """Tokens of the same text at the second tuple's model for each at the first's: (1, 1, 1) within one tokenizer family."""
    one, other = (_tokenizer(_name(key)) for key in (before, after))
    if one["family"] == other["family"] and (one["family"] != "other" or _name(before) == _name(after)):
        return 1.0, 1.0, 1.0
    (low1, base1, high1), (low2, base2, high2) = one["factor"], other["factor"]
    if "other" in (one["family"], other["family"]):  # nothing is known of how the two go together
        return low2 / base1, base2 / base1, high2 / base1
    ratios = low2 / low1, base2 / base1, high2 / high1  # a text that takes many tokens in one vocabulary mostly takes many in the other
    return min(ratios), base2 / base1, max(ratios)


def context_window(key: Tuple) -> int | None:
    """Tokens of prompt and answer together that the model takes, where the book says so."""
    found = find(key)
    return None if isinstance(found, str) else found.entry.model.context_window


def shortest_cached(key: Tuple) -> int:
    """Prompts below so many tokens are not kept by the provider's prompt cache."""
    return int(next(entry for entry in _facts()["cacheable"] if re.search(entry["models"], _name(key)))["tokens"])


def _swap(text: str) -> Swap:
    pattern, equals, target = text.rpartition("=")
    provider, model = split_prefix(target.strip())
    if not equals or not pattern.strip() or not provider:
        raise UsageError(
            "not a swap of models", text[:80], "written from=provider/model", "for instance gpt-4o=anthropic/claude-haiku-4-5, or *=openai/gpt-4o-mini"
        )
    return Swap(pattern.strip(), provider, model)


def _name(key: Tuple) -> str:
    return (key.response_model or key.request_model or key.deployment or "").lower()


def _tokenizer(name: str) -> Any:
    return next(entry for entry in _facts()["tokenizer"] if re.search(entry["models"], name))


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))
