"""The call of an entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Row
from llmlogs.sources.common.endpoints import endpoint_of
from llmlogs.sources.common.labels import find_feature, first_word, labels_json, mapping, word
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.server_timings import header_timings
from llmlogs.sources.common.usage import Usage, integer, money, read_usage, sub
from llmlogs.sources.litellm import names
from llmlogs.sources.litellm.entry import CACHE_OFF, HEALTH, Entry
from llmlogs.sources.litellm.failure import failure_columns
from llmlogs.sources.litellm.prompt import hidden, prompt_columns
from llmlogs.sources.provider_responses.answers import NO_OUTPUT, Answer, read_answer
from llmlogs.sources.provider_responses.response_shapes import shape_of

Issue = tuple[str, str, str]
DEFAULT_USERS = ("default_user_id", "litellm-proxy-admin")


def call_row(entry: Entry, issues: list[Issue]) -> Row:
    """Canonical columns; NULLs are left out."""
    row: Row = {**_identity(entry), **_times(entry), **_labels(entry)}
    row |= failure_columns(entry) if entry.failed else _success(entry, issues)
    row |= _cache(entry) | _money(entry) | prompt_columns(entry)
    return {name: value for name, value in row.items() if value is not None and value != ""}


def _identity(entry: Entry) -> Row:
    raw, meta = entry.raw, entry.meta
    told = endpoint_of(base) if (base := word(raw.get("api_base"))) else None
    key = first_word(meta.get("user_api_key_hash"), raw.get("api_key"), meta.get("user_api_key"), meta.get("user_api_key_alias"))
    provider = provider_id(entry.served_by) or (told.provider if told else None)
    return {
        "response_id": entry.response_id,
        "response_model": _answered(entry),
        "call_id": None if entry.response_id else entry.litellm_id if entry.litellm_id and not _is_error_log(entry) else entry.id,
        "operation_id": entry.operation_id,
        "trace_id": entry.trace,
        "session_id": entry.session,
        "operation": entry.operation,
        "provider": provider,
        "gateway": "litellm",
        "endpoint": word(meta.get("user_api_key_request_route")),
        "deployment": word(raw.get("model_id")),
        "region": told.region if told else None,
        "api_key_hash": keyed_hash(key, entry.context.secret) if key else None,
        "request_model": entry.model,
        "is_internal": True if _internal(entry) else None,
        "merge_yields": True if entry.failed and entry.operation_id else None,
        "merge_growing": True if entry.failed else None,  # the payload tells of one try, SpendLogs of all: the call's times span both
        "merge_try": str(raw.get("endTime"))[:40] if entry.failed and not entry.spend_row else None,
    }


def _answered(entry: Entry) -> str | None:
    """The model the answer names. On streams that may be the public name again; a name that is no version of what was asked is believed of Azure alone,
    whose deployments have names of their own."""
    named = names.plain_model(word(mapping(entry.raw.get("response")).get("model")), entry.served_by)
    if not named or entry.failed:
        return None
    asked = (entry.model or "").rpartition("/")[2]
    version = bool(asked) and named.startswith(asked)  # not the other way round: a public name may be the beginning of what it stands for
    own_names = str(entry.served_by).startswith("azure") and named != entry.group and not entry.streamed
    return named if version or own_names else None


def _is_error_log(entry: Entry) -> bool:
    return "exception_string" in entry.raw


def _internal(entry: Entry) -> bool:
    """Asked by LiteLLM itself: its router's classifier, its judges, its health checks."""
    origin = first_word(entry.meta.get("internal_call_origin"), entry.requester.get("internal_call_origin"))
    return bool(origin) or HEALTH in entry.tags or entry.meta.get("user_api_key_alias") == HEALTH


def _times(entry: Entry) -> Row:
    """From the proxy's clock. `response_time` is not read: it is the first token on streams and the whole otherwise."""
    started, ended, first = entry.started, entry.ended, entry.first_token
    waited = _ms(started, ended)
    row: Row = {"started_at": started, "ended_at": ended, "duration_ms": waited, "stream": entry.streamed}
    if entry.streamed and first is not None:
        row |= {"first_token_at": first, "ttft_ms": _ms(started, first), "ttft_basis": "client"}
    retried = (entry.retries or 0) + (entry.fallbacks or 0)
    overhead = entry.hidden.get("litellm_overhead_time_ms", entry.meta.get("litellm_overhead_time_ms"))
    if isinstance(overhead, (int, float)) and not isinstance(overhead, bool) and not retried and 0 <= overhead <= (waited or 0):
        row["gateway_ms"] = float(overhead)  # of a retried call it holds the failed tries too
    if entry.headers and not entry.streamed and not entry.failed and not retried:  # the last try's alone
        row["server_ms"] = header_timings(entry.headers, False).get("server_ms")
    return row


def _ms(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(milliseconds=1) if start is not None and end is not None and end >= start else None


def _labels(entry: Entry) -> Row:
    meta, tags, asked = entry.meta, entry.tags, entry.requester
    places = {"tags": tags, "metadata": {**entry.spend_meta, **asked}}
    feature, basis = find_feature(places, entry.context.feature_from)
    owner = first_word(meta.get("user_api_key_user_id"), entry.raw.get("user"))
    named = tags | ({"model_group": entry.group} if entry.group and entry.group != entry.model else {})
    return {
        "feature": feature,
        "feature_basis": basis,
        "tags": labels_json({name: value for name, value in named.items() if value != feature}),
        "environment": first_word(tags.get("env"), tags.get("environment"), asked.get("environment")),
        "user_id": first_word(entry.raw.get("end_user"), meta.get("user_api_key_end_user_id"), None if owner in DEFAULT_USERS else owner),
        "team": first_word(meta.get("user_api_key_team_alias"), meta.get("user_api_key_team_id"), entry.raw.get("team_id"), meta.get("user_api_key_org_alias")),
        "prompt_name": word(mapping(meta.get("prompt_management_metadata")).get("prompt_id")),
        "agent_name": word(entry.raw.get("agent_id")),
    }


def _success(entry: Entry, issues: list[Issue]) -> Row:
    answer = _answer(entry)
    row: Row = {"status": "ok", "service_tier": first_word(answer.service_tier, entry.usage.get("service_tier"), _costs(entry).get("service_tier"))}
    usage = _usage(entry, issues)
    row |= usage.columns()
    row["service_tier"] = row["service_tier"] or usage.service_tier
    row.pop("reported_usd", None)
    if answer.shape:
        row |= {"finish_reason": answer.finish, "tool_calls": answer.tool_calls}
        if not hidden(entry.raw.get("response")):
            row["completion_chars"] = answer.chars
            if entry.context.store_text != "none":
                row["completion_text"] = "".join(answer.pieces)
    retries = (entry.retries or 0) + (entry.fallbacks or 0)
    row["attempts"] = retries + 1 if entry.retries is not None else None
    if entry.fallbacks:
        row["fallback_from"] = word(entry.meta.get("original_model_group"))
    return row


def _answer(entry: Entry) -> Answer:
    body = mapping(entry.raw.get("response"))
    shape = shape_of(body) if body else ""
    return read_answer(shape, body) if shape and not shape.startswith("no_call:") else Answer()


def _usage(entry: Entry, issues: list[Issue]) -> Usage:
    """The usage object, else the counts of the record. Both include cache reads and writes; a stream that told nothing is logged as zeros."""
    counts = {name: value for name in ("prompt_tokens", "completion_tokens", "total_tokens") if (value := entry.raw.get(name)) is not None}
    usage = read_usage(entry.usage, entry.operation not in NO_OUTPUT)
    if usage.empty or not (usage.input or usage.output):
        usage = read_usage(counts, entry.operation not in NO_OUTPUT)
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    if usage.input is not None and cached > usage.input:  # versions that did not yet add the cache to Anthropic's input
        usage.input += cached
        usage.issues.append(("input_tokens", "usage_repaired", "int"))
    if not usage.input and not usage.output:
        usage.input = usage.output = usage.cache_read = usage.cache_write = usage.reasoning = None
    hour = sub(sub(entry.usage, "prompt_tokens_details"), "cache_creation_token_details")
    usage.cache_write_1h = integer(hour.get("ephemeral_1h_input_tokens")) if usage.cache_write is not None else None
    issues += usage.issues
    return usage


def _cache(entry: Entry) -> Row:
    """The proxy's response cache. Its key is logged where a hit was possible; SpendLogs says when it is off."""
    key = word(entry.raw.get("cache_key"))
    if key == CACHE_OFF:
        return {"app_cache": "off"}
    hashed = keyed_hash(key, entry.context.secret) if key else None
    if entry.hit:
        return {"app_cache": "hit", "cache_kind": "exact", "cache_key": hashed, "cache_origin_id": entry.origin}
    return {"app_cache": "miss" if key and not entry.failed else None, "cache_key": hashed}


def _costs(entry: Entry) -> Mapping[str, Any]:
    return mapping(entry.raw.get("cost_breakdown")) or mapping(entry.meta.get("cost_breakdown"))


def _money(entry: Entry) -> Row:
    """What LiteLLM charged. A zero is no price where it says that it had none, and no statement where the call failed."""
    stated: Decimal | None = money(entry.cost)
    unknown = entry.failed or bool(entry.raw.get("response_cost_failure_debug_info")) or bool(entry.raw.get("zero_cost_diagnostic"))
    return {"reported_usd": None if stated is None or (stated == 0 and unknown) else stated}
