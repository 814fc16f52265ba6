"""OpenRouter: the activity export with a row a generation (CSV), and answers of the generation API (`{"data": {...}}`, one or many).

Traps: `tokens_*` of the API are counted with a foreign tokenizer, `native_tokens_*` are billed; the export's are the native ones. `latency` is the wait for the
first token where streamed and the whole otherwise; `generation_time` begins there. With a key of one's own the provider's price stands beside the total.
`cost_cache` is a discount. Failures are not in the export. The daily activity (date, requests) is a bill and not taken here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llmlogs.privacy import keyed_hash
from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.error_classes import classify
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import first_word, labels_json, listed, mapping, word
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, money

Raw = Mapping[str, Any]
ACTIVITY = frozenset({"generation_id", "tokens_prompt", "model_permaslug"})
GENERATION = frozenset({"native_tokens_prompt", "native_tokens_completion", "provider_responses", "upstream_id", "total_cost"})
TRUE = {"true": True, "false": False}


class OpenRouter:
    """Generations as OpenRouter tells them."""

    name = "openrouter"
    title = "OpenRouter activity export (CSV, a row a generation) and answers of its generation API (JSON, JSON Lines)"
    docs = "https://openrouter.ai/docs/api-reference/get-a-generation"
    tokens = "native counts, which include cached and reasoning tokens; the API's tokens_prompt is another tokenizer's"
    answers = ("cost/by_model", "cost/by_user", "streaming/time_to_first_token", "limits/rate_limit_bursts", "latency/slowest_calls", "data/coverage")
    samples = (
        Sample(
            '{"data": {"id": "gen-1", "total_cost": 0.002, "created_at": "2026-03-31T12:00:00Z", "model": "openai/gpt-x", "streamed": true, "cancelled": false,'
            ' "latency": 300, "generation_time": 700, "tokens_prompt": 90, "native_tokens_prompt": 100, "native_tokens_completion": 20, "is_byok": false,'
            ' "native_tokens_cached": 64, "provider_responses": [{"status": 429, "provider_name": "A"}, {"status": 200, "provider_name": "B"}]}}',
            ({"response_id": "gen-1", "input_tokens": 100, "cache_read_tokens": 64, "ttft_ms": 300.0, "duration_ms": 1000.0, "attempts": 2},),
            note="an answer of the generation API: native counts, and a provider that refused before",
        ),
        Sample(
            '{"generation_id": "gen-2", "created_at": "2026-03-31 12:00:00.5", "cost_total": "0.00388", "byok_usage_inference": "0", "tokens_prompt": "2000",'
            ' "tokens_completion": "80", "tokens_reasoning": "32", "tokens_cached": "1536", "model_permaslug": "openai/gpt-x", "provider_name": "OpenAI",'
            ' "cancelled": "false", "streamed": "false", "user": "u-1", "finish_reason_normalized": "stop", "generation_time_ms": "407",'
            ' "time_to_first_token_ms": null, "api_key_name": "prod", "app_name": "faq"}',
            ({"response_id": "gen-2", "input_tokens": 2000, "reasoning_tokens": 32, "duration_ms": 407.0, "service": "faq", "status": "ok"},),
            note="a row of the activity export",
        ),
    )  # fmt: skip

    def detect(self, head: Head) -> Detection | None:
        """By the columns of the export, or the API's own names of counts."""
        records = objects(head)
        own = sum(bool(_generation(record)) for record in records)
        if not own or own * 2 < len(records):
            return None
        return Detection(0.97, f"{own} of the first {len(records)} records are generations of OpenRouter")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        for record in records:
            raw = _generation(record.value) if isinstance(record.value, dict) else None
            if raw is None:
                yield Outcome(record.line, "rejected", "no generation of OpenRouter")
            else:
                yield _call(record.line, raw, context)


def _generation(record: Raw) -> Raw | None:
    """The generation in a record, with or without the API's wrapping."""
    inner = record.get("data") if isinstance(record.get("data"), dict) else record
    own = isinstance(inner, dict) and (len(ACTIVITY & inner.keys()) == len(ACTIVITY) or len(GENERATION & inner.keys()) >= 3)
    return inner if own else None


def _call(line: int, raw: Raw, context: Context) -> Outcome:
    issues: list[tuple[str, str, str]] = []
    tries = _tries(raw)
    row = _times(raw, context) | _who(raw, tries, context) | _usage(raw, issues) | _ended(raw, tries) | _cache(raw)
    row["reported_usd"] = _cost(raw)
    call = {name: value for name, value in row.items() if value is not None}
    return Outcome(line, "call", call=call, rows={"attempts": tries} if len(tries) > 1 else {}, issues=issues)


def _times(raw: Raw, context: Context) -> Row:
    """`created_at` is the start. What is streamed takes the wait for the first token and then the generation."""
    started, streamed = to_utc(raw.get("created_at"), context.timezone), _truth(raw.get("streamed"))
    first = duration_ms(raw.get("time_to_first_token_ms", raw.get("latency")), "ms")
    making = duration_ms(raw.get("generation_time_ms", raw.get("generation_time")), "ms")
    told = [ms for ms in (making, first) if ms is not None]
    waited = sum(told) if streamed and making is not None else None if streamed else max(told, default=None)
    row: Row = {"started_at": started, "stream": streamed, "duration_ms": waited, "gateway_ms": duration_ms(raw.get("moderation_latency"), "ms")}
    if streamed and first is not None:
        row |= {"ttft_ms": first, "ttft_basis": "client", "generation_ms": making}
    if started and waited is not None:
        row["ended_at"] = started + timedelta(milliseconds=waited)
    return row


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else TRUE.get(str(value).strip().lower())


def _who(raw: Raw, tries: list[Row], context: Context) -> Row:
    key = word(raw.get("api_key_name"))
    labels = {"variant": raw.get("variant"), "router": raw.get("router"), "byok": _truth(raw.get("is_byok"))}
    return {
        "response_id": first_word(raw.get("generation_id"), raw.get("id")),
        "operation": "chat",
        "provider": "openrouter",
        "gateway": "openrouter",
        "deployment": word(raw.get("provider_name")) or (tries[-1]["provider"] if tries else None),  # who served it behind OpenRouter
        "request_model": first_word(raw.get("model_permaslug"), raw.get("model")),
        "service_tier": word(raw.get("service_tier")),
        "service": word(raw.get("app_name")),
        "region": word(raw.get("data_region")),
        "user_id": first_word(raw.get("external_user"), raw.get("user")),
        "session_id": word(raw.get("session_id")),
        "api_key_hash": keyed_hash(key, context.secret) if key else None,
        "tags": labels_json({name: value for name, value in labels.items() if value not in (None, "", "standard", False)}),
    }


def _usage(raw: Raw, issues: list[tuple[str, str, str]]) -> Row:
    native = "native_tokens_prompt" in raw or "native_tokens_completion" in raw
    usage = Usage()
    prefix = "native_" if native else ""
    usage.input = usage.count(raw, "input_tokens", f"{prefix}tokens_prompt")
    usage.output = usage.count(raw, "output_tokens", f"{prefix}tokens_completion")
    usage.cache_read = usage.count(raw, "cache_read_tokens", f"{prefix}tokens_cached")
    usage.reasoning = usage.count(raw, "reasoning_tokens", f"{prefix}tokens_reasoning")
    if not usage.input and not usage.output:
        usage = Usage(issues=usage.issues)
    issues += usage.issues
    return usage.columns()


def _ended(raw: Raw, tries: list[Row]) -> Row:
    last = tries[-1] if tries else {}
    code = last.get("status_code")
    finish = first_word(raw.get("finish_reason_normalized"), raw.get("finish_reason"))
    row: Row = {"status": "ok", "status_code": code, "finish_reason": finish, "attempts": len(tries) or None}
    if _truth(raw.get("cancelled")):
        row["status"] = "cancelled"
    elif (code or 0) >= 400 or finish == "error":
        row |= {"status": "error", "error_class": last.get("error_class") or classify(code, "")}
    names = [entry.get("provider") for entry in tries]
    if len(names) > 1 and names[0] != names[-1]:
        row["fallback_from"] = names[0]
    return row


def _tries(raw: Raw) -> list[Row]:
    """Every provider that was asked, in their order."""
    entries = [entry for entry in listed(raw.get("provider_responses")) if isinstance(entry, dict)]
    rows: list[Row] = []
    for number, entry in enumerate(entries, start=1):
        code = integer(entry.get("status"))
        wrong = code is None or code >= 400
        rows.append(
            {
                "attempt": number, "provider": word(entry.get("provider_name")), "model": word(entry.get("model_permaslug")), "status_code": code,
                "duration_ms": duration_ms(entry.get("latency"), "ms"), "error_class": classify(code, "") if wrong else None, "origin": "explicit",
                "is_final": number == len(entries),
            }
        )  # fmt: skip
    return rows


def _cache(raw: Raw) -> Row:
    origin = word(raw.get("response_cache_source_id"))
    return {"app_cache": "hit", "cache_kind": "exact", "cache_origin_id": origin} if origin else {}


def _cost(raw: Raw) -> Decimal | None:
    """What OpenRouter charged, and under a key of one's own what the provider did as well."""
    charged = money(raw.get("cost_total") if raw.get("cost_total") is not None else raw.get("total_cost", raw.get("usage")))
    own = mapping({"api": raw.get("upstream_inference_cost") if _truth(raw.get("is_byok")) else None, "csv": raw.get("byok_usage_inference")})
    beside = [found for found in (money(value) for value in own.values()) if found]
    return charged if charged is None or not beside else charged + beside[0]


SOURCE = OpenRouter()
