"""Spans of an MLflow trace as nodes: calls, steps, feedback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common import labels
from llmlogs.sources.common.bodies import characters, prompt_columns, told_by
from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.exceptions import failure
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.trace_tree import Node
from llmlogs.sources.common.usage import Usage, integer, money, read_usage
from llmlogs.sources.mlflow.assessments import feedback
from llmlogs.sources.mlflow.shapes import Span, Trace

MS = timedelta(milliseconds=1)
CALLS = {"CHAT_MODEL": "chat", "LLM": "chat", "EMBEDDING": "embeddings"}
KINDS = {"RETRIEVER": "retrieval", "TOOL": "tool", "AGENT": "agent", "CHAIN": "chain", "RERANKER": "rerank", "GUARDRAIL": "guardrail", "WORKFLOW": "chain",
         "TASK": "chain"}  # fmt: skip
USAGE = "mlflow.chat.tokenUsage"
CHUNK = "mlflow.chunk.item."
CHUNKS_READ = 50  # chunks looked into for the first that holds text
SAID = ("content", "text", "reasoning", "reasoning_content", "tool_calls", "thinking", "partial_json")
FORMATS = ("openai", "anthropic", "gemini", "bedrock", "mistral", "groq", "cohere")  # others are frameworks and do not tell who served it


def nodes(line: int, trace: Trace, context: Context) -> list[Node]:
    """The spans, with what the trace states on its root, and the judgements on the span they name."""
    made = [_node(line, span, trace, context) for span in trace.spans]
    known = {node.id for node in made}
    for node in made:
        if node.parent not in known:
            node.labels = _trace_labels(trace, context) | {name: value for name, value in node.labels.items() if value is not None}
    root = next((node for node in made if node.parent not in known), made[0])
    by_id = {node.id: node for node in made}
    for row in feedback(trace):
        by_id.get(row.pop("span"), root).feedback.append(row)
    return made


def _trace_labels(trace: Trace, context: Context) -> Row:
    """What holds for the whole trace. `mlflow.user` is who ran the program, no end user."""
    meta, tags = trace.metadata, trace.tags
    own = {name: value for name, value in tags.items() if not str(name).startswith("mlflow.")}
    found = labels.named({name: value for name, value in meta.items() if not str(name).startswith("mlflow.")}) | labels.named(own)
    if "feature" in found:
        found["feature_basis"] = "tags" if "feature" in own else "logged"
    stated = {
        "user_id": label(meta.get("mlflow.trace.user")),
        "session_id": label(meta.get("mlflow.trace.session")),
        "release": label(meta.get("mlflow.source.git.commit")),
        "service": label(str(meta.get("mlflow.source.name") or "").replace("\\", "/").rstrip("/").rpartition("/")[2]),
        "is_internal": True if tags.get("mlflow.trace.sourceScorer") else None,  # made by an evaluation's judge
        "tags": labels.tags(own),
    }
    found |= {name: value for name, value in stated.items() if value is not None}
    return found | _prompt(tags.get("mlflow.linkedPrompts")) | labels.feature(trace.raw, context.feature_from)


def _prompt(linked: Any) -> Row:
    """The prompt that was used, where it is one."""
    prompts = value_of(linked)
    if not isinstance(prompts, list) or len(prompts) != 1 or not isinstance(prompts[0], Mapping):
        return {}
    named = {"prompt_name": label(prompts[0].get("name")), "prompt_version": label(prompts[0].get("version"))}
    return {name: value for name, value in named.items() if value is not None}


def _node(line: int, span: Span, trace: Trace, context: Context) -> Node:
    kind = str(span.attributes.get("mlflow.spanType") or "").upper()
    start, end = to_utc(span.start), to_utc(span.end)
    wait = (end - start) / MS if start is not None and end is not None and end >= start else None
    place: Row = {"trace_id": trace.id, "span_id": span.id, "started_at": start, "ended_at": end, "duration_ms": wait}
    error = _error(span)
    step: Row = place | {"kind": KINDS.get(kind, "app"), "name": span.name, "status": "error" if span.status == "ERROR" else "ok" if end else "unknown"}
    step["error_class"] = error.get("error_class")
    if kind == "RETRIEVER" and isinstance(span.attributes.get("mlflow.spanOutputs"), list):
        step["document_count"] = len(span.attributes["mlflow.spanOutputs"])
    node = Node(line, span.id, span.parent, step, error=error)
    node.labels = {"agent_name": span.name if kind == "AGENT" else None} | _prompt(span.attributes.get("mlflow.linkedPrompts"))
    issues: list[tuple[str, str, str]] = []
    body, own = told_by(span.attributes.get("mlflow.spanOutputs"), context) if kind in CALLS or USAGE in span.attributes else ({}, Usage())
    usage = _usage(span, own, issues)
    if span.status != "ERROR":
        usage.forget_zeros()
    node.weak = kind not in CALLS and not usage.empty
    if kind in CALLS or node.weak:
        node.issues = issues
        node.call = place | _call(span, kind, (body, usage), context, start)
        node.call |= {"status": "ok" if end else "unknown"} | (error or ({"status": "error", "error_class": "unknown"} if span.status == "ERROR" else {}))
        node.silent = span.status == "ERROR" and not error
    return node


def _error(span: Span) -> Row:
    """From the exception event, which has the class apart, else from the status message."""
    if span.status != "ERROR":
        return {}
    for name, _, attributes in reversed(span.events):
        if name == "exception":
            kind, message = attributes.get("exception.type"), str(attributes.get("exception.message") or "")
            return failure(f"{kind}: {message}" if kind else message)
    return failure(span.message) if span.message else {}


def _call(span: Span, kind: str, told: tuple[Row, Usage], context: Context, start: datetime | None) -> Row:
    body, usage = told
    attributes, inputs = span.attributes, span.attributes.get("mlflow.spanInputs")
    asked = inputs if isinstance(inputs, Mapping) else {}
    model = label(attributes.get("mlflow.llm.model"))
    request = label(asked.get("model")) or label(attributes.get("model"))
    stated = label(attributes.get("mlflow.llm.provider"))
    form = str(attributes.get("mlflow.message.format") or "").lower()
    cost = attributes.get("mlflow.llm.cost")
    call: Row = body | {
        "call_id": None if body.get("response_id") else span.id,
        "operation": CALLS.get(kind) if kind == "EMBEDDING" else body.get("operation") or "chat",
        "request_model": request or model,
        "response_model": body.get("response_model") or (model if model != request and span.status != "ERROR" else None),
        "provider": provider_id(stated or (form if form in FORMATS else "")) or guess_provider(body.get("response_id"), "", model or request),
        "max_tokens": integer(asked.get("max_tokens") or asked.get("max_completion_tokens") or attributes.get("max_tokens")),
        "reported_usd": money(cost.get("total_cost")) if isinstance(cost, Mapping) else usage.reported_usd,
        "stream": next((flag for flag in (asked.get("stream"), attributes.get("stream")) if isinstance(flag, bool)), None),
    }
    call |= {name: value for name, value in (prompt_columns(inputs, context) | usage.columns() | _chunks(span, start)).items() if value is not None}
    return call


def _usage(span: Span, own: Usage, issues: list[tuple[str, str, str]]) -> Usage:
    """The answer's own counts, else MLflow's copy of them, which holds the cache except in older versions for Anthropic."""
    told = span.attributes.get(USAGE)
    if not own.empty:
        issues += own.issues
        return own
    if not isinstance(told, Mapping):
        return Usage()
    raw = {
        "prompt_tokens": told.get("input_tokens"),
        "completion_tokens": told.get("output_tokens"),
        "total_tokens": told.get("total_tokens"),
        "cache_read_input_tokens": told.get("cache_read_input_tokens"),
        "cache_creation_input_tokens": told.get("cache_creation_input_tokens"),
    }
    usage = read_usage({name: value for name, value in raw.items() if value is not None})
    usage.include_cache()
    issues += usage.issues
    return usage


def _chunks(span: Span, start: datetime | None) -> Row:
    """Chunks of a stream are events: the first with text is the first token."""
    seen = [(to_utc(at), attributes.get("mlflow.chunk.value")) for name, at, attributes in span.events if name.startswith(CHUNK)]
    times = sorted(at for at, _ in seen if at is not None)
    if not times:
        return {}
    first = next((at for at, chunk in seen[:CHUNKS_READ] if at is not None and _has_text(chunk)), times[0])
    row: Row = {"stream": True, "max_gap_ms": max(_gaps(times), default=None)}
    if start is not None and first >= start:
        row |= {"first_token_at": first, "ttft_ms": (first - start) / MS, "ttft_basis": "event"}
    return row


def _gaps(times: Iterable[datetime]) -> list[float]:
    return [(later - earlier) / MS for earlier, later in pairwise(times)]


def _has_text(chunk: Any) -> bool:
    """Whether a chunk says something: its delta or text, not its ids."""
    value = value_of(chunk)
    if not isinstance(value, Mapping):
        return isinstance(value, str) and bool(value.strip('"'))
    choices = value.get("choices")
    inner = [item for item in choices if isinstance(item, Mapping)] if isinstance(choices, list) else [value]
    return any(characters(_said(item.get("delta") or item.get("text") or item.get("content"))) for item in inner)


def _said(delta: Any) -> Any:
    return {name: delta[name] for name in SAID if name in delta} if isinstance(delta, Mapping) else delta
