"""Adjusted p-values against the definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.stats.benjamini_hochberg import adjust


def test_the_example_of_1995() -> None:
    """Benjamini and Hochberg's table of 15 comparisons: at 5 % the first four are findings."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert sum(p <= 0.05 for p in adjust(p_values)) == 4
    assert adjust(p_values)[3] == pytest.approx(0.0095 * 15 / 4)


@given(st.lists(st.integers(0, 1000), max_size=12), st.integers(1, 999))
def test_rejects_what_the_step_up_procedure_rejects(thousandths: list[int], level: int) -> None:
    """Largest k with p(k) <= k q / m; everything up to p(k) is rejected. No p can fall on q, so that rounding decides nothing."""
    p_values, q = [t / 1000 for t in thousandths], (level + 0.377) / 1000
    ranked = sorted(thousandths)
    rejected = max((t for k, t in enumerate(ranked, 1) if t * len(ranked) <= k * (level + 0.377)), default=-1)
    adjusted = adjust(p_values)
    assert [a <= q for a in adjusted] == [t <= rejected for t in thousandths]
    assert all(p <= a <= 1 for a, p in zip(adjusted, p_values, strict=True))
