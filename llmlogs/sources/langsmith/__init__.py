"""LangSmith runs: the API's answers of both versions and their pages, JSON lines of the SDK, and bulk exports in Parquet.

Traps. Chains and other parents hold the sum of what is below them, tokens, cost and first token alike: only llm and embedding runs are calls, and of nested
ones the innermost. `session_id` is the project; the user's session is a thread of the metadata. Times have no zone and are UTC. Costs are decimals as text.
0 tokens in the run's own columns is "not counted". Errors are texts. `usage_metadata` includes the cache in the input, except where a program passed on
Bedrock's or Anthropic's own count: the total decides, and a whole smaller than its part. Cache writes stand whole and once more by lifetime.
Exports hold inputs, outputs and extra as JSON texts; the v2 API says `project_id` and `parent_run_ids`, and has details under `raw`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.common.texts import parsed
from llmlogs.sources.common.trace_tree import Forest, Node
from llmlogs.sources.langsmith.feedback import feedback
from llmlogs.sources.langsmith.runs import fields, node, place
from llmlogs.sources.langsmith.samples import SAMPLES

SIGNS = frozenset({"dotted_order", "trace_id", "parent_run_id", "parent_run_ids", "first_token_time", "is_root", "reference_example_id", "child_run_ids"})
DEEPEST = 100  # runs inside runs


class LangSmith:
    """Runs of any export; each is one record, or several where children are inside their parent."""

    name = "langsmith"
    title = "LangSmith runs (API pages, JSONL, bulk export in Parquet) and their feedback"
    docs = "https://docs.langchain.com/langsmith/run-data-format"
    tokens = "input includes the cache, output includes reasoning, unless the total or the sizes prove that a program passed on a count without"
    samples = SAMPLES
    answers = (
        "cost/by_feature",
        "latency/where_time_goes",
        "latency/slowest_calls",
        "errors/by_class",
        "tokens/drift",
        "streaming/time_to_first_token",
        "data/coverage",
    )

    def detect(self, head: Head) -> Detection | None:
        """Sure with a `run_type` beside the keys of a trace."""
        names = [frozenset(map(str, value)) for value in head.values if isinstance(value, dict)] or ([frozenset(head.columns)] if head.columns else [])
        kinds = [kind for value, keys in zip([*head.values, None], names, strict=False) if (kind := _kind(keys, value))]
        if not kinds or len(kinds) * 2 < len(head.values):
            return None
        what = {"run": "a LangSmith run (`run_type` beside a trace's keys)", "feedback": "LangSmith's feedback", "page": "a page of LangSmith runs"}[kinds[0]]
        return Detection(0.9 if kinds[0] == "page" else 0.96, f"{len(kinds)} of {max(len(head.values), 1)} first records have the keys of {what}")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """Runs gathered by their trace, at most MOST_WAITING of them, so that leaves are told from roll-ups and inherit labels from above."""
        waiting: Forest[Node] = Forest(list)
        for record in records:
            if isinstance(record.value, dict):
                yield from _record(record.value, record.line, context, waiting, False)
            else:
                yield Outcome(record.line, "rejected", "not an object")
        yield from waiting.rest()


def _kind(keys: frozenset[str], value: Any = None) -> str:
    if "run_type" in keys and keys & SIGNS:
        return "run"
    if {"run_id", "key", "score"} <= keys:
        return "feedback"
    items = value.get("runs", value.get("items")) if isinstance(value, dict) else None
    inner = items[:3] if isinstance(items, list) else []
    return "page" if inner and all(isinstance(item, dict) and _kind(frozenset(map(str, item))) == "run" for item in inner) else ""


def _record(value: dict[str, Any], line: int, context: Context, waiting: Forest[Node], nested: bool, depth: int = 0) -> Iterator[Outcome]:
    kind = _kind(frozenset(map(str, value)), value)
    if kind == "run":
        run = fields(value)
        yield from waiting.add(place(run)[0] or f"line {line}", node(run, line, context, nested))
        inner = parsed(run.get("child_runs"))
        for child in inner if isinstance(inner, list) and depth < DEEPEST else ():
            if isinstance(child, dict):
                yield from _record(child, line, context, waiting, True, depth + 1)
    elif kind == "page":
        yield Outcome(line, "skipped", "page", nested=nested)
        for item in value.get("runs", value.get("items")) or ():
            yield from _record(item if isinstance(item, dict) else {}, line, context, waiting, True)
    elif kind == "feedback":
        row = feedback(value)
        yield Outcome(line, "other" if row else "skipped", "" if row else "feedback on no run", rows={"feedback": [row]} if row else {}, nested=nested)
    else:
        yield Outcome(line, "rejected", "no run and no feedback", nested=nested)


SOURCE = LangSmith()
