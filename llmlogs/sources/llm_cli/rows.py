"""A turn, a response or a printed entry of llm's log as a call; what other tables tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from llmlogs.sources.base import Context, Row
from llmlogs.sources.common.bodies import prompt_columns
from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.labels import label
from llmlogs.sources.common.literals import value_of
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, read_usage

MOST_NOTED = 200_000  # turns of which lengths or tool calls are held; each takes some 300 bytes
PLUGINS = {"gemini": "gcp.gemini", "anthropic": "anthropic", "openrouter": "openrouter", "groq": "groq", "mistral": "mistral", "bedrock": "aws.bedrock",
           "github": "github-copilot", "fireworks": "fireworks", "deepseek": "deepseek", "xai": "x-ai", "cohere": "cohere", "together": "together",
           "azure": "azure", "ollama": "ollama", "openai": "openai"}  # fmt: skip


class Found:
    """What tables beside the calls tell of them, by turn or message."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._texts: dict[str, Row] = {}
        self._tools: dict[str, int] = {}

    def note(self, table: str, row: Row) -> None:
        """Lengths of prompt and answer; tool calls that a message asks for."""
        if table == "turn_search" and len(self._texts) < MOST_NOTED and isinstance(row.get("turn_id"), str):
            self._texts[row["turn_id"]] = text_columns(row, self._context)
        elif table == "parts" and row.get("type") == "tool_call" and len(self._tools) < MOST_NOTED:
            message = str(row.get("message_hash"))[:100]
            self._tools[message] = self._tools.get(message, 0) + 1

    def of(self, row: Row) -> Row:
        """Columns of the turn."""
        message = row.get("tip_message_hash")
        told: Row = dict(self._texts.get(str(row.get("id")), {}))
        return told | {"tool_calls": self._tools.get(message, 0)} if isinstance(message, str) else told


def text_columns(row: Row, context: Context) -> Row:
    """Lengths and hash of prompt and answer."""
    prompt, answer = row.get("prompt"), row.get("response")
    columns = prompt_columns(prompt, context) if isinstance(prompt, str) else {}
    if isinstance(answer, str):
        columns["completion_chars"] = len(answer)
        if context.store_text != "none":
            columns["completion_text"] = answer
    return columns


def call_row(row: Row, printed: Row, found: Found, context: Context, issues: list[tuple[str, str, str]]) -> Row | None:
    """The call; None for what is none. `printed` is the entry where it was printed: it holds texts and tool calls itself."""
    asked = label(row.get("model"))
    start = to_utc(row.get("datetime_utc"))
    if asked is None and start is None:
        return None
    wait = duration_ms(row.get("duration_ms"), "ms")
    answer = value_of(row.get("response_json"))
    body = answer if isinstance(answer, Mapping) else {}
    options = value_of(row.get("options_json"))
    limits = options if isinstance(options, Mapping) else {}
    response = label(body.get("id")) or label(body.get("responseId"))
    usage = _usage(row, body)
    usage.forget_zeros()
    issues += usage.issues
    told = text_columns(row, context) if "response" in row else found.of(row)
    if isinstance(printed.get("tool_calls"), list):
        told["tool_calls"] = len(printed["tool_calls"])
    call: Row = told | usage.columns() | {
        "call_id": None if response else label(row.get("id")),
        "response_id": response,
        "session_id": label(row.get("thread_id")) or label(row.get("conversation_id")),
        "operation": "chat",
        "request_model": asked,
        "response_model": label(row.get("resolved_model")) or label(body.get("model")) or label(body.get("modelVersion")),
        "service_tier": label(body.get("service_tier")),
        "service": "llm",
        "stream": True if body.get("object") == "chat.completion.chunk" else None,
        "max_tokens": integer(limits.get("max_tokens") or limits.get("max_output_tokens")),
        "started_at": start,
        "duration_ms": wait,
        "ended_at": start + timedelta(milliseconds=wait) if start is not None and wait is not None else None,
        "finish_reason": _finish(body),
        "status": "ok",  # what failed is not logged
    }  # fmt: skip
    call["provider"] = _provider(asked, response, call["response_model"])
    return {name: value for name, value in call.items() if value is not None}


def _usage(row: Row, body: Mapping[str, Any]) -> Usage:
    """Counts of the row, completed by `token_details`; of rows from before 0.19, which have none, those of the answer."""
    sent, made = row.get("input_tokens"), row.get("output_tokens")
    if sent is None and made is None:
        return read_usage(body.get("usage") or body.get("usageMetadata"))
    told = value_of(row.get("token_details"))
    details = dict(told) if isinstance(told, Mapping) else {}
    if any("cache" in name and "input_tokens" in name for name in details) or "cache_creation" in details:
        return read_usage(details | {"input_tokens": sent, "output_tokens": made})
    if any(name.endswith("TokenCount") or name.endswith("TokensDetails") for name in details):
        return _gemini(sent, made, details)
    return read_usage(details | {"prompt_tokens": sent, "completion_tokens": made})


def _gemini(sent: Any, made: Any, details: Row) -> Usage:
    """Older plugin versions left the thoughts out of the output, newer ones count them; the details have both parts."""
    usage = read_usage({"prompt_tokens": sent, "completion_tokens": made})
    usage.reasoning = usage.count(details, "reasoning_tokens", "thoughtsTokenCount")
    usage.cache_read = usage.count(details, "cache_read_tokens", "cachedContentTokenCount")
    answer = usage.count(details, "output_tokens", "candidatesTokenCount")
    if answer is not None:
        usage.output = answer + (usage.reasoning or 0)
    return usage


def _finish(body: Mapping[str, Any]) -> str | None:
    choices, candidates = body.get("choices"), body.get("candidates")
    inner = choices if isinstance(choices, list) else candidates if isinstance(candidates, list) else []
    first = inner[0] if inner and isinstance(inner[0], Mapping) else body
    return next((word for name in ("finish_reason", "stop_reason", "finishReason") if (word := label(first.get(name)))), None)


def _provider(asked: str | None, response: str | None, answered: str | None) -> str | None:
    """By llm's own name of the model, which has the plugin in front, else by what answered."""
    plugin, slash, _ = (asked or "").partition("/")
    by_plugin = PLUGINS.get(plugin.lower()) if slash else None
    return by_plugin or guess_provider(response, "", answered or asked) or guess_provider(None, "", asked)
