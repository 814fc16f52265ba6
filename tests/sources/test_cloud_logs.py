"""Request logs of clouds: bodies, counts, tags and times as each writes them, whatever they are wrapped in."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_helpers import subset

from llmlogs import sources
from llmlogs.carriers.base import Head, Record
from llmlogs.ingest import engine
from llmlogs.sources.base import Context
from llmlogs.sources.cloud_logs import SOURCES

BY_NAME = {source.name: source for source in SOURCES}


def read(name: str, value: Any, **context: Any) -> list[Any]:
    return list(BY_NAME[name].read([Record(1, 0, 0, value)], Context("x", b"k", **context)))


def call(name: str, value: Any, **context: Any) -> dict[str, Any]:
    [outcome] = read(name, value, **context)
    assert outcome.kind == "call", outcome
    return outcome.call


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_samples(source: Any) -> None:
    for sample in source.samples:
        values = [json.loads(line) for line in sample.lines.splitlines()]
        outcomes = list(source.read([Record(n, 0, 0, value) for n, value in enumerate(values, 1)], Context("x", b"k")))
        calls = [outcome.call for outcome in outcomes if outcome.kind == "call"]
        assert len(calls) == len(sample.want)
        for got, want in zip(calls, sample.want, strict=True):
            assert subset(got, want) == want, sample.note


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_each_log_is_known_among_all_sources(source: Any) -> None:
    values = tuple(json.loads(line) for sample in source.samples for line in sample.lines.splitlines())
    assert sources.find(Head("x.log", "ndjson", values))[0][0].name == source.name
    assert sources.find(Head("x.log", "json", ({"records": list(values)},)))[0][0].name == source.name


# Amazon Bedrock


def bedrock(operation: str = "Converse", output: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-03-31T12:00:00Z",
        "requestId": "req-1",
        "operation": operation,
        "region": "us-east-1",
        "modelId": "anthropic.claude-haiku-4-5-20251001-v1:0",
        "identity": {"arn": "arn:aws:iam::1:user/u"},
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9}, "inputTokenCount": 40, **more.pop("input", {})},
        "output": {"outputTokenCount": 7, **({"outputBodyJson": output} if output is not None else {}), **more.pop("out", {})},
        **more,
    }


START = {"type": "message_start", "message": {"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}}
STARTED = {**START, "message": START["message"] | {"usage": {"input_tokens": 40, "output_tokens": 1, "cache_read_input_tokens": 100}}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}}
ENDED = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
METRICS = {
    "type": "message_stop",
    "amazon-bedrock-invocationMetrics": {"inputTokenCount": 40, "outputTokenCount": 7, "invocationLatency": 900, "firstByteLatency": 300},
}
STREAM = "InvokeModelWithResponseStream"


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (
            bedrock(STREAM, [STARTED, DELTA, ENDED, METRICS, "[DONE]"]),
            {
                "input_tokens": 140,
                "cache_read_tokens": 100,
                "output_tokens": 7,
                "stream": True,
                "ttft_ms": 300.0,
                "response_id": "msg_bdrk_1",
                "call_id": "req-1",
            },
        ),
        (bedrock("Converse"), {"input_tokens": 40, "output_tokens": 7, "usage_status": "reported", "stream": False, "endpoint": "converse", "status": "ok"}),
        (  # the parts of the input that the count leaves out stand beside it
            bedrock("Converse", input={"cacheReadInputTokenCount": 500, "cacheWriteInputTokenCount": 60}),
            {"input_tokens": 600, "cache_read_tokens": 500, "cache_write_tokens": 60},
        ),
        (bedrock("Converse", out={"outputBodyS3Path": "s3://b/k"}), {"input_tokens": 40, "output_tokens": 7, "status": "ok"}),
        (bedrock(STREAM, [STARTED, DELTA], out={"outputTokenCount": 0}), {"input_tokens": 140, "output_tokens": None, "usage_status": "partial"}),
        (
            bedrock("ConverseStream", out={"outputTokenCount": 0}, input={"inputTokenCount": 0}),
            {"input_tokens": None, "output_tokens": None, "usage_status": "missing"},
        ),
        (
            bedrock(STREAM, [{**DELTA, "amazon-bedrock-guardrailAction": "INTERVENED"}], out={"outputTokenCount": 0}, input={"inputTokenCount": 0}),
            {"status": "blocked", "input_tokens": 0, "output_tokens": 0, "usage_status": "reported"},
        ),
        (
            bedrock("Converse", {"stopReason": "guardrail_intervened", "output": {"message": {"content": []}}, "usage": {"inputTokens": 0, "outputTokens": 0}}),
            {"status": "blocked", "input_tokens": 0, "output_tokens": 0, "finish_reason": "guardrail_intervened"},
        ),
        (bedrock(errorCode="ThrottlingException", output={}), {"status": "error", "error_class": "rate_limit", "error_type": "ThrottlingException"}),
        (bedrock(errorCode="ValidationException", output={}), {"status": "error", "error_class": "bad_request"}),
        (bedrock(inferenceRegion="eu-west-1"), {"region": "eu-west-1", "provider": "aws.bedrock", "prompt_chars": 5, "max_tokens": 9}),
        (
            bedrock(requestMetadata={"team": "core", "useCase": "faq", "x": "y"}),
            {"team": "core", "feature": "faq", "feature_basis": "tags", "tags": '{"team":"core","useCase":"faq","x":"y"}'},
        ),
    ],
)
def test_bedrock(value: Any, want: dict[str, Any]) -> None:
    row = call("bedrock_invocations", value)
    assert subset(row, want) == want
    assert row["started_at"].isoformat() == "2026-03-31T12:00:00"
    assert "duration_ms" not in row  # the log knows the server's time, nobody's wait


@pytest.mark.parametrize("place", ["tags.product", "requestMetadata.product"])
def test_the_config_chooses_which_tag_is_the_feature(place: str) -> None:
    row = call("bedrock_invocations", bedrock(requestMetadata={"product": "shop", "feature": "faq"}), feature_from=(place,))
    assert (row["feature"], row["feature_basis"]) == ("shop", "config")


def test_the_identity_is_kept_as_a_hash_only() -> None:
    row = call("bedrock_invocations", bedrock())
    assert len(row["api_key_hash"]) == 16
    assert "arn:aws:iam" not in str(row)


ENTRY = bedrock()
TEXT = json.dumps(ENTRY)
ENVELOPES = [
    {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}, {"id": "2", "timestamp": 2, "message": TEXT}]},
    {"events": [{"timestamp": 1, "message": TEXT}, {"timestamp": 2, "message": TEXT}], "nextForwardToken": "f"},
    {"records": [ENTRY, ENTRY]},
]


@pytest.mark.parametrize("value", ENVELOPES)
def test_envelopes_of_several_entries(value: Any) -> None:
    outcomes = read("bedrock_invocations", value)
    assert [(outcome.kind, outcome.nested) for outcome in outcomes] == [("skipped", False), ("call", True), ("call", True)]


@pytest.mark.parametrize("value", [{"@timestamp": "x", "message": TEXT}, {"@message": TEXT}, {"event": ENTRY}, {"logEvents": [{"message": TEXT}]}])
def test_envelopes_of_one_entry(value: Any) -> None:
    assert call("bedrock_invocations", value)["input_tokens"] == 40


@pytest.mark.parametrize(
    "content", [TEXT + "\n" + TEXT.replace("req-1", "req-2"), f"2026-03-31T12:00:00.000Z {TEXT}\n2026-03-31T12:00:01.000Z {TEXT.replace('req-1', 'req-2')}\n"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_as_s3_and_cloudwatch_hold_them(content: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    total = engine.run([str(path)], tmp_path / "t.duckdb").total
    assert (total.records, total.calls) == (2, 2)


def test_a_request_id_that_repeats_is_one_call_only_where_the_entries_agree(tmp_path: Path) -> None:
    other = bedrock(input={"inputTokenCount": 41})
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(value) for value in (ENTRY, ENTRY, other)), encoding="utf-8")
    engine.run([str(tmp_path / "a.jsonl")], tmp_path / "t.duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        assert con.execute("select input_tokens from calls order by 1").fetchall() == [(40,), (41,)]


# Vertex AI


def vertex(response: Any, **more: Any) -> dict[str, Any]:
    return {
        "api_method": "StreamGenerateContent",
        "full_request": {"contents": "x", "model": "projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro", "labels": {"feature": "faq"}},
        "full_response": response,
        "logging_time": "2026-03-31T12:00:10Z",
        "metadata": {"request_latency": 4000.5},
        "model": "publishers/google/models/gemini-2.5-pro",
        "request_id": "5",
        **more,
    }


COUNTS = {"prompt_token_count": 10, "candidates_token_count": 4, "thoughts_token_count": 6, "cached_content_token_count": 8, "total_token_count": 20}
ANSWER = {"candidates": [{"finish_reason": "STOP"}], "usage_metadata": COUNTS, "response_id": "r1", "create_time": "2026-03-31T12:00:05.250000Z"}


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (
            vertex(ANSWER),
            {"input_tokens": 10, "output_tokens": 10, "cache_read_tokens": 8, "started_at": "2026-03-31T12:00:05.250000", "duration_ms": 4000.5}
            | {"region": "europe-west4", "feature": "faq", "stream": True, "response_id": "r1", "call_id": None, "provider": "gcp.vertex_ai"},
        ),
        (vertex(json.dumps(ANSWER)), {"input_tokens": 10, "request_model": "gemini-2.5-pro"}),
        (vertex({"usage_metadata": COUNTS}), {"call_id": "5", "started_at": "2026-03-31T12:00:05.999500"}),  # logged when the answer was there
        (
            vertex({"error": {"code": 429, "message": "busy", "status": "RESOURCE_EXHAUSTED"}}),
            {"status": "error", "error_class": "rate_limit", "input_tokens": None},
        ),
        (vertex(None), {"status": "unknown", "usage_status": "missing"}),
    ],
)
def test_vertex(value: Any, want: dict[str, Any]) -> None:
    assert subset(call("vertex_requests", value), want) == want


# Azure OpenAI

TICKS = 639105552000000000  # 2026-03-31 12:00:00 UTC


def azure(operation: str = "ChatCompletions_Create", properties: Any = None, **more: Any) -> dict[str, Any]:
    plain = {"requestTime": TICKS, "responseTime": TICKS + 10_212_000, "streamType": "Non-Streaming", "modelDeploymentName": "d", "modelName": "gpt-4o"}
    return {
        "category": "RequestResponse",
        "event": "ShoeboxCallResult",
        "correlationId": "c",
        "durationMs": 1021,
        "operationName": operation,
        "resultSignature": "200",
        "time": "2026-04-07T12:00:00Z",
        "location": "eastus",
        "properties": plain if properties is None else properties,
        **more,
    }


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (
            azure(),
            {"started_at": "2026-03-31T12:00:00", "ended_at": "2026-03-31T12:00:01.021200", "duration_ms": 1021.0, "stream": False, "usage_status": "missing"},
        ),
        (azure(properties=json.dumps({"requestTime": TICKS, "streamType": "Streaming"})), {"started_at": "2026-03-31T12:00:00", "stream": True}),
        (azure(durationMs=-1021), {"duration_ms": 1021.2}),
        (azure(durationMs=-1, properties={}), {"duration_ms": None, "started_at": "2026-04-07T12:00:00"}),
        (azure(resultSignature="429"), {"status": "error", "status_code": 429, "error_class": "rate_limit"}),
        (azure(resultSignature="499"), {"status": "cancelled", "error_class": "client_cancel"}),
        (azure("Embeddings_Create"), {"operation": "embeddings"}),
        ({key.title() if key == "category" else key: item for key, item in azure().items()}, {"deployment": "d"}),
        (
            {
                "Category": "RequestResponse",
                "OperationName": "ChatCompletions_Create",
                "ResultSignature": "200",
                "DurationMs": 12,
                "ResourceProvider": "MICROSOFT.COGNITIVESERVICES",
                "properties_s": '{"modelName":"gpt-4o"}',
                "TimeGenerated": "2026-03-31T12:00:00Z",
            },
            {"duration_ms": 12.0, "request_model": "gpt-4o", "started_at": "2026-03-31T12:00:00"},
        ),
    ],
)
def test_azure(value: Any, want: dict[str, Any]) -> None:
    row = call("azure_openai_requests", value)
    assert subset(row, want) == want
    assert not {"input_tokens", "output_tokens"} & row.keys()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (azure("Create_Thread"), "assistant_object"),
        (azure("Models_List"), "Azure operation that calls no model"),
        (azure(category="Audit"), "Azure log category Audit"),
    ],
)
def test_what_is_no_call_of_a_model_at_azure(value: Any, reason: str) -> None:
    assert [(outcome.kind, outcome.reason) for outcome in read("azure_openai_requests", value)] == [("skipped", reason)]


# Azure API Management

URL = "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1"
BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 14, "completion_tokens": 8, "total_tokens": 22},
}
SSE = "\n\n".join(
    "data: " + json.dumps({"id": "chatcmpl-2", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices})
    for choices in ([{"index": 0, "delta": {"content": "Hi"}}], [{"index": 0, "delta": {}, "finish_reason": "stop"}])
)


def apim(body: Any = "", code: int = 200, **more: Any) -> dict[str, Any]:
    properties = {
        "backendUrl": URL,
        "method": "POST",
        "responseCode": code,
        "backendResponseCode": code,
        "backendTime": 150,
        "operationId": "op",
        "backendResponseBody": body,
    }
    return {
        "category": "GatewayLogs",
        "correlationId": "c",
        "durationMs": 190,
        "time": "2026-03-31T12:00:00Z",
        "properties": properties | more.pop("properties", {}),
        **more,
    }


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (apim(json.dumps(BODY)), {"input_tokens": 14, "output_tokens": 8, "gateway_ms": 40.0, "duration_ms": 190.0, "operation_id": None, "provider": "azure"}),
        (apim(json.dumps(BODY)[:120]), {"input_tokens": None, "output_tokens": None, "response_id": "chatcmpl-1", "usage_status": "missing", "status": "ok"}),
        (apim(json.dumps({"usage": BODY["usage"]} | BODY)[:160]), {"input_tokens": 14, "output_tokens": 8}),
        (apim(SSE), {"stream": True, "input_tokens": None, "finish_reason": "stop", "completion_chars": 2, "status": "ok"}),
        (apim("", 429), {"status": "error", "error_class": "rate_limit", "status_code": 429}),
        (apim("", 429, properties={"backendResponseCode": 0}), {"status": "shed", "error_class": "rate_limit"}),
        (apim(json.dumps(BODY), properties={"cache": "hit"}), {"app_cache": "hit"}),
        (apim(json.dumps({"error": {"code": "content_filter", "message": "m", "status": 400}}), 400), {"status": "error", "error_class": "content_filter"}),
        (
            {
                "category": "GatewayLlmLogs",
                "correlationId": "c",
                "properties": {"promptTokens": 5, "completionTokens": 3, "totalTokens": 8, "modelName": "gpt-4o", "isStreamCompletion": True},
            },
            {"input_tokens": 5, "output_tokens": 3, "stream": True, "call_id": "c"},
        ),
    ],
)
def test_apim(value: Any, want: dict[str, Any]) -> None:
    assert subset(call("azure_apim_gateway", value), want) == want


def test_other_traffic_of_the_gateway_is_skipped() -> None:
    [outcome] = read("azure_apim_gateway", apim('{"a": 1}', properties={"backendUrl": "https://orders.test/v1/orders"}))
    assert (outcome.kind, outcome.reason) == ("skipped", "HTTP request to no model's API")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WHOLE = {
    "bedrock_invocations": bedrock(STREAM, [STARTED, ENDED]),
    "vertex_requests": vertex(ANSWER),
    "azure_openai_requests": azure(),
    "azure_apim_gateway": apim(json.dumps(BODY)),
}


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_wrong_types_anywhere_upset_nothing(name: str, data: Any) -> None:
    value = json.loads(json.dumps(WHOLE[name]))
    node = value
    while True:
        key = data.draw(st.sampled_from(sorted(node)))
        if isinstance(node[key], dict) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        node[key] = data.draw(JSON)
        break
    outcomes = read(name, value)
    assert sum(not outcome.nested for outcome in outcomes) == 1


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"a": 1}, {"message": "text"}, {"records": []}])
def test_what_is_no_entry_is_rejected(name: str, value: Any) -> None:
    assert [outcome.kind for outcome in read(name, value)] == ["rejected"]


@pytest.mark.shared
def test_real_samples_are_taken_by_the_log_they_are_of(shared: Path, tmp_path: Path) -> None:
    folder = shared / "corpus/provider/cloud_logs"
    report = engine.run([str(path) for path in sorted(folder.iterdir()) if path.suffix != ".md"], tmp_path / "t.duckdb")
    assert [file.source for file in report.files] == ["azure_apim_gateway", "azure_openai_requests", "bedrock_invocations", "vertex_requests"]
    assert (report.total.records, report.total.rejected) == (10, 0)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        rows = con.execute("select started_at::varchar, duration_ms from calls where source = 'azure_openai_requests' order by duration_ms").fetchall()
        assert rows[0] == ("2024-05-17 07:04:41.539415", 1021.0)  # the guide's own conversion of the ticks
        vertex_row = con.execute("select input_tokens + output_tokens, duration_ms from calls where source = 'vertex_requests'").fetchall()
        assert vertex_row == [(933, 11225.994)]
