"""Azure API Management in front of a model: GatewayLogs, with the bodies where they are logged, and GatewayLlmLogs, with the counts.

Traps: bodies are cut at 8 KB, so that the usage at the end of a long answer is lost (NULL, never 0); bodies of streams are server-sent events as text;
`durationMs` is the whole wait at the gateway, `backendTime` what the backend took of it; `operationId` names an API operation and no request. A 429
without an answer of the backend is the gateway's own.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_logs.envelopes import Raw, mapping, member, parsed, text
from llmlogs.sources.cloud_logs.source import CloudLog, filled
from llmlogs.sources.common.endpoints import endpoint_of
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import integer, read_usage
from llmlogs.sources.provider_responses.envelopes import parts_of
from llmlogs.sources.provider_responses.outcomes import outcome_of

_MEMBER = re.compile(r'"(id|model|object)"\s*:\s*"([^"\\]{1,200})"')
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')
CACHE = {"hit": "hit", "miss": "miss", "none": None}
LLM = "GatewayLlmLogs"


def _is_entry(entry: Raw) -> bool:
    category, operation = str(member(entry, "category") or ""), str(member(entry, "operationName") or "")
    return category in ("GatewayLogs", LLM) or "ApiManagement/GatewayL" in operation


def _read_entry(entry: Raw, line: int, context: Context) -> Outcome:
    told = {**entry, **mapping(member(entry, "properties"))}
    if str(member(entry, "category")) == LLM or member(told, "promptTokens") is not None:
        return _counted(told, line, context)
    url = text(member(told, "backendUrl") or member(told, "url"), 2000) or ""
    code = integer(member(told, "responseCode"))
    body, cut = _body(told)
    request = {"url": url, "method": member(told, "method", "backendMethod"), "body": member(told, "requestBody", "backendRequestBody")}
    outcome = outcome_of(line, parts_of({"request": request, "response": {"status": code, "body": body}}), context)
    if outcome.kind == "rejected" or (outcome.kind == "call" and not endpoint_of(url).known and "response_model" not in (outcome.call or {})):
        return Outcome(line, "skipped", "HTTP request to no model's API")
    if cut:
        outcome.issues.append(("output_tokens", "truncated", "str"))
    return filled(outcome, _columns(told, context) | _own_refusal(told, code))


def _body(told: Raw) -> tuple[Any, bool]:
    """The answer's body; of one that was cut, what can be told of it, and that it was."""
    raw = member(told, "backendResponseBody") or member(told, "responseBody")
    if not isinstance(raw, str) or not raw.lstrip().startswith("{") or not isinstance(parsed(raw), str):
        return raw, False
    found: dict[str, Any] = {}
    for name, value in _MEMBER.findall(raw):
        found.setdefault(name, value)
    stated = _USAGE.search(raw)
    if stated:
        with contextlib.suppress(ValueError):
            found["usage"] = json.JSONDecoder().raw_decode(raw[stated.end() :])[0]
    return found | {"choices": []}, True


def _columns(told: Raw, context: Context) -> Row:
    whole, backend = duration_ms(member(told, "durationMs", "totalTime"), "ms"), duration_ms(member(told, "backendTime"), "ms")
    key = text(member(told, "apimSubscriptionId", "subscriptionId"), 100)
    return {
        "call_id": text(member(told, "correlationId")),
        "operation_id": None,
        "gateway": "azure.apim",
        "started_at": to_utc(member(told, "time", "TimeGenerated"), context.timezone),
        "duration_ms": whole,
        "gateway_ms": whole - backend if whole is not None and backend is not None and whole >= backend else None,
        "region": text(member(told, "location", "region")),
        "service": text(member(told, "apiId")),
        "team": text(member(told, "productId")),
        "app_cache": CACHE.get(str(member(told, "cache")).lower()),
        "api_key_hash": keyed_hash(key, context.secret) if key else None,
    }


def _own_refusal(told: Raw, code: int | None) -> Row:
    behind = integer(member(told, "backendResponseCode"))
    return {"status": "shed", "error_class": "rate_limit"} if code == 429 and not behind else {}


def _counted(told: Raw, line: int, context: Context) -> Outcome:
    """GatewayLlmLogs: the counts the gateway read off the answer, for streams too."""
    names = {"prompt_tokens": "promptTokens", "completion_tokens": "completionTokens", "total_tokens": "totalTokens"}
    usage = read_usage({name: member(told, raw) for name, raw in names.items() if member(told, raw) is not None})
    streamed = member(told, "isStreamCompletion")
    if usage.input == 0 and not usage.output:
        usage.input = usage.output = None
    row = _columns(told, context) | usage.columns() | {
        "status": "ok",
        "operation": "chat",
        "provider": "azure",
        "request_model": text(member(told, "modelName")),
        "deployment": text(member(told, "deploymentName")),
        "stream": streamed if isinstance(streamed, bool) else None,
    }  # fmt: skip
    if (integer(member(told, "sequenceNumber")) or 0) > 0 and usage.empty:
        return Outcome(line, "merged", "part", merged_into=str(row["call_id"]))
    return Outcome(line, "call", call={name: value for name, value in row.items() if value is not None}, issues=usage.issues)


SOURCE = CloudLog(
    name="azure_apim_gateway",
    title="Azure API Management gateway logs of model calls (GatewayLogs, GatewayLlmLogs)",
    docs="https://learn.microsoft.com/azure/api-management/api-management-howto-use-azure-monitor",
    tokens="as the body's usage says; a body cut at 8 KB has none: unknown, never 0",
    noun="entries of Azure API Management's gateway log",
    is_entry=_is_entry,
    read_entry=_read_entry,
    samples=(
        Sample(
            '{"category": "GatewayLogs", "correlationId": "c-2", "durationMs": 190, "operationName": "Microsoft.ApiManagement/GatewayLogs",'
            ' "time": "2026-03-31T12:00:00.4465902Z", "properties": {"backendTime": 176, "backendResponseCode": 200, "responseCode": 200, "method": "POST",'
            ' "backendUrl": "https://x.openai.azure.com/openai/deployments/prod-chat/chat/completions?api-version=1", "operationId": "ChatCompletions_Create",'
            ' "backendResponseBody": "{\\"id\\": \\"chatcmpl-1\\", \\"object\\": \\"chat.completion\\", \\"model\\": \\"gpt-4o\\", \\"choices\\": [],'
            ' \\"usage\\": {\\"prompt_tokens\\": 14, \\"completion_tokens\\": 8, \\"total_tokens\\": 22}}"}}',
            ({"input_tokens": 14, "output_tokens": 8, "duration_ms": 190.0, "gateway_ms": 14.0, "deployment": "prod-chat", "gateway": "azure.apim"},),
            note="the body is text inside the log's JSON",
        ),
        Sample(
            '{"category": "GatewayLogs", "correlationId": "c-3", "durationMs": 3, "operationName": "Microsoft.ApiManagement/GatewayLogs",'
            ' "properties": {"responseCode": 429, "method": "POST", "url": "https://gw.test/openai/deployments/prod-chat/chat/completions"}}',
            ({"status": "shed", "status_code": 429, "error_class": "rate_limit"},),
            note="the gateway's own limit",
        ),
    ),
    answers=("cost/by_feature", "errors/by_class", "limits/rate_limit_bursts", "latency/slowest_calls", "data/coverage"),
)
