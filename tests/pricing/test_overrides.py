"""Own prices: what they do to a price, and how mistakes in the file are told."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmlogs.errors import UsageError
from llmlogs.pricing import load_overrides, price_calls, reprice
from llmlogs.pricing.own import patches
from llmlogs.pricing.units import COUNTED, UNITS

BOTH = {"input_tokens": 1000, "output_tokens": 100}
GPT5 = {"provider": "openai", "request_model": "gpt-5"} | BOTH  # 0.00225 by the book
LLAMA = {"provider": "vllm", "request_model": "Llama-3.1-8B-Instruct"} | BOTH

ALIAS = """[[alias]]
provider = "azure"
model = "prod-chat"
to = "openai/gpt-5"
"""
PRICE = """[[price]]
provider = "vllm"
model = "llama-3.1-8b*"
input_mtok = "0.05"
output_mtok = 0.10
valid_from = 2026-01-01
valid_to = 2026-06-30
"""
PRICE_GPT = PRICE.replace("vllm", "openai").replace("llama-3.1-8b", "gpt")
DISCOUNT = """[[discount]]
provider = "openai"
percent = "12.5"
valid_from = "2026-05-01"
"""
UPLIFT = """[[uplift]]
provider = "openai"
region = "eu*"
factor = "1.1"
"""
LONG_CLAUDE = {"provider": "anthropic", "response_model": "claude-sonnet-4-5", "input_tokens": 200_001, "output_tokens": 100}
SOL = {"provider": "openai", "request_model": "gpt-5.6-sol", "started_at": "2026-10-01"} | BOTH
DEEPSEEK = {"provider": "deepseek", "response_model": "deepseek-v4-flash"} | BOTH
HOURS = """[[hours]]
provider = "deepseek"
model = "*"
usual_hour = "12:00"
days = ["mon"]
"""
LARGEST = dict.fromkeys((unit.column for unit in COUNTED), 10**12 - 1)
HIGHEST = PRICE.split("input_mtok", maxsplit=1)[0] + "".join(
    f"{unit.key} = '{unit.per * 5 - Decimal(1) / 10**12}'\n" for unit in UNITS
)  # more than twelve decimals
CASES: list[tuple[str, dict[str, Any], str, str | None, str]] = [
    ("an alias is priced as its model", {"provider": "azure", "request_model": "prod-chat"} | BOTH, ALIAS, "0.00225", "priced"),
    ("an alias matches a deployment", {"provider": "azure", "deployment": "PROD-chat"} | BOTH, ALIAS, "0.00225", "priced"),
    ("an alias of another provider", {"provider": "aws", "request_model": "prod-chat"} | BOTH, ALIAS, None, "unknown_model"),
    ("an alias to nothing", GPT5, ALIAS.replace("prod-chat", "*").replace("azure", "openai").replace("gpt-5", "nope"), None, "unknown_model"),
    ("an own price", LLAMA, PRICE, "0.00006", "priced"),
    ("its last day", LLAMA | {"started_at": "2026-06-30 23:59:59"}, PRICE, "0.00006", "priced"),
    ("the day after", LLAMA | {"started_at": "2026-07-01"}, PRICE, None, "out_of_book_dates"),
    ("the day before", LLAMA | {"started_at": "2025-12-31"}, PRICE, None, "out_of_book_dates"),
    ("every provider, and none", LLAMA | {"provider": None}, PRICE.replace("vllm", "*"), "0.00006", "priced"),
    ("another model", LLAMA | {"request_model": "qwen"}, PRICE, None, "unknown_provider"),
    ("the book where the own price ends", GPT5 | {"started_at": "2026-07-01"}, PRICE_GPT, "0.00225", "priced"),
    ("a part without its own rate is its whole", LLAMA | {"cache_read_tokens": 900}, PRICE, "0.00006", "priced"),
    ("a part with one", LLAMA | {"cache_read_tokens": 900}, PRICE + 'cache_read_mtok = "0.01"\n', "0.000024", "priced"),
    ("per request", LLAMA, PRICE + 'requests_kcount = "2"\n', "0.00206", "priced"),
    ("an own price is for standard calls", GPT5 | {"service_tier": "ptu"}, PRICE_GPT, None, "capacity"),
    ("unless it says so", LLAMA | {"service_tier": "batch"}, PRICE + 'service_tier = "*"\n', "0.00006", "priced"),
    ("or names the tier", LLAMA | {"service_tier": "batch"}, PRICE + 'service_tier = "batch"\n', "0.00006", "priced"),
    ("free", {"provider": "openrouter", "request_model": "x/y:free"} | BOTH, '[[free]]\nprovider = "openrouter"\nmodel = "*:free"\n', "0", "free"),
    ("a discount", GPT5, DISCOUNT, "0.00196875", "priced"),
    ("before the discount", GPT5 | {"started_at": "2026-04-30 23:59:59"}, DISCOUNT, "0.00225", "priced"),
    ("a discount on what has no price", GPT5 | {"request_model": "nope"}, DISCOUNT, None, "unknown_model"),
    ("an uplift in its region", GPT5 | {"region": "EU"}, UPLIFT, "0.002475", "priced"),
    ("an uplift elsewhere", GPT5 | {"region": "us"}, UPLIFT, "0.00225", "priced"),
    ("no region is nowhere", GPT5, UPLIFT, "0.00225", "priced"),
    ("discounts and uplifts multiply", GPT5 | {"region": "eu"}, DISCOUNT + UPLIFT, "0.002165625", "priced"),
    ("an own price has no discount", GPT5, PRICE_GPT + DISCOUNT, "0.00006", "priced"),
    ("the largest counts at the largest prices", LLAMA | LARGEST, HIGHEST, None, "invalid_usage"),
    ("own hours", DEEPSEEK | {"started_at": "2026-11-23 02:00:00"}, HOURS, "0.00021", "priced"),
    ("own hours on another day", DEEPSEEK | {"started_at": "2026-11-24 02:00:00"}, HOURS, "0.00042", "priced"),
    ("dates cut a price that has dates", SOL, DISCOUNT.replace("-05-", "-09-"), "0.00525", "priced"),
    ("dates cut a price that has tiers", LONG_CLAUDE, DISCOUNT.replace("openai", "anthropic"), "1.051974", "priced"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "own", "usd", "status"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_own_prices(price: Callable[..., Any], row: dict[str, Any], own: str, usd: str | None, status: str) -> None:
    assert price(row, own) == (None if usd is None else Decimal(usd), status)


def test_list_price_is_the_books_and_stands_beside_every_call_once_there_are_own_prices(
    con: duckdb.DuckDBPyConnection, load: Callable[..., None], tmp_path: Path
) -> None:
    load(GPT5)
    price_calls(con, 1)
    file = tmp_path / "llmlogs.prices.toml"
    file.write_text(DISCOUNT + PRICE, encoding="utf-8")
    load(GPT5, LLAMA, GPT5 | {"app_cache": "hit"}, {"provider": "openai"} | BOTH, ingest_id=2)
    price_calls(con, 2, load_overrides(file))
    load(GPT5, ingest_id=3)
    price_calls(con, 3)
    full, cut, llama, none = Decimal("0.00225"), Decimal("0.00196875"), Decimal("0.00006"), Decimal(0)
    costs = con.execute("select ingest_id, cost_usd, list_usd from calls order by ingest_id, call_id").fetchall()
    assert costs == [(1, full, full), (2, cut, full), (2, llama, None), (2, none, none), (2, None, None), (3, full, full)]


def test_a_changed_price_file_is_for_new_calls_until_all_are_priced_again(con: duckdb.DuckDBPyConnection, load: Callable[..., None], tmp_path: Path) -> None:
    load(GPT5)
    price_calls(con, 1)
    file = tmp_path / "llmlogs.prices.toml"
    file.write_text(DISCOUNT, encoding="utf-8")
    assert price_calls(con, None, load_overrides(file)).usd == Decimal("0.00225")
    assert reprice(con, load_overrides(file)).usd == Decimal("0.00196875")
    assert con.execute("select source, version from price_books order by book_id").fetchall() == [("genai-prices", "0.2.3"), ("own file", file.name)]


MISTAKES = [
    ("[[price]\n", 1, "the price file is not TOML"),
    ("[[prise]]\n", 1, "did you mean `price`?"),
    ("[[zebra]]\n", 1, "allowed: alias, price"),
    ("\n[[capacity]]\n", 2, "needs `provider`"),
    ("[price]\nprovider = 'x'\n", 1, "two brackets"),
    ("[[discount]]\nprovider = 'x'\npercent = 5\naccount = 'a'\n", 4, "goes with `graduated` only"),
    ("[[discount]]\nprovider = 'x'\npercent = 5\ngraduated = [[0, 0]]\n", 1, "one of them"),
    ("[[discount]]\nprovider = 'x'\nregion = 'eu'\ngraduated = [[0, 0]]\n", 3, "goes with `percent` only"),
    ("[[discount]]\nprovider = 'x'\ngraduated = [[1, 0]]\n", 3, "must begin at 0 USD and rise"),
    ("[[discount]]\nprovider = 'x'\ngraduated = [[0, 0], [10, 5], [10, 6]]\n", 3, "must begin at 0 USD and rise"),
    ("[[discount]]\nprovider = 'x'\ngraduated = [[0, 100]]\n", 3, "must be below 100"),
    ("[[discount]]\nprovider = 'x'\ngraduated = [0, 5]\n", 3, "must be a list of"),
    ("[[allowance]]\nprovider = 'x'\nunit = 'web_searches'\nfree = 0\nper = 'day'\n", 4, "whole number above 0"),
    ("[[allowance]]\nprovider = 'x'\nunit = 'searches'\nfree = 1\nper = 'day'\n", 3, "must be one of input_tokens"),
    ("[[allowance]]\nprovider = 'x'\nunit = 'web_searches'\nfree = 1\nper = 'week'\n", 5, "must be one of day, month"),
    ("[[capacity]]\nprovider = 'x'\nkind = 'cpu'\nunits = 1\nusd_per_unit_hour = 1\n", 3, "must be one of ptu, gpu"),
    ("[[capacity]]\nprovider = 'x'\nkind = 'gpu'\nunits = 0\nusd_per_unit_hour = 1\n", 4, "must be above 0"),
    ("[[capacity]]\nprovider = 'x'\nkind = 'gpu'\nunits = 1\nusd_per_unit_hour = 1\ntokens_per_minute = 1\n", 1, "`tokens_per_minute` with `weights`"),
    ("[[capacity]]\nprovider = 'x'\nkind = 'gpu'\nunits = 1\nusd_per_unit_hour = 1\nweights = { input = 1 }\n", 6, "must be a table with input and output"),
    ("[[fx]]\ncurrency = 'euro'\nusd_per_unit = 1\n", 2, "three letters"),
    ("[[discount]]\nprovider = 'x'\npercnt = 5\n", 3, "did you mean `percent`?"),
    ("[[discount]]\nprovider = 'x'\n", 1, "needs `percent`"),
    ("[[discount]]\nprovider = 'x'\npercent = 100\n", 3, "below 100"),
    ("[[discount]]\nprovider = 'x'\npercent = true\n", 3, "must be a number"),
    ("[[discount]]\nprovider = 'x'\npercent = 'ten'\n", 3, "must be a number"),
    ("[[discount]]\nprovider = 'x'\npercent = -1\n", 3, "must not be below 0"),
    ("[[discount]]\nprovider = 'x'\npercent = inf\n", 3, "must not be below 0"),
    ("[[discount]]\nprovider = 7\npercent = 1\n", 2, "must be a text"),
    ("[[discount]]\nprovider = 'x'\npercent = 1\nvalid_from = 2026-02-01\nvalid_to = 2026-01-01\n", 5, "is before"),
    ("[[discount]]\nprovider = 'x'\npercent = 1\nvalid_from = 'soon'\n", 4, "Invalid isoformat"),
    ("[[discount]]\nprovider = 'x'\npercent = 1\nvalid_from = 2026-02-01T00:00:00Z\n", 4, "must be a day"),
    ("[[uplift]]\nprovider = 'x'\nregion = 'eu'\nfactor = 11\n", 4, "at most 10"),
    ("[[hours]]\nprovider = 'x'\nmodel = 'y'\nusual_hour = 'noon'\n", 4, "Invalid isoformat"),
    ("[[hours]]\nprovider = 'x'\nmodel = 'y'\nusual_hour = '12:00'\ndays = ['someday']\n", 5, "must be a list of mon, tue"),
    ("[[alias]]\nprovider = 'x'\nmodel = 'y'\nto = 'gpt-5'\n", 4, "provider/model"),
    ("[[price]]\nprovider = 'x'\nmodel = 'y'\n", 1, "has no price"),
    ("[[price]]\nprovider = 'x'\nmodel = 'y'\ninput_mtok = 0\n", 1, "is zero"),
    ("[[price]]\nprovider = 'x'\nmodel = 'y'\ninput_mtok = '1e9'\n", 4, "more than 5 USD"),
    ("# own\n[[price]]\nprovider = 'x'\nmodel = 'y'\noutput_mtok = 1\ncache_read_mtok = 1\n", 6, "needs `input_mtok`"),
    ("[[free]]\nprovider = 'x'\nmodel = 'y'\n[[free]]\nprovider = 'x'\nmodel = ''\n", 6, "must be a text"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "told"), MISTAKES)
def test_a_mistake_is_told_with_file_line_and_what_is_allowed(tmp_path: Path, content: str, line: int, told: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_overrides(file)
    text = str(error.value)
    assert told in text
    assert f"{file}:{line}" in text or "line 1" in text


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the price file"):
        load_overrides(tmp_path / "none.toml")


def test_the_corrections_that_come_along_are_valid_and_say_why() -> None:
    assert patches().entries
    laid_over = patches().of("uplift", "hours", "tier", "same")  # see own.plan_for
    assert all(entry.reason and ("https://" in entry.reason or "stated costs" in entry.reason) for entry in laid_over)
    assert patches().of("uplift", "hours", "tier", "same", "disputed") == patches().entries
    assert all((entry.source or "").startswith("https://") for entry in patches().of("disputed"))
