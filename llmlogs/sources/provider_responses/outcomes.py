"""What became of one exchange: a call, something understood that is none, or nothing that can be understood."""

from __future__ import annotations

from llmlogs.sources.base import Context, Outcome
from llmlogs.sources.provider_responses.answers import Answer, read_answer
from llmlogs.sources.provider_responses.envelopes import Parts
from llmlogs.sources.provider_responses.evidence import is_api_error
from llmlogs.sources.provider_responses.exchange import WAITING, Exchange
from llmlogs.sources.provider_responses.response_shapes import shape_of
from llmlogs.sources.provider_responses.stream_parts import assemble

NOT_UNDERSTOOD = "no answer of a model, no error and no request to one was found"


def outcome_of(line: int, parts: Parts, context: Context) -> Outcome:
    """The call of one exchange, or why it is none."""
    exchange = Exchange(parts, context, answer_of(parts, context.timezone))
    skip = _skip(exchange)
    if skip:
        return Outcome(line, "skipped", skip)
    if not _is_call(exchange):
        return Outcome(line, "rejected", NOT_UNDERSTOOD)
    row, limits = exchange.columns(), exchange.limits()
    return Outcome(line, "call", call=row, rows={"rate_limits": limits} if limits else {}, issues=list(dict.fromkeys(exchange.issues)))


def answer_of(parts: Parts, zone: str) -> Answer | None:
    """The answer of one exchange: its stream, else its whole body; a body beside a stream says the same again."""
    streams = [assemble(stream, zone) for stream in parts.streams]
    if parts.chunks and not streams:
        streams.append(assemble(parts.chunks))
    bodies = [(shape_of(node), node) for node in parts.answers]
    whole = [read_answer(shape, node) for shape, node in bodies if not shape.startswith("no_call:")]
    found = next((answer for answer in streams if answer.usage), None) or next(iter(streams), None)
    if found is not None:
        for body in whole:
            found.complete(body)
        return found
    if whole:
        return next((answer for answer in whole if answer.usage), whole[0])
    return read_answer("", parts.usages[-1]) if parts.usages and not bodies else None


def _skip(exchange: Exchange) -> str:
    """What a record is when it is understood and no model call; "" when it may be one."""
    answer, endpoint = exchange.answer, exchange.endpoint
    if endpoint.skip and (answer is None or endpoint.skip != "batch_job"):
        return endpoint.skip
    if exchange.facts.first("protobufrecording"):
        return "protobuf recording (gRPC) without its JSON"
    if answer is None:
        shape = next((shape_of(node) for node in exchange.parts.answers), "")
        polled = exchange.method == "GET" and endpoint.known and exchange.fault is None
        return shape.removeprefix("no_call:") or ("poll" if polled else _other_traffic(exchange))
    if answer.state in WAITING and exchange.method == "GET":
        return "poll"
    if answer.shape == "run" and exchange.usage.empty and answer.error is None:
        return "thread run without usage"
    return ""


def _other_traffic(exchange: Exchange) -> str:
    """What an HTTP exchange is that says nothing of a model; "" when it is none, or one with a model after all."""
    if exchange.method == "OPTIONS":
        return "HTTP preflight"
    if exchange.facts.first("websocket"):
        return "WebSocket"
    return "HTTP request to no model's API" if exchange.url and exchange.method and not _is_call(exchange) and not exchange.endpoint.known else ""


def _is_call(exchange: Exchange) -> bool:
    if exchange.answer is not None:
        return True
    if exchange.fault is not None:
        asked = exchange.parts.batched or exchange.endpoint.known or bool(exchange.models[0]) or bool(exchange.parts.prompts)
        return asked or is_api_error(exchange.parts) or exchange.status_code in (429, 529)
    return exchange.endpoint.known and exchange.method in ("", "POST", "PUT") and ((exchange.status_code or 0) >= 200 or exchange.aborted)
