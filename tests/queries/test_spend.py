"""The money questions against sums, Ginis and resamplings made by hand; slices add up to the bill to the last decimal."""

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run

PACK = load([resources.folder("queries")])
START = dt.datetime(2026, 1, 5)
SLICES = ("cost/by_feature", "cost/by_team", "cost/by_model", "cost/by_user", "cost/over_time")

names = st.sampled_from([None, "a", "b", "c"])
money = st.one_of(st.none(), st.decimals(min_value=0, max_value=900, places=12))
call = st.fixed_dictionaries(
    {
        "feature": names,
        "team": names,
        "user_id": names,
        "provider": names,
        "request_model": names,
        "service": names,
        "trace_id": names,
        "cost_usd": money,
        "status": st.sampled_from(["ok", "error", "cancelled"]),
        "input_tokens": st.one_of(st.none(), st.integers(0, 10**6)),
        "sample_weight": st.sampled_from([1.0, 1.0, 10.0]),
        "hour": st.integers(0, 24 * 40),
    }
)


EMPTY = rows.database()


def database(calls: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """One database, now with these calls only; hours count from Monday 5 January."""
    con = EMPTY
    con.execute("delete from call_rows")
    timed = [{**{k: v for k, v in c.items() if k != "hour" and v is not None}, "started_at": START + dt.timedelta(hours=c.get("hour", 0))} for c in calls]
    rows.insert(con, "calls", [{k: str(v) if isinstance(v, Decimal) else v for k, v in c.items()} for c in timed])
    return con


def ask(con: duckdb.DuckDBPyConnection, *names: str, **parameters: Any) -> list[Answer]:
    return run(con, [PACK.find(name) for name in names], parameters, max_rows=10**6)


def column(answer: Answer, name: str, result: str = "evidence") -> list[Any]:
    found = answer.results[result]
    return [row[found.columns.index(name)] for row in found.rows]


def bill(calls: list[dict[str, Any]]) -> Decimal:
    return sum((c["cost_usd"] * int(c["sample_weight"]) for c in calls if c["cost_usd"] is not None), Decimal(0))


@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(call, min_size=1, max_size=60), st.sampled_from(["tokens", "calls", "money"]), st.sampled_from(["feature", "team"]))
def test_every_slice_adds_up_to_the_bill_and_so_does_what_is_shared_out(calls: list[dict[str, Any]], share_by: str, owner: str) -> None:
    con = database(calls)
    total, weight = bill(calls), sum(c["sample_weight"] for c in calls)
    for answer in ask(con, *SLICES, shown=2):
        assert sum(filter(None, column(answer, "spend")), Decimal(0)) == total, answer.question.id
        assert sum(column(answer, "n_calls")) == weight, answer.question.id
    untagged = ask(con, "cost/untagged", share_by=share_by, owner=owner)[0]
    before, shared, after = (column(untagged, name, "shared") for name in ("before_usd", "shared_usd", "after_usd"))
    assert sum(before) == total
    assert sum(shared) == 0
    assert sum(after) == total
    assert sum(column(untagged, "spend")) == bill([c for c in calls if c[owner] is None])


@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(call, min_size=1, max_size=80))
def test_requests_are_summed_ranked_and_concentrated_as_by_hand(calls: list[dict[str, Any]]) -> None:
    con = database(calls)
    answer = ask(con, "cost/by_request")[0]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    known = set()
    for number, c in enumerate(calls, 1):
        refused = c["cost_usd"] is None and c["status"] == "error" and c["input_tokens"] is None
        if not refused:
            sums[c["trace_id"] or f"call-{number}"] += (c["cost_usd"] or Decimal(0)) * int(c["sample_weight"])
            known |= {c["trace_id"] or f"call-{number}"} if c["cost_usd"] is not None else set()
    priced = {request: amount for request, amount in sums.items() if request in known}
    assert answer.values["spend"] == (sum(priced.values(), Decimal(0)) if priced else None)
    if max((c["sample_weight"] for c in calls), default=1) == 1 and priced:
        best = sorted(((-amount, request) for request, amount in priced.items()))
        assert [(-spend, request) for spend, request in zip(column(answer, "spend"), column(answer, "request"), strict=True)][:50] == best[:50]


def test_gini_and_the_dearest_percent_of_unequal_requests() -> None:
    dice = random.Random(3)
    costs = [round(dice.paretovariate(1.3) / 100, 6) for _ in range(400)]
    con = database([{"trace_id": f"t{i}", "cost_usd": Decimal(str(cost))} for i, cost in enumerate(costs)])
    values = ask(con, "cost/by_request")[0].values
    pairs = sum(abs(a - b) for a in costs for b in costs)
    assert values["gini"] == pytest.approx(pairs / (2 * len(costs) * sum(costs)), rel=1e-9)
    assert values["top1_share"] == pytest.approx(sum(sorted(costs)[-4:]) / sum(costs), rel=1e-9)
    assert values["value"] == sorted(costs)[199]


def test_the_interval_of_a_success_holds_its_true_cost() -> None:
    """Sixty features with one truth each; failures cost more, so that numerator and denominator pull at each other."""
    dice = random.Random(11)
    calls = []
    for feature in range(60):
        for request in range(250):
            good = dice.random() < 0.7
            cost = dice.lognormvariate(0, 1) * (0.01 if good else 0.03)
            calls.append(
                {"feature": f"f{feature}", "trace_id": f"{feature}/{request}", "status": "ok" if good else "error", "cost_usd": Decimal(f"{cost:.9f}")}
            )
    con = database([c | {"input_tokens": 1} for c in calls])
    answer = ask(con, "cost/per_outcome")[0]
    again = ask(con, "cost/per_outcome")[0]
    truth = 1.6487212707 * (0.7 * 0.01 + 0.3 * 0.03) / 0.7
    held = [lo <= truth <= hi for lo, hi in zip(column(answer, "lo_usd"), column(answer, "hi_usd"), strict=True)]
    assert len(held) == 60
    assert sum(held) >= 51  # 95 % of 60 are 57; below 51 has a chance of 1 in 400
    assert answer.values["lo"] <= truth <= answer.values["hi"]
    assert (again.values["lo"], again.values["hi"]) == pytest.approx((answer.values["lo"], answer.values["hi"]), rel=1e-12)  # seeded


def test_local_days_add_up_whatever_the_zone() -> None:
    """Over the change to summer time, too: one hour is missing and no call."""
    calls = [{"cost_usd": Decimal("0.01"), "sample_weight": 1.0, "hour": hour} for hour in range(24 * 75, 24 * 90)]
    con = database(calls)
    for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles", "Australia/Lord_Howe"):
        answer = ask(con, "cost/over_time", timezone=zone)[0]
        assert sum(column(answer, "spend")) == bill(calls), zone
        assert sum(column(answer, "n_calls")) == len(calls), zone
        if zone == "Europe/Berlin":
            by_day = dict(zip(column(answer, "day"), column(answer, "n_calls"), strict=True))
            assert by_day[dt.datetime(2026, 3, 29)] == 23


def test_a_judgement_belongs_to_the_request_it_was_given_to() -> None:
    """By call, by trace, by a whole session; numbers by their scale, words by their meaning, what is neither by nobody."""
    con = database([{"trace_id": "t1"}, {"operation_id": "o2", "session_id": "s"}, {"session_id": "s"}, {}])
    given = [
        {"call_id": "call-1", "name": "thumb", "label": "UP", "kind": "human"},
        {"call_id": "call-4", "name": "thumb", "label": "meh"},
        {"trace_id": "t1", "name": "stars", "value": 3.0, "kind": "judge"},
        {"call_id": "call-2", "name": "stars", "value": 1.0, "kind": "judge"},
        {"call_id": "call-4", "name": "stars", "value": 5.0},
        {"session_id": "s", "name": "solved", "value": 0.4, "kind": "human"},
        {"call_id": "call-4", "name": "vote", "value": -1.0},
        {"call_id": "call-1", "name": "vote", "value": 1.0},
    ]
    rows.insert(con, "feedback", given)
    found = con.execute("select request, name, good, rank from request_judgements order by name, request").fetchall()
    con.execute("delete from feedback")
    assert found == [
        ("o2", "solved", False, 0),
        ("s", "solved", False, 3),
        ("call-4", "stars", True, 1),
        ("o2", "stars", False, 2),
        ("t1", "stars", False, 2),
        ("t1", "thumb", True, 3),
        ("call-4", "vote", False, 1),
        ("t1", "vote", True, 1),
    ]
