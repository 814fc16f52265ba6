"""The same exchange in every wrapping: what stands around a body."""

import base64
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_helpers import EPOCH_NOON, call, read, subset, table

ENVELOPES = {case: entry["record"] for case, entry in table("provider_envelopes").items()}
BODIES = table("provider_bodies")
CHAT, CHAT_WANT = BODIES["openai chat"]["record"], BODIES["openai chat"]["want"]
HEADERS = ENVELOPES["flat"]["headers"]
WANT = {
    **CHAT_WANT,
    **{"request_model": "gpt-4o", "status_code": 200, "max_tokens": 100, "prompt_chars": 9},
    **{"started_at": "2026-03-31T12:00:00", "duration_ms": 812, "server_ms": 570, "network_ms": 242},
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope(name):
    [outcome] = read(ENVELOPES[name])
    assert subset(outcome.call, WANT) == WANT
    assert [row["remaining"] for row in outcome.rows["rate_limits"]] == [99]
    assert outcome.call["prompt_hash"] == call(ENVELOPES["flat"])["prompt_hash"]


STEPS = ["event", "payload", "log", "record", "exchange", "llm", "attributes", "detail"]


@given(st.lists(st.sampled_from(STEPS), max_size=4), st.permutations(list(ENVELOPES["flat"])))
def test_any_nesting_and_order_gives_the_same_call(steps, order):
    value = {name: ENVELOPES["flat"][name] for name in order}
    for step in steps:
        value = {step: value}
    assert call(value) == call(ENVELOPES["flat"])


def test_labels_beside_an_exchange():
    labels = {"user_id": "u1", "feature": "search", "session_id": "s1", "trace_id": "t1", "team": "core", "environment": "prod", "prompt_version": "v3"}
    row = call(ENVELOPES["flat"] | {"metadata": labels})
    assert subset(row, labels) == labels
    assert row["feature_basis"] == "logged"


VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent"


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://api.openai.com/v1/chat/completions", {"provider": "openai", "endpoint": "chat.completions"}),
        ("https://x.openai.azure.com/openai/deployments/my-dep/chat/completions?api-version=1", {"provider": "azure", "deployment": "my-dep"}),
        (
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-micro-v1%3A0/converse",
            {"provider": "aws.bedrock", "request_model": "us.amazon.nova-micro-v1:0", "region": "us-east-1"},
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
            {"provider": "gcp.gemini", "request_model": "gemini-2.5-pro"},
        ),
        (VERTEX, {"provider": "gcp.vertex_ai", "request_model": "gemini-2.5-pro", "region": "us-central1"}),
        ("http://127.0.0.1:11434/api/chat", {"provider": "ollama"}),
        ("/v1/messages", {"endpoint": "messages", "provider": "openai"}),
        ("https://api.groq.com/somewhere/else", {"endpoint": None, "provider": "groq"}),
        ("not a url [", {"provider": "openai"}),
        ("http://[bad", {"provider": "openai"}),
    ],
)
def test_what_a_url_tells(url, want):
    assert subset(call({"url": url, "response": CHAT}), want) == want


def test_bedrocks_notation_of_a_model_names_the_host():
    assert call({"model": "us.anthropic.claude-v2:1", "response": CHAT})["provider"] == "aws.bedrock"


@pytest.mark.parametrize(
    ("logged", "ms"),
    [
        ({"latency": 1.5}, 1500),
        ({"latency": 812}, 812),
        ({"latency": 120}, None),
        ({"latency": "1.2s"}, 1200),
        ({"took": -1}, None),
        ({"duration": {"seconds": 2}}, 2000),
        ({"elapsed_ns": 5_000_000}, 5),
        ({"time": 3}, None),
        ({"latency_ms": "fast"}, None),
    ],
)
def test_a_duration(logged, ms):
    [outcome] = read({"response": CHAT, **logged})
    assert outcome.call.get("duration_ms") == ms
    assert (("duration_ms", "unit_unknown", "int") in outcome.issues) == (logged == {"latency": 120})


def test_an_answer_fetched_later_has_its_own_start_and_no_times_of_the_fetching():
    record = {"method": "GET", "url": "https://api.openai.com/v1/responses/r", "ts": EPOCH_NOON + 60, "latency_ms": 90, "headers": HEADERS}
    row = call(record | {"response": {"object": "response", "id": "r", "status": "completed", "created_at": EPOCH_NOON, "output": []}})
    assert row["started_at"].isoformat() == "2026-03-31T12:00:00"
    assert not {"duration_ms", "server_ms", "network_ms"} & row.keys()


def test_what_a_har_spent_on_the_network():
    row = call(ENVELOPES["HAR"] | {"timings": {"blocked": 1, "dns": 2, "connect": 30, "send": 4, "wait": 700, "receive": 75, "ssl": 20}})
    assert row["network_ms"] == 37


def test_a_server_that_took_longer_than_the_wait_leaves_no_network_time():
    assert "network_ms" not in call(ENVELOPES["flat"] | {"latency_ms": 100})


def test_a_body_in_base64():
    encoded = base64.b64encode(json.dumps(CHAT).encode()).decode()
    assert call({"response": {"status": 200, "body": encoded}})["input_tokens"] == 30
    binary = base64.b64encode(bytes(range(200, 256)) * 2).decode()
    assert read({"response": {"status": 200, "body": binary}})[0].kind == "rejected"
    assert read({"response": {"status": 200, "body": "a plain text that is long enough to look at !!!!!!"}})[0].kind == "rejected"


def test_a_list_of_exchanges_in_one_record():
    models = {"request": {"url": "https://api.openai.com/v1/models"}, "response": {"status": 200, "content": {}}}
    outcomes = read({"log": {"entries": [ENVELOPES["HAR"], models, ENVELOPES["HAR"]]}})
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("skipped", False), ("call", True), ("skipped", True), ("call", True)]


def test_an_exchange_with_a_second_body_is_one_call():
    row = call({"response": CHAT, "raw": {"deeper": {"copy": CHAT}}})
    assert row["input_tokens"] == 30


def test_a_second_answer_of_another_call_is_not_lost():
    record = {"ts": EPOCH_NOON, "latency_ms": 900, "first": {"response": CHAT}, "fallback": {"response": CHAT | {"id": "chatcmpl-2"}}}
    first, second = read(record)
    assert (first.call["response_id"], first.nested, second.call["response_id"], second.nested) == ("chatcmpl-1", False, "chatcmpl-2", True)
    assert (first.call["duration_ms"], second.call.get("duration_ms"), second.call["input_tokens"]) == (900, None, 30)


def test_a_redacted_key_has_no_hash():
    for key in ("***", "<key>", "REDACTED", "Bearer ****", ""):
        assert "api_key_hash" not in call({"response": CHAT, "request_headers": {"authorization": key, "content-type": "x"}})


def test_no_text_of_prompt_answer_error_or_header_is_kept():
    secret = "zebra-crossing-secret"
    record = copy.deepcopy(ENVELOPES["flat"]) | {"prompt": secret, "error": {"message": f'failed on "{secret}"', "code": "x"}}
    record["request"]["messages"][1]["content"] = secret
    record["response"]["choices"][0]["message"]["content"] = secret
    record["headers"] = HEADERS | {"x-request-note": secret}
    record["request_headers"] = {"authorization": f"Bearer {secret}", "content-type": "x"}
    [outcome] = read(record)
    assert secret not in repr(outcome)
    assert len(outcome.call["api_key_hash"]) == 16


def test_the_prefix_is_what_stays_of_a_prompt():
    def prefix(system, question):
        request = {"model": "m", "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}]}
        return call({"request": request, "response": CHAT})["prefix_hash"]

    assert prefix("be kind", "a?") == prefix("be kind", "b?") != prefix("be short", "a?")


def test_a_start_in_the_zone_of_the_file():
    from llmlogs.sources.base import Context, Record
    from llmlogs.sources.provider_responses import SOURCE

    [outcome] = SOURCE.read([Record(1, 0, 0, {"ts": "2026-03-31 14:00:00", "response": CHAT})], Context("x", timezone="Europe/Berlin"))
    assert outcome.call["started_at"].isoformat() == "2026-03-31T12:00:00"
    assert call({"ts": EPOCH_NOON, "response": CHAT})["started_at"].isoformat() == "2026-03-31T12:00:00"
