"""From tokens to money: a pinned price book, one join, and a reason wherever there is no price."""

from pathlib import Path

from llmlogs.pricing.coverage import Coverage, coverage
from llmlogs.pricing.explain import Explanation, explain
from llmlogs.pricing.overrides import Overrides, load_overrides
from llmlogs.pricing.run import PricingSummary, Scope, price_calls, reprice

EXAMPLE = Path(__file__).with_name("example.toml")  # every table of a price file, explained

__all__ = [
    "EXAMPLE",
    "Coverage",
    "Explanation",
    "Overrides",
    "PricingSummary",
    "Scope",
    "coverage",
    "explain",
    "load_overrides",
    "price_calls",
    "reprice",
]
