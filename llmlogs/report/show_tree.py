"""One call or one trace as a tree: what ran inside what, when, how long, with which tokens and money. Never a text of the log's prompts or answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import orjson

from llmlogs.errors import UsageError
from llmlogs.report.clean import text
from llmlogs.text import clip, fit, show, width

CALLS = """
select call_id, span_id, parent_span_id, coalesce(operation, 'call'), coalesce(response_model, request_model), started_at, duration_ms, status, error_class,
       input_tokens, output_tokens, cost_usd, cost_status, trace_id
from calls where {where} order by started_at nulls last, call_id
"""
SPANS = """
select span_id, parent_span_id, call_id, coalesce(kind, 'span'), name, started_at, duration_ms, status, error_class
from spans where {where} order by started_at nulls last, span_id
"""
ATTEMPTS = """
select call_id, attempt, coalesce(provider || ' / ' || model, model, provider), started_at, duration_ms, status_code, error_class
from attempts where call_id in (select unnest($1)) order by call_id, attempt
"""
DEEPEST = 60  # a chain of parents longer than this is a broken log, not a trace


@dataclass
class Node:
    """One step. Times are UTC, durations ms, money USD; None is not recorded."""

    kind: str  # trace, call kind (chat, embeddings ...), span kind, attempt
    id: str
    name: str
    started_at: datetime | None = None
    duration_ms: float | None = None
    status: str = ""
    error_class: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    cost_status: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime | None:
        return self.started_at + timedelta(milliseconds=self.duration_ms) if self.started_at and self.duration_ms is not None else self.started_at


def find(con: duckdb.DuckDBPyConnection, wanted: str) -> Node:
    """The tree of the call or trace of that id. UsageError when the database has neither."""
    calls = _rows(con, CALLS, "call_id = $1", [wanted])
    if calls:
        nodes = _nodes(con, calls, _rows(con, SPANS, "call_id = $1", [wanted]))
        return nodes[0] if [node.id for node in nodes] == [wanted] else _root("call", wanted, nodes)
    calls, spans = _rows(con, CALLS, "trace_id = $1", [wanted]), _rows(con, SPANS, "trace_id = $1", [wanted])
    if calls or spans:
        return _root("trace", wanted, _nodes(con, calls, spans))
    raise UsageError("no call and no trace has this id", text(clip(wanted, 80)), next_step='llmlogs sql "select call_id, trace_id from calls limit 10"')


def as_json(node: Node) -> str:
    """The tree as JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(node, default=float, option=options).decode("utf-8")


def as_lines(node: Node, total_width: int = 120) -> list[str]:
    """The tree for a terminal: labels, a bar that shows when, and the numbers; numbers are never cut."""
    cells = 24 if total_width >= 130 else 12
    rows = [(prefix + _label(step), _bar(step, node, cells), *_numbers(step, node)) for prefix, step in _walk(node)]
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    rest = sum(widths[1:]) + 2 * (len(widths) - 1)
    widths[0] = min(widths[0], max(total_width - rest, 24))
    right = (False, False, True, True, True, True, False)
    return ["  ".join(fit(cell, w, right=r) for cell, w, r in zip(row, widths, right, strict=True)).rstrip() for row in rows]


# --- from rows to a tree ---------------------------------------------------------------------------------------------------------------


def _rows(con: duckdb.DuckDBPyConnection, sql: str, where: str, values: list[Any]) -> list[tuple[Any, ...]]:
    return con.execute(sql.format(where=where), values).fetchall()


def _nodes(con: duckdb.DuckDBPyConnection, calls: list[tuple[Any, ...]], spans: list[tuple[Any, ...]]) -> list[Node]:
    """Every call and span under its parent; what has no known parent stands at the top."""
    by_call = {row[0]: _call(row) for row in calls}
    steps: list[Step] = [(row[1], row[2], by_call[row[0]], None) for row in calls]
    steps += [(row[0], row[1], _span(row), by_call.get(row[2] or "")) for row in spans]
    tops = _hang(steps)
    for row in con.execute(ATTEMPTS, [list(by_call)]).fetchall():
        by_call[row[0]].children.append(_attempt(row))
    return _settled(tops)


Step = tuple[str | None, str | None, Node, Node | None]  # span id, parent's span id, the node, the call it belongs to


def _hang(steps: list[Step]) -> list[Node]:
    """Hang every node under its parent span, else under its call; the rest are tops. A log whose spans are their own ancestors must not hang us."""
    by_span = {span: node for span, _, node, _ in steps if span}
    above_of: dict[int, Node] = {}
    tops = []
    for _, parent, node, call in steps:
        above = by_span.get(parent or "") or call
        if above is None or _is_under(above, node, above_of):
            tops.append(node)
        else:
            above.children.append(node)
            above_of[id(node)] = above
    return tops


def _is_under(node: Node, root: Node, above_of: dict[int, Node]) -> bool:
    """Whether `node` is `root` or stands below it."""
    at: Node | None = node
    while at is not None and at is not root:
        at = above_of.get(id(at))
    return at is root


def _settled(tops: list[Node]) -> list[Node]:
    """Children in the order of time, and nothing deeper than DEEPEST: what is, stands beside its parent, so that no renderer has to give up."""
    level = tops
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.children]
    for node in level:
        below = list(node.children)
        for deeper in below:  # grows while it is walked
            below.extend(deeper.children)
            deeper.children = []
        node.children = below
    stack = list(tops)
    while stack:
        node = stack.pop()
        node.children.sort(key=_order)
        stack.extend(node.children)
    return sorted(tops, key=_order)


def _order(node: Node) -> tuple[bool, datetime, str]:
    return node.started_at is None, node.started_at or datetime.min, node.id


def _call(row: tuple[Any, ...]) -> Node:
    call_id, _, _, kind, model, started, duration, status, error, tokens_in, tokens_out, cost, cost_status, _ = row
    return Node(
        text(kind), call_id, text(model or ""), started, duration, text(status or ""), text(error or ""), tokens_in, tokens_out, cost, text(cost_status or "")
    )


def _span(row: tuple[Any, ...]) -> Node:
    span_id, _, _, kind, name, started, duration, status, error = row
    return Node(text(kind), span_id or "", text(name or ""), started, duration, text(status or ""), text(error or ""))


def _attempt(row: tuple[Any, ...]) -> Node:
    call_id, number, name, started, duration, code, error = row
    status = "ok" if code is not None and code < 400 else str(code or "")
    return Node("attempt", f"{call_id}#{number}", text(name or ""), started, duration, status, text(error or ""))


def _root(kind: str, wanted: str, children: list[Node]) -> Node:
    """The whole: from the first start to the last end, tokens and money of every call in it."""
    every = [node for child in children for _, node in _walk(child)]
    starts, ends = [n.started_at for n in every if n.started_at], [n.ended_at for n in every if n.ended_at]
    wait = (max(ends) - min(starts)) / timedelta(milliseconds=1) if starts else None
    costs = [n.cost_usd for n in every if n.cost_usd is not None]
    return Node(
        kind,
        wanted,
        "",
        min(starts, default=None),
        wait,
        input_tokens=_sum([n.input_tokens for n in every]),
        output_tokens=_sum([n.output_tokens for n in every]),
        cost_usd=sum(costs, Decimal(0)) if costs else None,
        children=children,
    )


def _sum(values: list[int | None]) -> int | None:
    known = [v for v in values if v is not None]
    return sum(known) if known else None


# --- from a tree to lines --------------------------------------------------------------------------------------------------------------


def _walk(node: Node, prefix: str = "", mark: str = "") -> Iterator[tuple[str, Node]]:
    """Every node with the branches that lead to it."""
    yield prefix + mark, node
    below = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[mark]
    for n, child in enumerate(node.children):
        yield from _walk(child, below, "└─ " if n == len(node.children) - 1 else "├─ ")


def _label(node: Node) -> str:
    name = node.id if node.kind in ("trace", "call") and not node.name else node.name
    return f"{node.kind} {name}".strip()


def _bar(node: Node, root: Node, cells: int) -> str:
    """Where in the whole it ran."""
    if not (node.started_at and root.started_at and root.duration_ms):
        return " " * cells
    begin = (node.started_at - root.started_at) / timedelta(milliseconds=1) / root.duration_ms
    size = max(round((node.duration_ms or 0) / root.duration_ms * cells), 1)
    start = min(max(round(begin * cells), 0), cells - 1)
    return ("·" * start + "█" * min(size, cells - start)).ljust(cells, "·")


def _numbers(node: Node, root: Node) -> tuple[str, str, str, str, str]:
    offset = (node.started_at - root.started_at) / timedelta(milliseconds=1) if node.started_at and root.started_at else None
    asked = node.input_tokens is not None or node.output_tokens is not None
    tokens = f"{show(node.input_tokens, 'tok')} in, {show(node.output_tokens, 'tok')} out" if asked else ""
    status = " ".join(dict.fromkeys(word for word in (node.status, node.error_class) if word))
    cost = show(node.cost_usd, "usd") if node.cost_usd is not None else node.cost_status
    return f"+{show(offset, 'ms')}" if offset is not None else "", show(node.duration_ms, "ms"), tokens, cost, status
