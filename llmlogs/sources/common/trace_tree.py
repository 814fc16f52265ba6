"""Traces whose spans are told one by one: which of them are model calls, and what a call inherits from the spans around it.

Tools write the usage of a call on the call and once more, summed, on everything above it; wrappers of wrappers log one call twice. So a candidate is a call
only where nothing below it is one. A wrapper around exactly one call is merged into it; a roll-up of several becomes a step.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from llmlogs.sources.base import Outcome, Row
from llmlogs.sources.common.labels import INHERITED

T = TypeVar("T")
USAGE = ("input_tokens", "output_tokens")
TOKENS = (*USAGE, "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens", "audio_output_tokens",
          "image_input_tokens", "web_searches", "usage_status")  # fmt: skip
ERROR = ("status", "status_code", "error_class", "error_type", "error_template")
DEEPEST = 500  # a parent chain longer than this, or a circle, is not followed
MOST_ROLLUPS = 200_000
MOST_WAITING = 20_000  # reduced spans held for the rest of their trace; they take some 2 kB each


class Traces(Generic[T]):
    """Holds items until their trace is whole. No log says when that is: they go at its end, or when too many wait, the trace that was quiet longest first."""

    def __init__(self, limit: int = MOST_WAITING) -> None:
        self._limit, self._size = limit, 0
        self._waiting: OrderedDict[str, list[T]] = OrderedDict()

    def add(self, trace: str, item: T) -> Iterator[list[T]]:
        """Keep the item; yields the traces that have to make room."""
        self._waiting.setdefault(trace, []).append(item)
        self._waiting.move_to_end(trace)
        self._size += 1
        while self._size > self._limit:
            _, group = self._waiting.popitem(last=False)
            self._size -= len(group)
            yield group

    def rest(self) -> Iterator[list[T]]:
        """What waits at the end."""
        yield from self._waiting.values()


@dataclass(slots=True)
class Node:
    """One span, reduced to what is needed."""

    line: int
    id: str
    parent: str | None
    span: Row | None  # what it is where it is no call; None: nothing worth a row
    call: Row | None = None  # set when it looks like a model call by itself
    labels: Row = field(default_factory=dict)  # what it states for itself and everything below it
    feedback: list[Row] = field(default_factory=list)
    issues: list[tuple[str, str, str]] = field(default_factory=list)
    more: list[Row] = field(default_factory=list)  # further calls of the same record (several models in one): records of their own
    parts: list[tuple[int, bool]] = field(default_factory=list)  # (line, nested) of records that only added to it
    error: Row = field(default_factory=dict)
    weak: bool = False  # a step that carries usage: a call only if nothing below it is one
    silent: bool = False  # a call that neither answered nor told an error: it failed with what stands above it
    nested: bool = False
    others: dict[str, list[Row]] = field(default_factory=dict)


def tells_usage(call: Row | None) -> bool:
    """Whether a call has a count of its own."""
    return call is not None and any(call.get(name) is not None for name in USAGE)


def _richness(node: Node) -> tuple[bool, bool, bool]:
    """How much a version of a span tells: counts, an end, being a call."""
    return tells_usage(node.call), (node.call or node.span or {}).get("ended_at") is not None, node.call is not None


class Tree:
    """The spans of one trace that were read together. `rollups` are ids known to stand above calls that were read before."""

    def __init__(self, nodes: Iterable[Node], rollups: Container[str] = ()) -> None:
        self.by_id: dict[str, Node] = {}
        self.repeated: list[tuple[Node, str]] = []  # spans that came more than once, and the id they share
        for node in nodes:
            self._add(node)
        self.nodes = list(self.by_id.values())
        self.moved: dict[str, str | None] = {}  # merged wrappers: who stands in for them
        self.below: dict[int, list[Node]] = {}
        self.known = {node.id for node in self.nodes if node.id in rollups}
        for node in self.nodes:
            if node.id in self.known:
                node.call = None
            if node.call is not None:
                for above in self.above(node):
                    self.below.setdefault(id(above), []).append(node)

    def _add(self, node: Node) -> None:
        """Of a span that came more than once the version that tells most is kept, and every judgement once."""
        known = self.by_id.setdefault(node.id, node)
        if known is node:
            return
        kept, gone = (known, node) if _richness(known) >= _richness(node) else (node, known)
        kept.feedback += [row for row in gone.feedback if row not in kept.feedback]
        kept.parts, gone.parts = [*kept.parts, *gone.parts], []
        self.by_id[node.id] = kept
        self.repeated.append((gone, node.id))

    def rollups(self) -> Iterator[str]:
        """Ids of spans that stand above the calls of this tree and were not read with it."""
        for node in self.nodes:
            if node.call is not None or node.id in self.known:
                top = [node, *self.above(node)][-1]
                if top.parent:
                    yield top.parent

    def above(self, node: Node) -> Iterator[Node]:
        """Its ancestors, nearest first."""
        seen = {node.id}
        for _ in range(DEEPEST):
            parent = self.by_id.get(node.parent) if node.parent else None
            if parent is None or parent.id in seen:
                return
            seen.add(parent.id)
            yield parent
            node = parent

    def outcomes(self) -> Iterator[Outcome]:
        """What became of each span's record."""
        merged = dict(self._fold())
        for node in self.nodes:
            into = merged.get(id(node))
            if into is not None:
                yield self._merged(node, into)
            elif node.call is not None:
                yield from self._call(node)
            else:
                yield self._step(node)
            for line, nested in node.parts:
                name = self._name(into or node)
                yield Outcome(line, "merged" if name else "skipped", "part", merged_into=name, nested=nested)
        for gone, identity in self.repeated:
            node = self.by_id[identity]
            name = self._name(merged.get(id(node), node))
            yield Outcome(gone.line, "merged" if name else "skipped", "duplicate" if name else "repeated span", merged_into=name, nested=gone.nested)

    def _fold(self) -> Iterator[tuple[int, Node]]:
        """Decide about candidates above candidates: (wrapper, the one call it is merged into). Roll-ups lose their call in place."""
        depth = {id(node): sum(1 for _ in self.above(node)) for node in self.nodes if node.call is not None}
        for node in sorted((n for n in self.nodes if n.call is not None and id(n) in self.below), key=lambda n: -depth[id(n)]):
            inner = [one for one in self.below[id(node)] if one.call is not None and one.id not in self.moved]
            if not inner or node.call is None:
                continue
            untold = not any(tells_usage(one.call) for one in inner)
            alive = [one for one in inner if one.call and one.call.get("status") == "ok"] or inner
            if untold and tells_usage(node.call) and len(alive) > 1:
                self._keep_sum(node, inner)
                continue
            if (len(inner) == 1 and not node.weak) or (untold and len(alive) == 1):
                complete(alive[0].call or {}, node.call)
            if len(inner) == 1 and not node.weak:
                self.moved[node.id] = node.parent
                yield id(node), inner[0]
            else:
                node.call = None

    @staticmethod
    def _keep_sum(node: Node, inner: list[Node]) -> None:
        """Only the sum was logged: it is counted once, in place of the calls it sums."""
        models = {str(one.call.get("request_model")) for one in inner if one.call and one.call.get("request_model")}
        if node.call is not None and len(models) == 1:
            node.call.setdefault("request_model", models.pop())
        node.issues.append(("usage_status", "sum_of_calls", "int"))
        for one in inner:
            one.call = None

    def _name(self, node: Node) -> str:
        """The id of the call a node is or went into; "" where it is no call."""
        call = node.call
        return str(call.get("call_id") or call.get("response_id") or node.id) if call is not None else ""

    def _merged(self, node: Node, into: Node) -> Outcome:
        name = self._name(next((one for one in (into, *self.above(into)) if one.call is not None and one is not node), into)) or into.id
        return Outcome(node.line, "merged", "wrapper", rows=_rows(node, [], call_id=name), merged_into=name, nested=node.nested)

    def _call(self, node: Node) -> Iterator[Outcome]:
        call = node.call or {}
        call["parent_span_id"] = self.parent_of(node)
        self._inherit(node, call)
        if node.silent:
            call |= next((above.error for above in self.above(node) if above.error), {})
        call = {name: value for name, value in call.items() if value is not None}
        yield Outcome(node.line, "call", call=call, rows=_rows(node, []), issues=node.issues, nested=node.nested)
        for row in node.more:
            again = {name: value for name, value in call.items() if name not in (*TOKENS, "response_id", "call_id", "reported_usd")} | row
            yield Outcome(node.line, "call", call=again, nested=True)

    def _step(self, node: Node) -> Outcome:
        span = node.span
        if span is not None:
            span = {name: value for name, value in (span | {"parent_span_id": self.parent_of(node)}).items() if value is not None}
        rows = _rows(node, [span] if span else [])
        return Outcome(node.line, "other" if rows else "skipped", "" if rows else "span", rows=rows, issues=node.issues, nested=node.nested)

    def parent_of(self, node: Node) -> str | None:
        """The span around it, wrappers that were merged away passed over."""
        parent = node.parent
        for _ in range(DEEPEST):
            if parent is None or parent not in self.moved:
                return parent
            parent = self.moved[parent]
        return parent

    def _inherit(self, node: Node, call: Row) -> None:
        """Labels of its own first, then of the nearest span around it that states one."""
        call.update({name: value for name, value in node.labels.items() if call.get(name) is None})
        for above in self.above(node):
            for name in INHERITED:
                if name != "feature_basis" and call.get(name) is None and above.labels.get(name) is not None:
                    call[name] = above.labels[name]
                    if name == "feature":
                        basis = above.labels.get("feature_basis")
                        call["feature_basis"] = basis if basis in ("config", "tags") else "trace"


def complete(call: Row, outer: Row) -> None:
    """Fill what a call lacks from the wrapper that logged it too. Counts only where they are of the same call: none told, or both sums equal."""
    same = all(call.get(name) is None or outer.get(name) is None or call[name] == outer[name] for name in USAGE)
    if not tells_usage(call) and tells_usage(outer):
        call.pop("usage_status", None)
    for name, value in outer.items():
        if call.get(name) is None and value is not None and (same or name not in (*TOKENS, "reported_usd")) and name not in (*ERROR, "call_id", "span_id"):
            call[name] = value
    if call.get("status") in (None, "unknown") and outer.get("status") is not None:
        call.update({name: outer[name] for name in ERROR if outer.get(name) is not None})


def _rows(node: Node, spans: list[Row], **also: Any) -> dict[str, list[Row]]:
    rows = {"spans": spans, "feedback": [row | also for row in node.feedback], **node.others}
    return {table: found for table, found in rows.items() if found}


class Forest(Generic[T]):
    """Items in, outcomes out, trace by trace; `nodes` reduces what was kept of a trace to its nodes.

    Of a trace that had to make room the ids above its calls are remembered, so that a roll-up that comes late is known as one.
    """

    def __init__(self, nodes: Callable[[list[T]], Iterable[Node]], limit: int = MOST_WAITING) -> None:
        self._nodes = nodes
        self._traces: Traces[T] = Traces(limit)
        self._rollups: OrderedDict[str, None] = OrderedDict()

    def add(self, trace: str, item: T) -> Iterator[Outcome]:
        """Keep an item of that trace; yields what became of traces that had to make room."""
        for group in self._traces.add(trace, item):
            tree = Tree(self._nodes(group), self._rollups)
            yield from tree.outcomes()
            for name in tree.rollups():
                self._rollups[name] = None
            while len(self._rollups) > MOST_ROLLUPS:
                self._rollups.popitem(last=False)

    def rest(self) -> Iterator[Outcome]:
        """What became of all that waits."""
        for group in self._traces.rest():
            yield from Tree(self._nodes(group), self._rollups).outcomes()
