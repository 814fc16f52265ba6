"""Cursor's usage events as its dashboard exports them: one row for each request of a user, which is a sum over the model calls an agent made for it.

Traps: whether `Input (w/ Cache Write)` holds the written tokens alone or all uncached ones changed between exports: the row's own `Total Tokens` tells.
`Cost` is a number, or a word (`Included`, `Free`): no money then. An `Included` event with a number is worth it and is paid by the subscription.
"""

from __future__ import annotations

from typing import Any

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.common.buckets import NO_TIME, TABLE, Bucket, count, number, text
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

WRITTEN, FRESH, READ, OUTPUT, TOTAL = "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read", "Output Tokens", "Total Tokens"
UNPAID = ("included", "free", "no charge", "not charged", "aborted", "errored")
COSTS = ("Cost", "Cost ($)", "Cost (USD)")


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One event."""
    at = to_utc(row.get("Date"))
    if at is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    kind = text(row.get("Kind"))
    names = {
        "provider": "cursor", "bucket_start": at, "bucket_end": at, "model": text(row.get("Model")), "user_id": text(row.get("User")), "description": kind,
        "charge": "included" if any(word in (kind or "").lower() for word in UNPAID) else None,
        "service_tier": "max" if text(row.get("Max Mode")) == "Yes" else None,
    }  # fmt: skip
    bucket = Bucket("cursor.usage", names, context, [text(row.get("Cloud Agent ID")), text(row.get("Automation ID"))])
    bucket.tokens(_tokens(row, bucket))
    cost = next((row[name] for name in COSTS if row.get(name) is not None), None)
    shown = _plain(cost)
    if number(shown) is not None:
        bucket.money({"amount_usd": shown})
    elif isinstance(shown, str) and not bucket.names.get("charge"):
        bucket.issues.append((f"{TABLE}.amount_usd", "not_a_number", "string"))
    bucket.requests(row.get("Requests"))
    return bucket.outcome(line, nested)


def _plain(value: Any) -> Any:
    """`$1,200` without what is only there for the eye."""
    return value.strip().removeprefix("$").replace(",", "") if isinstance(value, str) else value


def _tokens(row: Row, bucket: Bucket) -> Row:
    """Kinds that add up to the row's total; what does not is an issue."""
    given = {name: _plain(row.get(name)) for name in (WRITTEN, FRESH, READ, OUTPUT, TOTAL)}
    written, fresh, read, output, total = (count(given[name]) for name in (WRITTEN, FRESH, READ, OUTPUT, TOTAL))
    kinds = {"input": given[FRESH], "cache_read": given[READ], "cache_write": given[WRITTEN], "output": given[OUTPUT]}
    if written is None or fresh is None or read is None or output is None:
        return kinds
    if total == written + fresh + read + output:
        return kinds
    if total == written + read + output and written >= fresh:
        return kinds | {"cache_write": written - fresh}
    if total is not None:
        bucket.issues.append((f"{TABLE}.tokens", "inconsistent", "number"))
    return kinds | {"cache_write": None} if total == fresh + read + output else kinds


SOURCE = RowReport(
    "cursor_usage",
    "Cursor usage events (dashboard export, CSV)",
    "https://docs.cursor.com/account/usage",
    "input without cache write, cache write, cache read and output add up to the total; which column holds the written ones is told by the total",
    (frozenset({"Date", "Model", FRESH, READ, OUTPUT}),),
    read_row,
    (
        Sample(
            '{"Date": "2026-01-05T10:00:00.000Z", "Kind": "Included", "Model": "auto", "Max Mode": "No", "Input (w/ Cache Write)": "100",'
            ' "Input (w/o Cache Write)": "5", "Cache Read": "50", "Output Tokens": "7", "Total Tokens": "162", "Cost": "Included"}',
            (),
            "an event",
            {"other": 1},
        ),
    ),
)
