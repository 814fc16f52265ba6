"""Cases from real bugs of other tools, by their number: what is counted, when, and how sure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmlogs import resources, text
from llmlogs.pack.load import load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run
from tests.cases.log import Logs

HERE = Path(__file__).parent


def call(at: str, **columns: Any) -> dict[str, Any]:
    return {"format": "llmlogs/1", "timestamp": at, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100} | columns


def answer(logs: Logs, question: str) -> Answer:
    (found,) = run(logs.db, [load([resources.folder("queries")]).find(question)])
    return found


def test_t33_nearly_all_is_not_all() -> None:
    assert text.show(0.996, "pct1") == "99.6%"
    assert (text.show(0.9996, "pct1"), text.show(0.996, "pct"), text.show(1.0, "pct")) == (">99.9%", ">99%", "100%")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles", "Europe/Berlin"])
def test_t36_local_days_add_up_to_the_range(logs: Logs, zone: str) -> None:
    """Over both changes of the clock in 2026: each call belongs to one local day, and the days' sum is the whole."""
    instants = [datetime(2026, 3, 1) + timedelta(hours=7 * n) for n in range(1000)]
    logs.read(*[call(at.isoformat() + "Z", call_id=f"c{n}") for n, at in enumerate(instants)])
    local = f"((started_at at time zone 'UTC') at time zone '{zone}')::date"
    days = logs.ask(f"select {local} as day, count(*), sum(cost_usd) from calls group by 1")
    theirs = {at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date() for at in instants}
    assert {day for day, _, _ in days} == theirs
    assert (sum(n for _, n, _ in days), sum(usd for *_, usd in days)) == (1000, logs.ask("select sum(cost_usd) from calls")[0][0])


def test_t37_a_call_over_midnight_belongs_to_the_day_it_began(logs: Logs) -> None:
    logs.read(call("2026-06-01T23:59:59Z", duration_ms=5000), call("2026-06-02T00:00:00Z", duration_ms=5000))
    assert logs.ask("select started_at::date::varchar, count(*) from calls group by 1 order by 1") == [("2026-06-01", 1), ("2026-06-02", 1)]


def test_t38_reading_again_adds_nothing_and_takes_nothing_away(logs: Logs) -> None:
    """Twice, a rotated copy that overlaps, a copy of another name, and one that holds an older window only."""
    lines = [call(f"2026-06-01T10:00:{n:02d}Z", call_id=f"c{n}") for n in range(30)]
    logs.read(*lines)
    before = logs.ask("select call_id, started_at, cost_usd from calls order by 1")
    logs.read(*lines)
    for name, part in (("logs/a.jsonl.1", lines[10:]), ("logs/copy.jsonl.gz", lines), ("logs/old.jsonl", lines[:5])):
        logs.read(*part, name=name)
    assert logs.ask("select call_id, started_at, cost_usd from calls order by 1") == before


def test_t39_three_tries_are_one_operation(logs: Logs) -> None:
    """Two refusals and an answer, as the log of a client that retries tells them."""
    tries = [{"attempt": n, "status_code": code, "is_final": code == 200} for n, code in ((1, 429), (2, 429), (3, 200))]
    logs.read(call("2026-06-01T10:00:00Z", call_id="c1", status_code=200, attempts=tries))
    assert logs.ask("select count(*), count(distinct coalesce(operation_id, call_id)) from calls") == [(1, 1)]
    assert logs.ask("select count(*), count(*) filter (status_code = 429) from attempts where call_id = 'c1'") == [(3, 2)]


def test_t40_a_sample_that_keeps_every_error_is_weighted_back(logs: Logs) -> None:
    """50 errors kept whole and 5 % of 950 good calls: 5 % of the calls failed, not half."""
    good = [call(f"2026-06-01T10:{n % 60:02d}:00Z", call_id=f"g{n}", status_code=200, sample_weight=20) for n in range(48)]
    bad = [call(f"2026-06-01T10:{n % 60:02d}:30Z", call_id=f"b{n}", status_code=500, input_tokens=None, output_tokens=None) for n in range(50)]
    logs.read(*good, *bad)
    assert logs.ask("select sum(sample_weight) filter (status = 'error') / sum(sample_weight) from calls")[0][0] == pytest.approx(50 / 1010)
    assert answer(logs, "errors/by_class").values["value"] == pytest.approx(50 / 1010)


def test_t41_one_token_more_on_a_flat_line_is_no_alarm(logs: Logs) -> None:
    days = [(day, 1000 if day < 20 else 1001) for day in range(24)]
    rows = [
        call((datetime(2026, 6, 1, 9) + timedelta(days=day, minutes=2 * n)).isoformat() + "Z", input_tokens=size, feature="f", call_id=f"{day}-{n}")
        for day, size in days
        for n in range(200)
    ]
    logs.read(*rows)
    assert answer(logs, "tokens/drift").verdict in ("ok", "info")


@pytest.mark.parametrize("slice_by", ["feature", "user_id", "coalesce(response_model, request_model)", "provider", "started_at::date", "source"])
def test_t43_the_slices_add_up_to_the_headline(logs: Logs, slice_by: str) -> None:
    labels = [{}, {"feature": "a"}, {"feature": "b", "user_id": "u1"}, {"user_id": "u2", "provider": None}, {"model": "nobody-knows"}]
    logs.read(*[call(f"2026-06-0{1 + n % 5}T10:00:00Z", call_id=f"c{n}", **labels[n % 5]) for n in range(50)])
    sliced = logs.ask(f"select {slice_by}, sum(spend), count(*) from call_costs group by 1")
    ((total, n),) = logs.ask("select sum(spend), count(*) from call_costs")
    assert sum((usd for _, usd, _ in sliced if usd is not None), Decimal(0)) == total
    assert (sum(n for *_, n in sliced), total > 0) == (n, True)


@pytest.mark.shared
def test_every_case_of_the_catalogue_is_a_test_of_its_number(shared: Path) -> None:
    numbers = {int(n) for n in re.findall(r"^\| T(\d+) \|", (shared / "guide/cases.md").read_text(encoding="utf-8"), re.MULTILINE)}
    tests = {int(n) for path in HERE.glob("test_*.py") for n in re.findall(r"def test_t(\d+)_", path.read_text(encoding="utf-8"))}
    assert tests == numbers
