"""Vertex AI's request-response log, as BigQuery exports it: snake_case rows with `full_request` and `full_response`.

Traps: `logging_time` is when the answer was there, not the start; `request_latency` is ms; bodies may be JSON kept as text; prompt counts exclude the
tools' prompt, candidates exclude thoughts.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_logs.envelopes import Raw, mapping, member, parsed, text
from llmlogs.sources.cloud_logs.source import CloudLog, call_of, filled
from llmlogs.sources.cloud_logs.tags import tagged
from llmlogs.sources.common.times import duration_ms, to_utc

_PLACE = re.compile(r"/locations/([a-z0-9-]+)/")


def _is_entry(entry: Raw) -> bool:
    return "full_request" in entry and "full_response" in entry and not {"api_method", "logging_time", "request_id", "model_version"}.isdisjoint(entry)


def _read_entry(entry: Raw, line: int, context: Context) -> Outcome:
    request, response = parsed(entry.get("full_request")), parsed(entry.get("full_response"))
    model = text(member(entry, "model") or mapping(request).get("model"), 300)
    outcome = call_of(line, {"request": {"model": _short(model), "body": request}, "response": {"body": response}}, context)
    row = _columns(entry, mapping(request), mapping(response), context) | {"request_model": _short(model)}
    if not response:
        row["status"] = "unknown"
    return filled(outcome, row | tagged(mapping(request).get("labels"), context, "labels"))


def _columns(entry: Raw, request: Raw, response: Raw, context: Context) -> Row:
    duration = duration_ms(mapping(entry.get("metadata")).get("request_latency"), "ms")
    method = str(entry.get("api_method") or "").lower()
    place = _PLACE.search(" ".join(str(holder) for holder in (entry.get("endpoint"), request.get("model"), entry.get("deployed_model_id"))))
    return {
        "call_id": None if response.get("response_id") or response.get("responseId") else text(entry.get("request_id")),
        "provider": "gcp.vertex_ai",
        "started_at": _start(entry, response, duration, context),
        "duration_ms": duration,
        "stream": "stream" in method if method else None,
        "endpoint": {"generatecontent": "generateContent", "streamgeneratecontent": "generateContent"}.get(method),
        "region": place.group(1) if place else None,
        "deployment": text(entry.get("endpoint"), 300),
    }


def _start(entry: Raw, response: Raw, duration: float | None, context: Context) -> datetime | None:
    """The server's own time of the request; else the time of logging less the wait."""
    created = to_utc(response.get("create_time") or response.get("createTime"), context.timezone)
    logged = to_utc(entry.get("logging_time"), context.timezone)
    return created or (logged - timedelta(milliseconds=duration) if logged is not None and duration is not None else logged)


def _short(model: Any) -> str | None:
    return model.rsplit("/models/", 1)[-1] if isinstance(model, str) else None


SOURCE = CloudLog(
    name="vertex_requests",
    title="Vertex AI request-response log (BigQuery export)",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging",
    tokens="prompt_token_count includes cached content and excludes the tools' prompt; candidates_token_count excludes thoughts",
    noun="rows of Vertex AI's request-response log",
    is_entry=_is_entry,
    read_entry=_read_entry,
    samples=(
        Sample(
            '{"logging_time": "2026-03-31T12:00:11.5Z", "request_id": "77", "api_method": "GenerateContent",'
            ' "model": "publishers/google/models/gemini-2.5-pro", "model_version": "default", "metadata": {"request_latency": 11500.5},'
            ' "full_request": {"labels": {"team": "search"}},'
            ' "full_response": {"model_version": "gemini-2.5-pro", "candidates": [{"finish_reason": "STOP"}],'
            ' "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 29, "thoughts_token_count": 901, "total_token_count": 933}}}',
            (
                {"input_tokens": 3, "output_tokens": 930, "reasoning_tokens": 901, "duration_ms": 11500.5, "provider": "gcp.vertex_ai"}
                | {"request_model": "gemini-2.5-pro", "team": "search", "call_id": "77"},
            ),
            note="thoughts are output; the row is written when the answer is there",
        ),
    ),
)
