"""The spans of one file by trace, held until the trace can be judged, and what becomes of each of them."""

from __future__ import annotations

from collections.abc import Iterator

from llmlogs.sources.base import Context, Outcome, Row
from llmlogs.sources.otel import layouts
from llmlogs.sources.otel.cluster import Cluster
from llmlogs.sources.otel.decode import Decoder
from llmlogs.sources.otel.judge import Verdict, judge
from llmlogs.sources.otel.labels import facts_of
from llmlogs.sources.otel.logs import Logs
from llmlogs.sources.otel.rows import attempt_rows, call_row, identity, step_row
from llmlogs.sources.otel.span import Span

HELD = 100_000  # spans of one file that wait for the rest of their trace
REMEMBERED = 20_000  # spans of calls already told, that a late span may repeat or sum up
ALONE = frozenset({"app", "http", "other", "prompt", "chain"})  # steps that say nothing in a trace without a call
SURPRISES = (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError, OverflowError)
NO_MODEL = "span of a trace without a model"


class Traces:
    """What is open of one file."""

    def __init__(self, context: Context, held: int = HELD) -> None:
        self._decoder = Decoder(context)
        self._logs = Logs(context)
        self._limit, self._count = held, 0
        self._open: dict[str, list[Span]] = {}  # the trace touched last stands last
        self._told: dict[str, list[Span]] = {}
        self._emitters: set[str] = set()

    def take(self, line: int, found: layouts.Found) -> Iterator[Outcome]:
        """Hold the spans of a record; outcomes of what needs no waiting, and of old traces where too much is held."""
        nested = False
        decode = self._decoder.span if found.kind == layouts.SPANS else self._logs.read
        for resource, scope, raw in found.items:
            try:
                span = decode(raw, resource, scope, line, nested)
            except SURPRISES as surprise:
                span = f"unreadable ({type(surprise).__name__})"
            if isinstance(span, Span):
                self._hold(span)
            elif isinstance(span, Outcome):
                yield span
            else:
                yield Outcome(line, "rejected", span, nested=nested)
            nested = True
        if self._count > self._limit:
            yield from self._settle(self._limit // 2)

    def _hold(self, span: Span) -> None:
        spans = self._open.pop(span.trace, None)
        if spans is None:
            spans = []
        spans.append(span)
        self._open[span.trace] = spans
        self._count += 1

    def finish(self) -> Iterator[Outcome]:
        """Judge all that is left."""
        yield from self._settle(0)

    def _settle(self, keep: int) -> Iterator[Outcome]:
        """Judge the traces that were not touched for longest, until `keep` spans are held."""
        traces: dict[str, list[Span]] = {}
        while self._open and self._count > keep:
            trace = next(iter(self._open))
            traces[trace] = self._open.pop(trace)
            self._count -= len(traces[trace])
        if len(self._emitters) < 2:
            self._emitters.update(span.emitter for spans in traces.values() for span in spans if span.kind == "call")
        groups = {trace: [*self._told.get(trace, ()), *spans] for trace, spans in traces.items()}
        if len(self._emitters) > 1:  # only then may a call stand in another trace once more
            groups = self._told | groups
        verdict = judge(groups.values())
        yield from Telling(verdict, self._decoder).outcomes()
        for trace in groups:
            self._told.pop(trace, None)
        self._remember(verdict)

    def _remember(self, verdict: Verdict) -> None:
        """The calls told last, without what only their rows needed; the oldest are forgotten."""
        if not self._open:
            return
        for cluster in verdict.calls[-REMEMBERED:]:
            name = identity(cluster)
            for span in cluster.spans:
                span.done = span.done or name or "told"
                span.fields, span.labels = {field: span.fields[field] for field in FOR_LATER if field in span.fields}, {}
                self._told.setdefault(span.trace, []).append(span)
        many = sum(map(len, self._told.values()))
        while many > REMEMBERED:
            many -= len(self._told.pop(next(iter(self._told))))


FOR_LATER = ("request_model", "response_model", "model", "response_id", "input", "output", "total", "cache_read", "cache_write", "usage_details", "usage_raw")


class Telling:
    """The outcomes of a verdict."""

    def __init__(self, verdict: Verdict, decoder: Decoder) -> None:
        self._verdict, self._attributes = verdict, decoder.attributes
        self._stands_in: dict[tuple[str, str], str] = {}  # the call's span for spans merged into it: children keep a parent
        self._calls: dict[int, str] = {}

    def outcomes(self) -> Iterator[Outcome]:
        """Calls first, then what was merged, then steps."""
        verdict = self._verdict
        for cluster in verdict.calls:
            name = identity(cluster)
            inside = [*cluster.spans, *(span for each in cluster.tries for span in each.spans)]
            for span in inside:
                self._calls[id(span)] = span.done or name
                if span is not cluster.lead and span.id:
                    self._stands_in[span.trace, span.id] = cluster.lead.id
        for cluster in verdict.calls:
            yield from self._call(cluster)
        for gone, kept in verdict.repeated:
            yield self._repeated(gone, kept)
        traced = {span.trace for cluster in verdict.calls for span in cluster.spans if span.trace}
        for span in verdict.steps:
            yield self._step(span, traced)

    def _call(self, cluster: Cluster) -> Iterator[Outcome]:
        lead = cluster.lead
        done = next((span.done for span in cluster.spans if span.done), "")
        whys = {id(span): why for span, why in cluster.merged}
        name = done or identity(cluster)
        if not done:
            yield self._told(cluster)
        for span in cluster.spans:
            if not span.done and (done or span is not lead):
                yield Outcome(span.line, "merged", whys.get(id(span), "duplicate"), merged_into=name, nested=span.nested)
        for each in cluster.tries:
            yield from (Outcome(span.line, "other", "attempt", nested=span.nested) for span in each.spans if not span.done)

    def _told(self, cluster: Cluster) -> Outcome:
        lead = cluster.lead
        try:
            row = call_row(cluster, self._verdict.known, self._attributes)
            tries = attempt_rows(cluster, row)
        except SURPRISES as surprise:
            return Outcome(lead.line, "rejected", f"unreadable ({type(surprise).__name__})", nested=lead.nested)
        if "parent_span_id" in row:
            row["parent_span_id"] = self._parent(lead)
        issues = [*cluster.usage.issues, *lead.issues]
        judged = [judgement for span in cluster.spans for judgement in span.judgements]
        rows = {table: side for table, side in (("attempts", tries), ("feedback", judged)) if side}
        return Outcome(lead.line, "call", call=row, rows=rows, issues=issues, nested=lead.nested)

    def _parent(self, span: Span) -> str:
        parent = self._stands_in.get((span.trace, span.parent), span.parent)
        return span.parent if parent == span.id else parent

    def _repeated(self, gone: Span, kept: Span | None) -> Outcome:
        if kept is not None and id(kept) in self._calls:
            why = "part" if gone.log or gone.pending else "duplicate"
            return Outcome(gone.line, "merged", why, merged_into=self._calls[id(kept)], nested=gone.nested)
        return Outcome(gone.line, "skipped", "pending span" if gone.pending else "repeated span", nested=gone.nested)

    def _step(self, span: Span, traced: set[str]) -> Outcome:
        try:
            rows = self._step_rows(span, traced)
        except SURPRISES as surprise:
            return Outcome(span.line, "rejected", f"unreadable ({type(surprise).__name__})", nested=span.nested)
        if not rows:
            return Outcome(span.line, "skipped", NO_MODEL, nested=span.nested)
        return Outcome(span.line, "other", rows=rows, nested=span.nested)

    def _step_rows(self, span: Span, traced: set[str]) -> dict[str, list[Row]]:
        """What a step tells; of a trace that has no model call here only what its root says, as its calls may be in another file."""
        facts = facts_of(span, self._attributes)
        telling = span.kind not in ALONE or span.trace in traced or bool(span.judgements)
        rows = {"spans": [step_row(span, self._parent(span))] if telling else [], "feedback": span.judgements, "trace_facts": [facts] if facts else []}
        return {table: found for table, found in rows.items() if found}
