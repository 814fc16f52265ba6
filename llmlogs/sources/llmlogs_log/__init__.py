"""llmlogs' own call log: one JSON object a line, keys are names of `calls` columns; a beginner's log with everyday names is read too.

    {"format": "llmlogs/1", "timestamp": "2026-11-22T10:00:00Z", "model": "gpt-5-mini", "duration_ms": 812, "input_tokens": 400}

Only a time and a model are required. Nested `spans`, `attempts`, `rate_limits`, `feedback` and `tags` belong to the call; lines with
`"type": "span" | "attempt" | "rate_limit" | "feedback" | "event"` stand alone. The JSON Schema (llmlogs_log.schema.json)
lies beside this file; schema.py makes it from the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.schema.calls import CALLS
from llmlogs.schema.contract import Table
from llmlogs.schema.others import ATTEMPTS, EVENTS, FEEDBACK, RATE_LIMITS, SPANS
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common import aliases
from llmlogs.sources.declared.read import NO_ANCHOR, as_text, kind_of, name_error
from llmlogs.sources.llmlogs_log.derive import derive, derive_times
from llmlogs.sources.llmlogs_log.values import NAMED, UNREADABLE, convert, extra, same_word, tags, text_columns

MARK = "llmlogs/1"
OURS = {"source", "ingest_id", "file_id", "line", "cost_usd", "list_usd", "cost_status", "rate_id"}  # llmlogs' own to fill
NESTED: dict[str, Table] = {"spans": SPANS, "attempts": ATTEMPTS, "rate_limits": RATE_LIMITS, "feedback": FEEDBACK}
ALONE = {"span": "spans", "attempt": "attempts", "rate_limit": "rate_limits", "feedback": "feedback", "event": "events"}
TABLES = NESTED | {"events": EVENTS}
KEYED_EVENTS = ("source_update", "cache_invalidation")
CALL_COLUMNS = {c.name: c.type for c in CALLS.columns if c.name not in OURS}
MODELS = {"request_model", "response_model"}
Issue = tuple[str, str, str]


class LlmlogsLog:
    """The source of llmlogs' own call log."""

    name = "llmlogs"
    title = "llmlogs' own call log (JSON Lines or CSV), and simple home-made logs with everyday column names"
    docs = "README.md"
    tokens = "input_tokens includes cache reads and writes, output_tokens includes reasoning"
    answers: tuple[str, ...] = ()
    samples = (
        Sample(
            '{"format": "llmlogs/1", "timestamp": "2026-11-22T10:00:00Z", "model": "gpt-5-mini", "duration_ms": 812, "input_tokens": 400, "status_code": 200}',
            ({"request_model": "gpt-5-mini", "duration_ms": 812.0, "input_tokens": 400, "status": "ok"},),
        ),
        Sample(
            '{"model": "m-1", "start": 1763805600, "end": 1763805602, "prompt_length": 40, "completion_length": 90, "success": false}',
            ({"request_model": "m-1", "duration_ms": 2000.0, "prompt_chars": 40, "completion_chars": 90, "status": "error"},),
            note="a beginner's log",
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """Certain with the format mark; likely when a time, a model and most other keys are known by their names."""
        records = [value for value in head.values if isinstance(value, dict) and value]
        if not records:
            return None
        marked = sum(record.get("format") == MARK or str(record.get("type")) in ALONE for record in records)
        if any(record.get("format") == MARK for record in records):
            return Detection(min(1.0, 0.9 + 0.1 * marked / len(records)), f'{marked} of {len(records)} records say "format": "{MARK}"')
        keys = {key for record in records for key in record}
        known = {key: column_of(key)[0] for key in keys}
        columns = set(known.values())
        share = sum(bool(column) for column in known.values()) / len(keys)
        if not MODELS & columns or not {"started_at", "ended_at"} & columns or share < 0.5:
            return None
        naming = sum(any(known[key] in MODELS and record[key] for key in record) for record in records)
        if naming * 2 < len(records):
            return None
        exact = sum(key in CALL_COLUMNS or key in ("timestamp", "model") for key in keys) / len(keys)
        return Detection(round(0.5 + 0.3 * exact, 2), f"a time, a model, and {share:.0%} of the keys have names llmlogs knows")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        for record in records:
            yield _outcome(record, context)


SOURCE = LlmlogsLog()


def column_of(key: str) -> tuple[str, str]:
    """The calls column a key of the log means, and the unit its name states. The contract's own names are never reinterpreted."""
    if key in CALL_COLUMNS:
        return key, ""
    column, unit, _ = aliases.match((key,))
    return column, unit


def _outcome(record: Record, context: Context) -> Outcome:
    value = record.value
    if not isinstance(value, dict):
        return Outcome(record.line, "rejected", "not an object")
    kind = str(value.get("type", "call"))
    if kind in ALONE:
        return _alone(record, ALONE[kind], context)
    if kind != "call" and value.get("format") == MARK:
        return Outcome(record.line, "rejected", "unknown type")
    issues: list[Issue] = []
    call = _call(value, issues, context)
    if not any(name in call for name in ("started_at", "ended_at", "request_model", "response_model")):
        return Outcome(record.line, "rejected", NO_ANCHOR)
    if value.get("format") != MARK and not MODELS & call.keys():
        return Outcome(record.line, "skipped", "names no model")  # a home-made log holds more than calls
    derive(call, issues)
    name_error(call)
    rows = {name: _rows(table, value[name], issues, context) for name, table in NESTED.items() if value.get(name)}
    for span in rows.get("spans", ()):
        span.setdefault("trace_id", call.get("trace_id"))
    return Outcome(record.line, "call", call=call, rows={name: found for name, found in rows.items() if found}, issues=issues)


def _call(value: Row, issues: list[Issue], context: Context) -> Row:
    call: Row = {}
    rest: Row = {}
    for key, item in value.items():
        if key in ("format", "type") or key in NESTED or item is None or item == "":
            continue
        column, unit = column_of(key)
        exact = key == column
        if key == "tags":
            call["tags"] = tags(item)
        elif key in NAMED:
            text_columns(call, key, item, context)
        elif not column or (column in call and not exact):
            rest[key] = item
        else:
            _put(call, column, unit if not exact else "ms", item, issues, context)
    if rest:
        call["extra"] = extra(rest, context.secret)
    return {name: item for name, item in call.items() if item is not None}


def _put(call: Row, column: str, unit: str, item: Any, issues: list[Issue], context: Context) -> None:
    found = convert(column, CALL_COLUMNS[column], item, unit, context)
    if found is UNREADABLE:
        issues.append((column, "no_unit" if column.endswith("_ms") and not unit else same_word(column, CALL_COLUMNS[column]), kind_of(item)))
    elif isinstance(found, dict):  # an error told as an object or as a status that is a number
        call.update({name: part for name, part in found.items() if part is not None and name not in call})
    else:
        call[column] = found


def _rows(table: Table, given: Any, issues: list[Issue], context: Context) -> list[Row]:
    entries = [entry for entry in (given if isinstance(given, list) else [given]) if isinstance(entry, dict)]
    return [row for row in (_row(table, entry, issues, context) for entry in entries) if row]


def _row(table: Table, entry: Row, issues: list[Issue], context: Context) -> Row:
    row: Row = {}
    types = {c.name: c.type for c in table.columns if c.name not in OURS - {"source"}}
    for key, item in entry.items():
        name = "at" if key in ("timestamp", "started_at") and "at" in types and "started_at" not in types else "started_at" if key == "timestamp" else key
        if name not in types or item is None or item == "":
            continue
        found = convert(name, types[name], item, "ms", context)
        if found is UNREADABLE:
            issues.append((f"{table.name}.{name}", same_word(name, types[name]), kind_of(item)))
        elif not isinstance(found, dict):
            row[name] = found
    if table is SPANS:
        derive_times(row, issues)
    if row.get("kind") in KEYED_EVENTS and "subject" in row:
        row["subject"] = keyed_hash(as_text(entry["subject"]), context.secret)  # as cache_key is, so that the two can meet
    return row


def _alone(record: Record, name: str, context: Context) -> Outcome:
    issues: list[Issue] = []
    row = _row(TABLES[name], record.value, issues, context)
    if not row:
        return Outcome(record.line, "rejected", f"a {name.rstrip('s')} without content")
    return Outcome(record.line, "other", rows={name: [row]}, issues=issues)
