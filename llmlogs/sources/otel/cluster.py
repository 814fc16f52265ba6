"""Spans that tell of one model call, and when two of them do.

Frameworks, instrumentations and the providers' own SDKs each write a span for the same request, often in the same trace. Two spans are one call when
they share the provider's response id; without ids when they come from different emitters, one lies within the other and their counts agree.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmlogs.sources.common.usage import Usage
from llmlogs.sources.otel.span import Span
from llmlogs.sources.otel.usage import usage_of

INSIDE = 0.9  # share of the shorter interval that must lie within the longer
TOGETHER = 50_000_000  # ns: spans of one call in two traces start this near; ingest/twins.py finds those further apart, by the whole of two emitters
MADE_UP = ("aitxt-", "aiobj-", "run-", "lc_", "lc-", "lc_run")  # ids that frameworks invent where a provider gave none
NO_OUTPUT = frozenset({"embeddings"})


class Cluster:
    """One call: `spans`, the outermost first. `merged` says why each further span belongs to it. `tries` are failed attempts before it."""

    __slots__ = ("emitters", "ids", "merged", "models", "spans", "tries", "usage")

    def __init__(self, span: Span) -> None:
        self.spans = [span]
        self.merged: list[tuple[Span, str]] = []
        self.tries: list[Cluster] = []
        self.emitters = {span.emitter}
        found = response_id(span)
        self.ids = {found} if found else set()
        self.models = _models(span)
        self.usage = usage_of(span.fields, span.operation not in NO_OUTPUT, span.error)

    @property
    def lead(self) -> Span:
        """The outermost span: its times are the caller's."""
        return self.spans[0]

    @property
    def failed(self) -> bool:
        return any(span.error for span in self.spans)

    @property
    def counts(self) -> tuple[int | None, int | None]:
        return self.usage.input, self.usage.output

    def take(self, other: Cluster, why: str) -> None:
        """The other tells of the same call. Of differing counts the larger one holds: who saw less counted less."""
        whys = {id(span): reason for span, reason in (*self.merged, *other.merged)}
        self.spans = sorted((*self.spans, *other.spans), key=_outermost)
        self.merged = [(span, whys.get(id(span), why)) for span in self.spans[1:]]
        self.tries += other.tries
        self.emitters |= other.emitters
        self.ids |= other.ids
        self.models |= other.models
        join_usage(self.usage, other.usage)


def _outermost(span: Span) -> tuple[int, int, str]:
    start = span.start if span.start is not None else 1 << 62
    return (start, -(span.end or 0), span.id)


def join_usage(into: Usage, other: Usage) -> None:
    """The richest of both; a difference in what both count is an issue."""
    for name in ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "audio_input", "audio_output", "image_input", "web_searches"):
        mine, theirs = getattr(into, name), getattr(other, name)
        if theirs is not None and (mine is None or theirs > mine):
            if mine and name in ("input", "output"):
                into.issues.append((f"{name}_tokens", "inconsistent", "int"))
            setattr(into, name, theirs)
    if into.reported_usd is None or (not into.reported_usd and other.reported_usd):
        into.reported_usd = other.reported_usd
    into.issues += other.issues


def response_id(span: Span) -> str | None:
    """The provider's id of the answer; ids that a framework made up are none."""
    found = span.fields.get("response_id")
    return found[:200] if isinstance(found, str) and found and not found.startswith(MADE_UP) else None


def _models(span: Span) -> set[str]:
    names = (span.fields.get(name) for name in ("request_model", "response_model", "model"))
    return {name.lower().rsplit("/", 1)[-1][:100] for name in names if isinstance(name, str) and name}


def alike_models(one: set[str], other: set[str]) -> bool:
    """Names of one model: equal, one a dated form of the other, or one side tells none."""
    return not one or not other or any(a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a) for a in one for b in other)


def alike_counts(one: Cluster, other: Cluster) -> bool | None:
    """Whether their counts agree; None where one of them has none. A token more or less is somebody's rounding of a stream."""
    (sent, made), (sent2, made2) = one.counts, other.counts
    if (sent is None and made is None) or (sent2 is None and made2 is None):
        return None
    if sent is not None and sent2 is not None and sent != sent2:
        return False
    return made is None or made2 is None or abs(made - made2) <= max(1, made // 50)


def within(one: Span, other: Span) -> bool:
    """One of the two intervals lies in the other by 90 percent and more."""
    if one.start is None or other.start is None or one.end is None or other.end is None:
        return False
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared >= 0 and shared >= INSIDE * shorter


def may_be_one(one: Cluster, other: Cluster) -> bool:
    """Nothing speaks against their being one call: ids, models, kind of request."""
    if one.ids and other.ids and not one.ids & other.ids:
        return False
    if (one.lead.operation in NO_OUTPUT) != (other.lead.operation in NO_OUTPUT):
        return False
    return alike_models(one.models, other.models)


def duplicates(one: Cluster, other: Cluster) -> bool:
    """Two spans side by side, or in two traces, that tell of one call without a common id."""
    a, b = one.lead, other.lead
    if not one.emitters.isdisjoint(other.emitters) or not may_be_one(one, other) or not within(a, b):
        return False
    agree = alike_counts(one, other)
    if a.trace != b.trace:
        same_service = a.resource.get("service") == b.resource.get("service")
        apart = abs((a.start or 0) - (b.start or 0))
        unknown = agree is None and one.counts == other.counts and one.failed == other.failed
        return same_service and apart <= TOGETHER and (agree is True or unknown)
    return agree is True or (agree is None and (one.counts == other.counts or a.parent == b.parent))


def same_request(outer: Cluster, inner: Cluster) -> bool:
    """A call inside a call: the same one seen from further out."""
    if outer.ids & inner.ids:
        return True
    if not may_be_one(outer, inner) or not within(outer.lead, inner.lead):
        return False
    agree = alike_counts(outer, inner)
    if agree is None:
        return not outer.emitters & inner.emitters or _fills(outer.lead, inner.lead)
    return agree


def _fills(outer: Span, inner: Span) -> bool:
    took, inside = outer.duration_ms, inner.duration_ms
    return took is not None and inside is not None and inside >= INSIDE * took


def sums_up(outer: Cluster, inner: Iterable[Cluster]) -> bool:
    """Whether counts are the sum of others' counts (what is unknown there may be more)."""
    clusters = list(inner)
    total = [0, 0]
    unknown = False
    for cluster in clusters:
        for place, count in enumerate(cluster.counts):
            total[place] += count or 0
            unknown = unknown or (count is None and cluster.lead.operation not in NO_OUTPUT)
    stated = [count or 0 for count in outer.counts]
    if any(stated):
        exact = all(abs(have - want) <= max(len(clusters), want // 50) for have, want in zip(stated, total, strict=True))
        return exact or (unknown and all(have >= want for have, want in zip(stated, total, strict=True)))
    return False
