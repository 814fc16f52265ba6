"""Bodies, errors and non-calls of every provider; what evidence they are."""

import json

import pytest
from provider_helpers import call, read, subset, table

from llmlogs.sources.base import Head
from llmlogs.sources.provider_responses import SOURCE

BODIES = table("provider_bodies")
ERRORS = table("provider_errors")
NO_CALLS = table("provider_no_calls")
CHAT = BODIES["openai chat"]["record"]
MESSAGE = BODIES["anthropic"]["record"]


def confidence(*records):
    found = SOURCE.detect(Head("x", "ndjson", records))
    return found.confidence if found else 0


@pytest.mark.parametrize("case", BODIES)
def test_a_body(case):
    record, want = BODIES[case]["record"], BODIES[case]["want"]
    assert subset(call(record), want) == want
    assert confidence(record) > 0.5


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_a_call_without_tokens(case):
    row, want = call(ERRORS[case]["record"]), ERRORS[case]["want"]
    assert subset(row, want) == want
    assert not [name for name in row if name.endswith("_tokens") and name != "max_tokens"]


@pytest.mark.parametrize("case", NO_CALLS)
def test_no_call_is_skipped_by_kind(case):
    [outcome] = read(NO_CALLS[case]["record"])
    assert (outcome.kind, outcome.reason, outcome.call) == ("skipped", NO_CALLS[case]["want"], None)


@pytest.mark.parametrize("record", [{"foo": 1}, {}, [], "text", 7, None, {"message": "user logged in"}, {"level": "error", "msg": "disk full"}])
def test_what_is_not_understood_is_rejected(record):
    [outcome] = read(record)
    assert outcome.kind == "rejected"


def test_retry_after_on_a_good_answer_is_no_429():
    row = call({"response": MESSAGE, "headers": {"retry-after": "43", "content-type": "application/json"}, "status": 200})
    assert (row["status"], row["retry_after_ms"], row.get("error_class")) == ("ok", 43000, None)


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, "none", {"code": None, "message": ""}])
def test_an_empty_error_is_none(nothing):
    assert call({"response": CHAT, "error": nothing})["status"] == "ok"


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-3", "anthropic"),
        ("mistral-large-latest", "mistral"),
        ("deepseek-chat", "deepseek"),
        ("command-r", "cohere"),
        ("sonar-pro", "perplexity"),
        ("my", None),
    ],
)
def test_a_provider_told_by_the_models_name(model, provider):
    assert call(CHAT | {"model": model}).get("provider") == provider


def test_results_of_a_batch_are_billed_as_one():
    assert call({"custom_id": "a", "response": {"status_code": 200, "body": CHAT}, "error": None})["service_tier"] == "batch"
    gemini = BODIES["gemini"]["record"]
    results = {"inlinedResponses": [{"response": gemini}, {"response": gemini | {"responseId": "r2"}}]}
    rows = [outcome.call for outcome in read({"metadata": {"output": {"inlinedResponses": results}}}) if outcome.call]
    assert [(row["response_id"], row["service_tier"]) for row in rows] == [("r1", "batch"), ("r2", "batch")]


@pytest.mark.parametrize("record", [{"run_type": "llm", "outputs": CHAT}, {"resourceSpans": []}, {"data": [{"span_kind": "LLM"}], "x": CHAT}])
def test_records_of_tracing_systems_are_left_to_their_own_formats(record):
    assert confidence(record) == 0


def test_weak_evidence_lets_every_other_format_go_first():
    assert 0.5 < confidence({"sessionId": "s", "message": MESSAGE}) < 0.6
    assert 0.5 < confidence({"model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 2}}) < 0.55
    assert 0.5 < confidence({"url": "/v1/chat/completions", "status": 200, "method": "POST"}) < 0.55
    own = {"ts": 1774958400, "model": "m", "user": "u", "error": {"type": "rate_limit_error", "message": "slow"}}
    assert confidence(own, {"model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 2}}) < 0.55
    assert confidence(CHAT, CHAT, {"b": 1}) == 0.75
    assert confidence(CHAT, {"a": 1}, {"b": 1}) == 0
    assert confidence("text", 1) == 0


def test_records_whose_tokens_stand_in_columns_of_their_own_are_not_ours():
    flat = {"request_path": "/v1/chat/completions", "response_status": 200, "prompt_tokens": 400, "completion_tokens": 50}
    assert confidence(flat) == confidence({**flat, "path": "/v1/chat/completions", "error": "x"}) == 0


@pytest.mark.parametrize("sample", SOURCE.samples, ids=lambda sample: sample.note)
def test_a_sample(sample):
    outcomes = read(*map(json.loads, sample.lines.strip().splitlines()))
    rows = [outcome.call for outcome in outcomes if outcome.call]
    assert [subset(row, want) for row, want in zip(rows, sample.want, strict=True)] == list(sample.want)
    counts = {"records": len(outcomes), "calls": len(rows), "merged": sum(outcome.kind == "merged" for outcome in outcomes)}
    assert counts | sample.counts == counts
