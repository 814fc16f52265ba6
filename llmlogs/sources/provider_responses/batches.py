"""Results of batch APIs. Only what stands around an answer says that it was one: the answer's own tier says `default` or `standard`.

OpenAI, Mistral, Groq: lines with `custom_id` and `response`. Anthropic: `custom_id` and `result`. Gemini: a document with `inlinedResponses`, or lines with
`key`. Vertex: lines with `processed_time`. Bedrock: `recordId`, `modelInput`, `modelOutput`. xAI: a document of `results` with `batch_request_id`.
They have no time of a single request, and what a server says of its queue there is nobody's wait: such calls stay out of latency.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.provider_responses.envelopes import Parts, parts_of
from llmlogs.sources.provider_responses.response_shapes import Raw, plain_key, shape_of
from llmlogs.sources.provider_responses.stream_parts import parse_sse

WAITS = frozenset(
    {"ended_at", "first_token_at", "duration_ms", "ttft_ms", "ttft_basis", "network_ms", "queue_ms", "prefill_ms", "generation_ms", "server_ms", "max_gap_ms"}
)
NEVER_RUN = {"expired": "expired", "batch_expired": "expired", "canceled": "cancelled", "cancelled": "cancelled", "batch_cancelled": "cancelled"}
_NAMED = ({"customid"}, {"batchrequestid"}, {"recordid", "modelinput"}, {"processedtime", "request", "response"})
_IDS = ("custom_id", "batch_request_id", "key", "recordId")
_SHORT = 64
HOSTS = {"modelInput": "aws.bedrock", "processed_time": "gcp.vertex_ai"}  # whose batches are written so


def results_in(value: Any) -> list[Any] | None:
    """The results of a whole batch that is one document; None when it is none."""
    if not isinstance(value, Mapping):
        return None
    found = value.get("results")
    if isinstance(found, list) and found and all(isinstance(item, Mapping) and "batch_request_id" in item for item in found):
        return found
    for name in ("inlinedResponses", "metadata", "output", "response", "dest"):
        inner = value.get(name)
        if isinstance(inner, list) and name == "inlinedResponses":
            return inner
        deeper = results_in(inner)
        if deeper is not None:
            return deeper
    return None


def is_result(value: Any) -> bool:
    """Whether a record is one line of a batch's results, or of its requests."""
    if not isinstance(value, Mapping):
        return False
    names = {plain_key(key) for key in value}
    keyed = "key" in names and len(names) == 2 and any(_is_gemini(value.get(name)) for name in ("response", "error", "status", "request"))
    return keyed or any(named <= names for named in _NAMED)


def results_in_body(value: Any) -> list[Any] | None:
    """The results that a recorded HTTP answer carries as its body: a document, or JSON lines."""
    response = value.get("response") if isinstance(value, Mapping) else None
    content = response.get("content") if isinstance(response, Mapping) else None
    body = content.get("text") if isinstance(content, Mapping) else response.get("body") if isinstance(response, Mapping) else None
    if isinstance(body, Mapping):
        return results_in(body)
    if not isinstance(body, str) or not any(sign in body for sign in ("custom_id", "batch_request_id", "inlinedResponses", '"key"')):
        return None
    try:
        return results_in(orjson.loads(body)) or _lines(body)
    except orjson.JSONDecodeError:
        return _lines(body)


def _lines(body: str) -> list[Any] | None:
    found = parse_sse(body)
    return found if found and all(is_result(item) and not never_run(item).startswith("batch request,") for item in found) else None


def _is_gemini(value: Any) -> bool:
    return isinstance(value, Mapping) and (shape_of(value) == "gemini" or "contents" in value or {"code", "message"} <= value.keys())


def result_parts(value: Any) -> Parts:
    """A result taken apart; what its writer calls a failure becomes an error."""
    parts = parts_of(_with_error(value) if isinstance(value, Mapping) else value)
    parts.batched = True
    return parts


def _with_error(value: Raw) -> Raw:
    status = value.get("status")
    if "processed_time" in value and isinstance(status, str) and status:  # Vertex: a sentence and the answer of the server
        return {**value, "error": {"message": status[:2000]}, "status": None}
    if isinstance(status, Mapping) and {"code", "message"} <= status.keys():
        return {**value, "error": status, "status": None}
    result = value.get("batch_result")
    if isinstance(result, Mapping) and result.get("error_message"):
        return {**value, "error": {"message": result["error_message"]}}
    return value


def never_run(value: Any) -> str:
    """Why a result is no call: the batch ended before the request's turn, or it is the request itself. "" when it is a call."""
    if not isinstance(value, Mapping):
        return ""
    result, error = value.get("result"), value.get("error")
    said = [holder.get(name) for holder, name in ((result, "type"), (error, "code")) if isinstance(holder, Mapping)]
    ended = next((NEVER_RUN[word] for word in said if isinstance(word, str) and word in NEVER_RUN), "")
    if ended:
        return f"batch request {ended}"
    asked = {"body", "params", "request", "modelInput", "batch_request"} & value.keys()
    answered = {"response", "result", "error", "modelOutput", "batch_result", "status"} & value.keys()
    return "batch request, not its result" if asked and not answered else ""


def as_batch(row: Row, value: Any) -> Row:
    """The call with the tier it is billed by, without waits that nobody waited, and with the name its sender gave it."""
    row = {name: item for name, item in row.items() if name not in WAITS}
    row["service_tier"] = "batch"
    host = next((host for sign, host in HOSTS.items() if isinstance(value, Mapping) and sign in value), "")
    if host:
        row["provider"] = host
    given = next((value[name] for name in _IDS if value.get(name)), None) if isinstance(value, Mapping) else None
    if isinstance(given, (str, int)) and len(str(given)) <= _SHORT:
        row.setdefault("tags", orjson.dumps({"custom_id": str(given)}).decode())
    return row
