"""The upper bound of a call's cost, row by row: the rule of the view call_costs, told a second time in plain Python over one database of odd calls."""

import random
from typing import Any

from llmlogs.pack import rows

RATES = {  # rate_id -> plan, own rates of the row
    1: ("a", {"input_rate": 1e-6, "output_rate": 1e-5}),
    2: ("a", {"input_rate": 2e-6, "output_rate": 2e-5, "reasoning_rate": 3e-5, "cache_write_rate": 4e-6}),  # the same plan, for large prompts
    3: ("b", {"input_rate": 5e-6}),  # embeddings: no output is billed
    4: ("c", {}),  # an unknown model
    5: ("d", {"input_rate": 1e-6, "output_rate": 1e-5, "web_search_rate": 0.01}),
    6: ("e", {"input_rate": 9e-6, "output_rate": 9e-5, "unseen": "requests_kcount"}),
    7: ("f", {}),  # nobody knows the provider
}
PROVIDERS = {"a": "one", "b": "one", "c": "one", "d": "two", "e": "two", "f": "three"}
INPUTS, OUTPUTS = ("input_rate", "cache_write_rate"), ("output_rate", "reasoning_rate")


def dearest(names: tuple[str, ...], keep: Any) -> float | None:
    found = [rates[name] for plan, rates in RATES.values() for name in names if name in rates and keep(plan)]
    return max(found, default=None)


def known(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def most(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def percentile(sizes: list[int]) -> int | None:
    ordered = sorted(sizes)
    return ordered[max(0, -(-99 * len(ordered) // 100) - 1)] if len(ordered) >= 20 else None


def usual(calls: list[dict[str, Any]], call: dict[str, Any], name: str) -> int | None:
    """The size that calls like this one rarely exceed."""
    sure = [c for c in calls if c["model"] == call["model"] and c["usage_status"] != "partial" and c["input_tokens"] is not None]
    found = {f: percentile([c[name] for c in sure if c["feature"] == f]) for f in {c["feature"] for c in sure}}
    return known(found.get(call["feature"]), most(*found.values()))


def bound(calls: list[dict[str, Any]], call: dict[str, Any]) -> float | None:
    plan, own = RATES[call["rate_id"]]
    if call["cost_usd"] is not None and call["cost_status"] != "lower_bound":
        return float(call["cost_usd"])
    if call["cost_usd"] is None and call["status"] == "error" and call["input_tokens"] is None:
        return 0.0
    read = known(call["input_tokens"], usual(calls, call, "input_tokens"), call["prompt_chars"])
    wrote = call["output_tokens"]
    if wrote is None or call["usage_status"] == "partial":
        guess = known(call["estimated_output_high"], least(usual(calls, call, "output_tokens"), call["max_tokens"]))
        wrote = None if guess is None else most(guess, wrote)
    provider = lambda p: PROVIDERS[p] == PROVIDERS[plan]  # noqa: E731
    if call["cost_usd"] is not None:
        extra = 0.0 if "web_search_rate" in own or not call["web_searches"] else call["web_searches"] * 0.01
        return None if wrote is None else call["cost_usd"] + (wrote - call["output_tokens"]) * most(*(own.get(n) for n in OUTPUTS)) + extra
    if plan == "e":
        return call["reported_usd"]
    into = known(dearest(INPUTS, lambda p: p == plan), dearest(INPUTS, provider), dearest(INPUTS, lambda _: True))
    out = (
        0.0
        if plan == "b" and not call["output_tokens"]
        else known(dearest(OUTPUTS, lambda p: p == plan), dearest(OUTPUTS, provider), dearest(OUTPUTS, lambda _: True))
    )
    if read is None or (wrote is None and out):
        return call["reported_usd"]
    return most(call["reported_usd"], read * into + (wrote or 0) * out + (call["web_searches"] or 0) * 0.01)


def least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def a_call(dice: random.Random) -> dict[str, Any]:
    maybe = lambda value, share=0.5: value if dice.random() < share else None  # noqa: E731
    rate = dice.choice([1, 1, 1, 2, 3, 4, 5, 6, 7])
    partial = rate in (1, 2, 5) and dice.random() < 0.2
    kind = "bound" if partial else "cost" if rate in (1, 2, 5) and dice.random() < 0.7 else "none"
    tokens = partial or kind == "cost" or dice.random() < 0.5
    return {
        "provider": PROVIDERS[RATES[rate][0]],
        "request_model": f"model {RATES[rate][0]}",
        "model": f"model {RATES[rate][0]}",
        "rate_id": rate,
        "feature": dice.choice(["x", "y", "z", None]) if rate != 7 else "alone",
        "input_tokens": dice.randint(1, 5000) if tokens else None,
        "output_tokens": dice.randint(1, 500) if tokens else None,
        "usage_status": "partial" if partial else maybe("reported"),
        "estimated_output_high": maybe(900) if partial else None,
        "max_tokens": maybe(400),
        "prompt_chars": maybe(3000),
        "web_searches": maybe(3, 0.1) if rate != 5 or kind != "cost" else None,
        "reported_usd": maybe(0.05, 0.2),
        "status": dice.choice(["ok", "ok", "ok", "error", "cancelled"]),
        "cost_usd": None if kind == "none" else 0.001,
        "cost_status": {"bound": "lower_bound", "cost": None, "none": "usage_missing"}[kind],
    }


def test_every_bound_is_what_the_rule_says() -> None:
    dice = random.Random(3)
    calls = [a_call(dice) for _ in range(600)] + [a_call(dice) | {"request_model": "rare", "model": "rare"} for _ in range(15)]
    con = rows.database()
    rows.insert(con, "price_plans", [{"plan_id": ord(plan), "provider_raw": name} for plan, name in PROVIDERS.items()])
    rows.insert(con, "price_rates", [{"rate_id": i, "plan_id": ord(plan), "kind": "cost"} | rates for i, (plan, rates) in RATES.items()])
    rows.insert(con, "calls", [{k: v for k, v in call.items() if k != "model" and v is not None} | {"call_id": f"c{i}"} for i, call in enumerate(calls)])
    found = dict(con.execute("select call_id, spend_high from call_costs").fetchall())
    want = [bound(calls, call) for call in calls]
    different = [
        (call, expected, found[f"c{i}"])
        for i, (call, expected) in enumerate(zip(calls, want, strict=True))
        if (expected is None) != (found[f"c{i}"] is None) or (expected is not None and abs(float(found[f"c{i}"]) - expected) > 1e-9)
    ]
    assert not different, (len(different), different[:3])
    assert sum(value is None for value in want) > 10
    ((low, high, unbounded, priced),) = con.execute("select spend, spend_high, unbounded_calls, priced_calls from spend_coverage").fetchall()
    con.close()
    assert float(high) >= float(low) > 0
    assert unbounded == sum(value is None for value in want)
    assert priced == sum(call["cost_usd"] is not None for call in calls)
