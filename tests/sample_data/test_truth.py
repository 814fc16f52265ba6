"""What llmlogs reads of each sample set is what the simulation counted on its own."""

from typing import Any

import pytest

from llmlogs.text import show
from tests.sample_data.conftest import SETS

TOTALS = {
    "calls": "count(*)",
    "errors": "count(*) filter (status = 'error')",
    "app_cache_hits": "count(*) filter (app_cache = 'hit')",
    "partial_usage": "count(*) filter (usage_status = 'partial')",
    "first": "min(started_at)",
    "last": "max(started_at)",
    **{f"{name}": f"coalesce(sum({name}), 0)::bigint" for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")},
    **{f"{name}": f"sum({name})::bigint" for name in ("prompt_chars", "completion_chars")},
}
GROUPS = {
    "calls_by_feature": ("feature", "count(*)"),
    "calls_by_response_model": ("response_model", "count(*)"),
    "calls_by_model": ("request_model", "count(*)"),
    "input_tokens_by_model": ("request_model", "coalesce(sum(input_tokens), 0)::bigint"),
    "output_tokens_by_model": ("request_model", "coalesce(sum(output_tokens), 0)::bigint"),
}


@pytest.mark.parametrize("name", SETS)
def test_totals(name: str, read: Any) -> None:
    """Counts, sums and the period, to the last token."""
    found = read(name)
    want = {key: value for key, value in found.truth["totals"].items() if key in TOTALS}
    (got,) = found.rows(f"select {', '.join(TOTALS[key] for key in want)} from calls")
    assert dict(zip(want, got, strict=True)) == {key: value.replace(tzinfo=None) if key in ("first", "last") else value for key, value in want.items()}


@pytest.mark.parametrize("name", SETS)
def test_groups(name: str, read: Any) -> None:
    """By feature and by model."""
    found = read(name)
    for key, (column, value) in GROUPS.items():
        if key in found.truth:
            assert dict(found.rows(f"select {column}, {value} from calls group by all")) == found.truth[key]


@pytest.mark.parametrize("name", SETS)
def test_percentiles(name: str, read: Any) -> None:
    """Linear between neighbours, as the truth has them."""
    found = read(name)
    for key, want in found.truth.get("percentiles", {}).items():
        column, share = key.rsplit("_p", 1)
        ((got,),) = found.rows(f"select quantile_cont({column}, {int(share) / 100}) from calls")
        assert got == pytest.approx(want, abs=1e-3)


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_lost_beside_the_calls(name: str, read: Any) -> None:
    """Spans, events and feedback arrive, and every record has its place."""
    found = read(name)
    for table, want in found.truth.get("other_rows", {}).items():
        assert found.rows(f"select count(*) from {table}") == [(want,)], table
    counts = found.counts
    assert counts["records"] == sum(counts[kind] for kind in ("calls", "other", "merged", "skipped", "rejected"))
    assert counts["rejected"] == found.truth["totals"].get("rejected", 0)
    assert (counts["errors"], counts["unknown"]) == ([], [])


def test_a_hit_of_the_applications_cache_costs_nothing(read: Any) -> None:
    """T34: its tokens were served, not bought."""
    assert read("healthy").rows("select distinct cost_usd from calls where app_cache = 'hit'") == [(0,)]


def test_hostile_names_arrive_as_they_are(read: Any) -> None:
    """Kept as data, shown without what a terminal would obey."""
    names = [row[0] for row in read("hostile").rows("select distinct feature from calls where feature is not null")]
    assert "<script>alert(1)</script>" in names
    assert "'; drop table calls; --" in names
    assert not [name for name in names if "\x1b" in show(name, "text")]
