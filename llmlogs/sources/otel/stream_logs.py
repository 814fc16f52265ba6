"""What logfire tells of a stream when it is over, in a log span without length, goes to the stream's span; the log may be the root of another trace."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from llmlogs.sources.otel.span import Span

LOG_TOLERANCE = 250_000_000  # ns between a stream's span and the log of what it gave
NEAREST = 8


def join_logs(traces: list[list[Span]]) -> tuple[list[list[Span]], list[Span]]:
    """The traces without the logs that found their span, and those logs: each says which span it `belongs` to."""
    logs = [span for spans in traces for span in spans if span.log and span.kind == "call" and not span.done]
    if not logs:
        return traces, []
    waiting: dict[object, list[Span]] = defaultdict(list)
    for span in sorted((span for spans in traces for span in spans if _opens(span)), key=lambda span: span.end or 0):
        waiting[_asked(span)].append(span)
    gone: set[int] = set()
    for log in sorted(logs, key=lambda span: (span.start or 0, span.id)):
        if _join(log, waiting[_asked(log)]):
            gone.add(id(log))
    return [[span for span in spans if id(span) not in gone] for spans in traces], [log for log in logs if id(log) in gone]


def _opens(span: Span) -> bool:
    return span.kind == "call" and not span.log and not span.error and not span.done and "input" not in span.fields


def _asked(span: Span) -> object:
    fields = span.fields
    return span.emitter.removeprefix("log "), fields.get("request_model"), fields.get("prompt_hash"), span.resource.get("service")


def _join(log: Span, waiting: list[Span]) -> bool:
    """Into the span that ended when the stream began: it was over as soon as the answer began to come."""
    took = log.fields.get("log_duration_s")
    if not isinstance(took, (int, float)) or not 0 <= took < 10**6 or log.start is None:
        return False
    began = log.start - int(took * 1e9)
    place = bisect_left(waiting, began, key=lambda span: span.end or 0)
    near = waiting[max(0, place - NEAREST) : place + NEAREST]
    best = min(near, key=lambda span: (span.trace != log.trace, abs((span.end or 0) - began), span.id), default=None)
    if best is None or abs((best.end or 0) - began) > LOG_TOLERANCE:
        log.start, log.end, log.fields["stream"], log.log = began, log.start, True, False
        return False
    best.end, log.belongs = max(best.end or 0, log.start), best
    best.fields |= {name: value for name, value in log.fields.items() if name not in best.fields}
    best.fields["stream"] = True
    waiting.remove(best)
    return True
