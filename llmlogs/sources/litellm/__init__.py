"""LiteLLM: payloads of its callbacks (S3, GCS, Azure, HTTP, stdout), rows of LiteLLM_SpendLogs, and of LiteLLM_ErrorLogs.

Traps:
- `response_time` is the first token on streams and the whole call otherwise: not read. `completionStartTime` is the end where nothing was streamed.
- The payloads of a request's failed tries and of its fallback share `litellm_call_id`; only the first failure of each model is logged, the others
  are counters (`attempted_retries`). SpendLogs has one row a request. A non-streamed call that was retried starts with its last try.
- `litellm_overhead_time_ms` of a retried call holds the failed tries and the waits between them.
- Tokens and `spend` of a failure are estimates. `cost_breakdown` of a cache hit is what a miss would have cost.
- `id` of a hit is `<the id it repeats>_cache_hit<time>`, of a failure and an embedding the call's own; `session_id` of a SpendLogs row is invented where
  the client sent none; `trace_id` is the client's session where it sent one.
- Older versions write local times without a zone: `timezone` in the configuration says which.
- DailyUserSpend and its sisters are sums of the same calls, several times over: skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import mapping, opened, word
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.usage import integer, money
from llmlogs.sources.litellm import names, records
from llmlogs.sources.litellm.beside import rows_beside, steps
from llmlogs.sources.litellm.columns import Issue, call_row
from llmlogs.sources.litellm.entry import Entry
from llmlogs.sources.litellm.samples import SAMPLES

PAYLOAD = frozenset({"litellm_call_id", "saved_cache_cost", "model_map_information", "hidden_params", "response_cost", "cost_breakdown", "model_parameters"})
ERROR_LOG = frozenset({"exception_type", "exception_string", "litellm_model_name"})
DAILY = frozenset({"date", "spend", "api_requests", "custom_llm_provider"})
SUMMARY = frozenset({"startTime", "spend", "users", "models"})
SPEND = ("request_id", "spend", "startTime")
KEYS = ("startTime", "endTime", "completionStartTime")  # databases that fold names write them in lower case
ACCESS = re.compile(r'"(?:GET|POST|PUT|DELETE|PATCH|OPTIONS|HEAD) (/\S*) HTTP/\d(?:\.\d)?" (\d{3})')
ASKS = re.compile(r"/(?:chat/completions|completions|embeddings|messages|responses|rerank|images/|audio/)|:(?:streamG|g)enerateContent")


class LiteLLM:
    """The logs of a LiteLLM proxy or SDK, versions 1.40 to 1.106."""

    name = "litellm"
    title = "LiteLLM logs: callback payloads (StandardLoggingPayload), SpendLogs and ErrorLogs exports (JSON, JSON Lines, CSV)"
    docs = "https://docs.litellm.ai/docs/proxy/logging_spec"
    tokens = "prompt_tokens includes cache reads and writes, completion_tokens includes reasoning; counts of failures are estimates and kept aside"
    answers = (
        "limits/rate_limit_bursts", "errors/by_class", "streaming/time_to_first_token", "cost/by_feature", "cache/staleness", "cache/prefix_cache",
        "tokens/drift", "latency/where_time_goes", "latency/slowest_calls", "data/coverage",
    )  # fmt: skip
    samples = SAMPLES

    def detect(self, head: Head) -> Detection | None:
        """Certain by the keys that only LiteLLM writes."""
        records = objects(head)
        kinds = [kind_of(_unfolded(_unwrapped(record))) for record in records]
        known = [kind for kind in kinds if kind in KINDS]  # a table of daily sums is another source's
        if not known or len(known) * 2 < len(records):
            return None
        main = max(set(known), key=lambda kind: (known.count(kind), kind))
        sure = 0.97 if main in ("payload", "spend") else 0.93 if main != "line" else _line_sureness(records)
        return Detection(sure, f"{len(known)} of the first {len(records)} records are {KINDS[main]}") if sure else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """One outcome for every record."""
        for record in records:
            yield _outcome(record.line, _unfolded(_unwrapped(record.value)), context)


KINDS = {
    "payload": "LiteLLM callback payloads",
    "spend": "rows of LiteLLM_SpendLogs",
    "error": "rows of LiteLLM_ErrorLogs",
    "summary": "daily sums of LiteLLM, which hold no calls",
    "line": "lines of the LiteLLM proxy's own log, which hold no calls",
}


def kind_of(value: Any) -> str:
    """Which of LiteLLM's records it is; '' when none."""
    if not isinstance(value, dict):
        return ""
    keys = value.keys()
    if "startTime" in keys and "request_id" not in keys and len(PAYLOAD & keys) >= 2:
        return "payload"
    if all(key in keys for key in SPEND):
        return "spend"
    if len(ERROR_LOG & keys) >= 2 and "startTime" in keys:
        return "error"
    if keys >= DAILY:
        return "daily"
    if keys >= SUMMARY:
        return "summary"
    return "line" if {"message", "level", "timestamp"} <= keys and isinstance(value["message"], str) else ""


def _line_sureness(records: list[dict[str, Any]]) -> float:
    """A log of a program is the proxy's when it names itself, or answers on the paths of a model API."""
    told = [(str(r.get("message")), f"{r.get('component')} {r.get('logger')}") for r in records]
    if any("LiteLLM" in component or "litellm" in message for message, component in told):
        return 0.93
    return 0.6 if any((found := ACCESS.search(message)) and ASKS.search(found.group(1)) for message, _ in told) else 0.0


def _unwrapped(value: Any) -> Any:
    """The payload inside what a custom callback or a queue puts around it."""
    if isinstance(value, dict) and "startTime" not in value:
        for name in ("standard_logging_object", "standard_logging_payload", "payload", "kwargs", "data", "message", "Body"):
            inner = value.get(name)
            if inner is not None and name in ("data", "message", "Body") and isinstance(inner, str):
                inner = opened(inner)
            if isinstance(inner, dict):
                return _unwrapped(inner)
    return value


def _unfolded(value: Any) -> Any:
    if isinstance(value, dict) and "starttime" in value and "startTime" not in value:
        return {**value, **{name: value.get(name.lower()) for name in KEYS}}
    return value


def _outcome(line: int, value: Any, context: Context) -> Outcome:
    if not isinstance(value, dict):
        return Outcome(line, "rejected", "not an object")
    kind = kind_of(value)
    if kind == "payload":
        return _call(line, records.from_payload(value, context))
    if kind == "spend":
        return _call(line, records.from_spend(value, context))
    if kind == "error":
        return _call(line, records.from_error_log(value, context))
    if kind in ("daily", "summary"):
        return Outcome(line, "skipped", "daily sum (its calls are in LiteLLM_SpendLogs)")
    if kind == "line":
        found = ACCESS.search(value["message"])
        return Outcome(line, "skipped", f"access line, HTTP {found.group(2)}" if found else "line of the proxy's own log")
    return Outcome(line, "rejected", "neither a payload nor a row of SpendLogs")


def _call(line: int, entry: Entry) -> Outcome:
    kind = entry.call_type or ""
    if "mcp_tool" in kind and "list" not in kind:
        spans = [span | {"started_at": entry.started, "ended_at": entry.ended, "status": "error" if entry.failed else "ok"} for span in steps(entry, {})]
        return Outcome(line, "other", rows={"spans": spans}) if spans else Outcome(line, "skipped", "MCP tool without a name")
    if names.asks_no_model(kind) and (no_call := _no_call(line, entry, kind)):
        return no_call
    if entry.started is None and entry.ended is None and entry.model is None:
        return Outcome(line, "rejected", "no time and no model")
    issues: list[Issue] = []
    call = call_row(entry, issues)
    return Outcome(line, "call", call=call, rows=rows_beside(entry, call), issues=issues)


def _no_call(line: int, entry: Entry, kind: str) -> Outcome | None:
    """A batch job's row has the sum of all its requests: that is a bucket of usage, not a call. A poll that brings a background answer's usage is its call."""
    cost, tokens = money(entry.cost), integer(entry.raw.get("total_tokens"))
    if not cost and not tokens:
        return Outcome(line, "skipped", f"{kind[:60]} (asks no model)")
    if "batch" not in kind and "fine_tuning" not in kind:
        return None
    model = entry.model or word(next(iter(_batch_models(entry.meta)), None))
    shared = {"bucket_start": entry.started, "bucket_end": entry.ended, "provider": provider_id(entry.served_by), "model": model, "description": kind[:60]}
    sums = [("input", entry.raw.get("prompt_tokens")), ("output", entry.raw.get("completion_tokens"))]
    rows = [shared | {"kind": "usage", "token_kind": token_kind, "tokens": number} for token_kind, raw in sums if (number := integer(raw))]
    done = integer(entry.meta.get("batch_successful_requests"))
    return Outcome(line, "other", rows={"usage_buckets": [*rows, shared | {"kind": "cost", "amount_usd": cost, "requests": done}]})


def _batch_models(meta: Mapping[str, Any]) -> list[Any]:
    models = opened(meta.get("batch_models"))
    return models if isinstance(models, list) else list(mapping(models))


SOURCE = LiteLLM()
