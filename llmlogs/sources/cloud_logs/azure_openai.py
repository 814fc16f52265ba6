"""Azure OpenAI's resource log, category RequestResponse (Storage, Event Hub, Log Analytics).

Traps: `requestTime` and `responseTime` are .NET ticks (100 ns since the year 1); `time` may be days away from them; `properties` is sometimes an object and
sometimes the text of one; `durationMs` can be negative; `resultSignature` is the status as text. There are no tokens, no bodies and no error message.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_logs.envelopes import Raw, mapping, member, text
from llmlogs.sources.cloud_logs.source import CloudLog
from llmlogs.sources.common.endpoints import endpoint_of_operation
from llmlogs.sources.common.error_classes import Fault
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import integer

STREAMED = {"streaming": True, "non-streaming": False}


def _is_entry(entry: Raw) -> bool:
    resource = str(member(entry, "resourceId", "_ResourceId", "ResourceProvider") or "").upper()
    azure = "COGNITIVESERVICES" in resource or "ShoeboxCallResult" in (entry.get("event"), entry.get("Event"))
    return azure and str(member(entry, "category") or "RequestResponse") in ("RequestResponse", "Audit", "Trace", "AzureOpenAIRequestUsage")


def _read_entry(entry: Raw, line: int, context: Context) -> Outcome:
    category = str(member(entry, "category") or "RequestResponse")
    if category != "RequestResponse":
        return Outcome(line, "skipped", f"Azure log category {category[:40]}")
    operation = str(member(entry, "operationName") or "")[:100]
    endpoint = endpoint_of_operation(operation)
    if endpoint.skip or not endpoint.known:
        return Outcome(line, "skipped", endpoint.skip or "Azure operation that calls no model")
    told = {**entry, **mapping(member(entry, "properties"))}
    code = integer(member(entry, "resultSignature"))
    row = _times(told, context) | _who(told, context) | {"operation": endpoint.operation, "endpoint": endpoint.api}
    row |= {"status": "ok", "status_code": code if code and 100 <= code < 600 else None, "usage_status": "missing"}
    if code and code >= 400:
        row |= {"status": "error"} | Fault().columns(code)
        row["status"] = "cancelled" if row["error_class"] == "client_cancel" else "error"
    issues = [("duration_ms", "out_of_range", "int")] if _negative(told) else []
    return Outcome(line, "call", call={name: value for name, value in row.items() if value is not None}, issues=issues)


def _negative(told: Raw) -> bool:
    taken = member(told, "durationMs")
    return isinstance(taken, (int, float)) and taken < 0


def _times(told: Raw, context: Context) -> Row:
    start, end = to_utc(member(told, "requestTime")), to_utc(member(told, "responseTime"))
    between = (end - start) / timedelta(milliseconds=1) if start is not None and end is not None and end >= start else None
    taken = duration_ms(member(told, "durationMs"), "ms")
    logged: datetime | None = to_utc(member(told, "time", "TimeGenerated"), context.timezone)
    return {"started_at": start or logged, "ended_at": end, "duration_ms": taken if taken is not None else between}


def _who(told: Raw, context: Context) -> Row:
    caller = text(member(told, "objectId"), 100)
    return {
        "provider": "azure",
        "stream": STREAMED.get(str(member(told, "streamType")).lower()),
        "request_model": text(member(told, "modelName")),
        "deployment": text(member(told, "modelDeploymentName")),
        "region": text(member(told, "location")),
        "trace_id": text(member(told, "correlationId")),
        "api_key_hash": keyed_hash(caller, context.secret) if caller else None,
    }


SOURCE = CloudLog(
    name="azure_openai_requests",
    title="Azure OpenAI resource log, RequestResponse (Storage, Event Hub, Log Analytics)",
    docs="https://learn.microsoft.com/azure/ai-services/openai/how-to/monitor-openai",
    tokens="there are none: usage is missing, never 0",
    noun="entries of Azure OpenAI's resource log",
    is_entry=_is_entry,
    read_entry=_read_entry,
    samples=(
        Sample(
            '{"category": "RequestResponse", "event": "ShoeboxCallResult", "correlationId": "c-1", "durationMs": 1021, "location": "eastus",'
            ' "operationName": "ChatCompletions_Create", "resultSignature": "200", "time": "2026-05-24T12:23:02.4350000Z",'
            ' "properties": "{\\"requestTime\\":639105552000000000,\\"responseTime\\":639105552010210000,\\"streamType\\":\\"Streaming\\",'
            '\\"modelDeploymentName\\":\\"prod-chat\\",\\"modelName\\":\\"gpt-4o\\"}"}',
            ({"duration_ms": 1021.0, "stream": True, "deployment": "prod-chat", "request_model": "gpt-4o", "status": "ok", "usage_status": "missing"},),
            note="properties as text, times in ticks, no tokens",
        ),
        Sample(
            '{"category": "RequestResponse", "event": "ShoeboxCallResult", "operationName": "Create_Thread", "resultSignature": "200", "properties": {}}',
            (),
            note="an object of the assistants API is no call",
            counts={"skipped": 1},
        ),
    ),
    answers=("errors/by_class", "limits/rate_limit_bursts", "latency/slowest_calls", "data/coverage"),
)
