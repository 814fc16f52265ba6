"""Errors as programs log them."""

import pytest

from llmlogs.sources.common.exceptions import failure, fault_in

BODY = "Error code: 429 - {'error': {'message': 'You are out', 'type': 'insufficient_quota', 'code': 'insufficient_quota'}}"


@pytest.mark.parametrize(
    ("error", "want"),
    [
        ("openai.RateLimitError: Error code: 429 - Rate limit reached", ("error", 429, "rate_limit", "RateLimitError")),
        (f"RateLimitError: {BODY}", ("error", 429, "quota", "RateLimitError")),
        ('RateLimitError("Error code: 429 - slow down")', ("error", 429, "rate_limit", "RateLimitError")),
        ("litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for x", ("error", None, "rate_limit", "RateLimitError")),
        ("litellm.Timeout: APITimeoutError - Request timed out.", ("timeout", None, "timeout", "Timeout")),
        ("asyncio.exceptions.CancelledError", ("cancelled", None, "client_cancel", "CancelledError")),
        ("ModelServerError: status_code: 500, model_name: x, body: {}", ("error", 500, "server_error", "ModelServerError")),
        ("Error: 429 Too many\n    at send (client.js:1:2)", ("error", 429, "rate_limit", "Error")),
        ("something went wrong", ("error", None, "unknown", None)),
        ("", ("error", None, "unknown", None)),
        ({"error": {"type": "overloaded_error", "message": "Overloaded"}}, ("error", None, "overloaded", "overloaded_error")),
        (7, ("error", None, "unknown", None)),
    ],
)
def test_forms(error: object, want: tuple[object, ...]) -> None:
    found = failure(error)
    assert (found["status"], found.get("status_code"), found["error_class"], found.get("error_type")) == want


def test_a_traceback_tells_its_last_exception() -> None:
    """Chained tracebacks: the first is the cause, the last is what the program saw. A message may have several lines."""
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "b.py", line 2, in g\n    raise X\n    ^^^^\nvendor.Overloaded: at capacity\nsecond line: of it\n'
    )
    fault = fault_in(text)
    assert fault.codes == ["Overloaded"]
    assert fault.message == "at capacity\nsecond line: of it"


def test_a_traceback_cut_short_tells_what_stands_before_it() -> None:
    fault = fault_in('RateLimitError: slow down\n\nTraceback (most recent call last):\n  File "a.py", line')
    assert fault.codes == ["RateLimitError"]
    assert fault.message == "slow down"


def test_a_stated_status_wins_over_the_message() -> None:
    assert failure("Error code: 500 - x", 429)["error_class"] == "rate_limit"


def test_nothing_of_the_prompt_stays() -> None:
    found = failure("BadRequestError: Error code: 400 - {'error': {'message': 'the prompt \"my secret\" is bad'}}")
    assert "secret" not in str(found)
