"""Which spans of a set of traces are calls, which repeat or sum up others, which are attempts, which are steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from llmlogs.sources.otel.cluster import Cluster, same_request, sums_up
from llmlogs.sources.otel.decode import UNSCOPED
from llmlogs.sources.otel.fold import fold_by_counts, fold_by_id, fold_tries, own_tries
from llmlogs.sources.otel.span import Span
from llmlogs.sources.otel.stream_logs import join_logs

HIGHEST = 1000  # a chain of parents is followed so far


@dataclass
class Verdict:
    """What the spans of some traces are."""

    calls: list[Cluster] = field(default_factory=list)
    steps: list[Span] = field(default_factory=list)  # everything that is no call, sums of calls among them
    repeated: list[tuple[Span, Span | None]] = field(default_factory=list)  # a span that came again or early, and the one it repeats
    known: dict[tuple[str, str], Span] = field(default_factory=dict)


def judge(traces: Iterable[list[Span]]) -> Verdict:
    """The verdict over some traces, which may hold each other's calls."""
    verdict = Verdict()
    joined, logs = join_logs(list(traces))
    verdict.repeated += [(log, log.belongs) for log in logs]
    for spans in joined:
        _judge_trace(spans, verdict)
    emitters = {emitter for cluster in verdict.calls for emitter in cluster.emitters}
    if len(emitters) > 1 or any(emitter.startswith(UNSCOPED) for emitter in emitters):
        verdict.calls = fold_by_id(verdict.calls)
    if len(emitters) > 1:
        verdict.calls = fold_by_counts(verdict.calls)
    if any("ai_operation" in cluster.lead.fields for cluster in verdict.calls):
        verdict.calls = fold_tries(verdict.calls)
    return verdict


def _judge_trace(spans: list[Span], verdict: Verdict) -> None:
    by_id: dict[str, Span] = {}
    alone = [span for span in spans if not span.id]
    for span in spans:
        if span.id and span.id in by_id:
            kept, gone = sorted((by_id[span.id], span), key=_richness)[::-1]
            by_id[span.id] = kept
            verdict.repeated.append((gone, kept))
        elif span.id:
            by_id[span.id] = span
    for span in [span for span in by_id.values() if span.pending and span.parent in by_id]:
        verdict.repeated.append((span, by_id[span.parent]))
        del by_id[span.id]
    calls = [span for span in (*by_id.values(), *alone) if span.kind == "call"]
    verdict.steps += [span for span in (*by_id.values(), *alone) if span.kind != "call"]
    verdict.known.update(((span.trace, span.id), span) for span in by_id.values())
    if len(calls) == 1:
        verdict.calls.append(Cluster(calls[0]))
    elif calls:
        _leaves(calls, by_id, verdict)


def _richness(span: Span) -> tuple[bool, bool, int, int]:
    return (not span.pending, span.end is not None, len(span.fields), span.end or 0)


def _leaves(calls: list[Span], by_id: dict[str, Span], verdict: Verdict) -> None:
    """From the innermost out: a call around calls is the same one, their sum, or one more."""
    outer = {id(span): _enclosing(span, by_id) for span in calls}
    depth = {id(span): _depth(span, outer) for span in calls}
    below: dict[int, list[Cluster]] = defaultdict(list)
    for span in sorted(calls, key=lambda call: -depth[id(call)]):
        found = _decide(span, below.pop(id(span), []), verdict)
        around = outer[id(span)]
        if around is None or depth[id(around)] >= depth[id(span)]:
            verdict.calls += found
        else:
            below[id(around)] += found


def _enclosing(span: Span, by_id: dict[str, Span]) -> Span | None:
    parent = span.parent
    for _ in range(HIGHEST):
        around = by_id.get(parent)
        if around is None or around is span:
            return None
        if around.kind == "call":
            return around
        parent = around.parent
    return None


def _depth(span: Span, outer: dict[int, Span | None]) -> int:
    depth = 0
    around = outer[id(span)]
    while around is not None and depth < HIGHEST:
        depth += 1
        around = outer[id(around)]
    return depth


def _is_sum(cluster: Cluster, inner: list[Cluster]) -> bool:
    """A span around calls that only sums them up, or only holds them: it has no answer of its own and no failure of its own."""
    ids = {found for each in inner for found in each.ids}
    if cluster.ids and ids and not cluster.ids & ids:
        return False
    return sums_up(cluster, inner) or (cluster.usage.empty and not cluster.ids and (not cluster.failed or any(each.failed for each in inner)))


def _decide(span: Span, inner: list[Cluster], verdict: Verdict) -> list[Cluster]:
    cluster = Cluster(span)
    if not inner:
        return [cluster]
    if len(inner) == 1 and same_request(cluster, inner[0]):
        cluster.take(inner[0], "same_response_id" if cluster.ids & inner[0].ids else "duplicate")
        return [cluster]
    if span.done and sums_up(cluster, inner):  # told as a call before its parts came
        for part in inner:
            cluster.take(part, "part")
        return [cluster]
    tries = own_tries(cluster, inner)
    if tries:
        cluster.take(tries[-1], "duplicate")
        cluster.tries += tries[:-1]
        return [cluster]
    if span.weak or _is_sum(cluster, inner):
        span.kind = "chain"
        verdict.steps.append(span)
        return inner
    return [cluster, *inner]
