"""FOCUS 1.2: every column rule holds, and the file adds up to what the calls cost, to the last digit."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs import api
from llmlogs.exports import focus
from llmlogs.pack import rows as pack_rows
from llmlogs.pricing import load_overrides, price_calls
from llmlogs.pricing.explain import explain
from tests.exports.focus_rules import FOCUS_COLUMNS, OF_PRICE_LISTS, PRESENT, Row, broken
from tests.pricing.random_calls import rows

OWN = """
[[price]]
provider = "openai"
model = "gpt-4*"
input_mtok = "1.5"
output_mtok = "6"
[[discount]]
provider = "anthropic"
percent = "12.5"
[[uplift]]
provider = "google"
region = "eu*"
factor = "1.1"
"""
FEATURES = ("chat", '=HYPERLINK("http://x.example";"y")', "@sum", None, 'a "quoted", cell\nof two lines')
WEIGHTS = (1.0, 1.0, 10.0, 10 / 3)


BOTH = {"input_tokens": 900, "output_tokens": 300}
RARE: list[dict[str, Any]] = [  # meters that random calls seldom reach
    {"provider": "google", "response_model": "gemini-live-2.5-flash", "audio_input_tokens": 400, "audio_output_tokens": 100} | BOTH,
    {"provider": "openai", "response_model": "gpt-image-1.5", "image_input_tokens": 400, "image_output_tokens": 100} | BOTH,
    {"provider": "openrouter", "response_model": "perplexity/sonar-deep-research", "reasoning_tokens": 200, "web_searches": 0} | BOTH,
    {"provider": "free", "response_model": "free-model"} | BOTH,
]  # fmt: skip


def _made(count: int, seed: int, weights: tuple[float, ...], prices: Path, own: str) -> duckdb.DuckDBPyConnection:
    """Random calls over the whole price book and a few rare ones, with labels of all kinds, priced."""
    con = pack_rows.database()
    calls = [
        row | {"call_id": f"r{i}", "feature": FEATURES[i % 5], "team": "t" if i % 3 else None, "user_id": f"u{i % 7}", "region": ("eu-west-1", None)[i % 2],
               "deployment": ("d1", None, None)[i % 3], "tags": '{"project": "+p1"}' if i % 4 else None, "sample_weight": weights[i % len(weights)]}
        for i, row in enumerate([*rows(count, seed), *({"started_at": "2026-10-05 10:00:00"} | row for row in RARE)])
    ]  # fmt: skip
    pack_rows.insert(con, "calls", calls)
    prices.write_text(own + '[[free]]\nprovider = "free"\nmodel = "*"\n')
    price_calls(con, None, load_overrides(prices))
    return con


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    made = _made(1500, 7, WEIGHTS, tmp_path_factory.mktemp("prices") / "p.toml", OWN)
    yield made
    made.close()


def read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def exported(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    path = tmp_path_factory.mktemp("focus") / "costs.csv"
    focus.write(con, path, focus.Scope())
    return read(path)


def _sum(found: list[Row], column: str, **equal: str) -> Decimal:
    return sum((Decimal(row[column]) for row in found if all(row[name] == value for name, value in equal.items())), Decimal(0))


def _spend(con: duckdb.DuckDBPyConnection, what: str = "spend", where: str = "true") -> Decimal:
    found = con.execute(f"select sum({what}) from call_costs where {where}").fetchall()[0][0]
    return Decimal(0) if found is None else found


def test_every_rule_holds(exported: list[Row]) -> None:
    assert broken(exported) == {}
    assert {row["ChargeCategory"] for row in exported} == {"Usage", "Adjustment"}
    tokens = ("input", "output", "cache read", "cache write", "cache write 1h", "audio input", "audio output", "image input", "image output", "reasoning")
    assert {row["SkuMeter"] for row in exported} >= {*(f"{name} tokens" for name in tokens), "web searches", ""}


def test_columns_are_focus_own_in_the_order_of_the_alphabet_and_then_ours(exported: list[Row]) -> None:
    names = list(exported[0])
    own = [name for name in names if name.startswith("x_")]
    assert names[len(names) - len(own) :] == own
    assert names[: len(names) - len(own)] == sorted(names[: len(names) - len(own)])
    assert set(names) - set(own) == FOCUS_COLUMNS
    assert {*PRESENT, *OF_PRICE_LISTS} <= set(names)


def test_a_rule_that_is_broken_is_found(exported: list[Row]) -> None:
    """The rules themselves can fail."""
    usage = next(row for row in exported if row["ChargeCategory"] == "Usage")
    wrong = {
        "list price x quantity = list cost": {"ListCost": "1"},
        "what must not be null is not": {"ProviderName": ""},
        "numbers are plain decimals": {"EffectiveCost": "1,000.0"},
        "values are allowed ones": {"ChargeCategory": "usage"},
        "times are UTC in ISO 8601": {"ChargePeriodStart": "2026-01-01 00:00:00"},
        "what belongs together is null together": {"ConsumedUnit": ""},
    }
    for rule, change in wrong.items():
        assert rule in broken([usage | change])


def test_it_adds_up_to_the_spend_of_all_calls_to_the_last_digit(con: duckdb.DuckDBPyConnection, exported: list[Row]) -> None:
    assert _sum(exported, "BilledCost") == _sum(exported, "EffectiveCost") == _sum(exported, "ContractedCost") == _spend(con)
    for feature in FEATURES:
        mine = [row for row in exported if json.loads(row["Tags"] or "{}").get("feature") == feature]
        assert _sum(mine, "BilledCost") == con.execute("select sum(spend) from call_costs where feature is not distinct from $1", [feature]).fetchall()[0][0]
    weighted = "cast(coalesce(list_usd, cost_usd) * sample_weight as decimal(38, 12))"
    assert abs(_sum(exported, "ListCost") - _spend(con, weighted, "cost_usd is not null")) < Decimal("1e-8")
    assert _sum(exported, "ListCost") != _sum(exported, "BilledCost")


def test_adjustments_are_only_the_rounding(exported: list[Row]) -> None:
    """No price of the book is finer than what a row can carry by more than this."""
    assert all(abs(Decimal(row["BilledCost"])) < Decimal("1e-8") for row in exported if row["ChargeCategory"] == "Adjustment")


def test_each_meter_adds_up_to_what_each_call_is_explained_to_cost(tmp_path: Path) -> None:
    """An independent path: `llmlogs prices explain`, call by call, without own prices and weights."""
    con = _made(400, 3, (1.0,), tmp_path / "p.toml", "")
    try:
        focus.write(con, tmp_path / "costs.csv", focus.Scope(tags=()))
        wanted: dict[str, Decimal] = defaultdict(Decimal)
        for (call_id,) in con.execute("select call_id from call_costs where money = 'priced'").fetchall():
            for charge in explain(con, call_id).charges:
                wanted[charge.unit] += charge.usd
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in read(tmp_path / "costs.csv"):
            if row["ChargeCategory"] == "Usage":
                found[row["SkuId"].rsplit("/", 1)[1]] += Decimal(row["BilledCost"])
            assert row["Tags"] == ""
    finally:
        con.close()
    assert found.keys() == wanted.keys()
    assert all(abs(found[unit] - wanted[unit]) < Decimal("1e-12") for unit in wanted)


def test_months_and_hours_are_parts_of_the_whole(con: duckdb.DuckDBPyConnection, exported: list[Row], tmp_path: Path) -> None:
    month = next(row["BillingPeriodStart"] for row in exported if Decimal(row["BilledCost"]) > 0)
    first = datetime.fromisoformat(month).replace(tzinfo=None)
    last = datetime(first.year + first.month // 12, first.month % 12 + 1, 1)
    for granularity in ("day", "hour"):
        focus.write(con, tmp_path / "part.csv", focus.Scope(first, last, granularity))
        part = read(tmp_path / "part.csv")
        assert {row["BillingPeriodStart"] for row in part} == {month}
        assert broken(part) == {}
        assert _sum(part, "BilledCost") == _sum(exported, "BilledCost", BillingPeriodStart=month)


def test_what_has_no_price_is_counted_and_no_row(con: duckdb.DuckDBPyConnection, exported: list[Row], tmp_path: Path) -> None:
    left = focus.left(con, focus.Scope())
    calls, tokens = con.execute(
        "select sum(sample_weight), sum((coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) * sample_weight) from calls where cost_usd is null"
    ).fetchall()[0]
    assert left == focus.Left(round(calls), round(tokens), 0, Decimal(0))
    assert left.calls > 0
    assert {row["x_CostStatus"] for row in exported} == {"priced", "free", "lower_bound"}


def test_a_priced_call_without_a_time_belongs_to_no_period_and_is_told(tmp_path: Path) -> None:
    con = pack_rows.database()
    try:
        pack_rows.insert(con, "calls", [{"provider": "free", "response_model": "m", "input_tokens": 7, "output_tokens": 7, "started_at": ""}])
        (tmp_path / "p.toml").write_text('[[price]]\nprovider = "free"\nmodel = "*"\ninput_mtok = 1\noutput_mtok = 1\n')
        price_calls(con, None, load_overrides(tmp_path / "p.toml"))
        assert focus.write(con, tmp_path / "x.csv", focus.Scope()) == (0, focus.Left(0, 0, 1, Decimal("0.000014")))
    finally:
        con.close()


def test_nothing_of_a_log_runs_in_a_spreadsheet(exported: list[Row]) -> None:
    for row in exported:
        for name, value in row.items():
            assert value[:1] not in {"=", "+", "@", "\t", "\r"}
            assert not value.startswith("-") or name.endswith("Cost")
    assert {row["SubAccountId"] for row in exported} == {"'+p1", ""}


def test_parquet_holds_the_same(con: duckdb.DuckDBPyConnection, exported: list[Row], tmp_path: Path) -> None:
    count, _ = focus.write(con, tmp_path / "costs.parquet", focus.Scope())
    told: Any = con.execute(
        "select count(*), sum(BilledCost), sum(ListCost), count(Tags), min(ChargePeriodStart)::varchar, any_value(typeof(BilledCost)) from read_parquet($1)",
        [str(tmp_path / "costs.parquet")],
    ).fetchall()[0]
    assert told[:4] == (count, _sum(exported, "BilledCost"), _sum(exported, "ListCost"), sum(bool(row["Tags"]) for row in exported))
    assert told[4].startswith(min(row["ChargePeriodStart"] for row in exported)[:10])
    assert told[5].startswith("DECIMAL")


def test_our_own_source_reads_it_back(con: duckdb.DuckDBPyConnection, exported: list[Row], tmp_path: Path) -> None:
    focus.write(con, tmp_path / "costs.csv", focus.Scope())
    api.ingest(tmp_path / "costs.csv", db=tmp_path / "read.duckdb")
    back = api.connect(tmp_path / "read.duckdb")
    try:
        (amount,) = back.execute("select sum(amount_usd) from usage_buckets").fetchall()[0]
    finally:
        back.close()
    assert abs(amount - _sum(exported, "BilledCost")) < Decimal("1e-6")
