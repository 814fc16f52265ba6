"""Rows of `usage_buckets` out of a provider's report: what names the bucket, what was counted in it, what it cost.

Calls are never made from a report: its rows are sums. A row holds one count: tokens of one kind, or a quantity, or the requests of the whole result.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Outcome, Row

Issue = tuple[str, str, str]
TABLE = "usage_buckets"
CENT = Decimal("0.01")
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NO_TIME = "a row of a report without a time"
ROUNDED = Decimal("0.01")  # what a count may be off a whole number because its unit is a thousand or a million
NO_NAMES = ("currency", "quantity_unit")  # words that name nothing: a newer version of a report may fill them where an older did not
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,6})?")


def number(value: Any) -> Decimal | None:
    """A finite number, also as a text (CSV, or a decimal kept exact); None for everything else. Zeros of any exponent are 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip()
    if isinstance(value, str) and not NUMBER.fullmatch(text):
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or found.adjusted() > 30:
        return None
    return Decimal(0) if not found or found.adjusted() < -30 else found


def count(value: Any, scale: int = 1) -> int | None:
    """A whole number of tokens, given in units of `scale`."""
    found = number(value)
    if found is None:
        return None
    whole = round(found * scale)
    return whole if abs(found * scale - whole) <= (ROUNDED if scale > 1 else 0) else None


def text(value: Any) -> str | None:
    """A label; None for nothing and for what is no label."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()[:300] or None


class Bucket:
    """One result of a report. `names` are the columns that name it; `apart` is what else tells it from others of the report and has no column.

    `whole`: this record says all there is of the bucket, so that the same bucket further down in the file is a newer copy of it. Otherwise several
    lines of a file may add up to one (ingest/replace.py).
    """

    def __init__(self, report: str, names: Row, context: Context, apart: Any = None, whole: bool = False) -> None:
        self.names = {"report": report, **{name: value for name, value in names.items() if value is not None}}
        key = self.names.pop("api_key", None)
        if key:
            self.names["api_key_hash"] = keyed_hash(str(key), context.secret)
        told = orjson.dumps([sorted((name, str(value)) for name, value in self.names.items()), apart], default=str, option=orjson.OPT_SORT_KEYS)
        self.names["bucket_id"] = ("r" if whole else "l") + hashlib.blake2b(told, digest_size=12).hexdigest()
        self.rows: list[Row] = []
        self.issues: list[Issue] = []

    def tokens(self, kinds: Mapping[str, Any]) -> None:
        """A row for each kind of token that is reported: 0 is a count, None is none."""
        for kind, value in kinds.items():
            self.add("tokens", value, token_kind=kind, kind="usage")

    def requests(self, value: Any) -> None:
        """The requests of the whole result."""
        self.add("requests", value, kind="usage")

    def quantity(self, value: Any, unit: str, **more: Any) -> None:
        """What is counted and is no token; nothing used is no row."""
        found = number(value)
        if found or (value is not None and found is None):
            self.add("quantity", value if found is None else float(found), unit=unit, kind="usage", **more)

    def money(self, amounts: Row, currency: Any = "USD", **more: Any) -> None:
        """A row that carries money; what is not in US dollars stands apart."""
        shown = (text(currency) or "USD").upper()
        row: Row = {"kind": "cost", **more}
        for name, value in amounts.items():
            found = number(value)
            if found is None and value not in (None, ""):
                self.issues.append((f"{TABLE}.{name}", "not_a_number", type(value).__name__))
            elif found is not None and (shown == "USD" or name == "amount_usd"):
                row[name if shown == "USD" else "amount"] = found
        if shown != "USD":
            row["currency"] = shown
        self.rows.append({**self.names, **{name: value for name, value in row.items() if value is not None}})

    def add(self, column: str, value: Any, **more: Any) -> None:
        """A row with one count; what is there and is no number is an issue."""
        if value is None or value == "":
            return
        found = count(value) if column in ("tokens", "requests") else value
        if found is None or isinstance(found, bool | str | list | dict):
            self.issues.append((f"{TABLE}.{column}", "not_a_number", type(value).__name__))
        else:
            self.rows.append({**self.names, **more, column: found})

    def outcome(self, line: int, nested: bool, empty: str = "bucket without usage") -> Outcome:
        """The record: `other`, or skipped when nothing was counted."""
        if not self.rows:
            return Outcome(line, "skipped", empty, issues=self.issues, nested=nested)
        return Outcome(line, "other", rows={TABLE: self.rows}, issues=self.issues, nested=nested)


def labels(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every field of a result that is a word and no amount: what it is grouped by, also what a newer version of the report added."""
    told = ((name, value) for name, value in result.items() if isinstance(value, str | bool) and name not in NO_NAMES and "amount" not in name)
    return sorted((str(name), str(value)) for name, value in told)


def end_of(start: datetime | None, end: datetime | None, width: timedelta | None) -> datetime | None:
    """The end of a bucket: as reported, else by its width."""
    return end or (start + width if start and width else None)


def results_of(value: Any) -> list[tuple[Row, Any]]:
    """(bucket, result) of a page (`data` holds buckets) or of a bucket (`results` holds results); an empty bucket comes once, with None."""
    if not isinstance(value, Mapping):
        return []
    data = value.get("data")
    buckets = [bucket for bucket in data if isinstance(bucket, dict)] if isinstance(data, list) else [dict(value)]
    return [(bucket, result) for bucket in buckets for result in (_list(bucket.get("results")) or [None])]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
