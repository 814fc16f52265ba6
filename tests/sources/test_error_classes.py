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


# (status, body, class) of every provider's own spelling that the cases above do not have
SPELLINGS = {
    "rate_limit": [
        (429, {"error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Limit 30000, Used 29000, Requested 2000"}}),  # OpenAI, tokens a minute
        (429, {"error": {"code": "429", "message": "Requests to the Embeddings_Create Operation have exceeded call rate limit"}}),  # Azure
        (429, {"message": "Requests rate limit exceeded"}),  # Mistral
        (429, {"message": "You are using a Trial key, which is limited to 40 API calls / minute"}),  # Cohere
        (429, {"__type": "com.amazonaws#TooManyRequestsException", "message": "Too many tokens, please wait"}),  # not a long prompt
        (413, {"error": {"code": "rate_limit_exceeded", "type": "tokens", "message": "Request too large on tokens per minute"}}),  # Groq
        (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for aiplatform.googleapis.com"}}),  # Vertex
        (429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Exceeded workspace rate limit"}),  # Databricks
        (429, {"code": "Some resource has been exhausted", "error": "Too many requests for team"}),  # xAI
        (429, {"detail": "Too many requests"}),
        (None, "litellm.RateLimitError: AnthropicException - slow down"),
        (None, "ThrottlingException: Too many requests, please wait before trying again."),
    ],
    "quota": [
        (400, {"error": {"code": "billing_hard_limit_reached", "message": "Billing hard limit has been reached"}}),  # OpenAI images
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API"}}),  # Anthropic
        (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "x", "details": {"error_code": "enforced_spend_limit_reached"}}}),
        (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}),  # DeepSeek
        (402, {"error": {"code": 402, "message": "This request requires more credits, or fewer max_tokens"}}),  # OpenRouter
        (402, {"error": "You have exceeded your monthly included credits for Inference Providers"}),  # Hugging Face
        (403, {"code": "permission-denied", "error": "Your team has either used all available credits or reached its monthly spending limit"}),  # xAI
        (429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month"}),  # Cohere
        (429, {"message": "Too many tokens per day, please wait before trying again.", "__type": "ThrottlingException"}),  # Bedrock
        (400, {"__type": "ServiceQuotaExceededException", "message": "quota"}),
        (
            429,
            {"error": {"status": "RESOURCE_EXHAUSTED", "message": "q", "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}]}},
        ),
    ],
    "overloaded": [
        (503, {"error": {"message": "The engine is currently overloaded", "type": "service_unavailable_error"}}),  # OpenAI
        (503, {"error": {"code": "slow_down", "message": "Slow down"}}),
        (429, {"error": {"code": "NoCapacity", "message": "The system is currently experiencing high demand"}}),  # Azure
        (429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded"}),  # Mistral
        (498, {"error": {"code": "capacity_exceeded", "message": "Flex tier capacity exceeded"}}),  # Groq
        (429, {"__type": "ModelNotReadyException", "message": "The model is not ready"}),  # Bedrock
        (503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}}),  # Gemini
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}),  # Text Generation Inference
        (503, {"error": "Model acme/x is currently loading", "estimated_time": 20.0}),  # Hugging Face
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}),  # Ollama
        (None, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),  # in the middle of a stream
    ],
    "context_length": [
        (400, {"error": {"status": "INVALID_ARGUMENT", "message": "The input token count (1250074) exceeds the maximum number of tokens allowed"}}),  # Gemini
        (400, {"__type": "ValidationException", "message": "Input is too long for requested model."}),  # Bedrock
        (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048", "error_type": "validation"}),  # TGI
        (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens", "type": "BadRequestError"}),  # vLLM
        (400, {"error": {"message": "Please reduce the length of the messages or completion.", "type": "invalid_request_error"}}),  # Groq
        (400, {"error": {"code": 400, "type": "too_many_prompt_tokens", "message": "The total length of all messages is too long."}}),  # Perplexity
        (400, {"error": {"type": "exceed_context_size_error", "message": "the request exceeds the available context size"}}),  # llama.cpp
    ],
    "content_filter": [
        (400, {"error": {"code": "content_policy_violation", "message": "Your request was rejected by our safety system."}}),  # OpenAI images
        (400, {"error": {"code": "invalid_prompt", "message": "flagged as potentially violating our usage policy"}}),
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}}),  # Anthropic
        (403, {"error": {"code": 403, "message": "Your chosen model requires moderation and your input was flagged"}}),  # OpenRouter
        (400, {"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}, "code": "content_filter", "message": "m"}}),  # Azure
    ],
    "auth": [
        (403, {"error": {"code": "unsupported_country_region_territory", "message": "not supported"}}),
        (403, {"type": "error", "error": {"type": "permission_error", "message": "m"}}),
        (403, {"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}),
        (403, {"error": {"code": "403", "message": "Access denied due to Virtual Network/Firewall rules."}}),  # Azure
        (403, {"error": {"status": "PERMISSION_DENIED", "code": 403, "message": "m"}}),  # Gemini
        (401, {"error": "Invalid username or password."}),  # Hugging Face
    ],
    "not_found": [
        (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}),  # Azure
        (404, {"__type": "ResourceNotFoundException", "message": "This model version has reached the end of its life."}),  # Bedrock
        (404, {"error": {"code": 404, "message": "No endpoints found for acme/x."}}),  # OpenRouter
        (400, {"error": {"message": "acme/x is not a valid model ID", "code": 400}}),
    ],
    "timeout": [
        (408, {"__type": "ModelTimeoutException", "message": "m"}),  # Bedrock
        (408, {"error": {"code": "Timeout", "message": "The operation was timeout."}}),  # Azure
        (504, {"error": {"code": 504, "status": "DEADLINE_EXCEEDED", "message": "m"}}),  # Gemini
        (524, ""),  # a proxy of Cloudflare
    ],
    "server_error": [
        (424, {"__type": "ModelErrorException", "message": "m"}),  # Bedrock
        (424, {"error": "Request failed during generation", "error_type": "generation"}),  # TGI
        (500, {"error": "llama runner process has terminated"}),  # Ollama
        (None, {"error": {"code": "server_error", "message": "An error occurred while processing your request."}}),  # response.failed
        (500, {"error": {"code": 500, "status": "INTERNAL", "message": "m"}}),
    ],
    "client_cancel": [(499, {"error": {"code": 499, "status": "CANCELLED", "message": "m"}}), (None, {"error": "net::ERR_ABORTED"})],
    "truncated_stream": [(424, {"__type": "ModelStreamErrorException", "message": "m"})],
    "connection": [(None, {"error": "net::ERR_CONNECTION_RESET"})],
    "bad_request": [
        (413, {"type": "error", "error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}}),  # bytes, not tokens
        (400, {"error": {"code": 3, "message": "m"}}),  # gRPC's number
        (409, {"error": {"message": "conflict"}}),
    ],
}


@pytest.mark.parametrize(("kind", "status", "body"), [(kind, status, body) for kind, cases in SPELLINGS.items() for status, body in cases])
def test_every_providers_spelling(kind, status, body):
    assert fault_of(body).columns(status)["error_class"] == kind


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
        ("APIConnectionError", "OpenAIException - Response payload is not completed: <TransferEncodingError: 400>", "truncated_stream"),
        ("ContextWindowExceededError", "", "context_length"),
        ("ProxyModelNotFoundError", "400: Invalid model name passed in", "not_found"),
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
