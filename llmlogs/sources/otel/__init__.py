"""OpenTelemetry traces of LLM applications, whoever wrote them: the collector's file exporter, SDKs' own exporters, dumps of an API, logfire's records.

TRAPS. Wrappers repeat or sum up the counts of the calls inside them; the providers' SDKs now write spans of their own beside an instrumentation's; one
call may stand in two traces. So only the innermost model spans are calls, and spans of one call are merged (judge.py, cluster.py); a plain sum over
spans is wrong by -20 to +100 percent. Input includes the cache, except where an emitter copies a provider's count that does not (usage.py). Zeros and
absent counts of streams mean unknown. TTFT is in seconds, milliseconds or an event. Ids are hex, base64 or bytes; 64-bit numbers texts or numbers.

A record is a span (a line of the file exporter holds many), a log record, or a line of metrics. What is held: at most `HELD` spans of a file (about 150
MB), without texts; then the traces that were not touched for longest are judged. A trace whose spans lie further apart is judged in parts: what is known
of its calls is kept, so that a late sum or repetition adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.otel import layouts
from llmlogs.sources.otel.samples import SAMPLES
from llmlogs.sources.otel.traces import Traces

NO_EXPORT = "nothing of OpenTelemetry's: neither spans nor logs nor metrics"
FOREIGN = frozenset({"run_type", "dotted_order", "span_attributes", "root_span_id", "parentObservationId", "op_name", "trace_info", "standard_logging_object"})


class OpenTelemetry:
    """Traces in any of OpenTelemetry's JSON layouts and any of the attribute dialects of attributes.toml."""

    name = "otel"
    title = "OpenTelemetry traces: OTLP JSON, SDK exporters (gen_ai.*, OpenInference, OpenLLMetry, Vercel AI SDK, pydantic-ai, logfire, Langfuse SDK ...)"
    docs = "https://opentelemetry.io/docs/specs/semconv/gen-ai/, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding"
    tokens = "input includes cache, output includes reasoning; wrappers' counts are sums of the calls inside and are not counted again"
    answers = ("latency/where_time_goes", "streaming/time_to_first_token", "cost/by_feature", "errors/by_class", "limits/rate_limit_bursts", "tokens/drift")
    samples = SAMPLES
    places = ("$COPILOT_OTEL_FILE_EXPORTER_PATH", "~/.copilot/otel")  # what Copilot CLI keeps by itself

    def detect(self, head: Head) -> Detection | None:
        """Certain with OTLP's own envelopes; sure with lone spans that have OpenTelemetry's ids, times and attributes."""
        values = [value for value in head.values[:20] if isinstance(value, dict)]
        found = [layouts.find(value) for value in values]
        known = [each for each in found if each.kind]
        if not known or len(known) * 2 < len(head.values[:20]) or any(FOREIGN & value.keys() for value in values):
            return None
        envelope = any(name in value for value in values for name in layouts.ENVELOPES)
        if any("span_kind" in value and "status_code" in value for value in _lone(values)):
            return Detection(0.6, "spans with OpenTelemetry's ids in the words of Phoenix")
        kinds = ", ".join(sorted({each.kind for each in known}))
        if envelope:
            return Detection(0.97, f"OTLP JSON: {len(known)} of {len(values)} first records hold {kinds}")
        return Detection(0.92, f"single OpenTelemetry {kinds}, as an SDK's exporter writes them: ids, times and attributes")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every span; those of a trace come when the trace is judged."""
        traces = Traces(context)
        for record in records:
            yield from _record(record.line, record.value, traces)
        yield from traces.finish()


def _lone(values: list[Any]) -> Iterator[dict[str, Any]]:
    """Spans that stand alone, on their own or on a page."""
    for value in values:
        page = value.get("data")
        yield from (item for item in [value, *(page[:3] if isinstance(page, list) else ())] if isinstance(item, dict))


def _record(line: int, value: Any, traces: Traces) -> Iterator[Outcome]:
    found = layouts.find(value)
    if found.kind == layouts.METRICS:
        yield Outcome(line, "skipped", "metrics: sums over calls, no calls")
    elif not found.kind:
        yield Outcome(line, "rejected", NO_EXPORT)
    elif not found.items:
        yield Outcome(line, "skipped", f"an export without {found.kind}")
    else:
        yield from traces.take(line, found)


SOURCE = OpenTelemetry()
