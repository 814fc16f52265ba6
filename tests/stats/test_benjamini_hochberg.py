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


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.999))
def test_rejects_what_the_step_up_procedure_rejects(p_values: list[float], q: float) -> None:
    """Largest k with p(k) <= k q / m; everything up to p(k) is rejected."""
    ranked = sorted(p_values)
    rejected = max((p for k, p in enumerate(ranked, 1) if p * len(p_values) / k <= q), default=-1.0)
    adjusted = adjust(p_values)
    assert [a <= q for a in adjusted] == [p <= rejected for p in p_values]
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, p_values, strict=True))
