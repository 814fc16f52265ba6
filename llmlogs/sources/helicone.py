"""Helicone: request exports and API answers (JSON, JSON Lines, `{"data": [...]}`), and the CSV of its export tool.

Traps: prompt_tokens excludes the cache for Anthropic and includes it elsewhere: the total proves which. `response_id` is Helicone's own.
The CSV has twelve columns, an empty `latency`, object cells with their quotes doubled twice, and no cache counts. `cost` is USD, in rows taken from
ClickHouse a whole number of billionths. Exports filter cache hits out unless asked. A negative status is a request that never got an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.endpoints import endpoint_of
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import find_feature, first_word, labels_json, mapping, opened, word
from llmlogs.sources.common.outcomes import outcome
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, money

Raw = Mapping[str, Any]
NO_ORIGIN = "00000000-0000-0000-0000-000000000000"
CSV = frozenset({"response_id", "response_created_at", "response_status", "request_created_at", "request_properties", "prompt_tokens"})
UNANSWERED = {-1: "unknown", -2: "unknown", -3: "cancelled", -4: "timeout"}  # still open, unknown, given up by the client
BILLIONTHS = Decimal("1e-9")
A_LOT = 100  # dollars for one request: a whole number from here up is ClickHouse's billionths
OWN = ("helicone-session-id", "helicone-session-path", "helicone-session-name", "helicone-prompt-id")


class Helicone:
    """Requests as Helicone exports them."""

    name = "helicone"
    title = "Helicone request exports (JSON, JSON Lines, API answers, CSV)"
    docs = "https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse"
    tokens = "prompt_tokens excludes cache reads and writes where the total says so and for Anthropic; elsewhere it includes them"
    answers = (
        "cost/by_feature",
        "cost/by_user",
        "errors/by_class",
        "streaming/time_to_first_token",
        "latency/slowest_calls",
        "cache/staleness",
        "data/coverage",
    )
    samples = (
        Sample(
            '{"request_id": "r1", "response_id": "x1", "request_created_at": "2026-03-31T12:00:00Z", "response_created_at": "2026-03-31T12:00:01.5Z",'
            ' "response_status": 200, "provider": "ANTHROPIC", "model": "claude-x", "delay_ms": 1500, "time_to_first_token": 400, "prompt_tokens": 50,'
            ' "prompt_cache_read_tokens": 1800, "completion_tokens": 40, "total_tokens": 1890, "costUSD": 0.0024, "request_user_id": "u-1",'
            ' "request_properties": {"Feature": "faq", "Helicone-Session-Id": "s-1"}, "cache_reference_id": "00000000-0000-0000-0000-000000000000"}',
            ({"input_tokens": 1850, "cache_read_tokens": 1800, "ttft_ms": 400.0, "feature": "faq", "session_id": "s-1", "provider": "anthropic"},),
            note="an Anthropic request: the total proves that the input excludes the cache",
        ),
    )  # fmt: skip

    def detect(self, head: Head) -> Detection | None:
        """By keys that only Helicone writes side by side."""
        records = objects(head)
        own = sum(_is_own(record) for record in records)
        if not own or own * 2 < len(records):
            return None
        return Detection(0.96, f"{own} of the first {len(records)} records have response_id and request_created_at as Helicone writes them")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        for record in records:
            if isinstance(record.value, dict) and _is_own(record.value):
                yield _call(record.line, record.value, context)
            else:
                yield Outcome(record.line, "rejected", "no Helicone request")


def _is_own(record: Raw) -> bool:
    keys = record.keys()
    full = "request_id" in keys and ("request_created_at" in keys or "response_created_at" in keys) and ("delay_ms" in keys or "response_status" in keys)
    return (full and bool({"request_properties", "properties"} & keys)) or len(CSV & keys) >= 5 or (full and "cache_reference_id" in keys)


def _call(line: int, raw: Raw, context: Context) -> Outcome:
    issues: list[tuple[str, str, str]] = []
    row: Row = _times(raw, context) | _who(raw, context) | _ended(raw)
    usage = _usage(raw)
    issues += usage.issues
    row |= usage.columns() if row["status"] == "ok" or not usage.empty else {"usage_status": "missing"}
    row |= {"reported_usd": _cost(raw, row["status"])} | _cache(raw)
    if "started_at" not in row and not row.get("request_model"):
        return Outcome(line, "rejected", "no time and no model")
    call = {name: value for name, value in row.items() if value is not None}
    return Outcome(line, "call", call=call, rows=_feedback(raw), issues=issues)


def _times(raw: Raw, context: Context) -> Row:
    started, ended = to_utc(raw.get("request_created_at"), context.timezone), to_utc(raw.get("response_created_at"), context.timezone)
    waited = duration_ms(raw.get("delay_ms"), "ms")
    if waited is None and started and ended and ended >= started:
        waited = (ended - started) / timedelta(milliseconds=1)
    first = duration_ms(raw.get("time_to_first_token"), "ms")
    row: Row = {"started_at": started, "ended_at": ended, "duration_ms": waited}
    if first:
        row |= {"stream": True, "ttft_ms": first, "ttft_basis": "client"}
    elif "time_to_first_token" in raw:
        row["stream"] = False
    return {name: value for name, value in row.items() if value is not None}


def _who(raw: Raw, context: Context) -> Row:
    properties = {**_object(raw.get("properties")), **_object(raw.get("request_properties"))}
    feature, basis = find_feature({"properties": properties}, tuple(place.replace("tags.", "properties.") for place in context.feature_from))
    folded = {str(name).lower(): value for name, value in properties.items()}
    told = endpoint_of(url) if (url := word(raw.get("target_url"), 2000)) else None
    path = endpoint_of(at) if (at := word(raw.get("request_path"), 2000)) else None
    asked = first_word(raw.get("model_override"), raw.get("request_model"), raw.get("model"))
    return {
        "call_id": first_word(raw.get("request_id"), raw.get("response_id")),
        "gateway": "helicone",
        "provider": provider_id(first_word(raw.get("provider"))) or (told.provider if told else None) or None,
        "operation": (path.operation if path and path.operation else None) or "chat",
        "endpoint": path.api if path and path.api else None,
        "request_model": asked,
        "response_model": first_word(raw.get("response_model")),
        "user_id": first_word(raw.get("request_user_id")),
        "session_id": first_word(folded.get("helicone-session-id")),
        "agent_name": first_word(folded.get("helicone-session-name")),
        "prompt_name": first_word(raw.get("prompt_id"), folded.get("helicone-prompt-id")),
        "prompt_version": first_word(raw.get("prompt_version")),
        "environment": first_word(folded.get("environment"), folded.get("env")),
        "feature": feature,
        "feature_basis": basis,
        "tags": labels_json({name: value for name, value in properties.items() if str(name).lower() not in OWN and value != feature}),
    }


def _object(value: Any) -> Raw:
    """An object, also as a CSV cell whose quotes were doubled once too often."""
    return mapping(value) or (mapping(value.replace('""', '"')) if isinstance(value, str) else {})


def _ended(raw: Raw) -> Row:
    stated = raw.get("response_status")
    code = int(stated) if isinstance(stated, str) and stated.strip().lstrip("-").isdigit() else stated
    if isinstance(code, int) and not isinstance(code, bool) and code <= 0:
        return {"status": UNANSWERED.get(code, "unknown")}
    body = opened(raw.get("response_body"))
    return outcome(integer(code), None, fault_of(body) if isinstance(body, (dict, list)) else None)


def _usage(raw: Raw) -> Usage:
    """Canonical counts; the CSV, which has no cache counts, gives Anthropic's input only in part."""
    usage = Usage()
    sent, made, total = (usage.count(raw, name, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    usage.cache_read = usage.count(raw, "cache_read_tokens", "prompt_cache_read_tokens")
    usage.cache_write = usage.count(raw, "cache_write_tokens", "prompt_cache_write_tokens")
    usage.reasoning = usage.count(raw, "reasoning_tokens", "reasoning_tokens")
    usage.audio_input = usage.count(raw, "audio_input_tokens", "prompt_audio_tokens")
    usage.audio_output = usage.count(raw, "audio_output_tokens", "completion_audio_tokens")
    if not sent and not made and not usage.cache_read:
        return Usage()
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    anthropic = str(raw.get("provider") or raw.get("model")).lower().startswith(("anthropic", "claude"))
    outside = sent is not None and cached > 0 and (total == sent + cached + (made or 0) if total else anthropic or cached > sent)
    usage.input, usage.output = (sent or 0) + cached if outside else sent, made
    if anthropic and "prompt_cache_read_tokens" not in raw:
        usage.issues.append(("input_tokens", "usage_repaired", "missing"))
    return usage


def _cost(raw: Raw, status: str) -> Decimal | None:
    stated = raw.get("costUSD") if raw.get("costUSD") is not None else raw.get("cost")
    whole = integer(stated)
    found = whole * BILLIONTHS if whole is not None and whole >= A_LOT else money(stated)
    return None if found == 0 and status != "ok" else found


def _cache(raw: Raw) -> Row:
    """A reference of zeros is a request that was really sent."""
    origin = word(raw.get("cache_reference_id"))
    if origin and origin != NO_ORIGIN:
        return {"app_cache": "hit", "cache_kind": "exact", "cache_origin_id": origin}
    enabled = raw.get("cache_enabled")
    return {"app_cache": "miss" if enabled is True else "off" if enabled is False else None}


def _feedback(raw: Raw) -> dict[str, list[Row]]:
    """A thumb, and scores by name (whole numbers; booleans are stored as 0 and 1)."""
    at = to_utc(raw.get("feedback_created_at"))
    rows: list[Row] = []
    if isinstance(raw.get("feedback_rating"), bool):
        rows.append({"at": at, "name": "rating", "value": float(raw["feedback_rating"]), "kind": "human", "source": "helicone"})
    for name, value in mapping(raw.get("scores")).items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            rows.append({"name": str(name)[:120], "value": float(value), "kind": "code", "source": "helicone"})
    return {"feedback": rows} if rows else {}


SOURCE = Helicone()
