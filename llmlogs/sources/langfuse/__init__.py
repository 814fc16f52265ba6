"""Langfuse: trace downloads, table exports, blob storage exports of v3 and v4, pages of the public API.

Traps. `latency` and `timeToFirstToken` are seconds or milliseconds by version and export: durations come from the instants, the stated one only has to agree.
Instants of blob exports are UTC without saying so. `usageDetails` has free keys (common/token_buckets.py says which include which);
its absence is written as 0 in the sums beside it. Agents and other parents repeat usage and errors of what they enclose: only GENERATION and EMBEDDING are
calls, and of nested ones the innermost.
Observations of v3 exports know neither user nor session: the traces' own rows do (trace_facts). The bounds of export windows are inclusive and hours are
exported again: of rows of one id the newest `updatedAt` wins. Scores are columns of their own in table exports; v4's repeat the trace's on every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.trace_tree import Forest, Node, Tree
from llmlogs.sources.langfuse import rows
from llmlogs.sources.langfuse.fields import Fields, fields, folded, kind_of
from llmlogs.sources.langfuse.labels import facts
from llmlogs.sources.langfuse.samples import SAMPLES
from llmlogs.sources.langfuse.scores import score, score_columns

NAMES = {
    "download": "trace downloads with their observations",
    "detail": "traces with their observations",
    "observation": "observations",
    "trace": "traces",
    "score": "scores",
    "session": "sessions",
    "manifest": "a manifest of an export",
    "dataset": "runs over a dataset",
    "page": "pages of the public API",
}
MOST_SCORES = 100_000  # of a v4 table: scores of traces that were told already


class Langfuse:
    """Every export of Langfuse has its own spelling; fields.py folds them, and one record of any is read the same way."""

    name = "langfuse"
    title = "Langfuse exports (trace download, tables, blob storage, public API; JSON, JSONL, CSV, Parquet)"
    docs = "https://langfuse.com/docs/api-and-data-platform/features/export-to-blob-storage"
    tokens = "usageDetails: cached and reasoning tokens stand beside input and output (added here), or inside as prompt_details.*: the total decides"
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
        """Sure by names that only Langfuse's tables have together."""
        kinds = [kind for value in head.values if isinstance(value, dict) and (kind := _kind(value))]
        if not head.values and head.columns:
            kinds = [kind] if (kind := kind_of(folded(name) for name in head.columns)) and kind != "page" else []
        if not kinds or len(kinds) * 2 < len(head.values):
            return None
        kind = max(set(kinds), key=lambda name: (kinds.count(name), name))
        sure = {"download": 0.97, "detail": 0.97, "page": 0.9}.get(kind, 0.95)
        return Detection(sure, f"{len(kinds)} of {max(len(head.values), 1)} first records have the keys of Langfuse's {NAMES[kind]}")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """Traces as a whole where one record holds one, else observations gathered by their trace (at most MOST_WAITING of them)."""
        waiting: Forest[Node] = Forest(_newest_first)
        seen: dict[str, None] = {}
        for record in records:
            if isinstance(record.value, dict):
                yield from _record(record.value, record.line, context, waiting, seen)
            else:
                yield Outcome(record.line, "rejected", "not an object")
        yield from waiting.rest()


def _newest_first(nodes: list[Node]) -> list[Node]:
    """Of versions of one observation that tell as much the first stands."""
    return sorted(nodes, key=lambda node: -((node.call or {}).get("merge_version") or 0))


def _kind(value: dict[str, Any]) -> str:
    kind = kind_of(folded(str(key)) for key in value)
    if kind != "page":
        return kind
    items = value.get("data")
    return kind if isinstance(items, list) and all(isinstance(item, dict) and _kind(item) not in ("", "page") for item in items[:5]) and items else ""


def _record(value: dict[str, Any], line: int, context: Context, waiting: Forest[Node], seen: dict[str, None], nested: bool = False) -> Iterator[Outcome]:
    kind = _kind(value)
    row = fields(value)
    if kind == "observation":
        node = rows.node(row, line, context, nested)
        node.feedback = _column_scores(row, seen)
        yield from waiting.add(str(row.get("trace_id")), node)
    elif kind in ("download", "detail"):
        yield from _whole(row, line, context, nested)
    elif kind == "page":
        yield Outcome(line, "skipped", "page", nested=nested)
        for item in value["data"]:
            yield from _record(item, line, context, waiting, seen, True)
    else:
        yield _single(kind, row, line, context, nested)


def _single(kind: str, row: Fields, line: int, context: Context, nested: bool) -> Outcome:
    """A record that stands alone: a trace, a score, a session, or what tells nothing of calls."""
    if kind == "trace":
        told = _trace_rows(row, context)
        return Outcome(line, "other" if told else "skipped", "" if told else "trace", rows=told, nested=nested)
    if kind == "score":
        given = score(row)
        return Outcome(line, "other", rows={"feedback": [given]}, nested=nested) if given else Outcome(line, "skipped", "score of a dataset run", nested=nested)
    if kind == "session":
        judged = [one | {"session_id": str(row["id"])} for one in score_columns(row)] if isinstance(row.get("id"), str) else []
        return Outcome(line, "other" if judged else "skipped", "" if judged else "session", rows={"feedback": judged} if judged else {}, nested=nested)
    if kind in ("manifest", "dataset"):
        return Outcome(line, "skipped", kind, nested=nested)
    return Outcome(line, "rejected", "no observation, trace, score or session", nested=nested)


def _trace_rows(trace: Fields, context: Context) -> dict[str, list[Row]]:
    """What a trace's record tells: labels for its calls, scores."""
    said = facts(trace, context)
    named = {"trace_id": said["trace_id"]} if "trace_id" in said else {}
    given = (
        [one for item in trace.get("scores") or () if isinstance(item, dict) and (one := score(named | fields(item)))]
        if isinstance(trace.get("scores"), list)
        else []
    )
    given += [one | named for one in score_columns(trace)] if named else []
    told = [said] if named and len(said) > len(("trace_id", "updated_at", "source")) else []
    return {table: found for table, found in (("trace_facts", told), ("feedback", given)) if found}


def _whole(row: Fields, line: int, context: Context, nested: bool) -> Iterator[Outcome]:
    """A trace with its observations: a record of its own, each of them nested in it."""
    trace = fields(row["trace"]) if isinstance(row.get("trace"), dict) else row
    found = _trace_rows(trace, context)
    items = row.get("observations")
    observations = [fields(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    nodes = [rows.node({"trace_id": trace.get("id"), **item}, line, context, True) for item in observations]
    outcomes = list(Tree(nodes).outcomes())
    calls = {outcome.call["call_id"] for outcome in outcomes if outcome.call and "call_id" in outcome.call}
    for given in found.get("feedback", ()):
        if given.get("call_id") not in calls:  # a score of a step: there is no call to give it to
            given.pop("call_id", None)
    yield Outcome(line, "other" if found else "skipped", "" if found else "trace", rows=found, nested=nested)
    said = next(iter(found.get("trace_facts", ())), {})
    for outcome in outcomes:
        if outcome.call is not None:
            _complete(outcome.call, said)
        yield outcome


def _complete(call: Row, said: Row) -> None:
    """What the trace says of its calls, where nothing nearer says it."""
    for name in ("user_id", "session_id", "team", "tags", "environment", "service", "release"):
        if call.get(name) is None and said.get(name) is not None:
            call[name] = said[name]
    if call.get("feature") is None and said.get("feature") is not None:
        call |= {"feature": said["feature"], "feature_basis": "trace"}


def _column_scores(row: Fields, seen: dict[str, None]) -> list[Row]:
    """Scores beside an observation. A v4 table (it states `latencyMs`) repeats the scores of the trace on all its rows: each is told once."""
    told = list(score_columns(row))
    trace = str(row.get("trace_id"))
    if "latency_ms" in row:
        keys = [f"{trace} {given['name']} {given.get('value')} {given.get('label')}" for given in told]
        told = [given for key, given in zip(keys, told, strict=True) if key not in seen]
        seen.update(dict.fromkeys(keys))
        while len(seen) > MOST_SCORES:
            del seen[next(iter(seen))]
    return [given | {"trace_id": trace} for given in told]


SOURCE = Langfuse()
