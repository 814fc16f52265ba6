"""From tokens to money: a pinned price book, one join, and a reason wherever there is no price."""

from llmlogs.pricing.run import PricingSummary, price_calls

__all__ = ["PricingSummary", "price_calls"]
