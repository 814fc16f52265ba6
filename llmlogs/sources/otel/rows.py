"""The rows of a call, its attempts and the steps around it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.endpoints import bedrock_model, endpoint_of, guess_provider
from llmlogs.sources.common.usage import Usage, integer
from llmlogs.sources.otel.attributes import Attributes, provider_of
from llmlogs.sources.otel.cluster import NO_OUTPUT, Cluster
from llmlogs.sources.otel.decode import UNSCOPED
from llmlogs.sources.otel.fold import resends
from llmlogs.sources.otel.labels import Known, labels_of
from llmlogs.sources.otel.outcome import failure, outcome_of
from llmlogs.sources.otel.span import Fields, Span
from llmlogs.sources.otel.texts import parsed
from llmlogs.sources.otel.values import short
from llmlogs.sources.otel.waits import times_of

TEXTS = ("prompt_chars", "prompt_hash", "prefix_hash", "completion_chars", "prompt_text", "completion_text", "tool_calls")


def identity(cluster: Cluster) -> str:
    """The id the call will have: the provider's, else its span's; "" where there is neither."""
    if cluster.ids:
        return min(cluster.ids)
    return span_identity(cluster.lead)


def span_identity(span: Span) -> str:
    """A span's id that is unique over all traces; "" without one. An event that tells a call goes by the span it was written in."""
    own = span.id or (span.parent if span.emitter.startswith("log ") else "")
    return f"{span.trace}:{own}" if own else ""


def call_row(cluster: Cluster, known: Known, attributes: Attributes) -> Row:
    """The canonical columns of a call."""
    lead, spans = cluster.lead, cluster.spans
    fields = merged_fields(spans)
    row: Row = {"trace_id": lead.trace or None, "span_id": lead.id or None, "parent_span_id": lead.parent or None}
    row |= labels_of(spans, known, attributes)
    row["operation"] = lead.operation or next((span.operation for span in spans if span.operation), "chat")
    row |= _models(cluster, fields)
    row |= times_of(cluster)
    row |= usage_columns(cluster.usage, row["operation"])
    row |= outcome_of(cluster, fields, row["stream"], known)
    row |= {name: fields.get(name) for name in TEXTS}
    row["max_tokens"] = integer(fields.get("max_tokens"))
    if cluster.ids:
        row["response_id"] = min(cluster.ids)
    else:
        row["call_id"] = span_identity(lead) or None
    if not lead.emitter.startswith(UNSCOPED):
        row["merge_emitter"] = lead.emitter
    tries = resends(cluster) + len(cluster.tries)
    if tries:
        row["attempts"] = tries + 1
    return {name: value for name, value in row.items() if value is not None}


def merged_fields(spans: list[Span]) -> Fields:
    """The fields of all spans of a call; where several tell one, the outermost's."""
    if len(spans) == 1:
        return spans[0].fields
    fields: Fields = {}
    for span in reversed(spans):
        fields |= span.fields
    return fields


def usage_columns(usage: Usage, operation: str) -> Row:
    """Counts and how complete they are; an embedding has no output to count. Nothing spent on nothing counted is no cost that was told."""
    row = usage.columns()
    if operation in NO_OUTPUT and usage.input is not None:
        row["usage_status"] = "reported"
    if usage.empty and not row.get("reported_usd"):
        row.pop("reported_usd", None)
    return row


def _models(cluster: Cluster, fields: Fields) -> Row:
    parameters = parsed(fields.get("parameters"))
    parameters = parameters if isinstance(parameters, dict) else {}
    asked = short(fields.get("request_model")) or short(parameters.get("model"))
    answered, either = short(fields.get("response_model")), short(fields.get("model"))
    if answered is None and asked is not None and either != asked:
        answered = either
    if cluster.failed and cluster.usage.empty and not cluster.ids:
        answered = None  # instrumentations that set it before the answer came set the model asked for
    asked = asked or either
    url = short(fields.get("url"))
    told = endpoint_of(url[:2000]) if url and "://" in url else None
    provider = next((name for span in cluster.spans if (name := _provider(span.fields))), None) or (told.provider if told else None)
    if not provider:
        model = answered or asked
        provider = "aws.bedrock" if bedrock_model(model) else guess_provider(min(cluster.ids, default=None), "", model)
    return {
        "provider": provider or None,
        "gateway": _gateway(fields),
        "request_model": asked,
        "response_model": answered,
        "deployment": short(fields.get("deployment")) or (told.deployment if told else None) or None,
        "endpoint": short(fields.get("endpoint")) or (told.api if told else None) or None,
        "service_tier": short(fields.get("service_tier")) or short(parameters.get("service_tier")) or short(fields.get("requested_tier")),
        "stream": _streamed(cluster, fields, parameters),
    }


def _provider(fields: Fields) -> str | None:
    logged = fields.get("provider")
    return provider_of(logged) if isinstance(logged, str) else None


def _gateway(fields: Fields) -> str | None:
    logged = fields.get("provider")
    return logged.lower() if isinstance(logged, str) and logged.lower() in ("openrouter", "litellm", "vercel", "gateway", "portkey") else None


def _streamed(cluster: Cluster, fields: Fields, parameters: dict[str, Any]) -> bool | None:
    if any(span.first_token is not None for span in cluster.spans) or any(name in fields for name in ("first_token_at", "ttft_ms", "ttft_s")):
        return True
    for value in (fields.get("stream"), parameters.get("stream")):
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
    return "stream" in str(fields["ai_operation"]).lower() if "ai_operation" in fields else None


def attempt_rows(cluster: Cluster, row: Row) -> list[Row]:
    """Tries of their own spans; or, where an SDK only counts them, rows without times."""
    if cluster.tries:
        tries = [*cluster.tries, cluster]
        rows = [_try_row(number, each) for number, each in enumerate(tries, start=1)]
        for (earlier, later), made in zip(pairwise(tries), rows[1:], strict=True):
            if earlier.lead.end is not None and later.lead.start is not None:
                made["wait_before_ms"] = max(0.0, (later.lead.start - earlier.lead.end) / 1e6)
        rows[-1] |= {"is_final": True}
        return rows
    again = resends(cluster)
    common: Row = {"provider": row.get("provider"), "model": row.get("request_model"), "origin": "inferred"}
    rows = [common | {"attempt": number, "is_final": number == again + 1} for number in range(1, again + 2)] if again else []
    if rows:
        rows[-1] |= {"status_code": row.get("status_code"), "error_class": row.get("error_class")}
    return rows


def _try_row(number: int, cluster: Cluster) -> Row:
    lead, fields = cluster.lead, merged_fields(cluster.spans)
    models = _models(cluster, fields)
    code = integer(fields.get("status_code"))
    told = failure(cluster.spans, code) if cluster.failed else {"status_code": code}
    row: Row = {
        "attempt": number, "started_at": lead.start // 1000 if lead.start is not None else None, "duration_ms": lead.duration_ms,
        "provider": models["provider"], "model": models["request_model"], "status_code": told.get("status_code"), "error_class": told.get("error_class"),
        "origin": "explicit", "is_final": False,
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def step_row(span: Span, parent: str) -> Row:
    """The spans row of a step."""
    fields = span.fields
    ok = span.end is not None and span.start is not None and span.end >= span.start and not span.pending
    documents = integer(fields.get("document_count")) if "document_count" in fields else fields.get("documents_numbered")
    listed = parsed(fields.get("documents")) if documents is None else None
    row: Row = {
        "span_id": span.id or None, "trace_id": span.trace or None, "parent_span_id": parent or None, "kind": span.kind,
        "name": short(fields.get("tool")) or short(fields.get("entity")) or span.name or None,
        "started_at": span.start // 1000 if span.start is not None else None, "ended_at": span.end // 1000 if ok and span.end is not None else None,
        "duration_ms": span.duration_ms if ok else None, "document_count": len(listed) if isinstance(listed, list) else documents,
        "status": "error" if span.error else "unknown" if span.pending else "ok",
    }  # fmt: skip
    if span.error:
        told = failure([span], integer(fields.get("status_code")))
        row |= {"error_class": told["error_class"], "status": {"cancelled": "cancelled"}.get(told["status"], "error")}
    return {name: value for name, value in row.items() if value is not None}
