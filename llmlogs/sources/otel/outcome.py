"""How a call ended: its status and error, from whatever its spans say of it."""

from __future__ import annotations

from llmlogs.sources.base import Row
from llmlogs.sources.common.error_classes import Fault, status_in
from llmlogs.sources.common.usage import integer
from llmlogs.sources.otel.cluster import Cluster
from llmlogs.sources.otel.labels import Known
from llmlogs.sources.otel.span import Fields, Span
from llmlogs.sources.otel.texts import parsed
from llmlogs.sources.otel.values import short

STATES = {"client_cancel": "cancelled", "timeout": "timeout", "content_filter": "blocked"}
BLOCKED = frozenset({"content_filter", "content-filter", "safety", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "refusal"})
CUT = frozenset({"connection", "truncated_stream", "timeout", "client_cancel"})
FINISH = {"end_turn": "stop", "stop_sequence": "stop", "STOP": "stop", "tool_use": "tool_calls", "tool-calls": "tool_calls", "tool_call": "tool_calls",
          "max_tokens": "length", "MAX_TOKENS": "length", "content-filter": "content_filter"}  # fmt: skip


def outcome_of(cluster: Cluster, fields: Fields, streamed: bool | None, known: Known) -> Row:
    """Status, HTTP status, error and reason to finish."""
    finish = finish_reason(fields)
    result: Row = {"finish_reason": finish, "status": "ok", "status_code": integer(fields.get("status_code"))}
    if cluster.failed or (result["status_code"] or 0) >= 400:
        return result | failure(cluster.spans, result["status_code"])
    if cluster.lead.pending:
        return result | {"status": "unknown"}
    if finish in BLOCKED:
        return result | {"status": "blocked"}
    if streamed and finish is None and cluster.usage.empty:
        broken = _broken_off(cluster.lead, known)
        if broken:
            return result | broken
    exception = next((span.exception for span in cluster.spans if span.exception[0]), None)
    if exception is not None and cluster.usage.empty and finish is None:
        return result | failure(cluster.spans, result["status_code"])
    return result


def _broken_off(lead: Span, known: Known) -> Row | None:
    """A stream without an end whose caller met a broken connection: instrumentations that only watch the chunks call it good."""
    around = known.get((lead.trace, lead.parent))
    if around is None or not around.exception[0]:
        return None
    told = failure([around], None)
    return told if told["error_class"] in CUT else None


def failure(spans: list[Span], code: int | None) -> Row:
    """The error columns: types and messages of all spans that have some, the innermost's HTTP status."""
    codes: list[str] = []
    message = ""
    for span in reversed(spans):
        codes += [word for word in (span.fields.get("error_type"), span.exception[0], span.fields.get("exception_type")) if isinstance(word, str) and word]
        text = span.exception[1] or span.fields.get("error_message")
        message = message or (text if isinstance(text, str) else "")
    code = code if code is not None and code >= 400 else status_in(message)
    told = Fault(list(dict.fromkeys(word.rsplit(".", 1)[-1] for word in codes if word != "_OTHER")), message).columns(code)
    status = STATES.get(told["error_class"], "error")
    return told | {"status": "error" if status == "timeout" and code is not None else status, "status_code": code}


def finish_reason(fields: Fields) -> str | None:
    """The first of the reasons, one word over all dialects; the list may be JSON in a text."""
    value = parsed(fields.get("finish_reason"))
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str)), None)
    word = short(value)
    return FINISH.get(word, word) if word else None
