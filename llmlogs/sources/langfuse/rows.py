"""One observation -> a call (GENERATION, EMBEDDING) or a step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common import token_buckets
from llmlogs.sources.common.exceptions import failure
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.served_by import plain_model, provider_of
from llmlogs.sources.common.texts import PROVIDER_ID, parsed, text_columns
from llmlogs.sources.common.times import EPOCH, to_utc
from llmlogs.sources.common.trace_tree import Node
from llmlogs.sources.common.usage import Usage, integer, money
from llmlogs.sources.langfuse import labels
from llmlogs.sources.langfuse.fields import Fields, ms_between

CALLS = ("GENERATION", "EMBEDDING")
LEAVES = ("EVALUATOR", "RETRIEVER", "TOOL", "GUARDRAIL")  # may be a model call themselves; what an agent, chain or span has is a sum
STEPS = {
    "RETRIEVER": "retrieval",
    "TOOL": "tool",
    "AGENT": "agent",
    "CHAIN": "chain",
    "GUARDRAIL": "guardrail",
    "SPAN": "app",
    "EVALUATOR": "other",
    "EVENT": "other",
}
SLACK_MS = 2.0  # both clocks are cut to milliseconds
SHORTEST_RANDOM = 16
SUMS = {"input": ("input_usage", "prompt_tokens"), "output": ("output_usage", "completion_tokens"), "total": ("total_usage", "total_tokens")}
Issues = list[tuple[str, str, str]]


def node(row: Fields, line: int, context: Context, nested: bool = False) -> Node:
    """The observation as one node of its trace."""
    name = label(row.get("id")) or f"line {line}"
    issues: Issues = []
    kind = str(row.get("type")).upper()
    found = Node(line, name, label(row.get("parent_observation_id")), None, labels=labels.of(row, context, row.get("trace_name")), issues=issues, nested=nested)
    if kind in CALLS or (kind in LEAVES and _priced(row)):
        found.call = _call(row, kind, context, issues)
        found.weak = kind not in CALLS
    found.span = _step(row, "llm" if kind in CALLS else STEPS.get(kind, "other"))
    return found


def _priced(row: Fields) -> bool:
    """A step that names a model and counts tokens."""
    model = label(row.get("model")) or label(row.get("provided_model_name"))
    return bool(model) and any(integer(count) for count in _counts(row.get("usage_details")))


def _call(row: Fields, kind: str, context: Context, issues: Issues) -> Row:
    attributes = _attributes(row)
    status = _status(row)
    counted = _usage(row, kind != "EMBEDDING", status["status"] != "ok", issues)
    model, host, region = plain_model(label(row.get("model")) or label(row.get("provided_model_name")))
    asked = label(attributes.get("gen_ai.request.model"))
    said = attributes.get("gen_ai.provider.name") or attributes.get("gen_ai.system") or attributes.get("llm.provider") or attributes.get("ls_provider")
    told = row.get("model_parameters")
    parameters: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    updated = to_utc(row.get("updated_at"))
    call: Row = {
        "call_id": label(row.get("id")),
        "response_id": _response_id(row, attributes),
        "trace_id": label(row.get("trace_id")),
        "span_id": label(row.get("id")),
        "operation": "embeddings" if kind == "EMBEDDING" or "embedding" in (model or "").lower() else "chat",
        "provider": host or provider_of(said, model or asked),
        "region": region,
        "request_model": asked or model,
        "response_model": label(attributes.get("gen_ai.response.model")) or (model if asked and asked != model else None),
        "started_at": to_utc(row.get("start_time")),
        "ended_at": to_utc(row.get("end_time")),
        "reported_usd": _cost(row, counted),
        "prompt_name": label(row.get("prompt_name")),
        "prompt_version": label(row.get("prompt_version")),
        "finish_reason": _finish(row, attributes),
        "max_tokens": next((n for key in ("max_tokens", "max_completion_tokens", "max_output_tokens") if (n := integer(parameters.get(key)))), None),
        "tool_calls": _tool_calls(row),
        "is_internal": True if str(row.get("environment")).startswith("langfuse-") else None,  # made by Langfuse: its judges, its playground
        "merge_growing": True,
        "merge_version": None if updated is None else (updated - EPOCH) // (datetime.resolution),
        "merge_try": _project(row),
        "merge_emitter": _scope(row),
    }
    call |= counted.columns() | status | _times(row, parameters, issues) | text_columns(row.get("input"), row.get("output"), context)
    return {name: value for name, value in call.items() if value is not None}


def _project(row: Fields) -> str | None:
    """Ids that a program counts up itself are its project's own; random ones are the same observation wherever they stand."""
    return label(row.get("project_id")) if len(str(row.get("id"))) < SHORTEST_RANDOM else None


def _scope(row: Fields) -> str | None:
    """The instrumentation that made the span behind the observation."""
    metadata = row.get("metadata")
    scope = parsed(metadata.get("scope")) if isinstance(metadata, Mapping) else None
    return label(scope.get("name")) if isinstance(scope, Mapping) else None


def _attributes(row: Fields) -> Mapping[str, Any]:
    """What the instrumentation wrote: OpenTelemetry attributes inside the metadata, LangChain's keys beside them."""
    metadata = row.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    inner = parsed(metadata.get("attributes"))
    return {**metadata, **inner} if isinstance(inner, Mapping) else metadata


def _usage(row: Fields, generates: bool, failed: bool, issues: Issues) -> Usage:
    """Token counts from the first place that has any: the buckets, the deprecated `usage`, the sums beside it."""
    details: Mapping[str, Any] = next((item for key in ("usage_details", "usage") if isinstance(item := row.get(key), Mapping) and item), {})
    if not details or (details is row.get("usage") and not any(details.values())):
        stated = {side: next((row[name] for name in names if row.get(name) is not None), None) for side, names in SUMS.items()}
        details = stated if any(integer(value) for value in stated.values()) else {}  # sums of no buckets are written as 0
    unit = str(details.get("unit") or row.get("unit") or "TOKENS").upper()
    if unit != "TOKENS":
        issues.append(("input_tokens", "not_tokens", "str"))
        details = {}
    counted = token_buckets.read({key: value for key, value in details.items() if key != "unit"}, generates, failed)
    issues += counted.issues
    return counted


def _cost(row: Fields, counted: Usage) -> Decimal | None:
    """USD as Langfuse or the user states it. The 0 beside no usage and no price says nothing."""
    details = row.get("cost_details")
    total = details.get("total") if isinstance(details, Mapping) else None
    if total is None and isinstance(details, Mapping) and details:
        parts = [money(value) for value in details.values()]
        return sum((part for part in parts if part is not None), Decimal(0)) if any(part is not None for part in parts) else None
    stated = money(total if total is not None else row.get("total_cost") if row.get("total_cost") is not None else row.get("calculated_total_cost"))
    return None if stated == 0 and (total is None or counted.empty) else stated


def _status(row: Fields) -> Row:
    """ERROR is a failure told in the status message. Without an end, an answer or a usage it is still running, or was never finished."""
    if str(row.get("level")).upper() == "ERROR":
        message = row.get("status_message")
        return failure(message if isinstance(message, str) else "")
    done = row.get("end_time") or row.get("output") or any(_counts(row.get("usage_details")))
    return {"status": "ok" if done else "unknown"}


def _counts(details: Any) -> list[Any]:
    return list(details.values()) if isinstance(details, Mapping) else []


def _times(row: Fields, parameters: Mapping[str, Any], issues: Issues) -> Row:
    """Durations from the instants; the stated latency, in seconds or milliseconds by version, only has to agree."""
    duration = ms_between(row.get("start_time"), row.get("end_time"))
    found: Row = {"duration_ms": duration} if duration is not None and duration >= 0 else {}
    scale = 1.0 if "latency_ms" in row else _scale(row.get("latency"), duration)
    if duration is not None and scale is None:
        issues.append(("duration_ms", "inconsistent", type(row.get("latency")).__name__))
    said = next((flag for key in ("stream", "is_stream", "streaming") if isinstance(flag := parameters.get(key), bool)), None)
    first = ms_between(row.get("start_time"), row.get("completion_start_time"))
    if first is None and scale:
        told = number(row.get("time_to_first_token_ms", row.get("time_to_first_token")))
        first = None if told is None else told * scale
    at_the_end = first is not None and duration is not None and first >= duration > 0  # LiteLLM writes the end here when nothing was streamed
    if first is not None and first >= 0 and not at_the_end and said is not False:
        found |= {"ttft_ms": round(first, 3), "ttft_basis": "client", "first_token_at": to_utc(row.get("completion_start_time")), "stream": True}
    elif said is not None:
        found["stream"] = said
    return found


def _scale(latency: Any, duration: float | None) -> float | None:
    """What makes the stated latency milliseconds: 1 or 1000; 0 where there is nothing to compare; None where neither agrees."""
    told = number(latency)
    if told is None or duration is None:
        return 0.0
    fitting = (factor for factor in (1000.0, 1.0) if abs(told * factor - duration) <= SLACK_MS + 0.01 * duration)
    return next(fitting, None)


def number(value: Any) -> float | None:
    """A number, also as text; None for anything else."""
    try:
        return None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        return None


def _response_id(row: Fields, attributes: Mapping[str, Any]) -> str | None:
    """The provider's own id, where the instrumentation kept it."""
    output = parsed(row.get("output"))
    inner = output.get("id") if isinstance(output, Mapping) else None
    stated = label(attributes.get("gen_ai.response.id"))
    if stated and re.match(r"(?:run|thread|lc_run)[-_]", stated):  # a run of an assistant or of LangChain: several calls share it
        stated = None
    return stated or (inner if isinstance(inner, str) and PROVIDER_ID.match(inner) else None)


def _finish(row: Fields, attributes: Mapping[str, Any]) -> str | None:
    reasons = parsed(attributes.get("gen_ai.response.finish_reasons"))
    output = parsed(row.get("output"))
    output = output if isinstance(output, Mapping) else {}
    inner = output.get("response_metadata") or output.get("additional_kwargs")
    told = [reasons[0] if isinstance(reasons, list) and reasons else reasons, output.get("finish_reason"), output.get("stop_reason")]
    told += [inner.get("finish_reason"), inner.get("stop_reason")] if isinstance(inner, Mapping) else []
    return next((word for item in told if isinstance(item, str) and (word := label(item)) and " " not in word), None)


def _tool_calls(row: Fields) -> int | None:
    calls = row.get("tool_calls")
    return len(calls) if isinstance(calls, list) else integer(row.get("tool_calls_count"))


def _step(row: Fields, kind: str) -> Row | None:
    """A span; None while it has not ended: its final version has the same id, and the two would count as two."""
    start, end = to_utc(row.get("start_time")), to_utc(row.get("end_time"))
    if end is None and str(row.get("type")).upper() != "EVENT":
        return None
    failed = str(row.get("level")).upper() == "ERROR"
    message = row.get("status_message")
    output = parsed(row.get("output")) if kind == "retrieval" else None
    documents = next((output[key] for key in ("documents", "results") if key in output), None) if isinstance(output, Mapping) else output
    return {
        "span_id": label(row.get("id")),
        "trace_id": label(row.get("trace_id")),
        "kind": kind,
        "name": label(row.get("name")),
        "started_at": _to_ms(start),
        "ended_at": _to_ms(end),
        "duration_ms": ms_between(start, end),
        "status": "error" if failed else "ok",
        "error_class": failure(message if isinstance(message, str) else "").get("error_class") if failed else None,
        "document_count": len(documents) if isinstance(documents, list) else None,
    }


def _to_ms(instant: datetime | None) -> datetime | None:
    """Exports differ in their precision; a span must be the same in all."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000) if instant else None
