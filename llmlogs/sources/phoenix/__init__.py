"""Arize Phoenix: frames of spans (`get_spans_dataframe()` as Parquet, JSON Lines, CSV), pages of its REST API, and annotations of both.

Traps: a frame has known attributes as columns of their own (`attributes.llm.token_count.prompt`, floats, NaN for absent) and everything else as objects under
the first part of their name; a CSV writes those as Python does. `cumulative_*` columns are sums. What was sent to Phoenix in other words comes back in both
(`gen_ai.*` and `llm.*`). Agents carry the usage of the calls inside them, and an SDK's own span repeats a framework's: which spans are calls is decided as for
OpenTelemetry (sources/otel). A frame written as JSON keeps milliseconds only. The OTLP pages of the API are read as OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.otel.layouts import SPANS, Found
from llmlogs.sources.otel.traces import Traces
from llmlogs.sources.phoenix.annotations import annotation, evaluations, is_annotation
from llmlogs.sources.phoenix.samples import SAMPLES
from llmlogs.sources.phoenix.spans import in_otlp_words, is_frame_row, is_rest_span

SKIPPED = "annotation without a score or a label"


class Phoenix:
    """Spans and annotations of Arize Phoenix, and of Arize's own exports, which have its columns."""

    name = "phoenix"
    title = "Arize Phoenix spans and annotations (Parquet, JSON Lines, CSV, REST pages)"
    docs = "https://arize.com/docs/phoenix"
    tokens = "prompt includes the cache, completion includes reasoning; counts of agents and chains are sums of the calls inside"
    answers = ("latency/where_time_goes", "streaming/time_to_first_token", "cost/by_feature", "errors/by_class", "tokens/drift", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with the columns of its frames, the members of its REST spans, or those of its annotations."""
        if {"context.span_id", "context.trace_id"} <= set(head.columns):
            return Detection(0.97, "columns `context.span_id` and `context.trace_id`, as Phoenix writes its frames of spans")
        values = [value for value in head.values if isinstance(value, dict)]
        for told, sure, what in ((is_frame_row, 0.97, "frames of spans"), (is_rest_span, 0.96, "spans"), (is_annotation, 0.96, "annotations")):
            own = sum(map(told, values))
            if own and own * 2 >= len(values):
                return Detection(sure, f"{own} of {len(values)} records have the members of Phoenix's {what}")
        items = [item for value in values for item in _items(value)]
        own = sum(is_rest_span(item) or is_annotation(item) for item in items)
        return Detection(0.93, f"a page of {own} of Phoenix's spans or annotations") if own and own * 2 >= len(items) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every span, when its trace is judged (otel.traces holds them), and for every annotation."""
        traces = Traces(context)
        judged: dict[int, list[Row]] = {}  # evaluations in columns of a frame, until the outcome of their span comes
        for record in records:
            yield from _with(judged, _record(record.line, record.value, traces, judged))
        yield from _with(judged, traces.finish())


def _record(line: int, value: Any, traces: Traces, judged: dict[int, list[Row]]) -> Iterator[Outcome]:
    spans: list[tuple[Any, str, Any]] = []
    others: list[Outcome] = []
    for item in _items(value) or [value]:
        if not isinstance(item, dict):
            others.append(Outcome(line, "rejected", "not an object"))
        elif is_annotation(item):
            row = annotation(item)
            others.append(Outcome(line, "other", rows={"feedback": [row]}) if row else Outcome(line, "skipped", SKIPPED))
        elif (span := in_otlp_words(item)) is not None:
            spans.append((None, "", span))
            if found := evaluations(item):
                judged[line] = found
        else:
            others.append(Outcome(line, "rejected", "neither a span nor an annotation"))
    for number, outcome in enumerate(others):
        outcome.nested = bool(spans) or number > 0
        yield outcome
    if spans:
        yield from traces.take(line, Found(SPANS, spans))


def _items(value: Any) -> list[Any]:
    """The elements of a page."""
    data = value.get("data") if isinstance(value, dict) and "context" not in value and "context.span_id" not in value else None
    return data if isinstance(data, list) else []


def _with(judged: dict[int, list[Row]], outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, evaluations attached to that of their span."""
    for outcome in outcomes:
        rows = judged.pop(outcome.line, None) if judged else None
        if rows and outcome.kind in ("call", "other", "merged"):
            told = [row | {"call_id": outcome.merged_into} for row in rows] if outcome.merged_into else rows
            outcome.rows = {**outcome.rows, "feedback": told}
        yield outcome


SOURCE = Phoenix()
