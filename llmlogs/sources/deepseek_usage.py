"""DeepSeek's monthly export: `amount-*.csv` (one row for a day or hour, model, key and kind of count) and `cost-*.csv` (money), often in one zip.

Traps: the amount file is long: tokens by kind and requests stand in rows of their own; cache hits and misses add up to the input. `price` is for one
unit in the account's currency, which only the cost file names. Files begin with a byte-order mark and end lines with CRLF.
"""

from __future__ import annotations

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.common.buckets import DAY, NO_TIME, Bucket, end_of, text
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

KINDS = {
    "input_cache_hit_tokens": "cache_read", "prompt_cache_hit_tokens": "cache_read", "input_cache_miss_tokens": "input",
    "prompt_cache_miss_tokens": "input", "input_tokens": "input", "output_tokens": "output", "completion_tokens": "output",
}  # fmt: skip
LONG = frozenset({"model", "type", "price", "amount"})
COST = frozenset({"model", "cost", "currency"})
TIMES = ("start_time_iso", "utc_date")


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One count, or one sum of money."""
    start = next((at for at in (to_utc(row.get(name)) for name in TIMES) if at), None)
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    names = {
        "provider": "deepseek", "bucket_start": start, "bucket_end": end_of(start, to_utc(row.get("end_time_iso")), DAY), "model": text(row.get("model")),
        "api_key": text(row.get("api_key")) or text(row.get("api_key_name")), "user_id": text(row.get("user_id")),
    }  # fmt: skip
    if "cost" in row:
        bucket = Bucket("deepseek.cost", names, context, text(row.get("wallet_type")))
        bucket.money({"amount_usd": row["cost"]}, row.get("currency"))
        return bucket.outcome(line, nested)
    bucket = Bucket("deepseek.amount", names, context)
    kind = text(row.get("type")) or ""
    if kind in KINDS:
        bucket.tokens({KINDS[kind]: row.get("amount")})
    elif kind == "request_count":
        bucket.requests(row.get("amount"))
    else:
        bucket.quantity(row.get("amount"), kind or "unknown")
    return bucket.outcome(line, nested, "nothing was counted")


SOURCE = RowReport(
    "deepseek_usage",
    "DeepSeek usage export (amount and cost CSV)",
    "https://platform.deepseek.com/usage",
    "cache misses, cache hits and output stand in rows of their own and add up",
    tuple(sign | {time} for sign in (LONG, COST) for time in TIMES),
    read_row,
    (
        Sample(
            '{"user_id": "u", "utc_date": "2026-01-05", "model": "deepseek-chat", "api_key_name": "k", "type": "output_tokens", "price": "0.000002",'
            ' "amount": "120"}',
            (),
            "one count",
            {"other": 1},
        ),
    ),
)
