"""Rows of the console's two CSV exports: tokens (models by id) and cost (models as people call them, one row for each kind of token)."""

from __future__ import annotations

from llmlogs.sources.anthropic_bills.reports import TOKEN_TYPES, WEB_SEARCHES, end, region, tier, window
from llmlogs.sources.base import Context, Outcome, Row
from llmlogs.sources.common.buckets import NO_TIME, Bucket, text
from llmlogs.sources.common.meters import claude
from llmlogs.sources.common.times import to_utc

TOKENS = {
    "input": "usage_input_tokens_no_cache",
    "cache_read": "usage_input_tokens_cache_read",
    "cache_write_5m": "usage_input_tokens_cache_write_5m",
    "cache_write_1h": "usage_input_tokens_cache_write_1h",
    "output": "usage_output_tokens",
}
COST_KINDS = {
    "input_no_cache": "input", "input_cache_read": "cache_read", "input_cache_write_5m": "cache_write_5m", "input_cache_write_1h": "cache_write_1h",
    "input_cache_write": "cache_write", "output": "output",
}  # fmt: skip


def kind_of(columns: set[str]) -> str:
    """`tokens`, `cost`, or nothing."""
    if not {"usage_date_utc", "workspace", "api_key"} <= columns:
        return ""
    return "tokens" if "model_version" in columns else "cost" if "cost_usd" in columns else ""


def read(line: int, row: Row, context: Context) -> Outcome:
    """One row of either export."""
    start, when = to_utc(row.get("usage_date_utc")), str(row.get("usage_date_utc") or "").strip()
    if start is None:
        return Outcome(line, "rejected", NO_TIME)
    names = {
        "provider": "anthropic", "bucket_start": start, "bucket_end": end(start, len(when) > 10), "api_key": text(row.get("api_key")),
        "project": text(row.get("workspace")), "context_window": window(row.get("context_window")), "region": region(row.get("inference_geo")),
        "service_tier": tier(_usage_type(row), row.get("speed")),
    }  # fmt: skip
    bucket = _cost(names, row, context) if "cost_usd" in row else _tokens(names, row, context)
    return bucket.outcome(line, False)


def _usage_type(row: Row) -> str | None:
    """The cost export says `message` where the tokens export says `standard`."""
    shown = text(row.get("usage_type"))
    return "standard" if shown == "message" else shown


def _tokens(names: Row, row: Row, context: Context) -> Bucket:
    bucket = Bucket("anthropic.console.tokens", {**names, "model": text(row.get("model_version"))}, context)
    bucket.tokens({kind: row.get(column) for kind, column in TOKENS.items()})
    bucket.quantity(row.get("web_search_count"), WEB_SEARCHES)
    return bucket


def _cost(names: Row, row: Row, context: Context) -> Bucket:
    shown, kind = text(row.get("model")), text(row.get("token_type"))
    named = {"model": model_id(shown), "token_kind": COST_KINDS.get(kind or "") or TOKEN_TYPES.get(kind or "") or "other"}
    said = [shown, kind, None if (cost := text(row.get("cost_type"))) == "token" else cost]
    bucket = Bucket("anthropic.console.cost", {**names, **named, "description": ", ".join(filter(None, said)) or None}, context)
    bucket.money({"amount_usd": row.get("cost_usd"), "list_usd": row.get("list_price_usd")})
    return bucket


def model_id(shown: str | None) -> str | None:
    """`Claude Opus 4.6` is claude-opus-4-6; what is an id already, or no Claude, stays."""
    return claude(shown) or shown if shown and " " in shown else shown
