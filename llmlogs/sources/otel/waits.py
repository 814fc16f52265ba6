"""When a call began, when its first token came, when it was over."""

from __future__ import annotations

from llmlogs.sources.base import Row
from llmlogs.sources.otel.cluster import Cluster
from llmlogs.sources.otel.span import Span
from llmlogs.sources.otel.values import nanos, number


def times_of(cluster: Cluster) -> Row:
    """The time columns of a call: those of its outermost span, the tries before it included."""
    lead = cluster.lead
    start = min((each.lead.start for each in (cluster, *cluster.tries) if each.lead.start is not None), default=None)
    end = lead.end if lead.end is not None and lead.start is not None and lead.end >= lead.start else None
    row: Row = {"started_at": start // 1000 if start is not None else None, "ended_at": end // 1000 if end is not None and not lead.pending else None}
    if lead.end is not None and end is None and lead.start is not None:
        lead.issues.append(("ended_at", "clock", "int"))
    if start is not None and end is not None and not lead.pending and not lead.log:
        row["duration_ms"] = (end - start) / 1e6
    first = _first_token(cluster)
    if first is None or start is None or not start < first[0] <= (end or first[0]) + 1_000_000:
        return row
    row |= {"first_token_at": first[0] // 1000, "ttft_ms": (first[0] - start) / 1e6, "ttft_basis": first[1]}
    gap = max((span.max_gap for span in cluster.spans if span.max_gap is not None), default=None)
    if gap is not None:
        row["max_gap_ms"] = gap / 1e6
    return row


def _first_token(cluster: Cluster) -> tuple[int, str] | None:
    """When the first token came, and who says so; of several the emitter nearest to the wire. NULL where the call is said not to be streamed."""
    if any(span.fields.get("stream") is False for span in cluster.spans):
        return None
    for span in reversed(cluster.spans):
        told = _told_wait(span)
        if told is not None and span.start is not None:
            return span.start + int(told), "client"
        at = nanos(str(span.fields["first_token_at"]).strip('"')) if "first_token_at" in span.fields else None
        if at is not None:
            return at, "client"
    seen = [span.first_token for span in cluster.spans if span.first_token is not None]
    return (min(seen), "event") if seen else None


def _told_wait(span: Span) -> float | None:
    """Nanoseconds to the first token. Some write seconds and some milliseconds under one name: what is longer than the call was milliseconds."""
    took = span.duration_ms
    for name, factor in (("ttft_s", 1e9), ("ttft_ms", 1e6), ("ttft_either", 1e9)):
        value = number(span.fields.get(name))
        if value is None or not 0 < value < 1e7:
            continue
        milliseconds = name == "ttft_either" and took is not None and value * 1000 > took * 1.05
        return value * (1e6 if milliseconds else factor)
    return None
