"""W&B Weave calls: `client.get_calls()` and `/calls/stream_query` as JSON Lines, the UI's export as JSON, JSON Lines and CSV (dotted columns).

Traps: every op is a call in Weave's sense; `summary.usage` is summed up to all of its ancestors, and so are the costs, so only the innermost op that has it is
a model call. The usage is one object per model: an op that used several makes a call of each. It is the provider's own, so Anthropic's input leaves the cache
out. An export of trace roots alone has nothing but sums: each is read as one call and marked partial. `wb_user_id` is who logged, no end user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.common.trace_tree import Forest, Node
from llmlogs.sources.weave.rows import nested, node_of
from llmlogs.sources.weave.samples import SAMPLES

OWN = ("trace_id", "started_at", "project_id", "inputs", "output", "summary", "attributes")


class Weave:
    """Calls of W&B Weave."""

    name = "weave"
    title = "W&B Weave calls (JSON Lines, JSON, CSV)"
    docs = "https://docs.wandb.ai/weave/guides/tracking/querying-calls"
    tokens = "the provider's own usage: OpenAI's input includes the cache, Anthropic's does not (added here); ancestors hold sums"
    answers = ("latency/slowest_calls", "errors/by_class", "tokens/drift", "cost/by_feature", "data/coverage")
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Sure with a Weave address as `op_name`; likely with the other members of its calls."""
        values = [value for value in head.values if isinstance(value, dict)]
        named = [value for value in values if isinstance(value.get("op_name"), str)]
        if not named or len(named) * 2 < len(values):
            return None
        refs = sum(str(value["op_name"]).startswith("weave:///") for value in named)
        if refs * 2 >= len(named):
            return Detection(0.97, f"`op_name` of {refs} of {len(values)} records is a Weave address")
        known = max(sum(any(key == name or key.startswith(f"{name}.") for key in value) for name in OWN) for value in named)
        return Detection(0.92, "`op_name` beside trace, inputs, output and summary, as Weave writes its calls") if known >= 5 else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """Calls of one trace are read together: at the end of the file, or when too many wait (trace_tree.MOST_WAITING)."""
        forest = Forest[Node](lambda nodes: nodes)
        for record in records:
            value = nested(record.value) if isinstance(record.value, dict) else None
            if value is None:
                yield Outcome(record.line, "rejected", "not an object")
            elif not isinstance(value.get("op_name"), str) and "trace_id" not in value:
                yield Outcome(record.line, "rejected", "no op_name")
            elif value.get("deleted_at"):
                yield Outcome(record.line, "skipped", "deleted")
            else:
                trace, node = node_of(record.line, value, context)
                yield from forest.add(trace, node)
        yield from forest.rest()


SOURCE = Weave()
