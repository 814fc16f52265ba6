"""The call of a Portkey record: times, who, how it ended, counts, cost, cache."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Row
from llmlogs.sources.common.endpoints import endpoint_of
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.labels import find_feature, first_word, labels_json, listed, mapping, word
from llmlogs.sources.common.outcomes import outcome
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.rate_limits import retry_after_ms
from llmlogs.sources.common.server_timings import header_timings
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, money, read_usage

Raw = Mapping[str, Any]
CENT = Decimal("0.01")
GUARDRAIL_REFUSED = 446
CACHES = {"hit": "hit", "miss": "miss", "disabled": "off", "refresh": "miss"}


def times(raw: Raw, answer: Raw, headers: dict[str, str], context: Context) -> Row:
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


def who(raw: Raw, body: Raw, headers: dict[str, str], context: Context) -> Row:
    """Whose call it is, which model was asked, and the labels it carries."""
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


def ended(raw: Raw, answer: Raw, headers: dict[str, str]) -> Row:
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


def usage_columns(raw: Raw, body: Raw, row: Row, issues: list[tuple[str, str, str]]) -> Row:
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


def cost(raw: Raw, row: Row) -> Decimal | None:
    """Dollars; a failed call that cost nothing states no cost."""
    found = money(raw.get("cost"))
    return None if found is None or (found == 0 and row["status"] != "ok") else found * CENT


def cache(raw: Raw, headers: dict[str, str]) -> Row:
    """Portkey's response cache, in words of the header or of the record."""
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
