"""Costs of real calls against judges that share no code with us: no difference that is not in the committed, explained list.

With LLMLOGS_LITELLM_PRICES naming litellm's model_prices_and_context_window_backup.json, its prices judge too.
"""

import importlib.util
import os
import tomllib
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from llmlogs.ingest.engine import run
from llmlogs.ingest.options import IngestOptions

pytestmark = pytest.mark.shared
KNOWN = tomllib.loads(Path(__file__).with_name("disagreements.toml").read_text(encoding="utf-8"))["known"]
NOT_PRICED = ("traces_*", "oracles", "*.md")  # request traces without a model
CALLS = """
select call_id, coalesce(p.price_provider, c.provider) as provider, coalesce(p.model_raw, c.response_model, c.request_model) as model,
    coalesce(started_at, ended_at) as ts, coalesce(billed_input_tokens, input_tokens) as input_tokens,
    coalesce(billed_output_tokens, output_tokens) as output_tokens,
    cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens as output_reasoning_tokens, audio_input_tokens as input_audio_tokens,
    audio_output_tokens as output_audio_tokens, image_input_tokens as input_image_tokens, image_output_tokens as output_image_tokens, web_searches,
    case when p.ctx_applied = 'batch' then 'batch' end as processing,
    case when c.service_tier in ('priority', 'flex', 'default') then c.service_tier end as service_tier, c.region, cost_usd, c.cost_status as status
from calls c join price_rates r using (rate_id) join price_plans p using (plan_id)
where coalesce(started_at, ended_at) is not null and coalesce(p.model_raw, c.response_model, c.request_model) is not null and c.provider is not null
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.conftest import SHARED

    if not (SHARED / "oracle" / "price_oracle.py").is_file():
        pytest.skip("no ../shared folder with real data beside this checkout")
    folders = [folder for side in (SHARED / "corpus").iterdir() if side.is_dir() for folder in side.iterdir()]
    wanted = [str(folder) for folder in sorted(folders) if not any(fnmatchcase(folder.name, pattern) for pattern in NOT_PRICED)]
    path = tmp_path_factory.mktemp("oracle") / "calls.duckdb"
    run(wanted, path, IngestOptions())
    return path


@pytest.fixture(scope="module")
def oracle(database: Path) -> ModuleType:
    from tests.conftest import SHARED

    spec = importlib.util.spec_from_file_location("price_oracle", SHARED / "oracle" / "price_oracle.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls(path: Path, oracle: ModuleType) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    """Each call as a row, and as the judge's own tuple."""
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute(CALLS)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row in rows:
        usage = {name: row[name] for name in oracle.USAGE_KEYS if row.get(name) is not None}
        tier = {name: row.get(name) for name in oracle.CTX}
        yield row, (row["provider"], row["model"], usage, tier, row["ts"].replace(tzinfo=UTC), row["region"])


def explained(judge: str, **facts: Any) -> bool:
    keys = ("class", "provider", "model", "status", "processing")
    return any(
        entry["judge"] == judge and all(fnmatchcase(str(facts.get(key) or ""), entry[key]) for key in keys if key in entry) and entry["why"] for entry in KNOWN
    )


def test_no_cost_differs_from_the_books_own_function_without_a_reason(database: Path, oracle: ModuleType) -> None:
    judge, wrong, same = oracle.GP(), [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, (provider, model, usage, tier, at, _) in calls(database, oracle):
            found = judge.price(provider, model, usage, tier, at)
            cost = row["cost_usd"]
            agreed = cost is None if found["status"] != "ok" else cost is not None and abs(cost - found["total"]) <= Decimal("1e-9")
            same += agreed
            if not agreed and not explained("book", **row):
                wrong.append({name: row[name] for name in ("provider", "model", "status", "cost_usd", "ts", "service_tier")} | {"judge": found.get("total")})
    assert not wrong, (len(wrong), wrong[:10])
    assert same > 10_000


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the judge leaves the file open
def test_no_cost_differs_from_litellms_prices_without_a_reason(database: Path, oracle: ModuleType) -> None:
    file = os.environ.get("LLMLOGS_LITELLM_PRICES")
    if not file:
        pytest.skip("LLMLOGS_LITELLM_PRICES names no price data of litellm")
    book, other, wrong = oracle.GP(), oracle.LL(file), []
    today = datetime(2026, 11, 22, tzinfo=UTC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, call in calls(database, oracle):
            provider, model, usage, tier, at, region = call
            ours = book.price(provider, model, usage, tier, at)
            theirs = other.price(provider, model, usage, tier, at, region)
            if theirs["status"] == "no_model" and ours.get("key"):
                theirs = other.price(provider, ours["key"].split("/", 1)[1], usage, tier, at, region)
            kind, _ = oracle.classify(ours, theirs, call, book, other, today)
            if (
                row["cost_usd"] is not None
                and kind not in ("agree", "neither_knows_model", "neither_priced")
                and not explained("litellm", **(row | {"class": kind}))
            ):
                wrong.append((kind, provider, model, str(at), row["cost_usd"], theirs.get("total")))
    assert not wrong, (len(wrong), wrong[:10])


def test_no_call_with_tokens_costs_nothing_unless_that_is_said(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        silent = """select cost_status, provider, coalesce(response_model, request_model), count(*) from calls
            where cost_usd = 0 and coalesce(input_tokens, 0) + coalesce(output_tokens, 0) > 0 and cost_status not in ('free', 'capacity', 'app_cache_hit')
            group by all"""
        assert con.execute(silent).fetchall() == []
        once = "select count(*) from calls"
        joined = "select count(*) from calls join price_rates using (rate_id)"
        assert con.execute(joined).fetchall()[0][0] == con.execute(once).fetchall()[0][0]  # one rate row a call
