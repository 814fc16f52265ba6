"""Prompts and answers as tracing systems keep them: texts inside structures inside JSON texts. What leaves here is lengths and keyed hashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Row

LONGEST_JSON = 8 << 20
MASKED = re.compile(r"<?\W*(?:masked|redacted|hidden)\W*>?\Z", re.IGNORECASE)
PROVIDER_ID = re.compile(r"(?:chatcmpl-|msg_|resp_|gen-|cmpl-)[\w-]{4,}\Z")  # ids of answers as providers make them
STRUCTURAL = frozenset({"role", "type", "id", "name", "model", "finish_reason", "tool_call_id", "object"})


def parsed(value: Any) -> Any:
    """A JSON text as what it says, also when it was written as text twice; anything else as it is."""
    for _ in range(2):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"') or len(value) > LONGEST_JSON:
            return value
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def words(value: Any) -> str:
    """What was said in a prompt or an answer, without the structure around it."""
    found: list[str] = []
    _gather(parsed(value), found, 0)
    return "\n".join(found)


def _gather(value: Any, found: list[str], depth: int) -> None:
    if isinstance(value, str):
        found.append(value)
    elif depth < 12 and isinstance(value, Mapping):
        for key, item in value.items():
            if key not in STRUCTURAL:
                _gather(item, found, depth + 1)
    elif depth < 12 and isinstance(value, list):
        for item in value:
            _gather(item, found, depth + 1)


def text_columns(asked: Any, answered: Any, context: Context) -> Row:
    """Lengths and a keyed hash of what was said, nothing of a masked text; the texts themselves only where they were asked for."""
    prompt, answer = words(asked), words(answered)
    found: Row = {}
    if prompt and not MASKED.match(prompt):
        found |= {"prompt_chars": len(prompt), "prompt_hash": keyed_hash(prompt, context.secret)}
    if answer and not MASKED.match(answer):
        found["completion_chars"] = len(answer)
    if context.store_text != "none":
        found |= {"prompt_text": prompt, "completion_text": answer}
    return found
