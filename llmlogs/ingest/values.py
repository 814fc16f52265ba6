"""One value of a canonical row into the exact type of its column, or NULL and the reason. Nothing is wrapped, rounded or guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

Cleaned = tuple[Any, str]  # (value for the spool, reason it became NULL)

EPOCH = datetime(1970, 1, 1)  # the database stores UTC without a zone
LONGEST_TEXT = 4096
WHOLE = re.compile(r"[+-]?\d{1,30}(\.0*)?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def whole(value: Any, bits: int = 63) -> Cleaned:
    """BIGINT, or INTEGER with 31 bits. 12.0 and "12" are exact; 12.5, true and 2^63 are not."""
    if type(value) is int:  # nearly always
        return (value, "") if -(1 << bits) <= value < 1 << bits else (None, "out_of_range")
    if isinstance(value, bool):
        return None, "not_a_number"
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        value = int(value.strip().split(".")[0])
    if isinstance(value, float | Decimal) and _finite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int):
        return None, "not_a_number"
    return (value, "") if -(1 << bits) <= value < 1 << bits else (None, "out_of_range")


def _finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def integer(value: Any) -> Cleaned:
    """INTEGER."""
    return whole(value, 31)


def real(value: Any) -> Cleaned:
    """DOUBLE, finite."""
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None, "not_a_number"
    if isinstance(value, Decimal) and value.is_snan():
        return None, "not_a_number"
    try:
        number = float(value)
    except OverflowError:
        return None, "out_of_range"
    return (number, "") if math.isfinite(number) else (None, "not_a_number")


def money(value: Any, limit: int = 10**6) -> Cleaned:
    """DECIMAL(18,12) as text, so that no digit is lost on the way; a bill's line may be larger than a call."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None, "not_a_number"
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None, "not_a_number"
    if not number.is_finite():
        return None, "not_a_number"
    return (f"{number:f}", "") if abs(number) < limit - 1 else (None, "out_of_range")


def instant(value: Any) -> Cleaned:
    """TIMESTAMP in UTC: a datetime (naive = UTC) or epoch microseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            value = EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return None, "out_of_range"
    if not isinstance(value, datetime):
        return None, "not_a_time"
    if value.tzinfo:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.isoformat(), ""


def boolean(value: Any) -> Cleaned:
    """BOOLEAN."""
    if isinstance(value, bool):
        return value, ""
    words = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
    known = words.get(str(value).strip().lower())
    return (known, "") if known is not None else (None, "not_a_boolean")


def text(value: Any) -> Cleaned:
    """VARCHAR: valid UTF-8 without NUL; an empty text is NULL, a giant one is cut (ids and labels are short, prose is not stored here)."""
    if isinstance(value, dict | list):
        return None, "not_a_text"
    if not isinstance(value, str):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if "\0" in value:
        value = value.replace("\0", "")
    if len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT], "too_long"
    return (value, "") if value else (None, "")


CLEANERS: dict[str, Callable[[Any], Cleaned]] = {
    "BIGINT": whole,
    "INTEGER": integer,
    "DOUBLE": real,
    "TIMESTAMP": instant,
    "BOOLEAN": boolean,
    "VARCHAR": text,
    "DECIMAL(18,12)": money,
    "DECIMAL(28,12)": partial(money, limit=10**16),
}
