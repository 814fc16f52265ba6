"""Errors of every provider in one vocabulary."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.common.error_classes import classes, classify, fault_of, rules, status_in

SHARED = Path(os.environ.get("LLMLOGS_SHARED") or Path(__file__).parents[2].parent / "shared")
ERRORS = SHARED / "corpus/provider/vcr_responses/vcr_errors.jsonl"


@pytest.mark.parametrize(
    ("status", "body", "kind", "name"),
    [
        (429, {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}, "rate_limit", "rate_limit_exceeded"),
        (
            429,
            {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}},
            "quota",
            "insufficient_quota",
        ),
        (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}}, "rate_limit", "rate_limit_error"),
        (429, {"type": "error", "error": {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}}, "quota", "rate_limit_error"),
        (429, {"error": {"code": "RateLimitReached", "message": "..."}}, "rate_limit", "RateLimitReached"),
        (
            429,
            {"error": {"code": 429, "message": "Provider returned error", "metadata": {"provider_name": "X", "raw": "limited upstream"}}},
            "rate_limit",
            None,
        ),
        (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota"}}, "rate_limit", "RESOURCE_EXHAUSTED"),
        (
            429,
            {"error": {"status": "RESOURCE_EXHAUSTED", "message": "quota", "details": [{"violations": [{"quotaId": "RequestsPerDayPerProject-FreeTier"}]}]}},
            "quota",
            "RESOURCE_EXHAUSTED",
        ),
        (400, {"message": "Too many requests", "__type": "ThrottlingException"}, "rate_limit", "ThrottlingException"),
        (402, {"type": "error", "error": {"type": "billing_error"}}, "quota", "billing_error"),
        (
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."}},
            "quota",
            "invalid_request_error",
        ),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded", "overloaded_error"),
        (200, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded", "overloaded_error"),
        (503, {"error": {"code": 503, "status": "UNAVAILABLE"}}, "overloaded", "UNAVAILABLE"),
        (400, {"error": {"code": "context_length_exceeded", "message": "..."}}, "context_length", "context_length_exceeded"),
        (400, {"error_type": "TOO_MANY_TOKENS", "id": "x", "message": "..."}, "context_length", "TOO_MANY_TOKENS"),
        (400, {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}}, "context_length", "invalid_request_error"),
        (400, {"error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, "content_filter", "content_filter"),
        (401, {"detail": "Invalid API Key"}, "auth", None),
        (403, {"message": "no", "__type": "UnrecognizedClientException"}, "auth", "UnrecognizedClientException"),
        (
            400,
            {"error": {"status": "INVALID_ARGUMENT", "message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}},
            "auth",
            "INVALID_ARGUMENT",
        ),
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, "auth", "invalid-argument"),
        (404, {"error": "model 'x' not found"}, "not_found", None),
        (400, {"detail": "Model x is not supported. Supported models are ['a']"}, "not_found", None),
        (504, {"type": "error", "error": {"type": "timeout_error"}}, "timeout", "timeout_error"),
        (500, {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}, "server_error", "api_error"),
        (400, [{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "bad"}}], "bad_request", "INVALID_ARGUMENT"),
        (422, {"detail": [{"type": "missing", "msg": "Field required"}]}, "bad_request", "missing"),
        (418, {}, "bad_request", None),
        (520, "", "server_error", None),
        (200, {"error": {"code": 502, "message": "upstream"}}, "server_error", None),
        (None, {}, "unknown", None),
    ],
)
def test_a_body_is_classified(status, body, kind, name):
    columns = fault_of(body).columns(status)
    assert (columns["error_class"], columns["error_type"]) == (kind, name)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("openai.RateLimitError", "", "rate_limit"),
        ("RateLimitError", "Error code: 429 - {'error': {'code': 'insufficient_quota'}} insufficient balance", "quota"),
        ("APIStatusError", "Error code: 529 - overloaded", "overloaded"),
        ("httpx.ReadTimeout", "", "timeout"),
        ("APIConnectionError", "Connection error.", "connection"),
        ("asyncio.CancelledError", "", "client_cancel"),
        ("httpx.RemoteProtocolError", "peer closed connection without sending complete message body", "truncated_stream"),
        ("ContextWindowExceededError", "", "context_length"),
        ("ContentPolicyViolationError", "", "content_filter"),
        ("JSONDecodeError", "Expecting value", "parse_error"),
        ("ValidationException:http://internal.example/", "", "bad_request"),
        ("", "429 Too Many Requests", "rate_limit"),
        ("", "rate limit exceeded for x", "rate_limit"),
        ("", "HTTP 429", "rate_limit"),
        ("SomethingElse", "", "unknown"),
    ],
)
def test_an_exception_is_classified(code, message, kind):
    assert classify(None, code, message) == kind


def test_retry_delay_in_the_body():
    assert fault_of({"error": {"details": [{"retryDelay": "34.4s"}]}}).retry_after == "34.4s"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Error code: 429 - x", 429),
        ("status code 503", 503),
        ("status_code: 503, model_name: x", 503),
        ("HTTP/1.1 502 Bad", 502),
        ("429: slow", 429),
        ("503 Service", 503),
        ("429 tokens", None),
        ("took 429 ms", None),
        ("200: fine", None),
    ],
)
def test_a_status_named_in_the_message(message, status):
    assert status_in(message) == status


def test_every_rule_can_hold_and_every_class_has_one():
    assert all(rule.status or rule.codes or rule.message for rule in rules())
    assert len(classes()) == len(set(classes()))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["error", "code", "type", "message", "detail", "details", "status", "x"]), inner, max_size=4),
    ),
)


@given(JSON, st.one_of(st.none(), st.integers(0, 999)))
def test_no_body_raises_and_every_class_is_known(body, status):
    columns = fault_of(body).columns(status)
    assert columns["error_class"] in classes()
    assert columns == fault_of(body).columns(status)


@pytest.mark.shared
def test_every_recorded_error_has_a_class():
    """133 recorded bodies: none is unknown."""
    if not ERRORS.exists():
        pytest.skip(f"{ERRORS} is absent")
    rows = [json.loads(line) for line in ERRORS.read_text().splitlines()]
    unknown = [n for n, row in enumerate(rows, 1) if fault_of(row.get("response")).columns(row["status"])["error_class"] == "unknown"]
    assert len(rows) > 100
    assert unknown == []
