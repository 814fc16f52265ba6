"""One LangSmith run -> a call (llm, embedding) or a step, and its feedback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common import labels
from llmlogs.sources.common.exceptions import failure
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.served_by import plain_model, provider_of
from llmlogs.sources.common.texts import PROVIDER_ID, parsed, text_columns
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.trace_tree import Node
from llmlogs.sources.common.usage import integer
from llmlogs.sources.langsmith.feedback import feedback_stats
from llmlogs.sources.langsmith.usage import DEEPEST, Issues, cost, inside, usage

STEPS = {"retriever": "retrieval", "tool": "tool", "chain": "chain", "prompt": "prompt", "agent": "agent"}
CALLS = ("llm", "embedding")
STRUCTURES = ("inputs", "outputs", "extra", "metadata", "events", "tags", "feedback_stats", "prompt_token_details", "completion_token_details",
              "parent_run_ids", "child_runs", "error")  # fmt: skip
FEATURE_TAGS = ("feature", "product", "use_case", "usecase")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)


def fields(run: Mapping[str, Any]) -> Row:
    """The run with its structures parsed: exports hold them as JSON texts."""
    return {str(key): value_of(parsed(value)) if key in STRUCTURES else value for key, value in run.items()}


def place(run: Row) -> tuple[str | None, str | None, str | None]:
    """(trace, run, parent). What is not stated stands in `dotted_order`: a time and an id for every run from the root down."""
    path = [part[-36:] for part in str(run.get("dotted_order") or "").split(".") if _ID.match(part[-36:])]
    above = run.get("parent_run_ids")
    above = [one for one in above if isinstance(one, str)] if isinstance(above, list) else []
    identity = label(run.get("id")) or (path[-1] if path else None)
    parent = label(run.get("parent_run_id")) or (above[-1] if above else path[-2] if len(path) > 1 else None)
    trace = label(run.get("trace_id")) or (path[0] if path else above[0] if above else identity if parent is None else None)
    return trace, identity, parent


def node(run: Row, line: int, context: Context, nested: bool = False) -> Node:
    """The run as one node of its trace."""
    trace, identity, parent = place(run)
    kind = str(run.get("run_type")).lower()
    found = Node(line, identity or f"line {line}", parent, None, labels=_labels(run, context, parent is None), nested=nested)
    found.span = _step(run, trace, identity, "llm" if kind in CALLS else STEPS.get(kind, "other"))
    if kind in CALLS:
        found.call = _call(run, kind, trace, identity, context, found.issues)
    given = list(feedback_stats(run.get("feedback_stats")))
    found.feedback = [row | {"trace_id": trace} for row in given] if trace else []
    if parent is None and trace and (facts := _facts(found.labels, run, trace)):
        found.others["trace_facts"] = [facts]
    return found


def metadata_of(run: Row) -> Mapping[str, Any]:
    """Metadata of both versions: inside `extra`, and beside it."""
    extra = run.get("extra")
    told = extra.get("metadata") if isinstance(extra, Mapping) else None
    own = run.get("metadata")
    return {**(told if isinstance(told, Mapping) else {}), **(own if isinstance(own, Mapping) else {})}


def _labels(run: Row, context: Context, root: bool) -> Row:
    """Who and what for. A run's `session_id` is its project, not the user's session: that stands in the metadata, or in `thread_id`."""
    metadata = metadata_of(run)
    found = labels.named(metadata)
    for column, name in (("prompt_name", "lc_hub_repo"), ("prompt_version", "lc_hub_commit_hash"), ("release", "revision_id"), ("agent_name", "lc_agent_name")):
        if label(metadata.get(name)):
            found.setdefault(column, label(metadata[name]))
    tags = run.get("tags") if isinstance(run.get("tags"), list) else []
    found |= {column: text for column, text in (("session_id", label(run.get("thread_id"))), ("tags", labels.tags(tags))) if text}
    return found | _feature(run, metadata, tags or [], context, found, root)


def _feature(run: Row, metadata: Mapping[str, Any], tags: list[Any], context: Context, found: Row, root: bool) -> Row:
    """The configured place, the logged feature, a `feature:...` tag; else the name of the root run."""
    chosen = labels.feature({**run, "metadata": metadata}, context.feature_from) if context.feature_from else {}
    if chosen or "feature" in found:
        return chosen
    pairs = [tag.replace("=", ":", 1).partition(":") for tag in tags if isinstance(tag, str)]
    tagged = next((value.strip() for wanted in FEATURE_TAGS for key, _, value in pairs if key.strip().lower() == wanted and label(value)), None)
    if tagged:
        return {"feature": tagged, "feature_basis": "tags"}
    name = label(run.get("name")) if root and str(run.get("run_type")).lower() not in CALLS else None
    return {"feature": name, "feature_basis": "trace"} if name else {}


def _facts(said: Row, run: Row, trace: str) -> Row:
    names = ("user_id", "session_id", "team", "feature", "environment", "service", "release")
    row = {name: said[name] for name in names if name in said}
    return row | {"trace_id": trace, "updated_at": to_utc(run.get("end_time")) or to_utc(run.get("start_time")), "source": "langsmith"} if row else {}


def _call(run: Row, kind: str, trace: str | None, identity: str | None, context: Context, issues: Issues) -> Row:
    metadata, extra = metadata_of(run), run.get("extra")
    told = extra.get("invocation_params") if isinstance(extra, Mapping) else None
    parameters: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    outputs = run.get("outputs")
    status = _status(run)
    counted = usage(run, metadata, kind, status["status"] not in ("ok", "unknown"), issues)
    asked, host, region = plain_model(_first(metadata.get("ls_model_name"), parameters.get("model"), parameters.get("model_name")))
    answered = _first(inside(outputs, "model_name"), inside(outputs, "model"))
    call: Row = {
        "call_id": identity,
        "response_id": _response_id(outputs),
        "trace_id": trace,
        "span_id": identity,
        "operation": _operation(kind, asked, metadata),
        "provider": host or provider_of(metadata.get("ls_provider"), asked or answered),
        "region": region,
        "request_model": asked or answered,
        "response_model": answered if answered != asked else None,
        "service_tier": counted.service_tier,
        "started_at": to_utc(run.get("start_time")),
        "ended_at": to_utc(run.get("end_time")),
        "reported_usd": cost(run, counted),
        "finish_reason": _first(inside(outputs, "finish_reason"), inside(outputs, "stop_reason")),
        "max_tokens": next((n for key in ("max_tokens", "max_completion_tokens", "max_output_tokens") if (n := integer(parameters.get(key)))), None),
        "tool_calls": len(calls) if isinstance(calls := inside(outputs, "tool_calls", list), list) else None,
        "merge_growing": True,
    }
    call |= {**counted.columns(), **status, **_times(run, parameters, issues), **text_columns(run.get("inputs"), outputs, context)}
    return {name: value for name, value in call.items() if value is not None}


def _operation(kind: str, model: str | None, metadata: Mapping[str, Any]) -> str:
    if kind == "embedding" or "embedding" in (model or "").lower():
        return "embeddings"
    return "text_completion" if metadata.get("ls_model_type") in ("text", "llm") else "chat"


def _first(*values: Any) -> str | None:
    return next((text for value in values if (text := label(value))), None)


def _response_id(outputs: Any) -> str | None:
    """The provider's own id, where LangChain or a wrapper kept it; not the message's, which is LangChain's."""
    found = {text for text in _ids(outputs, 0) if PROVIDER_ID.match(text)}
    return found.pop() if len(found) == 1 else None


def _ids(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and depth < DEEPEST:
        if isinstance(value.get("id"), str):
            yield value["id"]
        value = list(value.values())
    if isinstance(value, list) and depth < DEEPEST:
        for item in value[:50]:
            yield from _ids(item, depth + 1)


def _status(run: Row) -> Row:
    """`success`, `error`, `pending`; an error is a text, with the HTTP code in it if at all."""
    said, error = str(run.get("status") or "").lower(), run.get("error") or run.get("error_preview")
    if error or said == "error":
        return failure(error.removesuffix("()") if isinstance(error, str) else error if isinstance(error, Mapping) else "")  # CancelledError()
    done = said == "success" or (not said and run.get("end_time"))
    return {"status": "ok" if done else "unknown"}


def _times(run: Row, parameters: Mapping[str, Any], issues: Issues) -> Row:
    """Times without a zone are UTC. The first token is told on streams only, by itself or as an event."""
    start, end = to_utc(run.get("start_time")), to_utc(run.get("end_time"))
    said = next((flag for key in ("stream", "streaming") if isinstance(flag := parameters.get(key), bool)), None)
    found: Row = {} if said is None else {"stream": said}
    if start and end and end >= start:
        found["duration_ms"] = round((end - start).total_seconds() * 1000, 3)
    stated = to_utc(run.get("first_token_time"))
    events = run.get("events") if isinstance(run.get("events"), list) else []
    first = stated or next((to_utc(one.get("time")) for one in events or () if isinstance(one, Mapping) and one.get("name") == "new_token"), None)
    if first and start and start <= first and (end is None or first < end or first == start):
        wait = round((first - start).total_seconds() * 1000, 3)
        found |= {"stream": True, "first_token_at": first, "ttft_ms": wait, "ttft_basis": "client" if stated else "event"}
    elif first and start and first < start:
        issues.append(("first_token_at", "clock", "str"))
    return found


def _step(run: Row, trace: str | None, identity: str | None, kind: str) -> Row | None:
    """A span; None while it is pending: its final version has the same id."""
    start, end = to_utc(run.get("start_time")), to_utc(run.get("end_time"))
    if end is None:
        return None
    status = _status(run)
    outputs = run.get("outputs")
    documents = inside(outputs, "documents", list) if kind == "retrieval" else None
    if kind == "retrieval" and documents is None:
        documents = outputs if isinstance(outputs, list) else inside(outputs, "output", list)
    return {
        "span_id": identity,
        "trace_id": trace,
        "kind": kind,
        "name": label(run.get("name")),
        "started_at": start,
        "ended_at": end,
        "duration_ms": round((end - start).total_seconds() * 1000, 3) if start else None,
        "status": "ok" if status["status"] == "ok" else "error" if status["status"] != "unknown" else "unknown",
        "error_class": status.get("error_class"),
        "document_count": len(documents) if documents is not None else None,
    }
