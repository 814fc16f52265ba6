"""One JSON text into a value: strict first, then with named repairs for what real writers get wrong."""

from __future__ import annotations

import json
from typing import Any

import orjson

REPLACEMENT = "�"
BOM = b"\xef\xbb\xbf"


def parse(text: bytes) -> tuple[Any, str, str]:
    """(value, error, note): the value of an object, or why it is not one; a note when it had to be repaired."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as failure:
        return parse(text[3:]) if text.startswith(BOM) else _repair(text, str(failure))
    return _object(value, "")


def _object(value: Any, note: str) -> tuple[Any, str, str]:
    if isinstance(value, dict):
        return value, "", note
    return None, f"not an object: {_kind(value)}", ""


def _kind(value: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")


def _repair(text: bytes, failure: str) -> tuple[Any, str, str]:
    """NaN and infinities read as null, text that is no UTF-8 or half an emoji as replacement characters; all else stays refused."""
    if b"\0" in text:
        return None, "NUL byte", ""
    if "recursion" in failure or "depth" in failure:
        return None, "nested too deeply", ""
    notes: list[str] = []
    try:
        value = json.loads(_decode(text, notes), parse_constant=lambda _: notes.append("not_a_number"), parse_float=lambda x: _float(x, notes))
    except RecursionError:
        return None, "nested too deeply", ""
    except ValueError:
        return None, _reason(text, failure), ""
    value, broken_key = _well_formed(value, notes)
    if broken_key:
        return None, "invalid UTF-8 in a key", ""
    return _object(value, notes[0] if notes else "")


def _decode(text: bytes, notes: list[str]) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        notes.append("encoding")
        return text.decode("utf-8", "replace")


def _float(text: str, notes: list[str]) -> float | None:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        notes.append("not_a_number")
        return None
    return number


def _well_formed(value: Any, notes: list[str]) -> tuple[Any, bool]:
    """The value with lone surrogates replaced, and whether a key was damaged: a damaged key would hide a field."""
    try:
        clean = orjson.loads(orjson.dumps(value))
    except TypeError:
        notes.append("encoding")
        clean = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return clean, "encoding" in notes and _damaged_key(clean)


def _damaged_key(value: Any) -> bool:
    if isinstance(value, dict):
        return any(REPLACEMENT in key or _damaged_key(item) for key, item in value.items())
    return isinstance(value, list) and any(_damaged_key(item) for item in value)


def _reason(text: bytes, failure: str) -> str:
    """The parser's words without its line and column, which are of this line alone."""
    body = text.lstrip()
    if body[:1] not in b'{["-0123456789tfn' or not body:
        return "not JSON"
    try:
        _, end = json.JSONDecoder().raw_decode(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return f"invalid JSON: {failure.split(':', maxsplit=1)[0]}"
    return "two values on a line" if end else "not JSON"
