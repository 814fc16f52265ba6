"""What a JSON object is, told by its keys: a whole answer of some API, an event of a stream, an object that is no model call, or none of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]

ANTHROPIC_EVENTS = frozenset({"message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta", "content_block_stop", "ping"})
COHERE_EVENTS = frozenset({"message-start", "message-end", "content-start", "content-delta", "content-end", "tool-plan-delta", "tool-call-start"})
CONVERSE_EVENTS = frozenset({"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"})
GEMINI_KEYS = frozenset({"candidates", "usageMetadata", "usage_metadata", "promptFeedback", "prompt_feedback"})

# OpenAI's `object` says it all.
OBJECTS = {
    "chat.completion": "chat",
    "chat.completion.chunk": "chat_chunk",
    "text_completion": "completion",
    "text.completion": "completion",
    "completion": "completion",
    "text_completion.chunk": "chat_chunk",
    "response": "responses",
    "response.compaction": "responses",
    "thread.run": "run",
    "interaction": "interaction",
}
NO_CALLS = frozenset(
    {"batch", "file", "model", "thread", "thread.message", "thread.run.step", "assistant", "vector_store", "vector_store.file", "fine_tuning.job",
     "conversation", "response.input_tokens", "response.compaction.deleted", "file.deleted", "thread.deleted", "assistant.deleted", "message_batch", "upload"}
)  # fmt: skip


def plain_key(key: object) -> str:
    """A key without case and separators: `statusCode`, `status_code` and `Status-Code` are one."""
    return re.sub(r"[^a-z0-9@]", "", str(key)[:80].lower())


def shape_of(node: Raw) -> str:
    """The shape's name in answers.READERS or stream_parts.FOLDS, `no_call:<what>` for understood objects that are no call, or ""."""
    kind = node.get("object")
    if isinstance(kind, str):
        if kind in OBJECTS:
            return "chat_chunk" if OBJECTS[kind] in ("chat", "completion") and _is_chunk(node, OBJECTS[kind]) else OBJECTS[kind]
        if kind in NO_CALLS:
            return f"no_call:{kind}"
    if node.get("type") == "message_batch" or ("metadata" in node and str(node.get("name")).startswith("batches/")):
        return "no_call:batch"
    return _by_type(node) or _by_keys(node)


def _is_chunk(node: Raw, shape: str) -> bool:
    """Text completions stream chunks that look like answers, only unfinished."""
    choices = node.get("choices")
    open_ended = shape == "completion" and isinstance(choices, list) and not any(isinstance(one, Mapping) and one.get("finish_reason") for one in choices)
    return open_ended or _has_delta(node)


def _has_delta(node: Raw) -> bool:
    choices = node.get("choices")
    return isinstance(choices, list) and any(isinstance(choice, Mapping) and "delta" in choice and "message" not in choice for choice in choices)


def _by_type(node: Raw) -> str:
    kind = node.get("type")
    if not isinstance(kind, str):
        kind = node.get("event_type")
        if not isinstance(kind, str):
            return ""
        if kind.startswith("interaction."):
            return "interaction_event"
        return "cohere_event" if kind in ("stream-start", "stream-end", "text-generation") else ""
    if kind.startswith("response.") and node.get("object") is None:
        return "responses_event"
    if kind in ANTHROPIC_EVENTS:
        return "anthropic_event"
    if kind in COHERE_EVENTS:
        return "cohere_event"
    if kind == "message" and ("usage" in node or isinstance(node.get("content"), list)) and node.get("role") == "assistant":
        return "anthropic"
    return "transcript_event" if kind.startswith("transcript.text.") else ""


def _by_keys(node: Raw) -> str:
    if isinstance(node.get("choices"), list):
        return "chat_chunk" if _has_delta(node) else "chat" if _is_choice(node["choices"]) else ""
    if not GEMINI_KEYS.isdisjoint(node):
        return "gemini" if not str(node.get("name", "")).startswith(("cachedContents/", "projects/")) else "no_call:cached_content"
    if "stopReason" in node and isinstance(node.get("output"), Mapping):
        return "converse"
    if isinstance(node.get("output"), Mapping) and "message" in node["output"]:
        return "converse"
    if any(_is_converse_event(key, value) for key, value in node.items()) and sum(not key.startswith("amazon-bedrock") for key in node) <= 2:
        return "converse_event"
    if "amazon-bedrock-invocationMetrics" in node and len(node) <= 2:
        return "bedrock_metrics"
    return _by_api_keys(node)


def _is_converse_event(key: str, value: Any) -> bool:
    return key in CONVERSE_EVENTS and isinstance(value, Mapping) and (key != "metadata" or "usage" in value)


def _is_choice(choices: list[Any]) -> bool:
    return not choices or (isinstance(choices[0], Mapping) and not {"message", "text", "finish_reason"}.isdisjoint(choices[0]))


def _by_api_keys(node: Raw) -> str:
    for shape, required, one_of in KEYS:
        if required <= node.keys() and (not one_of or not one_of.isdisjoint(node)):
            return shape if shape != "transcript" or node.keys() <= TRANSCRIPT else ""
    return ""


TRANSCRIPT = frozenset({"text", "usage", "task", "language", "duration", "segments", "words", "logprobs", "model", "finish_reason", "x_groq", "id"})

# (shape, keys it must have, and one of these)
KEYS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("responses", frozenset({"output", "status", "model"}), frozenset({"usage", "incomplete_details"})),
    ("ollama", frozenset({"model", "done", "created_at"}), frozenset()),
    ("cohere", frozenset({"finish_reason"}), frozenset({"generation_id", "chat_history"})),
    ("cohere", frozenset({"finish_reason", "message", "id"}), frozenset({"usage"})),
    ("cohere", frozenset({"generations", "id"}), frozenset()),
    ("rerank", frozenset({"results", "meta"}), frozenset()),
    ("rerank", frozenset({"results", "usage"}), frozenset({"model"})),
    ("embedding", frozenset({"embeddings"}), frozenset({"meta", "model", "usage", "usageMetadata", "response_type", "total_duration"})),
    ("embedding", frozenset({"embedding"}), frozenset({"inputTextTokenCount", "usageMetadata", "model"})),
    ("listing", frozenset({"data", "usage"}), frozenset()),
    ("listing", frozenset({"data", "model"}), frozenset({"object"})),
    ("titan_event", frozenset({"outputText"}), frozenset({"index", "totalOutputTextTokenCount", "completionReason"})),
    ("titan", frozenset({"inputTextTokenCount", "results"}), frozenset()),
    ("llama", frozenset({"generation"}), frozenset({"prompt_token_count", "generation_token_count", "stop_reason"})),
    ("watsonx", frozenset({"results", "model_id"}), frozenset()),
    ("anthropic", frozenset({"stop_reason"}), frozenset({"content", "completion", "usage"})),
    ("xai", frozenset({"outputs", "model", "usage"}), frozenset({"created", "system_fingerprint"})),
    ("mistral_bedrock", frozenset({"outputs"}), frozenset()),
    ("ai21", frozenset({"completions", "prompt"}), frozenset()),
    ("interaction", frozenset({"steps", "status"}), frozenset({"usage"})),
    ("transcript", frozenset({"text"}), frozenset({"usage", "segments", "task"})),
    ("no_call:tokens", frozenset({"tokens", "token_strings"}), frozenset()),
    ("no_call:tokens", frozenset({"totalTokens"}), frozenset({"totalBillableCharacters", "promptTokensDetails"})),
    ("no_call:models", frozenset({"models"}), frozenset()),
    ("no_call:guardrail", frozenset({"action", "assessments"}), frozenset()),
)
PARTS = frozenset(
    {
        "chat_chunk",
        "responses_event",
        "anthropic_event",
        "cohere_event",
        "converse_event",
        "interaction_event",
        "bedrock_metrics",
        "transcript_event",
        "titan_event",
    }
)


def is_part(node: Raw) -> bool:
    """Whether the object is one event of a stream, not a whole answer."""
    shape = shape_of(node)
    return shape in PARTS or (shape == "ollama" and node.get("done") is False) or (shape == "gemini" and not gemini_finished(node))


def gemini_finished(node: Raw) -> bool:
    """Whether a Gemini object is a whole answer, or the last of its stream."""
    candidates = node.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        return True
    return any(isinstance(one, Mapping) and (one.get("finishReason") or one.get("finish_reason")) for one in candidates)
