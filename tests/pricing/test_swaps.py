"""Which model is meant, how many tokens the same text has there, what fits."""

import re

import pytest

from llmlogs.errors import UsageError
from llmlogs.pricing import scenario, swaps
from llmlogs.pricing.resolve import Tuple


def key(model: str, provider: str = "p") -> Tuple:
    return Tuple(provider, model)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o-mini"),
        ("gpt-4.1", "gpt-5-mini"),
        ("claude-sonnet-4-5-20250929", "claude-opus-4-20250514"),
        ("claude-3-5-haiku-20241022", "us.anthropic.claude-sonnet-4-6-v1:0"),
        ("gemini-2.5-flash", "models/gemini-3-pro"),
        ("o3-mini", "gpt-4o"),
        ("mine", "mine"),
    ],
)
def test_one_family_counts_alike(before: str, after: str) -> None:
    assert swaps.factors(key(before), key(after)) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "base"),
    [
        ("gpt-4o", "claude-sonnet-4-5", 1.2),
        ("claude-opus-4-6", "claude-opus-4-7", 1.25),
        ("claude-sonnet-4-5", "gpt-4o", 1 / 1.2),
        ("gpt-4", "gpt-4o", 1 / 1.03),
    ],
)
def test_other_families_have_a_range_around_the_usual_factor(before: str, after: str, base: float) -> None:
    low, middle, high = swaps.factors(key(before), key(after))
    assert middle == pytest.approx(base)
    assert low < middle < high


def test_of_unknown_models_little_is_known() -> None:
    low, base, high = swaps.factors(key("mine"), key("yours"))
    assert (low < 0.8, base, high > 1.3) == (True, 1.0, True)


def test_every_fact_names_its_evidence_and_the_last_of_each_kind_takes_all() -> None:
    for entries in swaps._facts().values():
        assert all(entry["evidence"] and re.compile(entry["models"]) for entry in entries)
        assert entries[-1]["models"] == ""
    assert all(low <= base <= high for low, base, high in (entry["factor"] for entry in swaps._facts()["tokenizer"]))


@pytest.mark.parametrize(
    ("model", "tokens"), [("gpt-4o", 1024), ("claude-opus-4-6", 4096), ("claude-haiku-4-5", 4096), ("claude-sonnet-4-5", 1024), ("claude-3-haiku", 2048)]
)
def test_the_shortest_cached_prompt(model: str, tokens: int) -> None:
    assert swaps.shortest_cached(key(model)) == tokens


def test_what_fits_is_told_where_the_book_knows() -> None:
    assert swaps.context_window(key("gpt-4o", "openai")) == 128_000
    assert swaps.context_window(key("gpt-99", "openai")) is None


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [("*", True), ("gpt-4o", True), ("GPT-4o", True), ("openai/gpt-4o", True), ("gpt-4*", True), ("anthropic/*", False), ("gpt-4o-mini", False)],
)
def test_a_swap_takes_calls_by_their_names(pattern: str, taken: bool) -> None:
    (swap,) = swaps.parse(f"{pattern}=openai/gpt-4.1")
    assert swap.takes(Tuple("openai", "gpt-4o", "gpt-4o-2024-08-06")) is taken


def test_a_swapped_call_keeps_its_tier_and_loses_what_belongs_to_the_other_provider() -> None:
    (swap,) = swaps.parse("*=anthropic/claude-haiku-4-5")
    before = Tuple("azure", "gpt-4o", "gpt-4o-2024-08-06", "prod", "batch", "eastus")
    assert swap.applied(before) == Tuple("anthropic", "claude-haiku-4-5", None, None, "batch", None)


@pytest.mark.parametrize("text", ["gpt-4o", "=openai/x", "gpt-4o=mini", "gpt-4o="])
def test_what_is_no_swap_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="not a swap"):
        swaps.parse(text)


def test_a_model_without_a_price_is_told() -> None:
    swaps.check(swaps.Swap("*", "openai", "gpt-4o"))
    with pytest.raises(UsageError, match="no price for that model: openai/gpt-99"):
        swaps.check(swaps.Swap("*", "openai", "gpt-99"))


@pytest.mark.parametrize(
    "given", [{"cache": "all"}, {"input_factor": "-1"}, {"output_factor": "much"}, {"chunks": "5=10"}, {"chunks": "ten=5"}, {"reasoning_high": 1e9}]
)
def test_a_scenario_that_cannot_be_meant_is_told(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        scenario.read(given)


def test_nothing_is_asked_by_default_and_only_guesses_make_a_range() -> None:
    assert not scenario.read({}).is_asked
    assert scenario.read({"tier": "batch", "output_factor": 0.5}).is_certain
    assert not any(scenario.read(given).is_certain for given in ({"models": "*=a/b"}, {"input_factor": 0.9}, {"chunks": "3=1"}))
