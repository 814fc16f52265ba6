"""What was asked, measured and hashed, never kept."""

from __future__ import annotations

from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Row
from llmlogs.sources.common.labels import listed, opened
from llmlogs.sources.common.usage import integer
from llmlogs.sources.litellm.entry import Entry
from llmlogs.sources.provider_responses.exchange import canonical, characters

HIDDEN_TEXT = (b"redacted-by-litellm", b"litellm_truncated")


def prompt_columns(entry: Entry) -> Row:
    """Lengths and keyed hashes of what was sent; nothing where LiteLLM redacted or cut it."""
    sent = opened(entry.raw.get("messages")) or entry.parameters.get("messages")
    row: Row = {"max_tokens": integer(entry.parameters.get("max_tokens", entry.parameters.get("max_completion_tokens")))}
    if not sent or not isinstance(sent, (list, str)) or hidden(sent):
        return row
    secret = entry.context.secret
    row |= {"prompt_chars": characters(sent), "prompt_hash": keyed_hash(canonical([sent]), secret)}
    prefix: list[Any] = [listed(entry.parameters.get("tools"))]
    if isinstance(sent, list) and isinstance(sent[0], dict) and sent[0].get("role") in ("system", "developer"):
        prefix.append(sent[0])
    if any(prefix):
        row["prefix_hash"] = keyed_hash(canonical(prefix), secret)
    if entry.context.store_text != "none":
        row["prompt_text"] = canonical([sent])
    return row


def hidden(value: Any) -> bool:
    """Whether a text was redacted or cut before it was logged."""
    try:
        packed = value.encode("utf-8", "replace") if isinstance(value, str) else orjson.dumps(value)
    except TypeError:
        return True
    return any(mark in packed for mark in HIDDEN_TEXT)
