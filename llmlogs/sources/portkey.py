"""Portkey: log files (a request and its response with headers), analytics records, and log exports (JSON Lines).

Traps: `cost` is in US CENTS although `cost_currency` says USD. Numbers of analytics records are floats (`200.0`); their `metadata` is a pair of arrays.
A fallback's or load balancer's choice shows only as a path into the config. Fields may be missing: an organisation can deny them to exports.
446 is a guardrail that refused, 246 one that failed and let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.endpoints import endpoint_of
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import find_feature, first_word, labels_json, listed, mapping, word
from llmlogs.sources.common.outcomes import outcome
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.rate_limits import limits_of, retry_after_ms
from llmlogs.sources.common.server_timings import header_timings
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, money, read_usage

Raw = Mapping[str, Any]
SIGNS = frozenset({"req_units", "res_units", "total_units", "ai_org", "ai_model", "ai_provider", "request_tokens", "response_tokens", "response_status_code"})
CENT = Decimal("0.01")
GUARDRAIL_REFUSED = 446
CACHES = {"hit": "hit", "miss": "miss", "disabled": "off", "refresh": "miss"}
MOST_TRIES = 20


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
    row = _times(raw, answer, headers, context) | _who(raw, body, headers, context) | _ended(raw, answer, headers)
    row |= _usage(raw, body, row, issues) | _cache(raw, headers)
    row["reported_usd"] = _cost(raw, row)
    tries = _tries(raw, headers, row)
    at = to_utc(headers.get("date")) or row.get("started_at")
    common: Row = {"at": at, "provider": row.get("provider"), "model": row.get("request_model"), "origin": "provider"}
    rows = {"attempts": tries, "rate_limits": [common | limit for limit in limits_of(headers, at, row.get("provider"))], "spans": _guards(body, row)}
    call = {name: value for name, value in row.items() if value is not None and value != ""}
    if "started_at" not in call and "request_model" not in call:
        return Outcome(line, "rejected", "no time and no model")
    return Outcome(line, "call", call=call, rows={table: found for table, found in rows.items() if found}, issues=issues)


def _times(raw: Raw, answer: Raw, headers: dict[str, str], context: Context) -> Row:
    """`created_at` of exports and analytics is the start; a log file is written when the answer is there."""
    written = to_utc(raw.get("created_at"), context.timezone)
    waits = [duration_ms(value, "ms") for value in (raw.get("response_time"), answer.get("responseTime"), raw.get("ttlt"))]
    waited = max((ms for ms in waits if ms is not None), default=None)
    streamed = _stream(raw)
    log_file = "response_time" not in raw and "_id" in raw
    row: Row = {"duration_ms": waited, "stream": streamed}
    if written is not None and waited is not None:
        took = timedelta(milliseconds=waited)
        row |= {"started_at": written - took, "ended_at": written} if log_file else {"started_at": written, "ended_at": written + took}
    else:
        row["started_at"] = written
    row["gateway_ms"] = duration_ms(raw.get("gateway_processing_time"), "ms")
    row["server_ms"] = header_timings(headers, False).get("server_ms") if not streamed else None
    row["server_ms"] = duration_ms(raw.get("upstream_response_time"), "ms") if row["server_ms"] is None else row["server_ms"]
    return {name: value for name, value in row.items() if value is not None}


def _stream(raw: Raw) -> bool | None:
    asked = mapping(mapping(raw.get("request")).get("body")).get("stream")
    if isinstance(asked, bool):
        return asked
    mode = raw.get("stream_mode")
    return bool(mode) if isinstance(mode, (int, float)) else None


def _who(raw: Raw, body: Raw, headers: dict[str, str], context: Context) -> Row:
    request = mapping(raw.get("request"))
    labels = _labels(raw)
    places = {"metadata": {name: value for name, value in labels.items() if not name.startswith("_")}}
    feature, basis = find_feature(places, tuple(place.replace("tags.", "metadata.") for place in context.feature_from))
    told = endpoint_of(url) if (url := first_word(raw.get("request_url"), request.get("url"))) else None
    key = first_word(raw.get("api_key_id"), raw.get("virtual_key"))
    asked = first_word(mapping(request.get("body")).get("model"), raw.get("ai_model"))
    return {
        "response_id": word(body.get("id")),
        "call_id": None if word(body.get("id")) else first_word(raw.get("id"), raw.get("_id")),
        "trace_id": first_word(raw.get("trace_id"), headers.get("x-portkey-trace-id"), mapping(request.get("portkeyHeaders")).get("x-portkey-trace-id")),
        "span_id": word(raw.get("span_id")),
        "parent_span_id": word(raw.get("parent_span_id")),
        "gateway": "portkey",
        "operation": (told.operation if told else None) or "chat",
        "provider": provider_id(first_word(raw.get("ai_org"), raw.get("ai_provider"), headers.get("x-portkey-provider"))) or (told.provider if told else None),
        "endpoint": told.api if told else None,
        "request_model": asked,
        "response_model": first_word(body.get("model"), raw.get("ai_model")),
        "prompt_name": first_word(raw.get("prompt_slug"), labels.get("_prompt"), raw.get("prompt_id")),
        "prompt_version": word(raw.get("prompt_version_id")),
        "user_id": first_word(labels.get("_user"), raw.get("_user")),
        "session_id": first_word(labels.get("session_id"), labels.get("_session_id")),
        "environment": first_word(labels.get("_environment"), raw.get("_environment")),
        "team": first_word(raw.get("workspace_slug"), labels.get("_organisation"), raw.get("_organisation")),
        "api_key_hash": keyed_hash(key, context.secret) if key else None,
        "feature": feature,
        "feature_basis": basis,
        "tags": labels_json({**{name: value for name, value in places["metadata"].items() if value != feature}, **_choice(raw, headers)}),
        "finish_reason": _finish(body),
    }


def _labels(raw: Raw) -> dict[str, Any]:
    """The client's metadata; analytics records write it as two arrays."""
    found = mapping(raw.get("metadata"))
    if isinstance(found.get("key"), list) and isinstance(found.get("value"), list):
        return {str(name): value for name, value in zip(found["key"], found["value"], strict=False)}
    return {str(name): value for name, value in found.items()}


def _choice(raw: Raw, headers: dict[str, str]) -> Raw:
    path = first_word(mapping(raw.get("response")).get("lastUsedOptionJsonPath"), headers.get("x-portkey-last-used-option-index"))
    return {"config_option": path} if path and path != "config" else {}


def _finish(body: Raw) -> str | None:
    choices = listed(body.get("choices"))
    return word(choices[0].get("finish_reason")) if choices and isinstance(choices[0], dict) else word(body.get("stop_reason"))


def _ended(raw: Raw, answer: Raw, headers: dict[str, str]) -> Row:
    """Portkey's own refusals have a body of its own shape; a provider's error names the provider."""
    stated = raw.get("response_status_code") if raw.get("response_status_code") is not None else answer.get("status")
    code, success = integer(stated), raw.get("is_success")
    body = mapping(answer.get("body"))
    failed = None if not isinstance(success, (int, float)) else not success
    row = outcome(code, failed, fault_of(body) if body and (code or 0) >= 400 else None)
    if code == GUARDRAIL_REFUSED:
        row |= {"status": "blocked", "error_class": "content_filter"}
    elif code in (412, 429) and body.get("status") == "failure" and "provider" not in body:
        row["status"] = "shed"
    if row["status"] != "ok":
        row["retry_after_ms"] = retry_after_ms(headers, to_utc(headers.get("date")))
    return row


def _usage(raw: Raw, body: Raw, row: Row, issues: list[tuple[str, str, str]]) -> Row:
    """The body's usage, else Portkey's units."""
    if row["status"] not in ("ok", "unknown"):
        return {"usage_status": "missing"}
    usage = read_usage(body.get("usage"))
    if usage.empty:
        sent, made = _first(raw, "req_units", "request_tokens"), _first(raw, "res_units", "response_tokens")
        counts = {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": _first(raw, "total_units", "total_tokens")}
        usage = read_usage({name: value for name, value in counts.items() if value is not None})
    if not usage.input and not usage.output:
        usage = Usage(issues=usage.issues)
    issues += usage.issues
    columns = usage.columns()
    columns.pop("reported_usd", None)
    return columns


def _first(raw: Raw, *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _cost(raw: Raw, row: Row) -> Decimal | None:
    found = money(raw.get("cost"))
    return None if found is None or (found == 0 and row["status"] != "ok") else found * CENT


def _cache(raw: Raw, headers: dict[str, str]) -> Row:
    said = first_word(headers.get("x-portkey-cache-status"), raw.get("cache_status"))
    if said is None:
        return {}
    words = said.lower().replace("_", " ").split()
    kind = "semantic" if "semantic" in words or str(raw.get("cache_type")).lower() == "semantic" else "exact"
    found = CACHES.get(words[-1]) if words else None
    return {
        "app_cache": found,
        "cache_kind": kind if found == "hit" else None,
        "cache_age_ms": duration_ms(headers.get("age"), "s") if found == "hit" else None,
    }


def _tries(raw: Raw, headers: dict[str, str], row: Row) -> list[Row]:
    """Tries that only a counter knows."""
    counted = integer(headers.get("x-portkey-retry-attempt-count"))
    retries = integer(raw.get("retry_success_count")) if counted is None else counted
    if retries is None:
        return []
    row["attempts"] = retries + 1
    if not retries:
        return []
    rows: list[Row] = [{"attempt": number, "origin": "inferred", "is_final": False} for number in range(1, min(retries, MOST_TRIES) + 1)]
    last: Row = {
        "provider": row.get("provider"),
        "model": row.get("request_model"),
        "status_code": row.get("status_code"),
        "error_class": row.get("error_class"),
    }
    return [*rows, last | {"attempt": retries + 1, "origin": "inferred", "is_final": True}]


def _guards(body: Raw, row: Row) -> list[Row]:
    """Guardrails that Portkey ran before and after."""
    hooks = mapping(body.get("hook_results"))
    checks = [check for name in ("before_request_hooks", "after_request_hooks") for check in listed(hooks.get(name)) if isinstance(check, dict)]
    rows: list[Row] = []
    for check in checks:
        at, took = to_utc(check.get("created_at")), duration_ms(check.get("execution_time"), "ms")
        rows.append(
            {
                "kind": "guardrail", "name": word(check.get("id")) or "guardrail", "started_at": at, "duration_ms": took, "trace_id": row.get("trace_id"),
                "status": "unknown" if not isinstance(check.get("verdict"), bool) else "ok" if check["verdict"] else "error",
            }
        )  # fmt: skip
    return rows


SOURCE = Portkey()
