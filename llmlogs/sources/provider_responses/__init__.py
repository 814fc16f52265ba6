"""Raw provider responses as applications log them: bare, in an envelope of any nesting, as a stream's events in one record, or one event a line.

What includes what differs by provider and is settled in `usage.py`. Cumulative: the usage of stream events (the last one counts, nothing is added up).
Not a call: listings, files, token counts, batch jobs, polls of something unfinished. An error answer of a model's endpoint is a call without tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Sample
from llmlogs.sources.provider_responses.batches import as_batch, is_result, never_run, result_parts, results_in, results_in_body
from llmlogs.sources.provider_responses.envelopes import Parts, parts_of
from llmlogs.sources.provider_responses.evidence import detect, evidence
from llmlogs.sources.provider_responses.facts import STARTS
from llmlogs.sources.provider_responses.open_streams import SURPRISES, UNREADABLE, OpenStreams
from llmlogs.sources.provider_responses.outcomes import answer_of, outcome_of
from llmlogs.sources.provider_responses.response_shapes import plain_key, shape_of
from llmlogs.sources.provider_responses.samples import SAMPLES
from llmlogs.sources.provider_responses.stream_parts import is_stream

CONTAINERS_DEEP = 5


class ProviderResponses:
    """What came back from a provider, however it was logged."""

    name = "provider_responses"
    title = "Raw provider responses (OpenAI, Anthropic, Gemini, Bedrock, Cohere, Mistral, Groq, xAI, Ollama and others), bare or in any envelope"
    docs = "https://platform.openai.com/docs/api-reference, https://docs.anthropic.com/en/api, https://ai.google.dev/api"
    tokens = "input excludes the cache for Anthropic and Bedrock Converse, output excludes thinking for Gemini and xAI chat; elsewhere both include all"
    answers = ("limits/rate_limit_bursts", "errors/by_class", "tokens/drift", "cost/by_feature", "cache/prefix_cache", "data/coverage")
    surest = 0.96  # recordings of HTTP; everything else 0.9
    samples: tuple[Sample, ...] = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """By the share of the first records that hold an answer or an error of a known API."""
        return detect(head)

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome a record; events of one stream become one call at the line of the first."""
        streams = OpenStreams()
        for record in records:
            try:
                outcomes = list(_read(record, context, streams))
            except SURPRISES as surprise:  # one strange record must not stop the file
                outcomes = [Outcome(record.line, "rejected", f"{UNREADABLE} ({type(surprise).__name__})")]
            yield from outcomes
        yield from streams.finish(context)


def _read(record: Record, context: Context, streams: OpenStreams) -> Iterator[Outcome]:
    if record.value == "[DONE]":
        yield Outcome(record.line, "skipped", "end of a stream")
        return
    batch = results_in(record.value) or results_in_body(record.value)
    if batch is not None or is_result(record.value):
        yield from _batch(record, batch, context)
        return
    parts = parts_of(record.value)
    bare_event = bool(parts.chunks) and not parts.answers and not parts.streams
    if bare_event or streams.completes(parts) or streams.breaks(parts):
        yield from streams.take(record.line, parts, context)
        return
    several = len(parts.answers) + len(parts.streams) + len(parts.errors) + len(parts.unknown) > 1
    inside = _exchanges_in(record.value, 0) if several else []
    if len(inside) < 2:
        yield outcome_of(record.line, parts, context)
        yield from _further(record.line, parts, context)
        return
    yield Outcome(record.line, "skipped", "wrapping of several exchanges")
    for item in inside:
        outcome = outcome_of(record.line, parts_of(item), context)
        outcome.nested = True
        yield outcome


def _batch(record: Record, results: list[Any] | None, context: Context) -> Iterator[Outcome]:
    """Results of a batch: a document of many, or one a line."""
    if results is not None:
        yield Outcome(record.line, "skipped", "wrapping of a batch's results")
    for value in [record.value] if results is None else results:
        skip = never_run(value)
        outcome = Outcome(record.line, "skipped", skip) if skip else outcome_of(record.line, result_parts(value), context)
        if outcome.call is not None:
            outcome.call = as_batch(outcome.call, value)
        outcome.nested = results is not None
        yield outcome


def _further(line: int, parts: Parts, context: Context) -> Iterator[Outcome]:
    """Answers of other calls beside the first one's in the same record (a try and its fallback, say): each is a call of its own."""
    ids = {} if parts.streams or parts.chunks else {node["id"]: node for node in reversed(parts.answers) if isinstance(node.get("id"), str) and "usage" in node}
    main = answer_of(parts, context.timezone)
    shared = [fact for fact in parts.facts if fact[0][-1] in STARTS or fact[0][-1] in ("provider", "feature", "userid", "traceid")]
    for response_id, node in reversed(ids.items()):
        if main is not None and main.response_id and response_id != main.response_id:
            outcome = outcome_of(line, Parts(answers=[node], facts=shared), context)
            outcome.nested = True
            yield outcome


def _exchanges_in(value: Any, depth: int) -> list[Any]:
    """The exchanges one record wraps in a list; none when it is an exchange itself."""
    if depth > CONTAINERS_DEEP:
        return []
    if isinstance(value, list):
        if is_stream(value):
            return []
        found = [item for item in value if isinstance(item, Mapping)]
        telling = sum(bool(evidence(parts_of(item))) and not _is_event(item) for item in found)
        return found if found and telling * 2 >= len(found) else []
    if not isinstance(value, Mapping) or shape_of(value):
        return []
    for key, item in value.items():
        if isinstance(item, (Mapping, list)) and plain_key(key) not in ("request", "req", "headers", "messages", "streamevents"):
            inner = _exchanges_in(item, depth + 1)
            if inner:
                return inner
    return []


def _is_event(item: Any) -> bool:
    parts = parts_of(item)
    return bool(parts.chunks) and not parts.answers


SOURCE = ProviderResponses()
