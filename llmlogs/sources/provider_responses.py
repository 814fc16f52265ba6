"""Raw provider responses as applications log them: bare, in an envelope of any nesting, as a stream's events in one record, or one event a line.

What includes what differs by provider and is settled in `usage.py`. Cumulative: the usage of stream events (the last one counts, nothing is added up).
Not a call: listings, files, token counts, batch jobs, polls of something unfinished. An error answer of a model's endpoint is a call without tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.answers import Answer, read_answer
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.envelopes import Parts, parts_of
from llmlogs.sources.exchange import WAITING, Exchange
from llmlogs.sources.open_streams import OpenStreams
from llmlogs.sources.provider_samples import SAMPLES
from llmlogs.sources.response_shapes import shape_of
from llmlogs.sources.stream_parts import assemble, events_of
from llmlogs.sources.usage import read_usage

NOT_UNDERSTOOD = "no answer of a model, no error and no request to one was found"


class ProviderResponses:
    """Source (c): what came back from a provider, however it was logged."""

    name = "provider_responses"
    title = "Raw provider responses (OpenAI, Anthropic, Gemini, Bedrock, Cohere, Mistral, Groq, xAI, Ollama and others), bare or in any envelope"
    docs = "https://platform.openai.com/docs/api-reference, https://docs.anthropic.com/en/api, https://ai.google.dev/api"
    tokens = "input excludes the cache for Anthropic and Bedrock Converse, output excludes thinking for Gemini and xAI chat; elsewhere both include all"
    answers = ("limits/rate_limit_bursts", "errors/by_class", "tokens/drift", "cost/by_feature", "cache/prefix_cache", "data/coverage")
    samples: tuple[Sample, ...] = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """By the share of the first records that hold an answer or an error of a known API."""
        seen = [_evidence(parts_of(value)) for value in head.values[:20] if isinstance(value, (dict, list))]
        known = [what for what in seen if what]
        if not known or len(known) * 2 < len(seen):
            return None
        kinds = sorted(set(known))
        sure = 0.9 if len(known) == len(seen) else 0.75
        return Detection(sure, f"{len(known)} of the first {len(seen)} records hold an answer of a provider's API ({', '.join(kinds)[:120]})")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome a record; events of one stream become one call at the line of the first."""
        streams = OpenStreams()
        for record in records:
            try:
                yield from _read(record, context, streams)
            except RecursionError:
                yield Outcome(record.line, "rejected", "nested too deeply")
        yield from streams.finish(context)


def _evidence(parts: Parts) -> str:
    if parts.streams or parts.chunks:
        return "stream"
    shapes = [shape_of(node) for node in parts.answers]
    if any(shapes):
        return shapes[0].removeprefix("no_call:")
    exchange = Exchange(parts, Context(""), None)
    if exchange.fault is not None and (exchange.endpoint.known or _is_api_error(parts)):
        return "error"
    return "usage" if parts.usages and not read_usage(parts.usages[-1]["usage"]).empty and exchange.models[0] else ""


def _is_api_error(parts: Parts) -> bool:
    """Whether an error is written the way an API writes it: an object with a message and a type or code."""
    bodies = [error.get("error", error) if isinstance(error, Mapping) else None for error in parts.errors]
    inner = [body.get("error", body) if isinstance(body, Mapping) else None for body in bodies]
    return any(isinstance(body, Mapping) and "message" in body and not {"type", "code", "status"}.isdisjoint(body) for body in inner)


def _read(record: Record, context: Context, streams: OpenStreams) -> Iterator[Outcome]:
    parts = parts_of(record.value)
    if parts.chunks and not parts.answers and not parts.streams:
        yield from streams.take(record.line, parts, context)
        return
    last = streams.completes(parts)
    if last:
        yield from streams.take(record.line, parts, context)
        return
    yield from _whole(record.line, parts, context)


def _whole(line: int, parts: Parts, context: Context) -> Iterator[Outcome]:
    answers = _answers(parts)
    if len(answers) > 1:
        yield Outcome(line, "skipped", "batch of answers")
        for answer in answers:
            yield Outcome(line, "call", call=_inner_call(parts, answer, context), nested=True)
        return
    exchange = Exchange(parts, context, answers[0] if answers else None)
    skip = _skip(exchange)
    if skip:
        yield Outcome(line, "skipped", skip)
    elif _is_call(exchange):
        yield call_outcome(line, exchange)
    else:
        yield Outcome(line, "rejected", NOT_UNDERSTOOD)


def call_outcome(line: int, exchange: Exchange) -> Outcome:
    """The call of one exchange, with what its headers say of quotas."""
    row = exchange.columns()
    limits = exchange.limits()
    return Outcome(line, "call", call=row, rows={"rate_limits": limits} if limits else {}, issues=list(dict.fromkeys(exchange.issues)))


def _answers(parts: Parts) -> list[Answer]:
    """The answers of a record: a stream first; a whole body of the same id, or without one, says the same again."""
    found = [assemble(events_of(stream)) for stream in parts.streams]
    if parts.chunks and not found:
        found.append(assemble(parts.chunks))
    if not found or parts.answers:
        bodies = [(shape_of(node), node) for node in parts.answers]
        found += [read_answer(shape, node) for shape, node in bodies if not shape.startswith("no_call:")]
    if not found and not parts.answers:
        found = [read_answer("", node) for node in parts.usages[-1:]]
    streamed = any(answer.streamed for answer in found)
    distinct: dict[Any, Answer] = {}
    for number, answer in enumerate(found):
        key = answer.response_id or ("stream" if streamed else number)
        if streamed and number and (key == "stream" or not answer.usage or answer.usage == found[0].usage):
            continue
        distinct.setdefault(key, answer)
    return list(distinct.values())


def _inner_call(parts: Parts, answer: Answer, context: Context) -> Row:
    """One answer of many in a record: what stands around them is not its own, and a batch has no time of its own."""
    alone = Exchange(Parts(facts=[fact for fact in parts.facts if fact[0][-1] in ("url", "uri", "provider", "model")]), context, answer)
    return alone.columns() | {"service_tier": "batch"}


def _skip(exchange: Exchange) -> str:
    """What a record is when it is understood and no model call; "" when it may be one."""
    answer, endpoint = exchange.answer, exchange.endpoint
    if endpoint.skip and (answer is None or endpoint.skip != "batch_job"):
        return endpoint.skip
    if exchange.batched and answer is None:
        kind = next((node.get("type") for node in exchange.parts.unknown if isinstance(node, Mapping)), None)
        return f"batch request {kind}" if kind in ("expired", "canceled", "cancelled") else ""
    if answer is None:
        shape = next((shape_of(node) for node in exchange.parts.answers), "")
        return shape.removeprefix("no_call:")
    if answer.state in WAITING and exchange.method == "GET":
        return "poll"
    if answer.shape == "run" and exchange.usage.empty and answer.error is None:
        return "thread run without usage"
    return ""


def _is_call(exchange: Exchange) -> bool:
    if exchange.answer is not None:
        return True
    if exchange.fault is not None:
        return (
            exchange.endpoint.known
            or _is_api_error(exchange.parts)
            or bool(exchange.models[0])
            or bool(exchange.parts.prompts)
            or exchange.status_code in (429, 529)
        )
    return exchange.endpoint.known and exchange.method in ("", "POST", "PUT") and (exchange.status_code or 0) >= 200


SOURCE = ProviderResponses()
