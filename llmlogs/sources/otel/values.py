"""Values as the many writers of OpenTelemetry data put them: ids, times, numbers and AnyValues, each into one plain form."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from llmlogs.sources.common.times import EPOCH, to_utc

HEX = {32, 16}
DEEPEST = 8
MOST_ITEMS = 1000
NOTHING = frozenset({"0" * 32, "0" * 16, ""})


def identity(value: Any) -> str:
    """A trace or span id as lower-case hex; "" for none. Base64, 0x-hex, bytes of a Buffer dump and numbers are known by their form."""
    if type(value) is str:
        size = len(value)
        text = value.lower() if size in HEX else _odd_text(value, size) if size else ""
        return "" if text in NOTHING else text
    if isinstance(value, dict):
        value = value.get("data") if "data" in value else list(value.values())
    if isinstance(value, list) and 0 < len(value) <= 16 and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        return _none_if_zero(bytes(value).hex())
    return f"{value:016x}" if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 128 else ""


def _odd_text(value: str, size: int) -> str:
    if value.startswith(("0x", "0X")):
        return value[2:].lower()
    if size in (24, 12, 22, 11):
        try:
            return base64.b64decode(value + "=" * (-size % 4), altchars=b"-_" if "-" in value or "_" in value else None, validate=True).hex()
        except (binascii.Error, ValueError):
            return value
    return value[:100]


def _none_if_zero(text: str) -> str:
    return "" if text in NOTHING else text


def nanos(value: Any) -> int | None:
    """An instant in nanoseconds: the OTLP number or its text, `[seconds, nanos]`, a protobuf.js long, or any notation of a time."""
    if type(value) is str and value.isdigit() and len(value) < 20:
        number = int(value)
    elif type(value) is int:
        number = value
    elif isinstance(value, dict) and "low" in value:
        number = long(value) or 0
    else:
        moment = to_utc(value) if value is not None else None
        return None if moment is None else _micros(moment) * 1000
    if number > 10**17:
        return number if number < 1 << 62 else None
    moment = to_utc(number)
    return None if moment is None else _micros(moment) * 1000


def _micros(moment: Any) -> int:
    passed = moment - EPOCH
    return int((passed.days * 86400 + passed.seconds) * 10**6 + passed.microseconds)


def long(value: Any) -> int | None:
    """A 64-bit number as protobuf.js dumps it: `{low, high, unsigned}`."""
    low, high = value.get("low"), value.get("high", 0)
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    number = (high << 32) + (low & 0xFFFFFFFF)
    return number if value.get("unsigned") or number < 1 << 63 else number - (1 << 64)


def plain(value: Any, deep: int = 0) -> Any:
    """An AnyValue as a plain one; None where no branch is set. What is no AnyValue stays as it is."""
    if not isinstance(value, dict):
        return value
    for branch, inner in value.items():
        if inner is None:
            continue
        if branch in SCALARS:
            return inner
        if branch in INTEGERS:
            return _whole(inner)
        if branch in LISTS:
            return _items(inner, deep)
        if branch in MAPS:
            return _members(inner, deep)
        if branch in ("bytesValue", "bytes_value", "value", "Value", "case", "$case"):
            return _odd_branch(value, branch, inner, deep)
        return value
    return None


SCALARS = frozenset({"stringValue", "string_value", "boolValue", "bool_value"})
INTEGERS = frozenset({"intValue", "int_value", "doubleValue", "double_value"})
LISTS = frozenset({"arrayValue", "array_value"})
MAPS = frozenset({"kvlistValue", "kvlist_value"})


def _whole(inner: Any) -> Any:
    if isinstance(inner, dict):
        return long(inner)
    return inner


def _items(inner: Any, deep: int) -> list[Any] | None:
    values = inner.get("values") if isinstance(inner, dict) else inner
    return [plain(item, deep + 1) for item in values[:MOST_ITEMS]] if isinstance(values, list) and deep < DEEPEST else None


def _members(inner: Any, deep: int) -> dict[str, Any] | None:
    values = inner.get("values") if isinstance(inner, dict) else inner
    if not isinstance(values, list) or deep >= DEEPEST:
        return None
    pairs = [item for item in values[:MOST_ITEMS] if isinstance(item, dict)]
    return {str(item.get("key")): plain(item.get("value"), deep + 1) for item in pairs}


def _odd_branch(value: dict[str, Any], branch: str, inner: Any, deep: int) -> Any:
    """`{value: {case, value}}` of protobuf-es, Go's `{Value: {StringValue}}`; raw bytes say nothing here."""
    if branch in ("bytesValue", "bytes_value"):
        return None
    if branch in ("case", "$case"):
        return plain({str(inner): value.get("value", value.get(str(inner)))}, deep + 1) if deep < DEEPEST else None
    if isinstance(inner, dict) and deep < DEEPEST:
        return plain({name[:1].lower() + name[1:]: item for name, item in inner.items()}, deep + 1)
    return inner if branch != "Value" else None


def short(value: Any) -> str | None:
    """A label: a short text or number, nothing else. Langfuse writes texts in quotes of JSON."""
    if type(value) is not str:
        if value is None or isinstance(value, bool) or not isinstance(value, (str, int)):
            return None
        value = str(value)
    text = value.strip()
    if text[:1] == '"' and len(text) > 2 and text[-1] == '"':
        text = text[1:-1]
    return text[:200] or None


def number(value: Any) -> float | None:
    """A number, also as text."""
    try:
        return float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except ValueError:
        return None
