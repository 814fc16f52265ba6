"""Every price equals genai-prices' own function, called row by row."""

from pathlib import Path

import pytest
from random_calls import differences, rows


@pytest.mark.parametrize(("count", "seed"), [(4_000, 1), pytest.param(200_000, 2, marks=pytest.mark.slow)])
def test_the_join_prices_like_genai_prices_over_models_dates_hours_tiers_and_contexts(tmp_path: Path, count: int, seed: int) -> None:
    wrong, classes = differences(rows(count, seed), tmp_path)
    assert wrong == []
    assert {"priced", "lower_bound", "context_unpriced", "partial_usage", "invalid_usage", "unpriced_model", "unknown_model"} <= classes.keys()
