"""What kind of step a span is: by the words of its dialect, else by what it counts, whom it calls and what it carries."""

from __future__ import annotations

from llmlogs.sources.otel.attributes import kinds
from llmlogs.sources.otel.span import Span

KIND_FIELDS = ("operation", "oi_kind", "ai_operation", "lf_kind", "tl_kind")
NO_KIND = ("", "")


def classify(span: Span) -> None:
    """What kind of step it is. A word for something that is no model call weighs more than one for a call: wrappers copy a call's words."""
    words, fields = kinds(), span.fields
    found: tuple[str, str] | None = None
    for field in KIND_FIELDS:
        word = fields.get(field)
        if word is None or (field == "tl_kind" and found is not None and found[0] == "call"):  # LlamaIndex's calls are tasks, too
            continue
        told = _ai_kind(str(word)) if field == "ai_operation" else words.get(str(word).lower(), NO_KIND)
        if told[0] and (found is None or found[0] == "app" or (found[0] == "call" and told[0] not in ("call", "app"))):
            found = told
    if found is None or found[0] == "app":
        found = _by_other_signs(span) or found
    span.kind, span.operation = found or ("app", "")
    if span.kind == "call" and ("rolled_up" in fields or span.fields.get("span_type") == "pending_span"):
        span.pending = span.pending or "rolled_up" not in fields
        span.kind = "call" if span.pending else "agent"


def _ai_kind(operation: str) -> tuple[str, str]:
    """The Vercel AI SDK's operations: only what has `.do` in it is one request to a model."""
    inner = operation.rpartition(".")[2]
    if inner.startswith("do"):
        return ("rerank", "") if inner == "doRerank" else ("call", "embeddings" if inner == "doEmbed" else "image" if "Image" in inner else "chat")
    return ("tool", "") if inner == "toolCall" else ("chain", "")


_BY_NAME = (("tool", "tool"), ("retriev", "retrieval"), ("guardrail", "guardrail"), ("rerank", "rerank"), ("embed", "embedding"), ("agent", "agent"))


def _by_other_signs(span: Span) -> tuple[str, str] | None:
    """A span without a word for its kind: by what it counts, whom it calls, what it carries."""
    fields = span.fields
    if "agent_name" in fields and "model" in fields and "request_model" not in fields:  # pydantic-ai 1.0's run: its counts are sums
        return "agent", ""
    counted = "input" in fields or "output" in fields
    if (("request_model" in fields or "response_model" in fields) and (counted or "provider" in fields)) or ("model" in fields and counted):
        span.weak = True
        return "call", "embeddings" if "embed" in str(fields.get("request_model", fields.get("model"))).lower() else "chat"
    component = str(fields.get("component", ""))
    if component.endswith("Generator"):
        span.weak = True
        return "call", "chat"
    if component or "tool" in fields:
        word = component.lower() or "tool"
        return next((kind for sign, kind in _BY_NAME if sign in word), "chain"), ""
    if "database" in fields:
        return ("retrieval", "") if "documents" in fields or "documents_numbered" in fields else ("other", "")
    return ("http", "") if "method" in fields or "rpc" in fields else None
