"""A streamed answer from its events: what is cumulative replaces, what is a piece adds up. A stream without usage has none: NULL, never 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from llmlogs.sources.common.times import to_utc
from llmlogs.sources.provider_responses.answers import Answer, common, gemini, items_of, ollama, read_answer, responses_item
from llmlogs.sources.provider_responses.response_shapes import CONVERSE_EVENTS, PARTS, Raw, plain_key, shape_of

EVENT_TIMES = frozenset({"ts", "timestamp", "time", "at", "receivedat", "t", "datetime"})
_WRAPPERS = ("data", "chunk", "event", "json", "payload", "body", "value", "bytes", "raw")


def events_of(items: Iterable[Any]) -> list[Raw]:
    """The events of a list in whatever wrapping: bare, `{event, data}`, `{ts, chunk}`, SSE lines; what is none (`[DONE]`) falls away."""
    return [event for item in items for event in _unwrap(item, 0)]


def _unwrap(item: Any, depth: int) -> list[Raw]:
    if depth > 4:
        return []
    if isinstance(item, str):
        return events_of(parse_sse(item)) if item.lstrip().startswith(("data:", "event:", "{")) else []
    if isinstance(item, list):
        return [event for one in item for event in _unwrap(one, depth + 1)]
    if not isinstance(item, Mapping):
        return []
    name = item.get("event")
    data = item.get("data")
    if isinstance(name, str) and name in CONVERSE_EVENTS and isinstance(data, Mapping) and name not in data:
        return [{name: data}]
    if shape_of(item):
        return [item]
    inner = [event for key in _WRAPPERS if isinstance(item.get(key), (Mapping, str, list)) for event in _unwrap(item[key], depth + 1)]
    return inner or ([item] if "error" in item or item.get("type") == "error" else [])


def parse_sse(text: str) -> list[Any]:
    """The JSON values of a server-sent event text, or of JSON lines; an unfinished last one falls away."""
    found = []
    for line in text.splitlines():
        data = line.strip().removeprefix("data:").strip()
        if data.startswith(("{", "[{")):
            try:
                found.append(orjson.loads(data))
            except orjson.JSONDecodeError:
                continue
    return found


def is_stream(items: list[Any]) -> bool:
    """Whether a list holds the events of one stream."""
    events = events_of(items[:6])
    if not events:
        return False
    shapes = [shape_of(event) for event in events]
    if any(shape in PARTS for shape in shapes):
        return True
    if all(shape == "ollama" for shape in shapes):
        return len(events) > 1 or events[0].get("done") is False
    if all(shape in ("gemini", "") for shape in shapes) and "gemini" in shapes:
        return len({str(event.get("responseId")) for event in events}) == 1
    return any(isinstance(item, Mapping) and "event" in item and "data" in item for item in items[:6])


def assemble(items: Iterable[Any], zone: str = "UTC") -> Answer:
    """One answer from its events in their order, wrapped or bare; where a wrapping has a time, when each came."""
    answer = Answer(streamed=True)
    for item in items:
        at = _time_of(item, zone)
        for event in events_of([item]):
            fold(answer, event)
        if at is not None:
            answer.event_times.append(at)
            if answer.first_token_at is None and (answer.chars or answer.tool_ids):
                answer.first_token_at = at
    if answer.tool_ids:
        answer.tool_calls = len(answer.tool_ids)
    elif answer.tool_calls == 0 and "tool" in (answer.finish or ""):
        answer.tool_calls = None  # the log kept only some of the events
    if answer.shape == "anthropic_event" and not answer.settled and "inputTokenCount" not in answer.usage:
        answer.usage.pop("output_tokens", None)  # 1 to 8 in message_start is a placeholder; the real count never came
    return answer


def _time_of(item: Any, zone: str) -> datetime | None:
    if not isinstance(item, Mapping) or shape_of(item):
        return None
    return next((at for at in (to_utc(value, zone) for key, value in item.items() if plain_key(key) in EVENT_TIMES) if at), None)


def fold(answer: Answer, event: Raw) -> None:
    """Add one event."""
    shape = shape_of(event)
    if shape:
        answer.shape = answer.shape or shape
    if event.get("error"):
        answer.error = event["error"]
    elif event.get("type") == "error":  # OpenAI's Responses stream says it without a member of its own
        answer.error = event
    FOLDS.get(shape, _other)(answer, event)


def _chunk(answer: Answer, event: Raw) -> None:
    common(answer, event)
    answer.operation = answer.operation or "chat"
    for choice in items_of(event.get("choices")):
        answer.take("finish", choice.get("finish_reason"))
        answer.use(choice.get("usage"))
        delta = choice.get("delta")
        answer.wrote(delta.get("content") if isinstance(delta, Mapping) else choice.get("text"))
        if not isinstance(delta, Mapping):
            answer.operation = "text_completion"
            continue
        answer.called(0)
        for call in items_of(delta.get("tool_calls")):
            answer.tool_ids.add(f"{choice.get('index')}/{call.get('index', call.get('id'))}")


def _responses(answer: Answer, event: Raw) -> None:
    answer.operation = "chat"
    response = event.get("response")
    if isinstance(response, Mapping):
        whole = read_answer("responses", response)
        for name in ("response_id", "model", "service_tier", "finish", "state", "created", "completed", "error"):
            setattr(answer, name, getattr(whole, name) or getattr(answer, name))
        answer.use(whole.usage)
        if response.get("output"):
            answer.tool_calls, answer.searches, answer.chars = whole.tool_calls, whole.searches, whole.chars
    elif event.get("type") == "response.output_item.done" and isinstance(event.get("item"), Mapping):
        responses_item(answer, event["item"])


def _anthropic(answer: Answer, event: Raw) -> None:
    answer.operation = "chat"
    message, delta, block = event.get("message"), event.get("delta"), event.get("content_block")
    if isinstance(message, Mapping):
        common(answer, message)
    if event.get("type") == "message_delta":
        _delta_usage(answer, event.get("usage"))
        answer.take("finish", delta.get("stop_reason") if isinstance(delta, Mapping) else None)
    elif isinstance(delta, Mapping):
        answer.wrote(delta.get("text"))
    if isinstance(block, Mapping):
        answer.called(int(block.get("type") == "tool_use"))
    if "amazon-bedrock-invocationMetrics" in event:
        _bedrock_metrics(answer, event)


def _delta_usage(answer: Answer, usage: Any) -> None:
    """Cumulative: it replaces what message_start guessed. It repeats the cache write without its split by lifetime."""
    if not isinstance(usage, Mapping):
        return
    answer.settled = "output_tokens" in usage
    written, split = usage.get("cache_creation_input_tokens"), answer.usage.get("cache_creation")
    if (
        isinstance(written, int)
        and isinstance(split, Mapping)
        and "cache_creation" not in usage
        and sum(v for v in split.values() if isinstance(v, int)) != written
    ):
        hour = bool(split.get("ephemeral_1h_input_tokens")) and not split.get("ephemeral_5m_input_tokens")
        answer.usage["cache_creation"] = {"ephemeral_1h_input_tokens": written if hour else 0, "ephemeral_5m_input_tokens": 0 if hour else written}
    answer.use(usage)


def _bedrock_metrics(answer: Answer, event: Raw) -> None:
    metrics = event["amazon-bedrock-invocationMetrics"]
    if isinstance(metrics, Mapping):
        answer.timings.append(metrics)
        if not answer.usage:
            answer.use(metrics)


def _converse(answer: Answer, event: Raw) -> None:
    answer.operation = "chat"
    name = next((key for key in event if key in CONVERSE_EVENTS), "")
    inner = event.get(name)
    if not isinstance(inner, Mapping):
        return
    answer.take("finish", inner.get("stopReason"))
    common(answer, inner)
    tier = inner.get("serviceTier")
    answer.take("service_tier", tier.get("type") if isinstance(tier, Mapping) else None)
    delta, start = inner.get("delta"), inner.get("start")
    if isinstance(delta, Mapping):
        answer.wrote(delta.get("text"))
    answer.called(int(isinstance(start, Mapping) and "toolUse" in start))
    if "amazon-bedrock-invocationMetrics" in event:
        _bedrock_metrics(answer, event)


def _cohere(answer: Answer, event: Raw) -> None:
    answer.operation = "chat"
    answer.take("response_id", event.get("id") or event.get("generation_id"))
    delta, response = event.get("delta"), event.get("response")
    if isinstance(delta, Mapping):
        answer.take("finish", delta.get("finish_reason"))
        answer.use(delta.get("usage"))
    if isinstance(response, Mapping):
        common(answer, response)
        answer.take("finish", response.get("finish_reason"))
    answer.called(int(event.get("type") == "tool-call-start"))


def _interaction(answer: Answer, event: Raw) -> None:
    answer.operation = "chat"
    for holder in (event.get("interaction"), event.get("metadata")):
        if isinstance(holder, Mapping):
            common(answer, holder)
            answer.take("state", holder.get("status"))


def _gemini(answer: Answer, event: Raw) -> None:
    common(answer, event)
    gemini(answer, event)


def _ollama(answer: Answer, event: Raw) -> None:
    common(answer, event)
    ollama(answer, event)


def _transcript(answer: Answer, event: Raw) -> None:
    answer.operation = "audio"
    answer.use(event.get("usage"))
    answer.wrote(event.get("delta"))


def _other(answer: Answer, event: Raw) -> None:
    """A whole body among the events: a run, a Bedrock chunk in its vendor's own words."""
    whole = read_answer(shape_of(event), event)
    for name in ("operation", "response_id", "model", "service_tier", "finish", "state", "created", "completed", "error", "tool_calls"):
        setattr(answer, name, getattr(whole, name) or getattr(answer, name))
    answer.chars = (answer.chars or 0) + (whole.chars or 0) if whole.chars is not None else answer.chars
    answer.timings += whole.timings
    if not answer.usage or whole.shape:
        answer.use(whole.usage)


FOLDS: dict[str, Callable[[Answer, Raw], None]] = {
    "chat_chunk": _chunk,
    "chat": _chunk,
    "completion": _chunk,
    "responses_event": _responses,
    "anthropic_event": _anthropic,
    "converse_event": _converse,
    "bedrock_metrics": _bedrock_metrics,
    "cohere_event": _cohere,
    "interaction_event": _interaction,
    "gemini": _gemini,
    "ollama": _ollama,
    "transcript_event": _transcript,
}
