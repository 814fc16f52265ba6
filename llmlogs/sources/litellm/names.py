"""LiteLLM's words for kinds of call and models in those of the contract."""

from __future__ import annotations

import re

OPERATIONS = (
    (re.compile(r"embedding"), "embeddings"),
    (re.compile(r"rerank"), "rerank"),
    (re.compile(r"image"), "image"),
    (re.compile(r"speech|transcription"), "audio"),
    (re.compile(r"text_completion"), "text_completion"),
    (re.compile(r"completion|responses|anthropic_messages|generate_content|realtime|chat|interactions"), "chat"),
)
# Calls of the proxy that ask no model. One that has tokens or a cost is taken for what it says all the same.
NO_CALL = re.compile(
    r"(?:list|get|create|retrieve|cancel|delete|upload|add|run|search|update)_(?:mcp|file|batch|fine_tuning|assistant|thread|vector_store|container|message|skill)"
    r"|file_|fine_tuning|vector_store|moderation|health|list_mcp|container|assistants|delete_responses|get_responses|search\b"
)


def operation(call_type: str | None) -> str:
    """chat, embeddings ... of a call type such as `acompletion`."""
    name = (call_type or "completion").lower()
    return next((found for pattern, found in OPERATIONS if pattern.search(name)), "other")


def asks_no_model(call_type: str | None) -> bool:
    """Whether that kind of call is none of a model."""
    return NO_CALL.search((call_type or "").lower()) is not None


def plain_model(model: str | None, served_by: str | None) -> str | None:
    """`openai/gpt-4o` without the provider that is told beside it; a model's own slashes stay."""
    head, slash, rest = (model or "").partition("/")
    named = {served_by or "", (served_by or "").removesuffix("_chat"), (served_by or "").removesuffix("_converse")}
    return (rest if slash and rest and head in named - {""} else model) or None
