"""A judge gives full marks to an answer made of the truth, and not to an empty one: for questions that are there and for those to come."""

from __future__ import annotations

import datetime as dt
import importlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmlogs.pack.model import Answer, Question, Result
from tests.truth import world
from tests.truth.ask import Said
from tests.truth.streams.agents import TOOLS
from tests.truth.streams.outages import OTHER

DAY = dt.timedelta(days=1)


def said(rows: list[dict[str, Any]], *, verdict: str = "ok", result: str = "evidence", **values: Any) -> Said:
    """An answer with one result."""
    question = Question("x/y", Path("y.sql"), "?", "", "", "", "")
    columns = tuple(rows[0]) if rows else ()
    found = Result(result, columns, tuple(tuple(row.values()) for row in rows), len(rows))
    return Said(Answer(question, verdict, "", values, {result: found}))  # type: ignore[arg-type]


def limiter(t: Any) -> dict[str, Said]:
    limit = {"series": "s", "limit_kind": t.kind, "limit_value": t.size, "lo": t.size, "hi": t.size, "basis": "estimated", "refused": t.refused}
    jitter = {"jitter": 0.3, "none": 0.0}.get(t.client, 0.03)
    waits = {
        "series": "s",
        "amplification": t.tries / t.operations,
        "retries": t.asked,
        "growth": t.growth,
        "jitter": jitter,
        "obeyed_share": t.obeyed / t.asked,
    }
    return {"limits/which_limit": said([limit]), "limits/retries": said([waits])}


def headroom(t: Any) -> dict[str, Said]:
    row = {"series": "s", "limit_kind": "requests", "limit_value": t.limit, "peak_load": t.peak, "headroom": t.headroom, "runs_out_at": t.runs_out}
    return {"limits/headroom": said([row])}


def answer_cache(t: Any) -> dict[str, Said]:
    rows = [{"feature": "search", "cache_kind": "exact", "hits": t.hits, "over_ttl": t.over_ttl, "outdated": t.outdated}]
    rate = [{"cache_kind": "exact", "asked": t.asked, "hits": t.hits, "hit_rate": t.hits / t.asked, "lo": 0.0, "hi": 1.0}]
    stale = said(rows, verdict="fail" if t.stale > 0.05 * t.hits else "ok", stale=t.stale, n=t.hits)
    return {"cache/staleness": stale, "cache/hit_rate": said(rate), "cache/misses": causes(t, "exact")}


def causes(t: Any, kind: str) -> Said:
    return said([{"cache_kind": kind, "cause": cause, "misses": count} for cause, count in t.causes.items()])


def prefix_cache(t: Any) -> dict[str, Said]:
    row = {"feature": t.broken, "model": "m", "prompt_version": "v", "realised": 0.0, "achievable": 1.0, "gap": 1.0}
    return {"cache/prefix_cache": said([row], verdict="fail", feature=t.broken), "cache/misses": causes(t, "prefix")}


def semantic_cache(t: Any) -> dict[str, Said]:
    names = ("band_from", "band_to", "hits", "rated", "complaint_rate", "excess", "lo", "hi", "is_risky")
    return {"cache/semantic": said([dict.fromkeys(names, 0)], verdict="warn", raise_to=t.edge)}


def totals(t: Any) -> dict[str, Said]:
    parts = (("generation", t.generation), ("prefill", t.prefill))
    rows = [{"part": p, "share": s, "lo": s, "hi": s, "identified": True, "basis": "estimated"} for p, s in parts]
    return {"latency/estimated_parts": said(rows)}


def queue(t: Any) -> dict[str, Said]:
    rows = [{"part": p, "share": s, "tail_share": u} for p, s, u in (("The provider's queue", t.wait, t.wait_tail), ("Writing the answer", t.writing, 0.0))]
    tail = [{"part": "wait", "typical_share": 0.0, "tail_share": t.wait_tail}]
    leads = said(tail, tail_part="wait" if t.wait_tail > 0.5 else "generation")
    return {"latency/where_time_goes": said(rows), "latency/tail": leads}


def traces(t: Any) -> dict[str, Said]:
    rows = [{"kind": k, "path_ms": us / 1e3, "share": us / t.total_us, "busy_ms": us / 1e3} for k, us in t.by_kind.items()]
    return {"latency/critical_path": said(rows)}


def outliers(t: Any) -> dict[str, Said]:
    row = {"attribute": t.culprit[0], "attribute_value": t.culprit[1], "lift": 5.0, "outliers": 20, "share_of_excess": 0.8}
    return {"outliers/explained": said([row], result="groups")}


def periods(t: Any) -> dict[str, Said]:
    row = {
        "before_value": 1.0,
        "after_value": 1.0,
        "change": t.change,
        "lo": t.change,
        "hi": t.change,
        "p_value": 0.0,
        "is_change": True,
        "usual_movement": 0.1,
    }
    return {"compare/periods": said([{"metric": m} | row for m in ("latency_mean", "latency_p95", "input_tokens", "output_tokens")])}


def sampled(t: Any) -> dict[str, Said]:
    tokens = [{"mean_in": 1, "in_lo": t.mean_input, "in_hi": t.mean_input, "mean_out": 1, "out_lo": t.mean_output, "out_hi": t.mean_output}]
    return {
        "errors/by_class": said([], value=t.error_rate, lo=t.error_rate, hi=t.error_rate),
        "streaming/time_to_first_token": said([], value=t.ttft_p95, lo=t.ttft_p95, hi=t.ttft_p95),
        "tokens/averages": said(tokens),
        "operations/throughput": said([], calls_lo=t.calls, calls_hi=t.calls),
        "cost/by_feature": said([], spend=t.spend, spend_lo=t.spend, spend_hi=t.spend),
    }


def ratings(t: Any) -> dict[str, Said]:
    counts = {"feature": "chat", "answers": t.answers, "rated": t.rated, "negative": t.negative, "negative_rate": t.rate}
    again = {"feature": "chat", "answers": t.answers, "follow_ups": t.follow_ups, "rate": 0.1, "lo": 0.0, "hi": 1.0}
    return {"quality/feedback": said([counts | {"lo": t.rate, "hi": t.rate, "design_effect": 1.0}]), "quality/follow_ups": said([again])}


def chunks(t: Any) -> dict[str, Said]:
    stalls = said([{"provider": "p", "model": "m", "streams": t.with_gap, "stalled": t.stalled}], stalled=t.stalled)
    breaks = said([], broken=t.broken, n=t.streams, wasted_tokens=t.wasted)
    should = said([], should_stream=t.unstreamed, n=t.long, saved_ms=t.saved_ms)
    return {"streaming/stalls": stalls, "streaming/disconnects": breaks, "streaming/should_stream": should}


def outages(t: Any) -> dict[str, Said]:
    rest = {"availability": 0.99, "lo": 0.9, "hi": 1.0}
    rows = [{"provider": p, "operations": t.sent[p], "available": t.well[p], "down_minutes": t.down[p], "minutes": t.minutes[p]} | rest for p in OTHER]
    back = {"from_name": "a", "to_name": "b", "operations": t.fell_back, "succeeded": t.saved, "added_ms": 1.0, "added_usd": 0.0}
    return {"errors/availability": said(rows), "errors/fallbacks": said([back], value=t.fell_back / t.operations)}


def agents(t: Any) -> dict[str, Said]:
    rows = [{"feature": s, "sessions": 1, "tokens_per_turn": adds or 0.0, "lo": 0.0, "hi": 0.0, "growth": s} for s, adds in t.per_turn.items()]
    tools = [{"tool": tool, "runs": t.runs[tool], "errors": t.errors[tool], "error_rate": 0.0, "lo": 0.0, "hi": 1.0} for tool in TOOLS]
    return {"tokens/context_growth": said(rows), "operations/tools": said(tools, verdict="warn" if t.failing else "ok")}


def months(t: Any) -> dict[str, Said]:
    return {"cost/forecast": said([], value=t.month_usd, lo=t.month_usd, hi=t.month_usd, spent=t.spent)}


def speeds(t: Any) -> dict[str, Said]:
    return {"latency/by_model": said([], verdict="fail", model=t.model)}


CASES: list[tuple[Callable[[Any], dict[str, Said]], dict[str, Any]]] = [
    (limiter, {"limiter": "fixed", "limited": "tokens", "client": "none", "hours": 0.5}),
    (limiter, {"limiter": "bucket", "limited": "both", "client": "jitter", "as_calls": False, "hours": 0.5}),
    (headroom, {"growth": 0.1, "per_minute": 0.2}),
    (answer_cache, {"lookups": 1500}),
    (prefix_cache, {"broken": True, "days": 2}),
    (semantic_cache, {"calls": 2000}),
    (totals, {}),
    (queue, {"load": 0.9, "n": 500}),
    (traces, {"traces": 20, "messy": False}),
    (outliers, {"culprit": "hour", "n": 500}),
    (periods, {"phi": 0.9, "change": 0.5, "per_day": 100}),
    (sampled, {"traces": 500}),
    (ratings, {"users": 30}),
    (chunks, {"n": 300}),
    (outages, {"days": 1}),
    (agents, {"sessions": 5}),
    (months, {"history_days": 50, "left_days": 7, "per_day": 30}),
    (speeds, {"per_day": 50}),
]
BAD = {"generation_false", "prefill_false", "extra"}  # measures of which less is better


@pytest.mark.parametrize(("right", "cell"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_truth_gets_full_marks_and_nothing_else_does(
    right: Callable[[Any], dict[str, Said]], cell: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = right.__name__
    judges = importlib.import_module(f"tests.truth.judges.{kind}")
    con = world.database(5)
    try:
        truth = importlib.import_module(f"tests.truth.streams.{kind}").make(con, random.Random(5), **cell)
        answers = right(truth)
        monkeypatch.setattr(judges, "ask", lambda con, question_id, **_: answers[question_id])
        full = {s.measure: s.hit / s.of for _, measure in judges.judge(con, truth) for s in measure()}
        assert full
        assert {name: value for name, value in full.items() if value != (name not in BAD)} == {}
        off = {key: distorted(answer) for key, answer in answers.items()}
        monkeypatch.setattr(judges, "ask", lambda con, question_id, **_: off[question_id])
        poor = [s.measure for _, measure in judges.judge(con, truth) for s in measure() if s.hit / s.of != (s.measure not in BAD)]
        assert poor
    finally:
        con.close()


def distorted(answer: Said) -> Said:
    """The same answer with every number half as large again, every name another and no alarm."""

    def other(value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, dt.datetime):
            return value + 300 * DAY
        return f"not {value}" if isinstance(value, str) else value * 1.5 + 1

    result = next(iter(answer.answer.results.values()))
    keep = {"kind", "part", "cache_kind", "feature", "metric", "provider", "tool", "basis", "limit_kind", "series"}
    rows = [{k: v if k in keep else other(v) for k, v in zip(result.columns, row, strict=True)} for row in result.rows]
    return said(rows, result=result.name, **{k: other(v) for k, v in answer.answer.values.items()})
