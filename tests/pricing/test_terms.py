"""Own prices that go over many calls, against the contract worked out by hand: whatever the order of pricing, a period costs what the contract says."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.pricing import load_overrides, price_calls, reprice
from llmlogs.pricing.overrides import Overrides
from llmlogs.report.header import read_header

Load = Callable[..., None]
GPT5 = {"provider": "openai", "request_model": "gpt-5", "input_tokens": 1000, "output_tokens": 100}  # 0.00225 by the book
STEPS = [(Decimal(0), Decimal(0)), (Decimal("0.05"), Decimal(5)), (Decimal("0.11"), Decimal("12.5"))]
GRADUATED = '[[discount]]\nprovider = "openai"\ngraduated = [[0, 0], ["0.05", 5], ["0.11", "12.5"]]\n'


def own(folder: Path, text: str) -> Overrides:
    file = folder / "llmlogs.prices.toml"
    file.write_text(text, encoding="utf-8")
    return load_overrides(file)


def contract(spend: Decimal) -> Decimal:
    ends = [start for start, _ in STEPS[1:]] + [Decimal("1e20")]
    return sum(((min(spend, end) - start) * (1 - off / 100) for (start, off), end in zip(STEPS, ends, strict=True) if spend > start), Decimal(0))


def calls(seed: int, count: int, first: int = 0) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    start = datetime(2026, 4, 25)
    return [
        GPT5
        | {
            "call_id": f"c{first + i:04}",
            "started_at": str(start + timedelta(hours=dice.randrange(24 * 12))),
            "input_tokens": dice.randrange(5000),
            "output_tokens": dice.randrange(700),
            "web_searches": dice.randrange(4),
        }
        for i in range(count)
    ]


def by_month(con: duckdb.DuckDBPyConnection, what: str) -> dict[Any, Any]:
    return dict(con.execute(f"select date_trunc('month', started_at), {what} from calls group by 1").fetchall())


@pytest.mark.parametrize("seed", range(4))
def test_a_graduated_discount_costs_what_the_contract_says_in_whatever_order_calls_are_read(
    con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path, seed: int
) -> None:
    prices = own(tmp_path, GRADUATED)
    for ingest, part in enumerate((calls(seed, 30), calls(seed + 100, 20, 30), calls(seed + 200, 25, 55)), 1):
        before = con.execute("select call_id, cost_usd from calls order by 1").fetchall()
        load(*part, {"provider": "anthropic", "request_model": "claude-sonnet-4-5", "input_tokens": 10**6, "output_tokens": 0}, ingest_id=ingest)
        price_calls(con, ingest, prices)
        after = dict(con.execute("select call_id, cost_usd from calls").fetchall())
        assert all(after[call_id] == usd for call_id, usd in before)  # a priced call keeps its price
        mine = "filter (provider = 'openai')"
        listed, paid = by_month(con, f"sum(list_usd) {mine}"), by_month(con, f"sum(cost_usd) {mine}")
        assert len(listed) == 2
        assert paid == {month: contract(usd) for month, usd in listed.items()}
    stacked = by_month(con, "sum(cost_usd)")
    reprice(con, prices)
    assert by_month(con, "sum(cost_usd)") == stacked
    ordered = con.execute("select started_at, call_id, list_usd, cost_usd from calls where provider = 'openai' order by 1, 2").fetchall()
    spent: dict[Any, Decimal] = defaultdict(Decimal)
    for at, call_id, usd, cost in ordered:  # after a repricing of all, each call pays the part of the month it stands in
        assert cost == contract(spent[at.month] + usd).quantize(Decimal("1e-12")) - contract(spent[at.month]).quantize(Decimal("1e-12")), call_id
        spent[at.month] += usd


def test_accounts_are_graduated_apart_and_a_day_before_the_contract_is_not(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    prices = own(tmp_path, GRADUATED + 'account = "acme"\nvalid_from = 2026-04-20\n')
    big = GPT5 | {"input_tokens": 80_000, "output_tokens": 0}  # 0.1 by the book
    rows = [
        big | {"tags": '{"account": "acme"}'},
        big | {"tags": '{"account": "other"}'},
        big,
        big | {"tags": '{"account": "acme"}', "started_at": "2026-04-19"},
    ]
    load(*[row | {"call_id": f"c{i}"} for i, row in enumerate(rows)])
    price_calls(con, 1, prices)
    assert [usd for (usd,) in con.execute("select cost_usd from calls order by call_id").fetchall()] == list(map(Decimal, ("0.0975", "0.1", "0.1", "0.1")))


@pytest.mark.parametrize("per", ["day", "month"])
def test_an_allowance_is_used_up_once_a_period(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path, per: str) -> None:
    free = {"day": 4, "month": 40}[per]
    prices = own(tmp_path, f'[[allowance]]\nprovider = "openai"\nunit = "web_searches"\nfree = {free}\nper = "{per}"\n')
    for ingest, part in enumerate((calls(1, 40), calls(2, 40, 40)), 1):
        load(*part, ingest_id=ingest)
        price_calls(con, ingest, prices)
    found = con.execute(f"select date_trunc('{per}', started_at), sum(list_usd - cost_usd), sum(web_searches) from calls group by 1").fetchall()
    assert len(found) > 1
    assert {at: saved for at, saved, _ in found} == {at: Decimal("0.01") * min(used, free) for at, _, used in found}
    assert con.execute("select count(*) from calls where cost_usd < 0").fetchall() == [(0,)]


def test_an_allowance_of_tokens_is_of_those_billed_as_such_and_can_make_a_call_free(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    prices = own(tmp_path, '[[allowance]]\nprovider = "openai"\nunit = "input_tokens"\nfree = 1500\nper = "day"\n')
    row = GPT5 | {"input_tokens": 2000, "cache_read_tokens": 1000, "output_tokens": 0}
    load(row | {"call_id": "a"}, row | {"call_id": "b"}, GPT5 | {"call_id": "0", "output_tokens": 0, "input_tokens": 100})
    price_calls(con, 1, prices)
    read, token = Decimal("0.000125"), Decimal("0.00000125")
    found = con.execute("select call_id, cost_usd, cost_status from calls order by call_id").fetchall()
    assert found == [("0", 0, "free"), ("a", read, "priced"), ("b", read + 600 * token, "priced")]


PTU = """[[capacity]]
provider = "azure"
model = "gpt-5-ptu"
kind = "ptu"
units = 100
usd_per_unit_hour = "1.5"
tokens_per_minute = 2500
weights = { input = 1, cache_read = 0, output = 8 }
valid_from = 2026-05-01
"""
SERVED = {"provider": "azure", "deployment": "gpt-5-ptu", "service_tier": "provisioned", "input_tokens": 1000, "cache_read_tokens": 400, "output_tokens": 50}


def test_provisioned_capacity_charges_calls_the_share_they_take_and_shows_the_rest_as_idle(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    prices = own(tmp_path, PTU)
    times = ["2026-05-01 00:10:00", "2026-05-01 00:20:00", "2026-05-01 03:59:59"]
    load(*[SERVED | {"started_at": at} for at in times], SERVED | {"started_at": "2026-04-30 12:00:00"})
    price_calls(con, 1, prices)
    share = (600 + 8 * 50) * Decimal("1.5") / 2500 / 60
    assert con.execute("select cost_usd, cost_status from calls order by started_at").fetchall() == [(None, "capacity"), *[(share, "capacity")] * 3]
    hours = con.execute("select hour, cost_usd, used_usd, idle_usd, n_calls from capacity_hours order by hour").fetchall()
    assert [hour.hour for hour, *_ in hours] == [0, 1, 2, 3]
    assert [n for *_, n in hours] == [2, 0, 0, 1]
    for _, cost, used, idle, n in hours:
        assert (cost, used, idle) == (150, pytest.approx(n * float(share)), pytest.approx(150 - n * float(share)))


GPU = '[[capacity]]\nprovider = "vllm"\nkind = "gpu"\nunits = 8\nusd_per_unit_hour = "2.50"\nconcurrency = 4\n'
SELF = {"provider": "vllm", "request_model": "llama", "duration_ms": 90_000.0, "input_tokens": 10, "output_tokens": 10}


def test_own_gpus_by_the_second(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    """Eight at 2.50 USD an hour serve four calls at a time: 90 s are a fortieth of a quarter of 20 USD."""
    prices = own(tmp_path, GPU)
    load(SELF | {"call_id": "a"}, SELF | {"call_id": "b", "input_tokens": None, "output_tokens": None}, SELF | {"call_id": "c", "duration_ms": None})
    price_calls(con, 1, prices)
    found = con.execute("select cost_usd, cost_status from calls order by call_id").fetchall()
    assert found == [(Decimal("0.125"), "capacity"), (Decimal("0.125"), "capacity"), (None, "partial_usage")]
    assert con.execute("select used_usd, idle_usd, n_calls from capacity_hours").fetchall() == [(0.25, 19.75, 2)]
    assert "beside it $19.75 of capacity that no call carries" in read_header(con, "x").priced


def test_capacity_whose_use_nobody_counts_is_one_line(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    load(SELF)
    price_calls(con, 1, own(tmp_path, GPU.replace("concurrency = 4\n", "")))
    assert con.execute("select cost_usd, cost_status from calls").fetchall() == [(0, "capacity")]
    assert con.execute("select cost_usd, used_usd, idle_usd, n_calls from capacity_hours").fetchall() == [(20, None, None, 1)]


def test_hours_that_take_more_than_there_is_have_no_idle(con: duckdb.DuckDBPyConnection, load: Load, tmp_path: Path) -> None:
    load(*[SELF | {"duration_ms": 3_600_000.0}] * 6)
    price_calls(con, 1, own(tmp_path, GPU))
    assert con.execute("select cost_usd, used_usd, idle_usd from capacity_hours").fetchall() == [(20, 30, 0)]
