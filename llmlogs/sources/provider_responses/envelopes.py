"""The parts of a logged exchange, found by what they look like: answers, streams, errors, headers, and the facts written around them.

Applications wrap provider responses in their own way. Nothing here expects a name for the wrapping; only leaves have names people agree on.
A prompt is never entered: what a user typed may look like anything.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from llmlogs.carriers.http_bodies import UnreadableError, readable
from llmlogs.sources.provider_responses.response_shapes import Raw, is_part, plain_key, shape_of
from llmlogs.sources.provider_responses.stream_parts import events_of, is_stream, parse_sse

DEEPEST = 9
PROMPTS = frozenset(
    {"messages", "contents", "prompt", "system", "systeminstruction", "instructions", "tools", "toolconfig", "functions", "inputtext", "texts", "query",
     "documents", "chathistory", "preamble", "inputbodyjson"}
)  # fmt: skip
ANSWERS = frozenset(
    {"response", "resp", "body", "parsedbody", "output", "result", "reply", "completion", "responsebody", "json", "data", "answer", "outputbodyjson",
     "final", "fullresponse", "rawresponse", "payload", "content"}
)  # fmt: skip
ERRORS = frozenset({"error", "err", "exception", "exc", "errorinfo", "errordetails", "failure", "lasterror"})
_HEADER_NAMES = re.compile(
    r"content-type|date|server|retry-after|x-request-id|request-id|openai-.+|anthropic-.+|x-ratelimit-.+|x-amzn-.+|user-agent|content-length|cf-ray|via|host|accept"
)
_JSON_TEXT = re.compile(r"\s*(?:[\[{]|data:|event:|: )")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{40,}\Z")


@dataclass
class Parts:
    """What one record holds. `facts` are scalars with their path, lower case and without separators, outer first."""

    answers: list[Raw] = field(default_factory=list)
    streams: list[list[Any]] = field(default_factory=list)
    chunks: list[Raw] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    unknown: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    sent_headers: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, Any] = field(default_factory=dict)
    engines: list[Raw] = field(default_factory=list)
    usages: list[Raw] = field(default_factory=list)
    facts: list[tuple[tuple[str, ...], Any]] = field(default_factory=list)
    batched: bool = False  # a result of a batch: only the wrapping says that it is billed as one

    def absorb(self, other: Parts) -> None:
        """Add what another look found."""
        for name in ("answers", "streams", "chunks", "errors", "unknown", "engines", "usages", "facts"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("headers", "sent_headers", "prompts"):
            setattr(self, name, getattr(other, name) | getattr(self, name))

    def found(self) -> bool:
        """Whether there is anything an answer could be."""
        return bool(self.answers or self.streams or self.chunks)


def parts_of(value: Any) -> Parts:
    """Take a record apart."""
    parts = Parts()
    _visit(value, (), parts)
    return parts


def _visit(node: Any, path: tuple[str, ...], parts: Parts) -> None:
    if len(path) > DEEPEST:
        return
    if isinstance(node, Mapping):
        _visit_object(node, path, parts)
    elif isinstance(node, list):
        _visit_list(node, path, parts)
    elif isinstance(node, str) and path and _visit_text(node, path, parts):
        return
    elif path:
        parts.facts.append((path, node))


def _visit_object(node: Raw, path: tuple[str, ...], parts: Parts) -> None:
    shape = shape_of(node)
    if shape and not _is_envelope(node, shape):
        (parts.chunks if is_part(node) else parts.answers).append(node)
    elif _is_headers(node, path):
        _take_headers(((name, value) for name, value in node.items()), path, parts)
    elif node.get("type") == "error" and {"code", "message"} <= node.keys() and "error" not in node:
        parts.errors.append({"error": node})
    elif "first_token_ts" in node and "scheduled_ts" in node:
        parts.engines.append(node)
    elif path and path[-1] in ANSWERS and not _is_wrapper(node) and not _is_request(node, path):
        _visit_unknown(node, path, parts)
    else:
        if isinstance(node.get("usage"), Mapping) and node["usage"]:
            parts.usages.append(node)
        for key, value in node.items():
            _visit_member(plain_key(key), value, path, parts)


def _is_envelope(node: Raw, shape: str) -> bool:
    """A home-grown record may carry `choices` or `usage` beside a whole exchange; what has a request and a response is a wrapping."""
    names = {plain_key(key) for key in node}
    return bool(names & {"request", "req"}) and bool(names & {"response", "resp", "responsebody", "outputbodyjson"})


def _is_request(node: Raw, path: tuple[str, ...]) -> bool:
    return any(step.startswith("req") for step in path) or any(plain_key(key) in PROMPTS for key in node)


WRAPPED = frozenset({"body", "content", "parsedbody", "headers", "response", "result", "statuscode"})
STATUS_ONLY = frozenset({"status", "statuscode", "statustext", "httpversion", "time", "durationms"})


def _is_wrapper(node: Raw) -> bool:
    """Whether an object under a name like `response` is the HTTP exchange around the body, not the body."""
    names = {plain_key(key) for key in node}
    return bool(names & WRAPPED) or names <= STATUS_ONLY


def _visit_unknown(node: Raw, path: tuple[str, ...], parts: Parts) -> None:
    """An answer of no known shape: what is known inside it counts, its own members are not facts of the exchange."""
    inner = Parts()
    for key, value in node.items():
        _visit_member(plain_key(key), value, path, inner)
    if inner.found() or inner.prompts or inner.sent_headers:
        parts.absorb(inner)
    elif isinstance(node.get("usage"), Mapping) and node["usage"]:
        parts.usages.append(node)
    elif is_error(node.get("error")):
        parts.errors.append(node)
    else:
        parts.unknown.append(node)


def _visit_member(key: str, value: Any, path: tuple[str, ...], parts: Parts) -> None:
    if (key in PROMPTS and value is not None) or (key == "input" and not isinstance(value, Mapping)):
        parts.prompts.setdefault(key, value)
    elif key in ERRORS and is_error(value):
        parts.errors.append({"error": value})
    else:
        _visit(value, (*path, key), parts)


def is_error(value: Any) -> bool:
    """Whether an error member says that there was one: not null, empty, or a word for none."""
    if isinstance(value, Mapping):
        return any(item not in (None, "", 0, False) for item in value.values())
    return not isinstance(value, (bool, int, float)) and bool(value) and str(value).strip().lower() not in ("none", "null", "-", "ok", "false", "no")


def _visit_list(node: list[Any], path: tuple[str, ...], parts: Parts) -> None:
    pairs = [item for item in node if isinstance(item, Mapping) and isinstance(item.get("name"), str) and "value" in item]
    if pairs and len(pairs) == len(node):
        if "header" in path[-1] if path else False:
            _take_headers(((pair["name"], pair["value"]) for pair in pairs), path, parts)
    elif is_stream(node):
        parts.streams.append(node)
    elif path and path[-1] in ANSWERS and node and all(isinstance(item, Mapping) and "error" in item for item in node):
        parts.errors.append(node)  # Gemini's streams answer with a list of errors
    else:
        for item in node:
            if isinstance(item, (Mapping, list)):
                _visit(item, (*path, path[-1] if path else "items"), parts)  # the longer path bounds the depth


def _visit_text(text: str, path: tuple[str, ...], parts: Parts) -> bool:
    """A body kept as text: JSON, JSON lines, server-sent events, or base64 of these. False when it is none of them."""
    if len(text) < 8 or path[-1] in PROMPTS:
        return False
    if text.startswith("base64:"):  # dd-apm-test-agent's mark
        body = _marked(text)
        if not isinstance(body, str):
            parts.streams.append(body)
            return True
        text = body
    if not _JSON_TEXT.match(text):
        text = _from_base64(text) if path[-1] in ("text", "string", "body", "base64string", "content") else ""
        if not _JSON_TEXT.match(text):
            return False
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = parse_sse(text)
    if not isinstance(value, (Mapping, list)) or not value:
        return False
    if isinstance(value, list) and events_of(value[:6]) and "data:" in text[:2000]:
        parts.streams.append(value)
    else:
        _visit(value, path, parts)
    return True


def _marked(text: str) -> Any:
    try:
        return readable(text, {})
    except UnreadableError:
        return ""


def _from_base64(text: str) -> str:
    if not _BASE64.match(text[:4000]):
        return ""
    try:
        return base64.b64decode(text, validate=False).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def _is_headers(node: Raw, path: tuple[str, ...]) -> bool:
    if not node or not all(isinstance(value, (str, int, float, list)) or value is None for value in node.values()):
        return False
    named = path and "header" in path[-1]
    return bool(named) or sum(bool(_HEADER_NAMES.fullmatch(str(key).lower())) for key in node) >= 2


def _take_headers(pairs: Any, path: tuple[str, ...], parts: Parts) -> None:
    sent = any(step.startswith("req") for step in path)
    into = parts.sent_headers if sent else parts.headers
    for name, value in pairs:
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, (str, int, float)):
            into.setdefault(str(name).lower(), str(first)[:2000])
