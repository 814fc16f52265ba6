"""Portkey: log files (a request and its response with headers), analytics records, and log exports (JSON Lines).

Traps: `cost` is in US CENTS although `cost_currency` says USD. Numbers of analytics records are floats (`200.0`); their `metadata` is a pair of arrays.
A fallback's or load balancer's choice shows only as a path into the config. Fields may be missing: an organisation can deny them to exports.
446 is a guardrail that refused, 246 one that failed and let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import mapping
from llmlogs.sources.common.rate_limits import limits_of
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.portkey.beside import guards, tries
from llmlogs.sources.portkey.columns import cache, cost, ended, times, usage_columns, who

Raw = Mapping[str, Any]
SIGNS = frozenset({"req_units", "res_units", "total_units", "ai_org", "ai_model", "ai_provider", "request_tokens", "response_tokens", "response_status_code"})


class Portkey:
    """Requests as Portkey logs and exports them."""

    name = "portkey"
    title = "Portkey logs: log files, analytics records and log exports (JSON, JSON Lines)"
    docs = "https://portkey.ai/docs/product/observability/logs-export"
    tokens = "request units as the provider counts them; the body's usage wins where it is there; cost is in cents"
    answers = ("cost/by_feature", "errors/by_class", "limits/rate_limit_bursts", "latency/where_time_goes", "cache/staleness", "data/coverage")
    samples = (
        Sample(
            '{"id": "p1", "trace_id": "t1", "created_at": "2026-03-31T12:00:00Z", "ai_org": "openai", "ai_model": "gpt-x", "req_units": 400, "res_units": 50,'
            ' "total_units": 450, "cost": 0.15, "cost_currency": "USD", "response_time": 776, "response_status_code": 200,'
            ' "response": {"status": 200, "headers": {"x-portkey-cache-status": "MISS", "x-portkey-retry-attempt-count": "2"}},'
            ' "metadata": {"_user": "u-1", "feature": "faq"}}',
            ({"call_id": "p1", "input_tokens": 400, "duration_ms": 776.0, "attempts": 3, "app_cache": "miss", "feature": "faq", "user_id": "u-1"},),
            note="a line of an export: 0.15 cents, two retries",
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By Portkey's own field names."""
        records = objects(head)
        own = sum(_is_own(record) for record in records)
        if not own or own * 2 < len(records):
            return None
        return Detection(0.96, f"{own} of the first {len(records)} records have Portkey's fields")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        for record in records:
            if isinstance(record.value, dict) and _is_own(record.value):
                yield _call(record.line, record.value, context)
            else:
                yield Outcome(record.line, "rejected", "no log of Portkey")


def _is_own(record: Raw) -> bool:
    if len(SIGNS & record.keys()) >= 3:
        return True
    request, response = record.get("request"), record.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return False
    return "portkeyHeaders" in request or any(str(name).lower().startswith("x-portkey-") for name in mapping(response.get("headers")))


def _call(line: int, raw: Raw, context: Context) -> Outcome:
    answer = mapping(raw.get("response"))
    headers = {str(name).lower(): str(value)[:500] for name, value in mapping(answer.get("headers")).items() if isinstance(value, (str, int, float))}
    body = mapping(answer.get("body"))
    issues: list[tuple[str, str, str]] = []
    row = times(raw, answer, headers, context) | who(raw, body, headers, context) | ended(raw, answer, headers)
    row |= usage_columns(raw, body, row, issues) | cache(raw, headers)
    row["reported_usd"] = cost(raw, row)
    counted = tries(raw, headers, row)
    at = to_utc(headers.get("date")) or row.get("started_at")
    common: Row = {"at": at, "provider": row.get("provider"), "model": row.get("request_model"), "origin": "provider"}
    rows = {"attempts": counted, "rate_limits": [common | limit for limit in limits_of(headers, at, row.get("provider"))], "spans": guards(body, row)}
    call = {name: value for name, value in row.items() if value is not None and value != ""}
    if "started_at" not in call and "request_model" not in call:
        return Outcome(line, "rejected", "no time and no model")
    return Outcome(line, "call", call=call, rows={table: found for table, found in rows.items() if found}, issues=issues)


SOURCE = Portkey()
