"""The JSON Schema of the own call log, made from the contract. The file beside this one is its output; a test fails when it is stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmlogs.schema.calls import CALLS
from llmlogs.schema.contract import Column
from llmlogs.sources.llmlogs_log import ALONE, CALL_COLUMNS, MARK, NESTED, OURS, TABLES

FILE = Path(__file__).with_name("llmlogs_log.schema.json")
TYPES: dict[str, Any] = {
    "VARCHAR": {"type": ["string", "null"]},
    "BIGINT": {"type": ["integer", "null"]},
    "INTEGER": {"type": ["integer", "null"]},
    "DOUBLE": {"type": ["number", "null"]},
    "BOOLEAN": {"type": ["boolean", "null"]},
    "DECIMAL(18,12)": {"type": ["number", "string", "null"]},
    "TIMESTAMP": {"type": ["string", "number", "null"], "description": "ISO 8601 or epoch (s, ms, µs or ns)"},
}
TAGS = {"type": ["object", "array", "null"], "description": "further labels, short scalars only"}


def schema() -> dict[str, Any]:
    """The schema of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"llmlogs call log ({MARK}), one JSON object a line",
        "$defs": {"call": _call(), **{name: _table(name) for name in TABLES}},
        "oneOf": [{"$ref": "#/$defs/call"}, *({"allOf": [{"$ref": f"#/$defs/{table}"}, _type(kind)]} for kind, table in ALONE.items())],
    }


def _call() -> dict[str, Any]:
    columns = {c.name: _column(c) for c in CALLS.columns if c.name in CALL_COLUMNS} | {"tags": TAGS}
    nested = {name: {"type": ["array", "null"], "items": {"$ref": f"#/$defs/{name}"}} for name in NESTED}
    named = {"timestamp": columns["started_at"], "model": columns["request_model"]}
    return {
        "type": "object",
        "properties": {"format": {"const": MARK}, "type": {"const": "call"}, **named, **columns, **nested},
        "allOf": [
            {"anyOf": [{"required": ["timestamp"]}, {"required": ["started_at"]}, {"required": ["ended_at"]}]},
            {"anyOf": [{"required": ["model"]}, {"required": ["request_model"]}, {"required": ["response_model"]}]},
        ],
    }


def _table(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {c.name: _column(c) for c in TABLES[name].columns if c.name not in OURS - {"source"}}}


def _column(column: Column) -> dict[str, Any]:
    kind = TYPES[column.type]
    about = f"{column.comment}; {kind['description']}" if "description" in kind else column.comment
    return {**kind, "description": about}


def _type(kind: str) -> dict[str, Any]:
    return {"properties": {"type": {"const": kind}}, "required": ["type"]}


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
