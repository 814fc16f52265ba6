"""Texts of prompts and answers: only their lengths, keyed hashes and the provider's id inside an answer's body are kept, unless the user asked for more."""

from __future__ import annotations

from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context
from llmlogs.sources.otel.span import Fields, Span

TEXTS = ("input_text", "output_text", "system_text", "tools_text", "answer_body", "tool_calls_text")
ANY = frozenset(TEXTS)


def measure(span: Span, context: Context) -> None:
    """Take the texts out of the fields; of a call's, leave what may be kept."""
    fields = span.fields
    if ANY.isdisjoint(fields):
        return
    texts = {name: fields.pop(name) for name in TEXTS if name in fields}
    if span.kind != "call":
        return
    asked, answered = texts.get("input_text"), texts.get("output_text")
    if asked is not None:
        _prompt(fields, asked, texts, context)
    if answered is not None:
        body = parsed(answered)
        fields["completion_chars"] = letters(body)
        if "response_id" not in fields:
            fields["response_id"] = answer_id(body)
        if context.store_text != "none":
            fields["completion_text"] = _text(answered)
    calls = parsed(texts.get("tool_calls_text"))
    if isinstance(calls, list):
        fields["tool_calls"] = len(calls)


def _prompt(fields: Fields, asked: Any, texts: dict[str, Any], context: Context) -> None:
    body = parsed(asked)
    system = texts.get("system_text") or _system(body)
    fields["prompt_chars"] = letters(body) + (letters(parsed(texts["system_text"])) if "system_text" in texts else 0)
    fields["prompt_hash"] = keyed_hash(_text(asked), context.secret)
    prefix = [part for part in (texts.get("tools_text"), system) if part]
    if prefix:
        fields["prefix_hash"] = keyed_hash("\0".join(map(_text, prefix)), context.secret)
    if context.store_text != "none":
        fields["prompt_text"] = _text(asked)


def parsed(text: Any) -> Any:
    """JSON inside a text; anything else as it is."""
    if isinstance(text, str) and text[:1] in "[{":
        try:
            return orjson.loads(text)
        except ValueError:
            return text
    return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode("utf-8", "replace")


def letters(value: Any) -> int:
    """Characters of all texts in messages, without their roles, types and ids."""
    pending, total = [value], 0
    while pending:
        item = pending.pop()
        if type(item) is str:
            total += len(item)
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += [inner for key, inner in item.items() if key not in ("role", "type", "id", "name", "finish_reason", "model")]
    return total


def _system(body: Any) -> Any:
    """The instructions at the head of messages, if that is how they are given."""
    messages = body.get("messages") if isinstance(body, dict) else body
    first = messages[0] if isinstance(messages, list) and messages else None
    return orjson.dumps(first, default=str).decode() if isinstance(first, dict) and first.get("role") in ("system", "developer") else None


PROVIDERS_OWN = ("chatcmpl-", "cmpl-", "resp_", "msg_", "gen-", "embd-")


def answer_id(body: Any) -> str | None:
    """The provider's id inside an answer's body: bare, or where LangChain keeps it. A framework's own run ids are none."""
    if not isinstance(body, dict):
        return None
    places = [body, body.get("response"), body.get("llm_output"), body.get("response_metadata"), body.get("raw"), *_generation(body)]
    for place in places:
        found = place.get("id") if isinstance(place, dict) else None
        if isinstance(found, str) and found.startswith(PROVIDERS_OWN):
            return found[:200]
    return None


def _generation(body: dict[str, Any]) -> list[Any]:
    """LangChain: `generations[0][0].message.(kwargs.)response_metadata`, and the objects around it."""
    found: Any = body.get("generations")
    while isinstance(found, list) and found:
        found = found[0]
    places = []
    for name in ("message", "kwargs", "response_metadata"):
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
            places.append(found)
    return places
