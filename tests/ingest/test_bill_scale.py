"""The money of a bill is held against the tokens it is for: a factor of a hundred is told, not corrected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs import sources
from llmlogs.ingest.engine import run
from llmlogs.pricing.unit_price import unit_price

MODEL = "claude-sonnet-4-5-20250929"
DAY = {"starting_at": "2026-03-05T00:00:00Z", "ending_at": "2026-03-06T00:00:00Z"}
USAGE = {"uncached_input_tokens": 1_000_000, "cache_read_input_tokens": 4_000_000, "output_tokens": 200_000, "model": MODEL, "cache_creation": {}}


@pytest.fixture(autouse=True)
def real_sources(tiny: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from llmlogs.sources.anthropic_bills import SOURCE

    monkeypatch.setattr(sources, "all_sources", lambda: {SOURCE.name: SOURCE})
    yield


def amounts(scale: int) -> list[dict[str, Any]]:
    """What the tokens of USAGE cost by the book, in hundredths of a dollar times `scale`."""
    told = {"uncached_input_tokens": 300, "cache_read_input_tokens": 120, "output_tokens": 300}
    return [{"amount": str(cents * scale), "currency": "USD", "cost_type": "tokens", "token_type": kind, "model": MODEL} for kind, cents in told.items()]


def issues(folder: Path, scale: int, order: tuple[str, ...] = ("usage", "cost")) -> list[Any]:
    content = {"usage": [USAGE], "cost": amounts(scale)}
    db = folder / "out.duckdb"
    for name in order:
        (folder / f"{name}.json").write_text(json.dumps({"data": [{**DAY, "results": content[name]}]}), encoding="utf-8")
        run([str(folder / f"{name}.json")], db)
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute("select column_name, reason from issues").fetchall()


def test_t35_the_scale_is_proved_by_the_tokens(tmp_path: Path) -> None:
    """The report's cents are right: they are the price of the tokens."""
    assert issues(tmp_path, 1) == []
    with duckdb.connect(str(tmp_path / "out.duckdb"), read_only=True) as con:
        assert con.execute("select sum(amount_usd) from usage_buckets").fetchall() == [(Decimal("7.2"),)]


@pytest.mark.parametrize("order", [("usage", "cost"), ("cost", "usage"), ("cost", "usage", "usage")])
def test_a_hundred_times_the_price_is_told_once(order: tuple[str, ...], tmp_path: Path) -> None:
    assert issues(tmp_path, 100, order) == [("usage_buckets.amount_usd", "unit_suspicious: cents?")]


def test_without_tokens_nothing_is_suspected(tmp_path: Path) -> None:
    assert issues(tmp_path, 100, ("cost",)) == []


def test_the_price_of_one_token() -> None:
    at = datetime(2026, 3, 5)
    assert unit_price("anthropic", MODEL, "output", at) == Decimal("0.000015")
    assert unit_price("anthropic", MODEL, "cache_write_5m", at) == Decimal("0.00000375")
    assert unit_price("anthropic", "no-such-model", "output", at) is None
    assert unit_price("openai", "gpt-4o", "cache_write_1h", datetime(2026, 3, 5, tzinfo=UTC)) == Decimal(
        "0.0000025"
    )  # a part without a rate costs as its whole
