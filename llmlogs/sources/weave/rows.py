"""One Weave call as a node of its trace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common import labels
from llmlogs.sources.common.bodies import prompt_columns, told_by
from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.exceptions import failure
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.trace_tree import Node
from llmlogs.sources.common.usage import Usage, integer, money, read_usage

MS = timedelta(milliseconds=1)
OP = re.compile(r"weave:///.*?/op/(.+?)(?::[^:/]*)?\Z")
# Ops of Weave's own integrations that are one request to a model
MODEL_OPS = re.compile(
    r"""(?:chat\.completions|completions|responses|embeddings)\.(?:create|parse|stream)\Z
      | (?:async)?messages\.(?:create|stream|parse)\Z | \.(?:generate_content|generate_content_async|generate_content_stream|embed_content)\Z
      | litellm\.(?:a?completion|a?embedding|a?text_completion|a?responses)\Z | (?:bedrockruntime|bedrock)\.(?:converse|converse_stream|invoke|invoke_model)\Z
      | mistralai\.(?:chat|fim|embeddings)\.\w+\Z | cohere\.\w+\.(?:chat|chat_stream|generate|embed)\Z | inferenceclient\.(?:chat_completion|text_generation)\Z
      | langchain\.(?:llm|chat)\b | \bdspy\.lm\b | (?:groq|cerebras|nvidia|ollama)\..*(?:create|chat|generate)\Z""",
    re.VERBOSE | re.IGNORECASE,
)
PROVIDERS = (("openai", "openai"), ("anthropic", "anthropic"), ("mistralai", "mistral"), ("groq", "groq"), ("cohere", "cohere"), ("cerebras", "cerebras"),
             ("google.genai", "gcp.gemini"), ("google.generativeai", "gcp.gemini"), ("vertexai", "gcp.vertex_ai"), ("bedrock", "aws.bedrock"),
             ("ollama", "ollama"), ("nvidia", "nvidia"))  # fmt: skip
KINDS = {"tool": "tool", "agent": "agent", "search": "retrieval", "retriever": "retrieval", "retrieval": "retrieval", "guardrail": "guardrail",
         "scorer": "other", "llm": "llm", "chain": "chain"}  # fmt: skip
STRUCTURED = ("attributes", "inputs", "output", "summary")
BY_MODEL = ("summary.usage.", "summary.weave.costs.")
THUMBS = {"thumbs_up": 1.0, "+1": 1.0, "thumbs_down": 0.0, "-1": 0.0}


def nested(row: Row) -> Row:
    """The call with its structures: a CSV has them as text, or as columns with dotted names (`summary.usage.gpt-4.1.prompt_tokens`)."""
    value = {name: value_of(item) if name in STRUCTURED else item for name, item in row.items()}
    for name, item in row.items():
        head = next((head for head in BY_MODEL if name.startswith(head)), "")
        model, _, field = name[len(head) :].rpartition(".") if head else ("", "", "")
        parts = [*head.strip(".").split("."), model, field] if head and model else name.split(".")
        if len(parts) > 1 and parts[0] in STRUCTURED and item is not None:
            _put(value, parts, value_of(item))
    return value


def _put(target: Row, parts: list[str], item: Any) -> None:
    for part in parts[:-1]:
        inner = target.get(part)
        if not isinstance(inner, dict):
            target[part] = inner = {}
        target = inner
    target[parts[-1]] = item


def node_of(line: int, value: Row, context: Context) -> tuple[str, Node]:
    """Its trace and the node."""
    own = label(value.get("id")) or f"#{line}"
    trace = label(value.get("trace_id")) or own
    name = op_name(value)
    attributes, summary = _part(value, "attributes"), _part(value, "summary")
    weave = _part(summary, "weave")
    kind = str(_part(attributes, "weave").get("kind") or attributes.get("kind") or "").lower()
    start, end = to_utc(value.get("started_at")), to_utc(value.get("ended_at"))
    wait = (end - start) / MS if start is not None and end is not None and end >= start else None
    place: Row = {"trace_id": trace, "span_id": own, "started_at": start, "ended_at": end, "duration_ms": wait}
    error = failure(value["exception"]) if value.get("exception") else {}
    failed = bool(error) or weave.get("status") == "error"
    status = "error" if failed else "ok" if end is not None or weave.get("status") in ("success", "descendant_error") else "unknown"
    step = place | {"kind": KINDS.get(kind, "app"), "name": label(name), "status": status, "error_class": error.get("error_class")}
    node = Node(line, own, label(value.get("parent_id")), step, labels=_labels(value, attributes, context), error=error)
    if kind == "scorer" or name.endswith(".score"):
        node.labels["is_internal"] = True  # the judge of an evaluation
    node.feedback = [row | {"trace_id": trace, "source": "weave"} for row in _feedback(weave.get("feedback"))]
    models = {str(model)[:200]: told for model, told in _part(summary, "usage").items() if isinstance(told, Mapping) and told}
    asks = kind == "llm" or bool(MODEL_OPS.search(name))
    if models or asks:
        node.weak = not asks
        _call(node, value, models, name, context)
        node.call = place | {"status": status} | (node.call or {}) | error
        if failed and not error:
            node.call["error_class"] = "unknown"
    return trace, node


def op_name(value: Row) -> str:
    """The op without its address and version."""
    text = str(value.get("op_name") or "")[:1000]
    found = OP.match(text)
    return found.group(1) if found else text


def _call(node: Node, value: Row, models: Row, name: str, context: Context) -> None:
    """Columns of the call into `node.call`; the calls of further models into `node.more`."""
    inputs, output = _part(value, "inputs"), value.get("output")
    body, own = told_by(output, context)
    first, *others = models.items() or [("", {})]
    usage = own if len(models) < 2 else Usage()
    told = _usage(first[1], name)
    usage = told if usage.empty or (not told.empty and (usage.input, usage.output) != (told.input, told.output)) else usage
    if not value.get("exception"):
        usage.forget_zeros()
    costs = _part(_part(_part(value, "summary"), "weave"), "costs")
    asked = label(inputs.get("model"))
    model = label(first[0])
    node.call = body | usage.columns() | {
        "call_id": None if body.get("response_id") else node.id,
        "operation": "embeddings" if "embed" in name.lower() else body.get("operation") or "chat",
        "request_model": asked or model,
        "response_model": body.get("response_model") or (model if model != asked else None),
        "provider": _provider(name, model or asked, body),
        "stream": inputs.get("stream") if isinstance(inputs.get("stream"), bool) else True if name.lower().endswith(("stream", "stream_async")) else None,
        "max_tokens": integer(inputs.get("max_tokens") or inputs.get("max_completion_tokens") or inputs.get("max_output_tokens")),
        "reported_usd": _cost(costs.get(first[0])),
    } | prompt_columns(inputs, context)  # fmt: skip
    node.issues += usage.issues
    if (integer(_part(models, first[0]).get("requests")) or 1) > 1:
        node.issues.append(("usage_status", "sum_of_calls", "int"))
        node.call["usage_status"] = "partial"
    for number, (other, raw) in enumerate(others, start=2):
        row = _usage(raw, name).columns() | {"call_id": f"{node.id}.{number}", "reported_usd": _cost(costs.get(other))}
        node.more.append(row | {"request_model": label(other), "response_model": None, "provider": _provider(name, label(other), {})})


def _usage(raw: Any, name: str) -> Usage:
    usage = read_usage({key: item for key, item in raw.items() if item is not None}, generates="embed" not in name.lower()) if raw else Usage()
    usage.include_cache()
    return usage


def _provider(name: str, model: str | None, body: Row) -> str | None:
    low = name.lower()
    by_op = next((provider for prefix, provider in PROVIDERS if low.startswith(prefix) or f".{prefix}" in low), None)
    vendor, slash, _ = (model or "").partition("/")
    return by_op or (vendor if slash and "litellm" in low else None) or guess_provider(body.get("response_id"), "", model)


def _cost(told: Any) -> Decimal | None:
    """Dollars of one model: its parts, all of which end so."""
    parts = [money(item) for key, item in told.items() if str(key).endswith("_total_cost")] if isinstance(told, Mapping) else []
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None


def _labels(value: Row, attributes: Row, context: Context) -> Row:
    own = {name: item for name, item in attributes.items() if name not in ("weave", "kind", "python", "otel_span")}
    found = labels.named(own) | {"tags": labels.tags(own)}
    thread = label(value.get("thread_id"))
    return found | ({"session_id": thread} if thread else {}) | labels.feature(value, context.feature_from)


def _feedback(listed: Any) -> list[Row]:
    """Reactions, annotations and scores; notes are prose and stay out."""
    found: list[Row] = []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, Mapping):
            kind, payload = str(item.get("feedback_type") or ""), item.get("payload")
            at = to_utc(item.get("created_at"))
            found += [{"at": at} | row for row in _judgements(kind, payload if isinstance(payload, Mapping) else {})]
    return found


def _judgements(kind: str, payload: Mapping[str, Any]) -> list[Row]:
    if kind.startswith("wandb.reaction"):
        alias = str(payload.get("alias") or "").strip(":")
        return [{"name": "reaction", "kind": "human", "label": label(alias), "value": THUMBS.get(alias)}] if alias else []
    if kind.startswith("wandb.note"):
        return []
    judge = kind.startswith("wandb.runnable")
    name = kind.removeprefix("wandb.annotation.").removeprefix("wandb.runnable.")
    given = payload.get("output") if judge else payload.get("value", payload)
    members = {"": given} if not isinstance(given, Mapping) else {str(key): item for key, item in list(given.items())[:20]}
    scored = [(f"{name}.{key}" if key else name, item) for key, item in members.items()]
    rows = [{"name": label(full), "kind": "judge" if judge else "human"} | _score(item) for full, item in scored]
    return [row for row in rows if "value" in row or "label" in row]


def _score(item: Any) -> Row:
    if isinstance(item, (bool, int, float)):
        return {"value": item if not isinstance(item, bool) else float(item)}
    return {"label": item} if isinstance(item, str) and 0 < len(item) <= 40 and item.count(" ") <= 2 else {}


def _part(value: Mapping[str, Any], name: str) -> Row:
    part = value.get(name)
    return dict(part) if isinstance(part, Mapping) else {}
