"""What is true of a set, counted from the simulated calls and never from what llmlogs makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from maker.world import Call, World

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def of(world: World, question: str, fails: Sequence[str] = (), allowed: Sequence[str] = (), **fault: Any) -> dict[str, Any]:
    """Truth of a set. `fails` are the questions that must warn or fail, `allowed` those that may besides; every other must not."""
    truth = {"about": question, "must_warn": list(fails), "may_warn": list(allowed)} | of_calls(world.calls)
    truth["other_rows"] = {"events": len(world.events), "feedback": len(world.feedback), "spans": sum(len(call.get("spans", ())) for call in world.calls)}
    return truth | ({"fault": fault} if fault else {})


def of_calls(calls: Sequence[Call]) -> dict[str, Any]:
    """Counts, sums and percentiles of calls."""
    durations = [call["duration_ms"] for call in calls if "duration_ms" in call]
    waits = [call["ttft_ms"] for call in calls if "ttft_ms" in call]
    return {
        "totals": {
            "calls": len(calls),
            "errors": sum(call["status"] == "error" for call in calls),
            "app_cache_hits": sum(call.get("app_cache") == "hit" for call in calls),
            "first": calls[0]["started_at"],
            "last": calls[-1]["started_at"],
            **{name: sum(call.get(name, 0) for call in calls) for name in TOKENS},
        },
        "percentiles": {  # linear between neighbours, as quantile_cont
            **{f"duration_ms_p{share}": quantile(durations, share / 100) for share in (50, 95)},
            **{f"ttft_ms_p{share}": quantile(waits, share / 100) for share in (50, 95) if waits},
        },
        "calls_by_feature": count(call["feature"] for call in calls),
        "calls_by_model": count(call["request_model"] for call in calls),
        "input_tokens_by_model": {
            model: sum(c.get("input_tokens", 0) for c in calls if c["request_model"] == model) for model in count(c["request_model"] for c in calls)
        },
        "output_tokens_by_model": {
            model: sum(c.get("output_tokens", 0) for c in calls if c["request_model"] == model) for model in count(c["request_model"] for c in calls)
        },
    }


def count(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, in the order of their names."""
    return dict(sorted(Counter(values).items()))


def quantile(values: Iterable[float], share: float) -> float:
    """Linear interpolation between the two nearest ranks."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 4)
