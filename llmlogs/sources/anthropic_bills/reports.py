"""Buckets of the Admin API's three reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from llmlogs.sources.base import Context, Outcome, Row
from llmlogs.sources.common.buckets import CENT, DAY, NO_TIME, Bucket, labels, number, text
from llmlogs.sources.common.times import to_utc

NOWHERE = ("not_available", "")
# token_type of the cost report -> kind; what is no token is `other`
TOKEN_TYPES = {
    "uncached_input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "cache_creation_input_tokens": "cache_write",
}


def result(line: int, bucket: Row, given: Any, nested: bool, context: Context) -> Outcome:
    """One result of a bucket of messages or of costs."""
    if given is None:
        return Outcome(line, "skipped", "bucket without usage", nested=nested)
    start = to_utc(bucket.get("starting_at"))
    if start is None or not isinstance(given, dict):
        return Outcome(line, "rejected", NO_TIME if start is None else "a result that is no object", nested=nested)
    names = {
        "provider": "anthropic", "bucket_start": start, "bucket_end": to_utc(bucket.get("ending_at")), "model": text(given.get("model")),
        "project": text(given.get("workspace_id")), "context_window": window(given.get("context_window")), "region": region(given.get("inference_geo")),
        "service_tier": tier(given.get("service_tier"), given.get("speed")),
    }  # fmt: skip
    found = _cost(names, given, context) if "amount" in given else _messages(names, given, context)
    return found.outcome(line, nested)


def _messages(names: Row, given: Row, context: Context) -> Bucket:
    names |= {"api_key": text(given.get("api_key_id")), "user_id": text(given.get("account_id")) or text(given.get("service_account_id"))}
    bucket = Bucket("anthropic.usage_report.messages", names, context, labels(given), whole=True)
    written = given.get("cache_creation")
    lives = written if isinstance(written, Mapping) else {"all": given.get("cache_creation_input_tokens")}
    bucket.tokens(
        {
            "input": given.get("uncached_input_tokens"), "cache_read": given.get("cache_read_input_tokens"), "cache_write": lives.get("all"),
            "cache_write_5m": lives.get("ephemeral_5m_input_tokens"), "cache_write_1h": lives.get("ephemeral_1h_input_tokens"),
            "output": given.get("output_tokens"),
        }
    )  # fmt: skip
    tools = given.get("server_tool_use")
    for name, value in tools.items() if isinstance(tools, Mapping) else ():
        bucket.quantity(value, WEB_SEARCHES if name == "web_search_requests" else str(name)[:60])
    return bucket


WEB_SEARCHES = "web_searches"


def _cost(names: Row, given: Row, context: Context) -> Bucket:
    kind = text(given.get("token_type"))
    described = text(given.get("description")) or text(given.get("cost_type"))
    names |= {"description": described, "token_kind": TOKEN_TYPES.get(kind or "", "other" if kind or given.get("cost_type") else None)}
    bucket = Bucket("anthropic.cost_report", names, context, labels(given), whole=True)
    bucket.money({"amount_usd": cents(given.get("amount")), "list_usd": cents(given.get("list_amount"))}, given.get("currency"))
    return bucket


def cents(value: Any) -> Any:
    """Dollars of an amount in cents; what is no number is left for the engine to name."""
    found = number(value)
    return found * CENT if found is not None else value


def claude_code(line: int, day: Row, nested: bool, context: Context) -> Outcome:
    """What one actor did with Claude Code on one day. The cost is an estimate at list price."""
    start, actor = to_utc(day.get("date")), day.get("actor")
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    who = actor if isinstance(actor, Mapping) else {}
    shown = ", ".join(filter(None, map(text, (day.get("customer_type"), day.get("terminal_type")))))
    names = {
        "provider": "anthropic", "bucket_start": start, "bucket_end": start + DAY, "user_id": text(who.get("email_address")),
        "api_key": text(who.get("api_key_name")), "description": shown or None,
    }  # fmt: skip
    rows: list[Row] = []
    issues: list[tuple[str, str, str]] = []
    breakdown = day.get("model_breakdown")
    for model in breakdown if isinstance(breakdown, list) else ():
        found = _model(names, model if isinstance(model, Mapping) else {}, context)
        rows += found.rows
        issues += found.issues
    if not rows:
        return Outcome(line, "skipped", "day without model usage", issues=issues, nested=nested)
    return Outcome(line, "other", rows={"usage_buckets": rows}, issues=issues, nested=nested)


def _model(names: Row, model: Mapping[str, Any], context: Context) -> Bucket:
    bucket = Bucket("anthropic.usage_report.claude_code", {**names, "model": text(model.get("model"))}, context, whole=True)
    given = model.get("tokens")
    tokens = given if isinstance(given, Mapping) else {}
    kinds = {"input": "input", "cache_read": "cache_read", "cache_write": "cache_creation", "output": "output"}
    bucket.tokens({kind: tokens.get(name) for kind, name in kinds.items()})
    cost = model.get("estimated_cost")
    if isinstance(cost, Mapping) and cost.get("amount") is not None:
        bucket.money({"list_usd": cents(cost["amount"])}, cost.get("currency"))
    return bucket


def window(value: Any) -> str | None:
    """`≤ 200k` of the console is `0-200k` of the API."""
    shown = text(value)
    return {"≤ 200k": "0-200k", "<= 200k": "0-200k", "> 200k": "200k-1M", "≤ 1M": "200k-1M"}.get(shown or "", shown)


def region(value: Any) -> str | None:
    """Where it was inferred, where that is told."""
    shown = text(value)
    return None if shown in NOWHERE else shown


def tier(value: Any, speed: Any) -> str | None:
    """The tier; fast mode is one of its own, as it has a price of its own."""
    return "fast" if speed == "fast" else text(value)


def end(start: datetime, hourly: bool) -> datetime:
    """A console's row is of an hour where it names one, else of a day."""
    return start + (DAY / 24 if hourly else DAY)
