"""Benjamini and Hochberg (1995), Controlling the false discovery rate, J. R. Stat. Soc. B 57(1), 289-300."""

from __future__ import annotations

from collections.abc import Sequence


def adjust(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given: the smallest false discovery rate at which each would be called a finding."""
    total = len(p_values)
    order = sorted(range(total), key=lambda i: p_values[i], reverse=True)
    adjusted = [1.0] * total
    smallest = 1.0
    for rank_from_top, i in enumerate(order):
        smallest = min(smallest, p_values[i] * (total / (total - rank_from_top)))
        adjusted[i] = smallest
    return adjusted
