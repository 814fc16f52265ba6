"""What a tool kept of a call's prompt and answer: lengths, keyed hashes, and what an answer says besides its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.usage import Usage, read_usage
from llmlogs.sources.provider_responses.answers import NO_OUTPUT, Answer, read_answer
from llmlogs.sources.provider_responses.response_shapes import is_part, shape_of

DEEPEST = 12
ANSWERS = ("content", "text", "output_text", "response", "answer", "completion", "output", "message", "messages", "choices", "result")  # of no known API
NO_TEXT = ("role", "type", "id", "name", "tool_call_id", "cache_control")


def characters(value: Any) -> int:
    """Characters of all texts in a prompt or an answer, whatever holds them."""
    pending, total = [(value, 0)], 0
    while pending:
        item, depth = pending.pop()
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, list) and depth < DEEPEST:
            pending += [(inner, depth + 1) for inner in item]
        elif isinstance(item, Mapping) and depth < DEEPEST:
            pending += [(inner, depth + 1) for key, inner in item.items() if key not in NO_TEXT]
    return total


def canonical(value: Any) -> str:
    """One text for equal values, whatever the order of their members."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode("utf-8", "replace")
    except TypeError:  # an integer beyond 64 bits, half an emoji
        return json.dumps(value, sort_keys=True, default=str)


def prompt_columns(prompt: Any, context: Context, tools: Any = None) -> Row:
    """Length and hashes of a prompt: a text, a list of messages, or an object that holds them; the text too where the user asked for it."""
    if isinstance(prompt, Mapping):
        tools = tools or prompt.get("tools")
        prompt = next((prompt[name] for name in ("messages", "input", "prompt", "contents") if prompt.get(name)), None)
    if not prompt or not isinstance(prompt, (str, list)):
        return {}
    row: Row = {"prompt_chars": characters(prompt), "prompt_hash": keyed_hash(canonical([prompt]), context.secret)}
    first = prompt[0] if isinstance(prompt, list) else None
    system = first if isinstance(first, Mapping) and first.get("role") in ("system", "developer") else None
    if system or tools:
        row["prefix_hash"] = keyed_hash(canonical([tools, None, None, None, None, *([system] if system else [])]), context.secret)
    if context.store_text != "none":
        row["prompt_text"] = prompt if isinstance(prompt, str) else canonical(prompt)
    return row


def answer_of(body: Any) -> Answer | None:
    """A provider's answer, if the value is one: a whole body, or the choices of one."""
    if isinstance(body, list):
        body = {"choices": body}
    if not isinstance(body, Mapping) or is_part(body):
        return None
    shape = shape_of(body)
    return read_answer(shape, body) if shape and not shape.startswith("no_call") else None


def told_by(body: Any, context: Context) -> tuple[Row, Usage]:
    """What an answer tells: columns (ids, model, finish reason, tool calls, length), and its counts; both empty where it is none."""
    answer = answer_of(body) if body else None
    if answer is None:
        return _unknown(body, context), read_usage(body.get("usage")) if isinstance(body, Mapping) else Usage()
    row: Row = {
        "response_id": label(answer.response_id),
        "response_model": label(answer.model),
        "operation": answer.operation,
        "finish_reason": answer.finish,
        "tool_calls": answer.tool_calls,
        "completion_chars": answer.chars,
        "service_tier": answer.service_tier,
    } | _kept("".join(answer.pieces), context)
    return {name: value for name, value in row.items() if value is not None}, read_usage(answer.usage, generates=answer.operation not in NO_OUTPUT)


def _unknown(body: Any, context: Context) -> Row:
    """An answer of no known API: its length, and a model it may name."""
    text = next((body[name] for name in ANSWERS if body.get(name)), None) if isinstance(body, Mapping) else body
    chars = characters(text)
    told: Row = {"response_model": label(body.get("model"))} if isinstance(body, Mapping) and body.get("model") else {}
    return told | ({"completion_chars": chars} | _kept(text if isinstance(text, str) else canonical(text), context) if chars else {})


def _kept(text: str, context: Context) -> Row:
    return {"completion_text": text} if context.store_text != "none" and text else {}
