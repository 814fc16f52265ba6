"""The parts of the bill add up, for any calls; each part against a reference that shares nothing with the SQL."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlogs import resources
from llmlogs.pack import rows
from llmlogs.pack.load import load
from llmlogs.pack.model import Answer
from llmlogs.pack.run import run

PACK = load([resources.folder("queries")])
START = dt.datetime(2026, 1, 5)
RATES = {  # rate_id: input, read, write, hour, output, reasoning
    1: (1e-6, 1e-7, 1.25e-6, 2e-6, 4e-6, 4e-6),
    2: (2e-6, 2e-7, 2.5e-6, 4e-6, 8e-6, 8e-6),
    3: (5e-6, 5e-6, 5e-6, 5e-6, 5e-6, 9e-6),
}
UNITS = ("input_rate", "cache_read_rate", "cache_write_rate", "cache_write_1h_rate", "output_rate", "reasoning_rate")
KINDS = {"in": ("plain", "read", "write", "hour"), "out": ("text", "think")}
Call = dict[str, Any]
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One database for all examples, its calls taken out before each."""
    connection = rows.database()
    rows.insert(connection, "price_rates", [{"rate_id": n, **dict(zip(UNITS, rates, strict=True))} for n, rates in RATES.items()])
    yield connection
    connection.close()


def ask(con: duckdb.DuckDBPyConnection, question: str, calls: list[Call], **parameters: Any) -> Answer:
    con.execute("delete from call_rows")
    rows.insert(con, "calls", [{name: value for name, value in call.items() if not name.startswith("_")} for call in calls])
    return run(con, [PACK.find(question)], parameters)[0]


def table(answer: Answer, name: str) -> list[dict[str, Any]]:
    result = answer.results[name]
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def kinds(call: Call) -> dict[str, int]:
    read, write, hour, think = (call.get(name, 0) for name in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens"))
    plain = call["input_tokens"] - read - write
    return {"plain": plain, "read": read, "write": write - hour, "hour": hour, "text": call["output_tokens"] - think, "think": think}


def usd(call: Call) -> dict[str, float]:
    """By kind, and what no rate explains."""
    if call["rate_id"] is None:
        return {"fee": call["cost_usd"]}
    rate = dict(zip(("plain", "read", "write", "hour", "text", "think"), RATES[call["rate_id"]], strict=True))
    return {kind: count * rate[kind] for kind, count in kinds(call).items()} | {"fee": call["_fee"]}


tokens = st.sampled_from([0, 1, 700, 20_000]) | st.integers(0, 5000)


@st.composite
def paid(draw: st.DrawFn) -> Call:
    """A call at its rates, with a fee on some and without a rate row on others."""
    read, write, plain, text, think = (draw(tokens) for _ in range(5))
    call = {"input_tokens": read + write + plain, "output_tokens": text + think, "cache_read_tokens": read, "cache_write_tokens": write}
    call |= {"cache_write_1h_tokens": draw(st.integers(0, write)), "reasoning_tokens": think, "rate_id": draw(st.sampled_from([1, 1, 2, 3, None]))}
    call |= {"feature": draw(st.sampled_from(["a", "b", ""])), "provider": "p", "request_model": draw(st.sampled_from(["m", "n"]))}
    call |= {"sample_weight": draw(st.sampled_from([1.0, 1.0, 2.5])), "_fee": draw(st.sampled_from([0.0, 0.0, 0.01]))}
    call["cost_usd"] = 0.003 if call["rate_id"] is None else round(sum(usd(call).values()), 12)
    return call


@st.composite
def two_weeks(draw: st.DrawFn) -> list[Call]:
    calls = draw(st.lists(paid(), min_size=1, max_size=14))
    day = st.integers(0, 13)
    placed = [call | {"started_at": START + dt.timedelta(days=draw(day), hours=1)} for call in calls]
    unpriced = {"input_tokens": 5, "output_tokens": 5, "feature": "a"}
    edges = [unpriced | {"started_at": START + dt.timedelta(minutes=1)}, unpriced | {"started_at": START + dt.timedelta(days=13, hours=23)}]
    return [*placed, *edges]  # the log begins and ends with calls nobody could price


def steps(calls: list[Call]) -> dict[str, float]:
    """The bill with one factor after the other at its present value; factors are kept as such and multiplied."""
    log = [{"n": defaultdict(float), "usd": defaultdict(float), "tok": defaultdict(float)} for _ in range(2)]
    for call in (call for call in calls if "cost_usd" in call):
        side = log[call["started_at"] >= START + dt.timedelta(days=7)]
        segment, weight = (call["feature"], call["request_model"]), call["sample_weight"]
        side["n"][segment] += weight
        for kind, money in usd(call).items():
            side["usd"][segment, kind] += weight * money
        for kind, count in kinds(call).items() if call["rate_id"] else ():
            side["tok"][segment, kind] += weight * count
    found: dict[str, float] = defaultdict(float)
    segments = set(log[0]["n"]) | set(log[1]["n"])
    bill = [{s: sum(m for (t, _), m in side["usd"].items() if t == s) for s in segments} for side in log]
    per = [{f: sum(n for (g, _), n in side["n"].items() if g == f) for f in ("a", "b", "")} for side in log]
    kept = {f for f in per[0] if per[0][f] and per[1][f]}
    growth = sum(per[1][f] for f in kept) / sum(per[0][f] for f in kept) if kept else 0.0
    for s in segments:
        if s[0] not in kept:
            found["new" if per[1][s[0]] else "gone"] += bill[1][s] - bill[0][s]
            continue
        n0, n1, f0, f1 = log[0]["n"][s], log[1]["n"][s], per[0][s[0]], per[1][s[0]]
        each = bill[0][s] / n0 if n0 else bill[1][s] / n1
        found["volume"] += bill[0][s] * growth - bill[0][s]
        found["mix"] += bill[0][s] * f1 / f0 - bill[0][s] * growth
        found["model"] += each * n1 - bill[0][s] * f1 / f0
        if not n0 or not n1:
            continue
        for side, names in KINDS.items():
            t0, t1 = (sum(one["tok"][s, k] for k in names) for one in log)
            m0, m1 = (sum(one["usd"][s, k] for k in names) for one in log)
            old = {k: log[0]["usd"][s, k] / log[0]["tok"][s, k] if log[0]["tok"][s, k] else None for k in names}
            new = {k: log[1]["usd"][s, k] / log[1]["tok"][s, k] if log[1]["tok"][s, k] else 0.0 for k in names}
            repriced = sum(log[1]["tok"][s, k] * (new[k] if (price := old[k]) is None else price) for k in names)
            at_old_mix = t1 * m0 / t0 if t0 else m1
            found["prompt" if side == "in" else "answer"] += at_old_mix - m0 * n1 / n0
            found["kind"] += (repriced if t0 else m1) - at_old_mix
            found["price"] += m1 - (repriced if t0 else m1)
        found["fee"] += log[1]["usd"][s, "fee"] - log[0]["usd"][s, "fee"] * n1 / n0
    return found


NAMED = {
    "new features": "new",
    "features that are gone": "gone",
    "calls moved between features": "mix",
    "calls moved between models": "model",
    "prices": "price",
}
NAMED |= {"more calls": "volume", "fewer calls": "volume", "longer prompts": "prompt", "shorter prompts": "prompt", "longer answers": "answer"}
NAMED |= {"shorter answers": "answer", "cached, reasoning and media tokens": "kind", "searches and fees": "fee"}


@quick
@given(two_weeks())
def test_the_steps_lead_from_one_bill_to_the_other_without_a_remainder(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    answer = ask(con, "cost/change", calls)
    found, expected = table(answer, "evidence"), steps(calls)
    bill = [
        sum(c["sample_weight"] * c["cost_usd"] for c in calls if "cost_usd" in c and (c["started_at"] >= START + dt.timedelta(days=7)) == late)
        for late in (False, True)
    ]
    size = max(sum(bill), 1e-9)
    ends = {row["step"]: row["usd"] for row in found if row["is_total"]}
    assert (ends["before"], ends["after"]) == pytest.approx(bill, abs=1e-9 * size)
    moves = {row["step"]: row["usd"] for row in found if not row["is_total"]}
    assert sum(moves.values()) == pytest.approx(bill[1] - bill[0], abs=1e-9 * size)
    named = {NAMED[step]: value for step, value in moves.items()}
    assert all(abs(named.get(name, 0.0) - value) <= 1e-8 * size for name, value in expected.items()), (named, dict(expected))
    for row in table(answer, "segments"):
        parts = sum(row[name] for name in row if name.endswith("_usd") and name not in ("before_usd", "after_usd", "change_usd"))
        assert parts == pytest.approx(row["change_usd"], abs=1e-9 * size)


@quick
@given(st.lists(paid(), min_size=1, max_size=12))
def test_the_kinds_of_a_call_add_up_to_its_cost_and_caches_saved_what_they_saved(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    answer = ask(con, "cost/cache_savings", calls)
    charged = "usd - coalesce(plain_usd + read_usd + write_usd + hour_usd + media_in_usd + text_usd + think_usd + media_out_usd, 0) - fee_usd"
    assert con.execute(f"select max(abs({charged})) from call_charges").fetchall()[0][0] < 1e-12
    rated = [call for call in calls if call["rate_id"]]
    uncached = [{**call, "cache_read_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0} for call in rated]
    saved = sum(c["sample_weight"] * (sum(usd(u).values()) - sum(usd(c).values())) for c, u in zip(rated, uncached, strict=True))
    assert (answer.values["saved_usd"] or 0.0) == pytest.approx(saved, abs=1e-9)


@st.composite
def outcome(draw: st.DrawFn) -> Call:
    """A call that may be any kind of waste, and several at once."""
    call = draw(paid()) | {"rate_id": 1, "_fee": 0.0, "request_model": "m"}
    call["cost_usd"] = round(sum(usd(call).values()), 12)
    some = {"status": ["ok", "ok", "error", "cancelled", ""], "operation_id": ["", "", "o1", "o2"], "prompt_hash": ["", "h1", "h2"], "session_id": ["", "s1"]}
    some |= {"finish_reason": ["stop", "length", "tool_calls", ""], "prefix_hash": ["", "x1", "x2"], "disconnect_ms": [None, None, 500.0]}
    call |= {name: value for name, values in some.items() if (value := draw(st.sampled_from(values))) not in ("", None)}
    return call | {"duration_ms": draw(st.sampled_from([400.0, 1000.0])), "ttft_ms": 100.0}


@st.composite
def outcomes(draw: st.DrawFn) -> list[Call]:
    calls = draw(st.lists(outcome(), min_size=1, max_size=12))
    minutes = draw(st.lists(st.integers(0, 3000), min_size=len(calls), max_size=len(calls), unique=True))
    return [call | {"call_id": f"c{i:02}", "started_at": START + dt.timedelta(minutes=at)} for i, (call, at) in enumerate(zip(calls, minutes, strict=True))]


def wasted(calls: list[Call]) -> dict[int, float]:
    """Every class but the broken prefix, by looking at all pairs of calls."""
    paid_for = sorted((c for c in calls if c["cost_usd"] > 0), key=lambda c: c["started_at"])
    failed = {c["call_id"] for c in paid_for if c.get("status") == "error"}
    left = {c["call_id"] for c in paid_for if c.get("status") == "cancelled" or "disconnect_ms" in c}
    sound = [c for c in paid_for if c["call_id"] not in failed | left]
    ends = max(c["started_at"] for c in calls)
    found: dict[int, float] = defaultdict(float)
    for call in paid_for:
        name, at, cost = call["call_id"], call["started_at"], usd(call)
        whole, out = call["cost_usd"], cost["text"] + cost["think"]
        same = [c for c in paid_for if c.get("operation_id") == call.get("operation_id")]
        alike = "operation_id" in call and len({c.get("prompt_hash") for c in same}) == 1
        alike = alike or ("operation_id" in call and len({c["prompt_hash"] for c in same if "prompt_hash" in c}) <= 1)
        later = [c for c in same if c in sound and c["started_at"] > at]
        claims = []
        if name in failed:
            claims.append((1, whole))
        if alike and later and call.get("finish_reason") != "tool_calls":
            claims.append((2, whole))
        if name in left and name not in failed:
            gone = call.get("disconnect_ms")
            claims.append((3, out * ((call["duration_ms"] - gone) / (call["duration_ms"] - 100) if gone and call["duration_ms"] > gone else 1)))
        day, ten = dt.timedelta(hours=24), dt.timedelta(minutes=10)
        if name not in failed | left and call.get("finish_reason") != "length" and "prompt_hash" in call:
            earlier = [c for c in sound if c.get("prompt_hash") == call["prompt_hash"] and c.get("finish_reason") != "length" and c["started_at"] < at]
            claims += [(4, whole)] if any(c["started_at"] >= at - day for c in earlier) else []
        if call.get("finish_reason") == "length" and name not in failed:
            asked = [c for c in paid_for if at < c["started_at"] <= at + ten]
            by_hash = any("prompt_hash" in call and c.get("prompt_hash") == call["prompt_hash"] for c in asked)
            twins = [c for c in asked if "session_id" in call and c.get("session_id") == call["session_id"] and c["feature"] == call["feature"]]
            by_size = any(c["input_tokens"] == call["input_tokens"] and not ("prompt_hash" in c and "prompt_hash" in call) for c in twins)
            claims += [(5, whole)] if by_hash or by_size else []
        life = dt.timedelta(minutes=60 if call["cache_write_1h_tokens"] else 5)
        if call["cache_write_tokens"] and "prefix_hash" in call and at + life <= ends:
            reads = [c for c in paid_for if c.get("prefix_hash") == call["prefix_hash"] and c["cache_read_tokens"] and at < c["started_at"] <= at + life]
            surcharge = cost["write"] + cost["hour"] - (kinds(call)["write"] + kinds(call)["hour"]) * RATES[1][0]
            claims += [] if reads else [(6, call["sample_weight"] * 0 + surcharge)]
        if call["reasoning_tokens"] and not kinds(call)["text"] and call.get("finish_reason") != "tool_calls" and name not in failed | left:
            claims.append((8, out))
        taken = 0.0
        for place, claim in claims:
            part = min(max(claim, 0.0), whole - taken)
            found[place] += part * call["sample_weight"]
            taken += part
    return found


@quick
@given(outcomes())
def test_waste_useful_and_unknown_add_up_to_the_bill_and_each_class_is_what_pairs_of_calls_say(con: duckdb.DuckDBPyConnection, calls: list[Call]) -> None:
    answer = ask(con, "cost/wasted", calls)
    found = table(answer, "evidence")
    bill = sum(c["sample_weight"] * c["cost_usd"] for c in calls)
    if not bill:
        assert found == []
        return
    assert sum(row["usd"] or 0.0 for row in found) == pytest.approx(bill, abs=1e-9 * bill)
    assert all((row["usd"] or 0.0) >= -1e-9 * bill for row in found)
    expected = wasted(calls)
    prefix = found[6]["usd"] or 0.0  # its own card has its tests; here it may only take from what the others left, and stands before none but the empty
    for place in (1, 2, 3, 4, 5, 6):
        assert (found[place - 1]["usd"] or 0.0) == pytest.approx(expected[place], abs=1e-9), found[place - 1]["class"]
    assert (found[7]["usd"] or 0.0) == pytest.approx(expected[8], abs=max(prefix, 1e-9))
    by_feature = table(answer, "by_feature")
    assert sum(row["waste"] for row in by_feature) == pytest.approx(answer.values["waste_usd"] or 0.0, abs=1e-9 * bill)
    assert sum(row["spend"] for row in by_feature) == pytest.approx(bill, abs=1e-9 * bill)
