"""Arize Phoenix: frames of spans (`get_spans_dataframe()` as Parquet, JSON Lines, CSV), pages of its REST API, annotations of both, and its database.

Traps: a frame has known attributes as columns of their own (`attributes.llm.token_count.prompt`, floats, NaN for absent) and everything else as objects under
the first part of their name; a CSV writes those as Python does. `cumulative_*` columns are sums. What was sent to Phoenix in other words comes back in both
(`gen_ai.*` and `llm.*`). Agents carry the usage of the calls inside them, and an SDK's own span repeats a framework's: which spans are calls is decided as for
OpenTelemetry (sources/otel). A frame written as JSON keeps milliseconds only. The OTLP pages of the API are read as OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.otel.layouts import SPANS, Found
from llmlogs.sources.otel.traces import Traces
from llmlogs.sources.phoenix.annotations import annotation, evaluations, is_annotation
from llmlogs.sources.phoenix.database import TABLES, Database
from llmlogs.sources.phoenix.samples import SAMPLES
from llmlogs.sources.phoenix.spans import in_otlp_words, is_frame_row, is_rest_span

MOST_TOLD = 200_000


class Phoenix:
    """Spans and annotations of Arize Phoenix, and of Arize's own exports, which have its columns."""

    name = "phoenix"
    title = "Arize Phoenix spans and annotations (Parquet, JSON Lines, CSV, REST pages, phoenix.db)"
    docs = "https://arize.com/docs/phoenix"
    tokens = "prompt includes the cache, completion includes reasoning; counts of agents and chains are sums of the calls inside"
    answers = ("latency/where_time_goes", "streaming/time_to_first_token", "cost/by_feature", "errors/by_class", "tokens/drift", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with the columns of its frames, the members of its REST spans, or those of its annotations."""
        if head.carrier == "sqlite":
            return Detection(0.97, "tables `spans` and `traces` of Phoenix's database") if set(head.columns) >= TABLES else None
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
        reading = Reading(context)
        for record in records:
            yield from reading.take(record.line, record.value)
        yield from reading.finish()


class Reading:
    """One file while it is read."""

    def __init__(self, context: Context) -> None:
        self._traces = Traces(context)
        self._database = Database()
        self._judged: dict[int, list[Row]] = {}  # evaluations in columns of a frame, until the outcome of their span comes
        self._told: set[str] = set()  # annotations that were read: overlapping pages in one file repeat them

    def take(self, line: int, value: Any) -> Iterator[Outcome]:
        """Outcomes of a record; those of its spans come later."""
        spans: list[tuple[Any, str, Any]] = []
        others: list[Outcome] = []
        for item in _items(value) or [value]:
            found = self._item(line, item)
            if isinstance(found, Outcome):
                others.append(found)
            elif found is not None:
                spans.append((None, "", found))
        for number, outcome in enumerate(others):
            outcome.nested = bool(spans) or number > 0
            yield outcome
        if spans:
            yield from self._told_of(self._traces.take(line, Found(SPANS, spans)))

    def finish(self) -> Iterator[Outcome]:
        """What waited for the end."""
        yield from self._told_of(self._traces.finish())
        yield from self._database.judgements()

    def _item(self, line: int, item: Any) -> Row | Outcome | None:
        """A span, an outcome, or None for what waits."""
        if not isinstance(item, dict):
            return Outcome(line, "rejected", "not an object")
        if isinstance(item.get("table"), str) and isinstance(item.get("row"), dict):
            span = self._database.span(item["row"]) if item["table"] == "spans" else None
            return span if span is not None else self._database.other(line, item["table"], item["row"])
        if is_annotation(item):
            return self._annotation(line, item)
        span = in_otlp_words(item)
        if span is None:
            return Outcome(line, "rejected", "neither a span nor an annotation")
        if found := evaluations(item):
            self._judged[line] = found
        return span

    def _annotation(self, line: int, item: Row) -> Outcome:
        row, own = annotation(item), label(item.get("id"))
        if row is None or own in self._told:
            return Outcome(line, "skipped", "annotation without a score or a label" if row is None else "repeated annotation")
        if own and len(self._told) < MOST_TOLD:
            self._told.add(own)
        return Outcome(line, "other", rows={"feedback": [row]})

    def _told_of(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """The outcomes, with evaluations attached to that of their span."""
        for outcome in self._database.with_ids(outcomes):
            rows = self._judged.pop(outcome.line, None) if self._judged else None
            if rows and outcome.kind in ("call", "other", "merged"):
                named = [row | {"call_id": outcome.merged_into} for row in rows] if outcome.merged_into else rows
                outcome.rows = {**outcome.rows, "feedback": named}
            yield outcome


def _items(value: Any) -> list[Any]:
    """The elements of a page."""
    data = value.get("data") if isinstance(value, dict) and "context" not in value and "context.span_id" not in value else None
    return data if isinstance(data, list) else []


SOURCE = Phoenix()
