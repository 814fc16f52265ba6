"""Single values of the own call log: each becomes what its column stores, or is said to be unreadable. Texts become lengths and keyed hashes."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Row
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.declared.read import as_text
from llmlogs.sources.declared.row import REASONS
from llmlogs.sources.declared.sql import BY_TYPE, HASHED, SAID

UNREADABLE = object()
PROMPT = {"prompt", "input", "messages", "question", "request", "query", "prompt_text", "user_message"}
COMPLETION = {"response", "completion", "output", "answer", "completion_text", "response_text", "reply", "result_text", "text", "content"}
NAMED = PROMPT | COMPLETION
TO_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
LONGEST_LABEL = 200
TRUE, FALSE = {"true", "t", "1", "yes", "y"}, {"false", "f", "0", "no", "n"}


def convert(column: str, kind: str, item: Any, unit: str, context: Context) -> Any:
    """The value as the column stores it, UNREADABLE, or a dict of several columns (an error object, a status that is a code)."""
    if kind == "TIMESTAMP":
        return to_utc(item, context.timezone) or UNREADABLE
    if kind in ("BIGINT", "INTEGER", "DOUBLE"):
        return _number(column, kind, item, unit)
    if kind.startswith("DECIMAL"):
        return _money(item)
    if kind == "BOOLEAN":
        return _bool(item)
    if (column in ("error_template", "error_type") and isinstance(item, (dict, list))) or column == "error_template":
        return _error(item)
    return _word(column, item, context)


def same_word(column: str, kind: str) -> str:
    """The reason an issue gives for a value of that column."""
    return "unknown_word" if column in SAID else REASONS[BY_TYPE.get(kind, "text")]


def _number(column: str, kind: str, item: Any, unit: str) -> Any:
    if isinstance(item, bool) or not isinstance(item, (int, float, str)) or (column.endswith("_ms") and not unit):
        return UNREADABLE
    try:
        value = float(item)
    except (ValueError, OverflowError):
        return UNREADABLE
    if not math.isfinite(value) or (kind != "DOUBLE" and (value != int(value) or abs(value) >= 2**63)):
        return UNREADABLE
    if kind != "DOUBLE":
        return int(item) if isinstance(item, int) else int(value)
    return value * TO_MS[unit] if column.endswith("_ms") else value


def _money(item: Any) -> Any:
    if isinstance(item, bool) or not isinstance(item, (int, float, str)):
        return UNREADABLE
    try:
        value = Decimal(str(item))
    except InvalidOperation:
        return UNREADABLE
    return value if value.is_finite() and abs(value) < 10**6 else UNREADABLE


def _bool(item: Any) -> Any:
    word = as_text(item).strip().lower()
    return True if word in TRUE else False if word in FALSE else UNREADABLE


def _error(item: Any) -> Any:
    """Columns of an error told as a text or an object; `false`, `0` and `none` tell that there was none."""
    if item in (False, 0) or (isinstance(item, str) and item.strip().lower() in ("false", "0", "none", "null", "no")):
        return {}
    if item is True:
        return {"status": "error"}
    fault = fault_of(item)
    found = fault.columns(None)
    return {name: found[name] for name in ("error_type", "error_template", "error_class")} | {"status": "error"}


def _word(column: str, item: Any, context: Context) -> Any:
    if isinstance(item, (dict, list)):
        return orjson.dumps(item).decode() if column == "extra" else UNREADABLE
    text = as_text(item)
    if column in SAID:
        return _said(column, text)
    return keyed_hash(text, context.secret) if column in HASHED else text[:LONGEST_LABEL]


def _said(column: str, text: str) -> Any:
    low = text.strip().lower().replace(" ", "_")
    found = next((meaning for meaning, words in SAID[column].items() if low in words.split()), None)
    if found is None and column == "status" and low.isdigit() and 100 <= int(low) < 600:
        return {"status_code": int(low)}
    return found or UNREADABLE


def text_columns(call: Row, key: str, item: Any, context: Context) -> None:
    """A prompt or an answer leaves its length and, for a prompt, a keyed hash; the text itself where the user asked for it."""
    text = as_text(item)
    if context.store_text != "none":
        call.setdefault("prompt_text" if key in PROMPT else "completion_text", text)
    if key in PROMPT:
        call.setdefault("prompt_chars", len(text))
        call.setdefault("prompt_hash", keyed_hash(text, context.secret))
    else:
        call.setdefault("completion_chars", len(text))


def tags(item: Any) -> str | None:
    """Labels as a JSON object of short scalars; a list of `name:value` texts becomes one too."""
    if isinstance(item, list):
        pairs = (as_text(entry).partition(":") for entry in item[:50])
        item = {name: value or "true" for name, _, value in pairs}
    if not isinstance(item, dict):
        return None
    short = {str(key)[:64]: value for key, value in list(item.items())[:50] if not isinstance(value, (dict, list)) and len(as_text(value)) <= 64}
    return orjson.dumps(short).decode() if short else None


def extra(rest: Row, secret: bytes) -> str:
    """What has no column: numbers and booleans as they are, of a text its length and keyed hash, of a structure its type."""
    kept: Row = {}
    for key, item in list(rest.items())[:50]:
        if isinstance(item, (bool, int, float)):
            kept[str(key)[:64]] = item if not isinstance(item, int) or abs(item) < 2**63 else str(item)
        elif isinstance(item, str):
            kept[str(key)[:64]] = {"chars": len(item), "hash": keyed_hash(item, secret)}
    return orjson.dumps(kept).decode()
