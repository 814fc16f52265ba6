"""From tokens to money: a pinned price book, one join, and a reason wherever there is no price."""

from llmlogs.pricing.explain import Explanation, explain
from llmlogs.pricing.overrides import Overrides, load_overrides
from llmlogs.pricing.run import PricingSummary, price_calls, reprice

__all__ = ["Explanation", "Overrides", "PricingSummary", "explain", "load_overrides", "price_calls", "reprice"]
