"""Braintrust rows: units, inclusive counts, merges by id, inheritance, errors on leaves."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from trace_helpers import Db, calls, closes, damaged, read, records_of, rows

from llmlogs.sources.base import Context, Head
from llmlogs.sources.braintrust import SOURCE

GOOD = records_of(*(sample.lines for sample in SOURCE.samples))


def row(own: str = "r", kind: str | None = "llm", parent: str | None = None, **more: Any) -> dict[str, Any]:
    attributes = {"name": more.pop("name", "Chat Completion"), "type": kind}
    made: dict[str, Any] = {"id": own, "span_id": own, "root_span_id": "t", "span_parents": [parent] if parent else None, "span_attributes": attributes}
    return made | {"metrics": {"start": 1772445600.0, "end": 1772445602.0}, "metadata": {"model": "gpt-x"}} | more


def metrics(**more: Any) -> dict[str, Any]:
    return {"start": 1772445600.0, "end": 1772445602.0} | more


COUNTS = {
    "cache is inside": ({"prompt_tokens": 100, "completion_tokens": 5, "tokens": 105, "prompt_cached_tokens": 60}, (100, 60, None, 5)),
    "t8 thoughts only in the total": (
        {"prompt_tokens": 10, "completion_tokens": 200, "completion_reasoning_tokens": 5000, "tokens": 5210},
        (10, None, None, 5200),
    ),
    "an input smaller than its cache": (
        {"prompt_tokens": 3, "completion_tokens": 1, "prompt_cached_tokens": 40, "prompt_cache_creation_tokens": 7},
        (50, 40, 7, 1),
    ),
    "t19 zero is a count": ({"prompt_tokens": 9.0, "completion_tokens": 0}, (9, None, None, 0)),
    "t20 a zero input is none": ({"prompt_tokens": 0, "completion_tokens": 0, "tokens": 0, "prompt_cached_tokens": 0}, (None, None, None, None)),
    "t20 nothing told is NULL": ({}, (None, None, None, None)),
    "no counts": ({"prompt_tokens": "many", "completion_tokens": None}, (None, None, None, None)),
}


@pytest.mark.parametrize(("counts", "want"), COUNTS.values(), ids=COUNTS)
def test_counts(counts: dict[str, Any], want: tuple[Any, ...]) -> None:
    (call,) = calls(SOURCE, row(metrics=metrics(**counts), output="hello"))
    assert tuple(call.get(f"{name}_tokens") for name in ("input", "cache_read", "cache_write", "output")) == want
    assert call["usage_status"] == ("missing" if want[0] is None else "reported")
    assert call["status"] == "ok"


def test_t2_both_ways_of_counting_a_cache_give_the_same(tmp_path: Path) -> None:
    inside = {"prompt_tokens": 130213, "prompt_cached_tokens": 128955, "prompt_cache_creation_tokens": 1253, "completion_tokens": 1}
    outside = inside | {"prompt_tokens": 5}
    found = [calls(SOURCE, row(metrics=metrics(**counts)))[0] for counts in (inside, outside)]
    assert [(call["input_tokens"], call["cache_read_tokens"], call["cache_write_tokens"]) for call in found] == [(130213, 128955, 1253)] * 2


@pytest.mark.parametrize(
    ("metadata", "name", "ttft"),
    [
        ({"stream": True}, "Chat Completion", 250.0),
        ({}, "anthropic.messages.stream", 250.0),
        ({}, "Chat Completion", None),
        ({"stream": False}, "streamText", None),
    ],
)  # fmt: skip
def test_time_to_first_token_needs_a_stream(metadata: dict[str, Any], name: str, ttft: float | None) -> None:
    (call,) = calls(SOURCE, row(metadata=metadata | {"model": "m"}, name=name, metrics=metrics(time_to_first_token=0.25)))
    assert call.get("ttft_ms") == ttft
    assert call["duration_ms"] == 2000.0


def test_a_first_token_after_the_end_is_none() -> None:
    (outcome,) = read(SOURCE, row(metadata={"stream": True}, metrics=metrics(time_to_first_token=9)))
    assert "ttft_ms" not in (outcome.call or {})
    assert ("ttft_ms", "inconsistent", "float") in outcome.issues


def test_a_wrapper_that_repeats_the_usage_is_merged_and_a_sum_is_a_step() -> None:
    counts = metrics(prompt_tokens=10, completion_tokens=2, tokens=12)
    outer, inner = row("outer", name="generateText", metrics=counts), row("inner", parent="outer", metrics=counts)
    assert [(o.line, o.kind) for o in read(SOURCE, outer, inner)] == [(1, "merged"), (2, "call")]
    both = metrics(prompt_tokens=20, completion_tokens=4, tokens=24)
    outcomes = read(SOURCE, row("agent", metrics=both), row("a", parent="agent", metrics=counts), row("b", parent="agent", metrics=counts))
    assert [o.kind for o in outcomes] == ["other", "call", "call"]


def test_a_step_with_counts_of_its_own_is_a_call() -> None:
    """Logged by hand, without a span for the model call."""
    (call,) = calls(SOURCE, row(kind="task", metrics=metrics(prompt_tokens=10, completion_tokens=2)))
    assert call["input_tokens"] == 10


def test_larger_transaction_wins_whatever_the_order() -> None:
    old, new = row(_xact_id="7", metadata={"model": "old"}), row(_xact_id="8", metadata={"model": "new"})
    for order in ((old, new), (new, old)):
        outcomes = read(SOURCE, *order)
        closes(outcomes, 2)
        assert [(o.call or {}).get("request_model") for o in outcomes if o.kind == "call"] == ["new"]
        assert [o.merged_into for o in outcomes if o.kind == "merged"] == ["r"]


def test_a_part_read_before_the_row_it_adds_to() -> None:
    """Written by the SDK, without transactions; and failed calls may well have cost nothing."""
    whole, more = row(metrics={"start": 1772445600.0}), {"id": "r", "root_span_id": "t", "_is_merge": True, "metrics": {"end": 1772445602.0}}
    for order in ((whole, more), (more, whole)):
        (call,) = calls(SOURCE, *order)
        assert (call["duration_ms"], call["request_model"]) == (2000.0, "gpt-x")
    (call,) = calls(SOURCE, row(metrics=metrics(prompt_tokens=0, completion_tokens=0), error="APIConnectionError: Connection error."))
    assert (call["input_tokens"], call["error_class"]) == (0, "connection")


def test_scores_are_feedback_and_nothing_of_them_is_text() -> None:
    judged = row("root", kind="task", scores={"good": 0.5, "none": None, "text": "?"}, comments=[{"comment": {"text": "private"}}])
    assert [(f["name"], f["value"], f["trace_id"], f["source"]) for f in rows(SOURCE, "feedback", judged)] == [("good", 0.5, "t", "braintrust")]


def test_judges_of_an_evaluation_are_internal() -> None:
    scorer = row("s", kind="score", span_attributes={"name": "Factuality", "type": "score", "purpose": "scorer"})
    assert [call.get("is_internal") for call in calls(SOURCE, scorer, row("j", parent="s"), row("x"))] == [True, None]


def test_an_answer_from_the_proxys_cache_is_a_hit() -> None:
    assert calls(SOURCE, row(metrics=metrics(cached=1)))[0]["app_cache"] == "hit"
    assert calls(SOURCE, row(metrics=metrics(cached=0)))[0]["app_cache"] == "miss"
    assert "app_cache" not in calls(SOURCE, row())[0]


def test_a_feature_comes_from_where_the_config_says() -> None:
    context = Context("x", feature_from=("metadata.product",))
    (call,) = calls(SOURCE, row("root", kind="task", metadata={"product": "shop", "feature": "faq"}), row("c", parent="root"), context=context)
    assert (call["feature"], call["feature_basis"]) == ("shop", "config")
    (call,) = calls(SOURCE, row("root", kind="task", metadata={}, tags=["feature:faq", "beta"]), row("c", parent="root"))
    assert (call["feature"], call["feature_basis"], call["tags"]) == ("faq", "tags", '{"beta":"true"}')


def test_the_provider_s_id_is_kept_where_the_answer_has_it() -> None:
    """So that another system's log of the same call meets it."""
    answer = {"id": "msg_made_up_7", "type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}
    (call,) = calls(SOURCE, row(output=answer))
    assert (call["response_id"], call["input_tokens"], "call_id" in call) == ("msg_made_up_7", 3, False)


def test_no_text_is_kept() -> None:
    made = row("c", input=[{"role": "user", "content": "my secret"}], output="a secret", metadata={"model": "m", "messages": "secret"}, expected="secret")
    assert "secret" not in str(read(SOURCE, made))
    (call,) = calls(SOURCE, made)
    assert (call["prompt_chars"], call["completion_chars"]) == (9, 8)


def test_pages_and_csv_rows(tmp_path: Path) -> None:
    page = {"events": [row("a"), row("b", kind="tool"), "junk"], "cursor": None}
    outcomes = read(SOURCE, page)
    assert sorted((o.kind, o.nested) for o in outcomes) == [("call", False), ("other", True), ("rejected", True)]
    (tmp_path / "page.json").write_text(json.dumps(page), encoding="utf-8")
    counts = Db(tmp_path, tmp_path / "page.json").report.files[0].counts
    assert (counts.records, counts.calls, counts.other) == (3, 1, 1)
    flat = {key: json.dumps(value) if isinstance(value, (dict, list)) else value for key, value in row("c", metrics=metrics(prompt_tokens=3)).items()}
    assert calls(SOURCE, flat)[0]["input_tokens"] == 3


def test_detection() -> None:
    def sure(*values: Any) -> float:
        found = SOURCE.detect(Head("x", "ndjson", values))
        return found.confidence if found else 0.0

    assert sure(row()) > 0.95
    assert 0.9 <= sure({"events": [row(), row("b")]}) < sure(row())
    assert sure({key: value for key, value in row().items() if key in ("id", "span_attributes", "root_span_id")}) > 0.9
    assert sure({"id": "x", "trace_id": "t", "observations": []}) == 0
    assert sure({"model": "m", "usage": {}}) == 0
    assert sure({"span_attributes": 3}) == 0
    assert sure("x", None) == 0


@given(damaged(GOOD))
def test_damaged_records_never_raise_and_are_all_accounted_for(values: list[Any]) -> None:
    closes(read(SOURCE, *values), len(values))


@pytest.mark.shared
def test_corpus_equals_what_its_rows_say(shared: Path, tmp_path: Path) -> None:
    """Sums over the rows of type llm, taken without this source."""
    path = shared / "corpus/app/braintrust/braintrust_rows.jsonl"
    raw = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    models = [one for one in raw if one["span_attributes"]["type"] == "llm"]
    failed = {one["root_span_id"] for one in raw if one.get("error")}
    want = (
        len(models),
        sum(one["metrics"].get("prompt_tokens", 0) for one in models),
        sum(one["metrics"].get("completion_tokens", 0) for one in models),
        sum(one["metrics"].get("prompt_cached_tokens", 0) for one in models),
        sum(one["metrics"].get("prompt_cache_creation_5m_tokens", 0) for one in models),
        len(failed),
        sum("stream" in one["span_attributes"]["name"] or one["metadata"].get("stream", False) for one in models),
        len(models),
    )
    db = Db(tmp_path, path)
    assert db.report.files[0].source == "braintrust"
    got = db.one(
        "select count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_read_tokens)::bigint, sum(cache_write_tokens)::bigint, "
        "count(*) filter (status = 'error' and status_code = 429), count(ttft_ms), count(user_id) from calls where feature_basis = 'trace'"
    )
    assert got == want
    assert db.one("select count(*), sum(value)::int from feedback") == (
        sum(bool(one.get("scores")) for one in raw),
        sum(sum(one.get("scores", {}).values()) for one in raw),
    )
