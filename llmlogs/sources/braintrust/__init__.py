"""Braintrust project logs: one JSON object per span, as the SDK writes them, the API returns them (`{"events": [...]}`) and the UI exports them (JSON, CSV).

Traps: a row may come several times under one `id` (`_is_merge` adds to it, else the larger `_xact_id` replaces it). All times are seconds.
`time_to_first_token` is written for whole answers too, as nearly their duration: it counts only where the call was streamed. `prompt_tokens` holds
cache reads and writes; `completion_tokens` lacks Gemini's thoughts, which only the total has. Tags stand on the root alone. A failed model call
may have neither output nor error: the error then stands on the span around it. Wrappers (AI SDK, agents) repeat the usage of the calls inside them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.braintrust.rows import Part, keep, node_of, plain
from llmlogs.sources.braintrust.samples import SAMPLES
from llmlogs.sources.common.trace_tree import Forest, Node

OWN = ("span_attributes", "root_span_id", "span_parents", "_xact_id", "_pagination_key", "log_id")


class Braintrust:
    """Spans of Braintrust project logs and experiments."""

    name = "braintrust"
    title = "Braintrust project logs (JSON Lines, API pages, CSV)"
    docs = "https://www.braintrust.dev/docs/reference/api/Logs"
    tokens = "prompt_tokens includes cache reads and writes; completion_tokens lacks thoughts that only `tokens` has"
    answers = ("latency/slowest_calls", "errors/by_class", "tokens/drift", "cost/by_feature", "cost/by_user", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with the keys of its spans. A page is told by its rows, and left to a carrier that takes it apart where there is one."""
        values = [value for value in head.values if isinstance(value, dict)]
        rows = [row for value in values for row in _rows(value) if isinstance(row, dict)]
        own = sum(_is_own(row) for row in rows)
        if own and own * 2 >= len(rows):
            return Detection(
                0.96 if any(_is_own(value) for value in values) else 0.92,
                f"{own} of {len(rows)} rows have `span_attributes` and `root_span_id`, as Braintrust writes its spans",
            )
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """Rows of one trace are read together: at the end of the file, or when too many wait (trace_tree.MOST_WAITING)."""
        forest = Forest[Part](_nodes)
        for record in records:
            for place, row in enumerate(_rows(record.value)):
                part = keep(record.line, row, context, nested=place > 0) if isinstance(row, dict) else None
                if part is None:
                    reason = "neither a span nor an id" if isinstance(row, dict) else "not an object"
                    yield Outcome(record.line, "rejected", reason, nested=place > 0)
                else:
                    yield from forest.add(part.trace, part)
        yield from forest.rest()


def _rows(value: Any) -> list[Any]:
    """The rows of a page; a row is a page of itself."""
    if not isinstance(value, dict) or "span_id" in value:
        return [value]
    return next((value[name] for name in ("events", "data") if isinstance(value.get(name), list) and value[name]), [value])


def _is_own(row: dict[str, Any]) -> bool:
    return "span_attributes" in row and sum(name in row for name in OWN) >= 2 and isinstance(plain(row["span_attributes"]), dict | None)


def _nodes(parts: list[Part]) -> Iterator[Node]:
    """Nodes of a trace, in the order they were logged; rows of one id become one."""
    by_id: dict[str, list[Part]] = {}
    for part in parts:
        by_id.setdefault(part.id, []).append(part)
    for group in by_id.values():
        first, *later = sorted(group, key=lambda part: part.order)
        yield node_of(list(itertools.accumulate(later, Part.joined, initial=first))[-1], [(part.line, part.nested) for part in later])


SOURCE = Braintrust()
