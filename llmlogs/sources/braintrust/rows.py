"""One Braintrust row: what is kept of it until its trace is whole, and what it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.braintrust.counts import first_token, usage_in, wait
from llmlogs.sources.common import labels
from llmlogs.sources.common.bodies import prompt_columns, told_by
from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.exceptions import failure
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.trace_tree import Node
from llmlogs.sources.common.usage import Usage, integer, money

KINDS = {"tool": "tool", "llm": "llm", "task": "chain", "function": "chain", "eval": "chain"}
COLUMNS = ("id", "span_id", "root_span_id", "span_parents", "span_attributes", "metadata", "metrics", "tags", "scores", "error", "created", "_xact_id",
           "_is_merge", "is_root")  # fmt: skip


@dataclass(slots=True)
class Part:
    """What is kept of a row: short members as they are, texts reduced to what the schema holds of them."""

    line: int
    id: str
    trace: str
    order: tuple[int, bool, int]
    row: Row
    body: Row  # columns told by input and output
    usage: Usage
    nested: bool

    def joined(self, later: Part) -> Part:
        """The row after a later one of the same id: it adds where it says that it merges, else it takes the place."""
        row = _deep(self.row, later.row) if later.row.get("_is_merge") is True else later.row
        body = self.body | later.body if later.row.get("_is_merge") is True else later.body
        usage = self.usage if later.usage.empty else later.usage
        return replace(later, line=self.line, row=row, body=body, usage=usage, nested=self.nested)


def plain(value: Any) -> Any:
    """A member of a CSV export is JSON as text."""
    if isinstance(value, str) and value[:1] in "{[" and len(value) < 10_000_000:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def keep(line: int, raw: Row, context: Context, nested: bool = False) -> Part | None:
    """The row without its texts; None when it names neither itself nor a span."""
    row = {name: plain(raw[name]) for name in COLUMNS if raw.get(name) is not None}
    own = label(row.get("id")) or label(row.get("span_id"))
    if own is None or not {"span_attributes", "metrics", "span_id", "root_span_id", "_is_merge", "input", "output"} & raw.keys():
        return None
    row["labels"] = labels.feature(raw, context.feature_from)
    metadata = _part(row, "metadata")
    body = prompt_columns(plain(raw.get("input")), context, metadata.get("tools"))
    output = plain(raw.get("output"))
    told, usage = told_by(output, context)
    body |= told | {"answered": True} if output is not None else {}
    row["metadata"] = {name: value for name, value in metadata.items() if not isinstance(value, (dict, list)) or name in ("prompt", "stream_options")}
    order = (integer(row.get("_xact_id")) or 0, row.get("_is_merge") is True, line)
    return Part(line, own, label(row.get("root_span_id")) or own, order, row, body, usage, nested)


def node_of(part: Part, parts: list[tuple[int, bool]]) -> Node:
    """The row as a node of its trace."""
    row, metrics, attributes = part.row, _part(part.row, "metrics"), _part(part.row, "span_attributes")
    kind = str(attributes.get("type") or "")
    span_id = label(row.get("span_id")) or part.id
    start, end = to_utc(metrics.get("start")) or to_utc(row.get("created")), to_utc(metrics.get("end"))
    place: Row = {"trace_id": part.trace, "span_id": span_id, "started_at": start, "ended_at": end, "duration_ms": wait(start, end)}
    issues: list[tuple[str, str, str]] = []
    usage = usage_in(metrics, str(attributes.get("name")), issues)
    usage = part.usage if usage.empty and kind == "llm" else usage
    if not row.get("error"):
        usage.forget_zeros()
    weak = kind != "llm" and not usage.empty
    node = Node(part.line, span_id, _parent(row), place | _step(kind, attributes, row), labels=_labels(row, kind, attributes), issues=issues, parts=parts)
    node.feedback = [feedback | {"at": end or start, "trace_id": part.trace} for feedback in _scores(row)]
    node.nested, node.weak = part.nested, weak
    if row.get("error"):
        node.error = failure(row["error"])
    if kind == "llm" or weak:
        node.call = place | _call(part, usage, metrics, attributes, issues)
        node.silent = not part.body.get("answered") and usage.empty and not row.get("error")
        node.call["status"] = "unknown" if node.silent else "ok"
        node.call |= node.error
    return node


def _call(part: Part, usage: Usage, metrics: Row, attributes: Row, issues: list[tuple[str, str, str]]) -> Row:
    metadata, name = _part(part.row, "metadata"), str(attributes.get("name") or "")
    body = {column: value for column, value in part.body.items() if column != "answered"}
    model = label(metadata.get("model"))
    prompt = _part(metadata, "prompt")
    stream = metadata.get("stream") if isinstance(metadata.get("stream"), bool) else True if "stream" in name.lower() else None
    embeds = "embedding" in name.lower()
    call: Row = usage.columns() | {
        "call_id": part.id,
        "operation": "embeddings" if embeds else body.pop("operation", None) or "chat",
        "provider": _provider(metadata, model),
        "request_model": model,
        "service_tier": label(metadata.get("usage_service_tier")) or label(metadata.get("service_tier")),
        "max_tokens": integer(metadata.get("max_tokens") or metadata.get("max_completion_tokens")),
        "finish_reason": label(metadata.get("stop_reason")) or label(metadata.get("finish_reason")),
        "prompt_name": label(prompt.get("key")) or label(prompt.get("id")),
        "prompt_version": label(prompt.get("version")),
        "stream": stream,
        "attempts": None if (tries := integer(metrics.get("retries"))) is None else tries + 1,
        "app_cache": {1: "hit", 0: "miss"}.get(integer(metrics.get("cached")) or 0) if "cached" in metrics else None,
        "reported_usd": money(metrics.get("estimated_cost")) if metrics.get("estimated_cost") is not None else usage.reported_usd,
    }
    call = {column: value for column, value in (body | {k: v for k, v in call.items() if v is not None}).items() if value is not None}
    if call.get("response_id"):
        del call["call_id"]
    return call | first_token(metrics, stream, issues)


def _labels(row: Row, kind: str, attributes: Row) -> Row:
    """What the row states for itself and what is below it: metadata first, then tags of the form `name:value`; a tag that names no field is only a tag."""
    metadata = _part(row, "metadata")
    tagged = (
        {name: value for name, _, value in (str(tag).partition(":") for tag in row.get("tags") or ()) if value} if isinstance(row.get("tags"), list) else {}
    )
    by_tag = labels.named(tagged)
    if "feature" in by_tag:
        by_tag["feature_basis"] = "tags"
    found: Row = by_tag | labels.named(metadata) | row.get("labels", {})
    judged = kind == "score" or attributes.get("purpose") == "scorer"
    short = {name: value for name, value in metadata.items() if kind != "llm" and name not in ("model", "provider")}
    return found | {"tags": labels.tags(row.get("tags"), short), "is_internal": True if judged else None}


def _step(kind: str, attributes: Row, row: Row) -> Row:
    failed = failure(row["error"]) if row.get("error") else {}
    return {
        "kind": KINDS.get(kind, "other" if kind else "app"),
        "name": label(attributes.get("name")),
        "status": "error" if failed else "ok",
        "error_class": failed.get("error_class"),
    }


def _scores(row: Row) -> list[Row]:
    scores = row.get("scores")
    pairs = scores.items() if isinstance(scores, Mapping) else ()
    return [
        {"name": label(name), "value": value, "source": "braintrust"}
        for name, value in pairs
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]


def _parent(row: Row) -> str | None:
    parents = row.get("span_parents")
    return label(parents[0]) if isinstance(parents, list) and parents else None


def _provider(metadata: Row, model: str | None) -> str | None:
    """As logged, without the API that some SDKs add (`openai.responses`)."""
    logged = label(metadata.get("provider"))
    return (
        logged.split(".")[0]
        if logged and logged.startswith(("openai.", "anthropic.", "google.", "mistral.", "cohere."))
        else logged or guess_provider(None, "", model)
    )


def _part(row: Row, name: str) -> Row:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _deep(row: Row, more: Row) -> Row:
    """Members of objects merged, everything else replaced."""
    merged = dict(row)
    for name, value in more.items():
        old = merged.get(name)
        merged[name] = _deep(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
