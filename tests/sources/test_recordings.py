"""HTTP archives and cassettes through the provider-response source: each exchange once, its waits as the recorder measured them."""

import base64
import gzip
import json
import struct
from pathlib import Path
from typing import Any

import duckdb
import pytest
from provider_helpers import call, read, subset

from llmlogs.carriers.base import Head
from llmlogs.ingest import engine
from llmlogs.sources.provider_responses import SOURCE

ANSWER = {
    "id": "chatcmpl-r1",
    "object": "chat.completion",
    "created": 1774958400,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
}
STREAM = "\n\n".join(
    "data: " + json.dumps({"id": "chatcmpl-s1", "object": "chat.completion.chunk", "model": "gpt-4o-2024-08-06", **part})
    for part in (
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}},
    )
)
CHAT = "https://api.openai.com/v1/chat/completions"


def frame(payload: Any, kind: str) -> bytes:
    """An AWS event frame, its checksums left out of account."""
    name, body = b":event-type", json.dumps(payload).encode()
    headers = bytes([len(name)]) + name + b"\x07" + len(kind).to_bytes(2, "big") + kind.encode()
    return struct.pack(">III", 16 + len(headers) + len(body), len(headers), 0) + headers + body + b"\0\0\0\0"


DELTA = frame({"delta": {"text": "Hi"}}, "contentBlockDelta")
META = frame({"usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}, "metrics": {"latencyMs": 40}}, "metadata")


def entry(text: str | None = None, url: str = CHAT, method: str = "POST", status: int = 200, timings: Any = None, **more: Any) -> dict[str, Any]:
    content = {"mimeType": "application/json", "text": json.dumps(ANSWER) if text is None else text}
    return {
        "startedDateTime": "2026-03-31T14:00:00.250+02:00",
        "time": 900.5,
        "request": {"method": method, "url": url, "headers": [], "postData": {"mimeType": "application/json", "text": '{"model": "gpt-4o", "messages": []}'}},
        "response": {"status": status, "headers": more.pop("headers", []), "content": content if status else {}},
        "timings": timings if timings is not None else {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 900.5, "receive": 0, "ssl": -1},
        **more,
    }


MEASURED = {"blocked": 2.5, "dns": 10, "connect": 40, "ssl": 25, "send": 1, "wait": 600, "receive": 247}


def test_an_entry_is_a_call_with_the_callers_wait_and_start_in_utc() -> None:
    want = {"started_at": "2026-03-31T12:00:00.250000", "duration_ms": 900.5, "request_model": "gpt-4o", "input_tokens": 12, "status": "ok", "status_code": 200}
    assert subset(call(entry()), want) == want


@pytest.mark.parametrize(
    ("timings", "headers", "network"),
    [
        (MEASURED, [], 53.5),  # ssl is inside connect
        ({"blocked": -1, "dns": -1, "connect": -1, "send": 0.4, "wait": 5, "receive": 1, "ssl": -1}, [], 0.4),  # a connection in use
        (None, [], None),  # Polly.js: all is `wait`
        (None, [{"name": "openai-processing-ms", "value": "700"}], 200.5),
        ({"blocked": "x", "dns": None, "connect": [], "send": {}, "wait": True}, [], None),
    ],
)
def test_the_network_is_what_connecting_and_sending_took_or_unknown(timings: Any, headers: Any, network: float | None) -> None:
    assert call(entry(timings=timings, headers=headers)).get("network_ms") == network


@pytest.mark.parametrize(("timings", "first"), [(MEASURED, 653.5), (None, None), ({"wait": 600, "receive": 0}, None)])
def test_the_first_byte_of_a_stream_is_known_where_receiving_was_measured(timings: Any, first: float | None) -> None:
    row = call(entry(STREAM, timings=timings, headers=[{"name": "content-type", "value": "text/event-stream"}]))
    assert (row.get("ttft_ms"), row["stream"], row["output_tokens"]) == (first, True, 2)
    assert row.get("ttft_basis") == ("client" if first else None)


def test_the_first_byte_of_a_whole_answer_is_no_first_token() -> None:
    assert "ttft_ms" not in call(entry(timings=MEASURED))


def test_status_0_is_a_caller_that_went_away() -> None:
    assert subset(call(entry(status=0)), {"status": None, "status_code": None, "input_tokens": None}) == {
        "status": "cancelled",
        "status_code": None,
        "input_tokens": None,
    }


def test_a_browsers_own_error_is_told() -> None:
    gone = entry(status=0)
    gone["response"]["_error"] = "net::ERR_ABORTED"
    assert subset(call(gone), {"status": None, "error_class": None}) == {"status": "cancelled", "error_class": "client_cancel"}
    lost = entry(status=0)
    lost["response"]["_error"] = "net::ERR_CONNECTION_RESET"
    assert subset(call(lost), {"status": None, "error_class": None}) == {"status": "error", "error_class": "connection"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (entry("<html></html>", "https://app.test/page", "GET"), "HTTP request to no model's API"),
        (entry('{"items": [1, 2]}', "https://app.test/api/list", "POST"), "HTTP request to no model's API"),
        (entry("", CHAT, "OPTIONS", 204), "HTTP preflight"),
        (entry("", "https://app.test/socket", "GET", 101, webSocket=True), "WebSocket"),
        (entry('{"data": []}', "https://api.openai.com/v1/models", "GET"), "model_list"),
        ({"protobuf_recording": True}, "protobuf recording (gRPC) without its JSON"),
    ],
)
def test_other_traffic_is_skipped_by_its_kind(value: Any, reason: str) -> None:
    assert [(outcome.kind, outcome.reason) for outcome in read(value)] == [("skipped", reason)]


def test_a_failed_request_to_an_unknown_path_is_not_lost_when_it_was_refused() -> None:
    body = '{"error": {"message": "slow down", "type": "rate_limit_error"}}'
    assert call(entry(body, "https://llm.corp.test/route", status=429))["error_class"] == "rate_limit"


@pytest.mark.parametrize("carrier", ["har", "cassette"])
@pytest.mark.parametrize(
    ("values", "sure"), [((entry(),), 0.9), ((entry("<html>", "https://a.test", "GET"),) * 9 + (entry(),), 0.9), ((entry("x", "https://a.test", "GET"),), 0.5)]
)
def test_recordings_are_taken_whatever_else_they_hold(carrier: str, values: Any, sure: float) -> None:
    found = SOURCE.detect(Head("x", carrier, values))
    assert found is not None
    assert found.confidence >= sure


def test_answers_of_xais_grpc_api() -> None:
    body = {
        "id": "0a-1",
        "outputs": [{"finish_reason": "REASON_STOP", "message": {"content": "Hello.", "role": "ROLE_ASSISTANT"}}],
        "created": "2026-03-31T12:00:00.512425532Z",
        "model": "grok-4",
        "usage": {"completion_tokens": 10, "prompt_tokens": 358, "total_tokens": 415, "reasoning_tokens": 47, "cached_prompt_text_tokens": 192,
                  "cost_in_usd_ticks": "3884000"},
    }  # fmt: skip
    want = {"provider": "x-ai", "input_tokens": 358, "output_tokens": 57, "cache_read_tokens": 192, "reasoning_tokens": 47, "reported_usd": "0.0003884",
            "finish_reason": "stop", "completion_chars": 6, "operation": "chat", "started_at": "2026-03-31T12:00:00.512425"}  # fmt: skip
    assert subset(call({"request": {"body": {"model": "grok-4", "messages": []}, "method": "POST"}, "response": {"body": body}}), want) == want


@pytest.mark.parametrize("packed", [False, True])
def test_one_exchange_a_file_as_dd_apm_test_agent_keeps_it(packed: bool) -> None:
    body = json.dumps(ANSWER)
    body = "base64:" + base64.b64encode(body.encode()).decode() if packed else body
    request = {"method": "POST", "url": CHAT, "headers": {"Accept": "*/*"}, "body": '{"model": "gpt-4o", "messages": []}'}
    row = call({"request": request, "response": {"status": {"code": 200, "message": "OK"}, "headers": {"Content-Type": "application/json"}, "body": body}})
    want = {"input_tokens": 12, "status_code": 200, "request_model": "gpt-4o", "provider": "openai", "endpoint": "chat.completions"}
    assert subset(row, want) == want


def test_an_aws_stream_in_it() -> None:
    body = "base64:" + base64.b64encode(DELTA + META).decode()
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse-stream"
    row = call({"request": {"method": "POST", "url": url, "headers": {}, "body": ""}, "response": {"status": {"code": 200}, "headers": {}, "body": body}})
    want = {"stream": True, "input_tokens": 3, "output_tokens": 5, "completion_chars": 2, "provider": "aws.bedrock"}
    assert subset(row, want) == want


def ingest(folder: Path, name: str, content: bytes) -> Any:
    (folder / name).write_bytes(content)
    return engine.run([str(folder / name)], folder / "t.duckdb")


def test_an_archive_from_file_to_table(tmp_path: Path) -> None:
    log = json.dumps({"log": {"version": "1.2", "creator": {"name": "t"}, "entries": [entry(), entry("<html>", "https://a.test", "GET"), {"x": 1}]}})
    total = ingest(tmp_path, "x.har.gz", gzip.compress(log.encode())).total
    assert (total.records, total.calls, total.skipped, total.rejected) == (3, 1, 1, 1)
    assert ingest(tmp_path, "copy.har", log.encode()).total.records == 0
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        assert con.execute("select line, input_tokens, duration_ms from calls").fetchall() == [(1, 12, 900.5)]


def test_a_cassette_from_file_to_table(tmp_path: Path) -> None:
    text = f"""\
interactions:
- request:
    body: '{{"model": "gpt-4o", "messages": []}}'
    headers: {{authorization: [REDACTED]}}
    method: POST
    uri: {CHAT}
  response:
    body: {{string: '{json.dumps(ANSWER)}'}}
    headers:
      date: ['Tue, 31 Mar 2026 12:00:00 GMT']
      x-ratelimit-remaining-requests: ['41']
    status: {{code: 200, message: OK}}
version: 1
"""
    assert ingest(tmp_path, "x.yaml", text.encode()).total.calls == 1
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        assert con.execute("select input_tokens, duration_ms, started_at::varchar, status_code, api_key_hash from calls").fetchall() == [
            (12, None, "2026-03-31 12:00:00", 200, None)
        ]
        assert con.execute("select scope, remaining from rate_limits").fetchall() == [("requests", 41.0)]


def test_yaml_that_is_no_cassette_is_named_as_such(tmp_path: Path) -> None:
    [(_, told)] = ingest(tmp_path, "compose.yaml", b"services:\n  web:\n    image: x\n").unknown
    assert told.startswith("YAML, but no recording of HTTP calls")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.shared
def test_real_cassettes_give_what_an_independent_reader_found_in_them(shared: Path, tmp_path: Path) -> None:
    """The responses extracted from the same cassettes by others, with the counts two readers agree on."""
    expected = {row["line"]: row for row in lines(shared / "oracle/expected_usage_dev.jsonl")}
    responses = enumerate(lines(shared / "corpus/provider/vcr_responses/vcr_responses_dev.jsonl"), 1)
    folder = shared / "corpus/provider/raw_cassettes"
    files = {path.name: str(path) for path in folder.rglob("*") if path.is_file()}
    report = engine.run([str(folder)], tmp_path / "t.duckdb", engine.IngestOptions(merge=False))
    assert not report.unknown
    assert report.total.rejected == 0
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        rows = con.execute("select f.path, c.line, input_tokens, output_tokens from calls c join files f using (file_id)").fetchall()
    got = {(path, line): counts for path, line, *counts in rows}
    compared = 0
    for line, response in responses:
        path = files.get(response["source_path"].replace("/", "__"))
        if path is not None and line in expected:
            want = expected[line]
            counts = [None, None] if want["basis"] in ("none", "no_usage") else [want["input_tokens"], want["output_tokens"]]
            assert got.get((path, response["interaction"] + 1), [None, None]) == counts, (path, response["interaction"])
            compared += 1
    assert compared > 100
