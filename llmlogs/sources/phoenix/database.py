"""Phoenix's own database (SQLite), whose tables name each other by the numbers of their rows and are read one after the other, by name.

So judgements come before their spans, and spans before the ids of their traces: judgements wait, and trace ids are put in when the spans have been judged.
`cumulative_*` columns are sums over everything below a span and are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlogs.sources.base import Outcome, Row
from llmlogs.sources.common.labels import label
from llmlogs.sources.phoenix.annotations import annotation
from llmlogs.sources.phoenix.spans import in_otlp_words

TABLES = frozenset({"spans.span_id", "spans.trace_rowid", "spans.attributes", "traces.trace_id"})
JUDGED = {"span_annotations": "span_rowid", "trace_annotations": "trace_rowid"}
MOST_WAITING = 100_000  # judgements and traces whose ids are held
Ids = dict[Any, str]


class Database:
    """What the rows of one database say of each other."""

    def __init__(self) -> None:
        self._spans: Ids = {}
        self._traces: Ids = {}
        self._waiting: list[tuple[int, str, Row]] = []
        self._judged: set[Any] = set()

    def span(self, row: Row) -> Row | None:
        """A row of `spans` in OpenTelemetry's words, its trace by number; None for what is none."""
        number = row.get("id")
        if isinstance(number, int) and number in self._judged and isinstance(row.get("span_id"), str):
            self._spans[number] = row["span_id"]
        if not isinstance(row.get("trace_rowid"), int) or "span_id" not in row:
            return None
        return in_otlp_words(row | {"context": {"span_id": row["span_id"], "trace_id": _by_number(row["trace_rowid"])}})

    def other(self, line: int, table: str, row: Row) -> Outcome | None:
        """A row of another table: skipped, or None where it waits."""
        number = row.get(JUDGED.get(table, ""))
        if isinstance(number, int) and len(self._waiting) < MOST_WAITING:
            self._waiting.append((line, table, row))
            self._judged.add(number)
            return None
        trace = label(row.get("trace_id"))
        if table == "traces" and trace and isinstance(row.get("id"), int) and len(self._traces) < MOST_WAITING:
            self._traces[_by_number(row["id"])] = trace
        return Outcome(line, "skipped", f"table {table}" if table in JUDGED or table == "traces" else "another table")

    def judgements(self) -> Iterator[Outcome]:
        """The judgements, now that spans and traces have been read."""
        for line, table, raw in self._waiting:
            row, number = annotation(raw | {"annotation_name": raw.get("name")}), raw[JUDGED[table]]
            if row is None:
                yield Outcome(line, "skipped", "annotation without a score or a label")
                continue
            named = {"span_id": self._spans.get(number)} if table == "span_annotations" else {"trace_id": self._traces.get(_by_number(number))}
            yield Outcome(line, "other", rows={"feedback": [row | {name: found for name, found in named.items() if found}]})

    def with_ids(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """Outcomes with the ids of their traces instead of numbers."""
        for outcome in outcomes:
            for row in (*([outcome.call] if outcome.call else ()), *outcome.rows.get("spans", ())):
                if row.get("trace_id") in self._traces:
                    row["trace_id"] = self._traces[row["trace_id"]]
            yield outcome


def _by_number(number: int) -> str:
    return f"trace:{number}"
