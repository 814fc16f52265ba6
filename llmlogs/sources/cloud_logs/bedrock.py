"""Amazon Bedrock's model invocation log (S3, CloudWatch): one JSON object an invocation.

Traps: `inputTokenCount` leaves the cache out where the model does (Claude); the bodies may lie in S3 and not in the log; `outputBodyJson` of a stream is a
list of events that may end with the text "[DONE]", or the whole Converse answer; counts are 0 when a guardrail intervened (nothing was billed) and,
wrongly, when a stream broke off. `requestId` may repeat. `timestamp` is to the second. `latencyMs` is the server's time, not the caller's wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_logs.envelopes import Raw, mapping, parsed, text
from llmlogs.sources.cloud_logs.source import CloudLog, call_of, filled
from llmlogs.sources.cloud_logs.tags import tagged
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage, read_usage

OPERATIONS = {"converse": "converse", "conversestream": "converse", "invokemodel": "invoke", "invokemodelwithresponsestream": "invoke"}
COUNTS = ("inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount")


def _is_entry(entry: Raw) -> bool:
    return entry.get("schemaType") == "ModelInvocationLog" or ("modelId" in entry and "requestId" in entry and ("input" in entry or "output" in entry))


def _read_entry(entry: Raw, line: int, context: Context) -> Outcome:
    sent, made = mapping(entry.get("input")), mapping(entry.get("output"))
    request: dict[str, Any] = {"model": text(entry.get("modelId"), 300)}
    body = parsed(sent.get("inputBodyJson"))
    exchange: dict[str, Any] = {"request": request | ({"body": body} if isinstance(body, Mapping) else {}), "response": {"body": _events(made)}}
    if entry.get("errorCode"):
        exchange["error"] = {"code": entry["errorCode"], "message": entry.get("errorMessage")}
    outcome = call_of(line, exchange, context)
    row = _columns(entry, context)
    row |= _usage(sent, made, outcome.call or {}, row["stream"])
    return filled(outcome, row | _failed(entry) | tagged(parsed(entry.get("requestMetadata")), context, "requestMetadata"))


def _events(made: Raw) -> Any:
    body = parsed(made.get("outputBodyJson"))
    return [event for event in body if isinstance(event, Mapping)] if isinstance(body, list) else body


def _columns(entry: Raw, context: Context) -> Row:
    operation = str(entry.get("operation") or "").lower()
    arn = text(mapping(entry.get("identity")).get("arn"), 500)
    return {
        "call_id": text(entry.get("requestId")),
        "provider": "aws.bedrock",
        "request_model": text(entry.get("modelId"), 300),
        "region": text(entry.get("inferenceRegion")) or text(entry.get("region")),
        "endpoint": OPERATIONS.get(operation),
        "stream": operation.endswith("stream") if operation else None,
        "started_at": to_utc(entry.get("timestamp"), context.timezone),
        "api_key_hash": keyed_hash(arn, context.secret) if arn else None,
    }


def _usage(sent: Raw, made: Raw, call: Row, streamed: bool | None) -> Row:
    """Counts of the bodies where they have any, else those beside them; a guardrail's zeros are true, a finished stream's are not."""
    if _intervened(made):
        return {"status": "blocked", "input_tokens": call.get("input_tokens", 0), "output_tokens": call.get("output_tokens", 0), "usage_status": "reported"}
    beside = read_usage({name: holder[name] for holder in (sent, made) for name in COUNTS if name in holder})
    usage = Usage(call.get("input_tokens"), call.get("output_tokens"))
    if usage.input is None:
        usage.input, usage.cache_read, usage.cache_write = beside.input, beside.cache_read, beside.cache_write
    if usage.output is None and (beside.output or call.get("operation") == "embeddings"):
        usage.output = beside.output
    if not usage.output and streamed and call.get("status") == "ok":
        usage.output = None
    if usage.input == 0 and usage.output is None:
        usage.input = None
    row = usage.columns()
    return row | {name: None for name in ("input_tokens", "output_tokens") if name not in row}


def _intervened(made: Raw) -> bool:
    body = parsed(made.get("outputBodyJson"))
    nodes = body if isinstance(body, list) else [body]
    return any(
        isinstance(node, Mapping) and (node.get("amazon-bedrock-guardrailAction") == "INTERVENED" or node.get("stopReason") == "guardrail_intervened")
        for node in nodes
    )


def _failed(entry: Raw) -> Row:
    if not entry.get("errorCode"):
        return {}
    return {"status": "error"} | fault_of({"code": str(entry["errorCode"]), "message": str(entry.get("errorMessage") or "")}).columns(None)


SOURCE = CloudLog(
    name="bedrock_invocations",
    title="Amazon Bedrock model invocation log (S3 objects, CloudWatch exports)",
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
    tokens="inputTokenCount excludes the cache for Claude and Converse; its parts are added; zeros of a broken stream are unknown, of a guardrail true",
    noun="entries of Bedrock's model invocation log",
    is_entry=_is_entry,
    read_entry=_read_entry,
    samples=(
        Sample(
            '{"schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-03-31T12:00:00Z", "requestId": "r-1", "region": "us-east-1",'
            ' "operation": "ConverseStream", "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",'
            ' "requestMetadata": {"feature": "faq", "team": "support"},'
            ' "input": {"inputTokenCount": 40}, "output": {"outputTokenCount": 7, "outputBodyJson": {"stopReason": "end_turn",'
            ' "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}}, "metrics": {"latencyMs": 812},'
            ' "usage": {"inputTokens": 40, "outputTokens": 7, "totalTokens": 1047, "cacheReadInputTokens": 1000}}}}',
            ({"input_tokens": 1040, "cache_read_tokens": 1000, "output_tokens": 7, "server_ms": 812.0, "stream": True, "feature": "faq", "team": "support"},),
            note="a Converse stream: input excludes the cache, latencyMs is the server's time",
        ),
        Sample(
            '{"schemaType": "ModelInvocationLog", "timestamp": "2026-03-31T12:00:00Z", "requestId": "r-2", "operation": "InvokeModel", "modelId": "m",'
            ' "errorCode": "ThrottlingException", "input": {"inputTokenCount": 0}, "output": {}}',
            ({"status": "error", "error_class": "rate_limit"},),
            note="throttled: an error without tokens",
        ),
    ),
)
