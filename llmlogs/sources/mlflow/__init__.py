"""MLflow traces: `trace.to_json()` lines, rows of `search_traces()` (JSON Lines, CSV, Parquet), and pages of its API.

Traps: a record is a whole trace. Every attribute is JSON inside a text. Ids are base64 in schema 3, hex in 2 and 4; times are nanoseconds, in the frame
milliseconds. `mlflow.trace.tokenUsage` and the model on outer spans sum or copy what the inner ones say. For Anthropic `mlflow.chat.tokenUsage` left the
cache out of its input in older versions and holds it in newer ones, so counts in the answer itself come first. A failed model call may have no message
of its own: its exception event or the span around it tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.common.trace_tree import Tree
from llmlogs.sources.mlflow.assessments import feedback, once
from llmlogs.sources.mlflow.samples import SAMPLES
from llmlogs.sources.mlflow.shapes import Trace, looks_like, trace_of
from llmlogs.sources.mlflow.spans import nodes


class Mlflow:
    """Traces of MLflow 2.14 to 3.x."""

    name = "mlflow"
    title = "MLflow traces (JSON, JSON Lines, search_traces frames as CSV or Parquet)"
    docs = "https://mlflow.org/docs/latest/genai/tracing/"
    tokens = "input includes the cache; older versions left it out for Anthropic, so counts inside the answer come first"
    answers = ("latency/slowest_calls", "errors/by_class", "tokens/drift", "cost/by_feature", "cost/by_user", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with `info` beside `data.spans`, or the columns of a frame of traces."""
        values = [value for value in head.values if isinstance(value, dict)]
        own = [reason for value in values if (reason := looks_like(value))]
        if own and len(own) * 2 >= len(values):
            return Detection(0.96, f"{len(own)} of {len(values)} records have {own[0]}, as MLflow writes its traces")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A trace a line; each of its spans is a record."""
        seen: set[str] = set()  # assessments that were told: overlapping pages in one file repeat them
        for record in records:
            trace = trace_of(record.value) if isinstance(record.value, dict) else None
            if trace is None:
                yield Outcome(record.line, "rejected", "no trace in it" if isinstance(record.value, dict) else "not an object")
                continue
            once(trace, seen)
            if not trace.spans:
                yield _empty(record.line, trace)
            else:
                for number, outcome in enumerate(Tree(nodes(record.line, trace, context)).outcomes()):
                    outcome.nested = number > 0
                    yield outcome


def _empty(line: int, trace: Trace) -> Outcome:
    """A trace without spans has no call: its sum of tokens names neither a model nor how many calls it sums."""
    if trace.unreadable:
        return Outcome(line, "rejected", trace.unreadable)
    rows = feedback(trace)
    return Outcome(line, "other", rows={"feedback": rows}) if rows else Outcome(line, "skipped", "trace without spans")


SOURCE = Mlflow()
