"""Calls that are one: the same id or counts from two emitters, and the tries before a call."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from llmlogs.sources.common.usage import integer
from llmlogs.sources.otel.cluster import Cluster, duplicates, same_request
from llmlogs.sources.otel.decode import UNSCOPED

MOST_AT_ONCE = 64  # calls at one moment that are compared with each other


def own_tries(cluster: Cluster, inner: list[Cluster]) -> list[Cluster]:
    """The requests inside a call, when all but the last failed one after the other and the last is the call itself."""
    tries = sorted(inner, key=lambda each: each.lead.start or 0)
    apart = all((later.lead.start or 0) >= (earlier.lead.end or 0) for earlier, later in pairwise(tries))
    good = len(tries) > 1 and apart and all(each.failed for each in tries[:-1]) and same_request(cluster, tries[-1])
    return tries if good and tries[-1].failed == cluster.failed else []


def fold_by_id(calls: list[Cluster]) -> list[Cluster]:
    """One provider's id from two emitters is one call, wherever they wrote it."""
    first: dict[str, list[Cluster]] = {}
    kept: list[Cluster] = []
    for cluster in calls:
        same = [other for found in cluster.ids for other in first.get(found, ()) if _apart(other, cluster)]
        if same:
            same[0].take(cluster, "same_response_id")
        else:
            kept.append(cluster)
        for found in cluster.ids:
            first.setdefault(found, []).append(same[0] if same else cluster)
    return kept


def _apart(one: Cluster, other: Cluster) -> bool:
    """Told by different emitters; without scopes, by spans of different names."""
    return one.emitters.isdisjoint(other.emitters) or (one.lead.emitter.startswith(UNSCOPED) and one.lead.name != other.lead.name)


def fold_by_counts(calls: list[Cluster]) -> list[Cluster]:
    """Calls of different emitters at one moment with equal counts. Those without counts are compared with all of their trace."""
    gone: set[int] = set()
    groups: dict[object, list[Cluster]] = defaultdict(list)
    for cluster in calls:
        sent, made = cluster.counts
        if cluster.lead.start is not None:
            groups[(sent, made) if sent is not None else "none"].append(cluster)
            groups[cluster.lead.trace or "no trace"].append(cluster)
    for group in groups.values():
        if len(group) > 1:
            _fold_group(group, gone)
    return [cluster for cluster in calls if id(cluster) not in gone]


def _fold_group(group: list[Cluster], gone: set[int]) -> None:
    open_now: list[Cluster] = []
    for cluster in sorted(group, key=lambda call: (call.lead.start or 0, -(call.lead.end or 0), call.lead.id)):
        if id(cluster) in gone:
            continue
        start = cluster.lead.start or 0
        open_now = [other for other in open_now if (other.lead.end or 0) >= start and id(other) not in gone][-MOST_AT_ONCE:]
        match = next((other for other in open_now if duplicates(other, cluster)), None)
        if match is None:
            open_now.append(cluster)
        else:
            match.take(cluster, "duplicate")
            gone.add(id(cluster))


def fold_tries(calls: list[Cluster]) -> list[Cluster]:
    """The Vercel AI SDK writes a span for each attempt: one that failed and was followed by another of its kind was a try of that one."""
    siblings: dict[tuple[str, str, str], list[Cluster]] = defaultdict(list)
    for cluster in calls:
        lead = cluster.lead
        if "ai_operation" in lead.fields and lead.parent and lead.start is not None:
            siblings[lead.trace, lead.parent, str(lead.fields["ai_operation"])].append(cluster)
    gone: set[int] = set()
    for group in siblings.values():
        group.sort(key=lambda call: (call.lead.start or 0, call.lead.id))
        for earlier, later in pairwise(group):
            if earlier.failed and (later.lead.start or 0) >= (earlier.lead.end or 0):
                later.tries = [*earlier.tries, earlier]
                earlier.tries = []
                gone.add(id(earlier))
    return [cluster for cluster in calls if id(cluster) not in gone]


def resends(cluster: Cluster) -> int:
    """Requests that an SDK says it sent again."""
    counted = [integer(span.fields["resends"]) for span in cluster.spans if "resends" in span.fields]
    return min(max((count for count in counted if count is not None), default=0), 1000)
