"""Kong Gateway: lines of any log plugin whose request an AI plugin served (`ai.<plugin>`).

Traps: the plugin's name is a key, and several may stand in one line: a transformer's request is a call of its own. Older versions write `prompt_token`.
`latencies` and `started_at` are milliseconds. On a cache hit the model's latency is left out. `tries` are the balancer's, `tried_targets` the AI proxy's.
A 429 without an upstream status is Kong's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.error_classes import classify
from llmlogs.sources.common.heads import objects
from llmlogs.sources.common.labels import find_feature, first_word, labels_json, listed, mapping, word
from llmlogs.sources.common.outcomes import outcome
from llmlogs.sources.common.providers import provider_id
from llmlogs.sources.common.rate_limits import limits_of, retry_after_ms
from llmlogs.sources.common.times import duration_ms, to_utc
from llmlogs.sources.common.usage import Usage, integer, money, read_usage

Raw = Mapping[str, Any]
OWN_WINDOWS = frozenset({"second", "minute", "hour", "day", "month", "year"})  # limits of Kong's own plugins are named by their window


class Kong:
    """Requests that Kong's AI plugins served."""

    name = "kong"
    title = "Kong Gateway logs with AI plugins (file-log, http-log and others, JSON Lines)"
    docs = "https://developer.konghq.com/ai-gateway/ai-audit-log-reference/"
    tokens = "prompt and completion tokens as the provider counts them, cached ones included"
    answers = ("limits/rate_limit_bursts", "errors/by_class", "latency/where_time_goes", "latency/slowest_calls", "cost/by_user", "data/coverage")
    samples = (
        Sample(
            '{"started_at": 1774958400000, "request": {"id": "k1", "method": "POST"}, "response": {"status": 200, "headers": {}}, "upstream_status": "200",'
            ' "latencies": {"request": 780, "kong": 4, "proxy": 776}, "tries": [{"ip": "192.0.2.1", "code": 429, "state": "failed"}, {"ip": "192.0.2.1"}],'
            ' "consumer": {"username": "team-a"}, "ai": {"proxy": {"usage": {"prompt_token": 28, "completion_token": 20, "total_tokens": 48, "cost": 0.0038},'
            ' "meta": {"request_model": "m", "response_model": "m-1", "provider_name": "cohere", "llm_latency": 670}, "cache": {"cache_status": "Miss"}}}}',
            ({"call_id": "k1", "input_tokens": 28, "output_tokens": 20, "duration_ms": 780.0, "gateway_ms": 4.0, "attempts": 2, "app_cache": "miss"},),
            note="names of an older version, and a try that was refused",
        ),
    )  # fmt: skip

    def detect(self, head: Head) -> Detection | None:
        """By Kong's own envelope with an `ai` object in it."""
        records = objects(head)
        envelope = [record for record in records if "latencies" in record and "started_at" in record]
        told = [record for record in envelope if _plugins(record)]
        if not told or len(envelope) * 2 < len(records):
            return None
        return Detection(0.96, f"{len(told)} of the first {len(records)} records are Kong log lines with AI plugins")

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every AI plugin of a line; the proxy's is the line's own."""
        for record in records:
            raw = record.value
            if not isinstance(raw, dict) or ("latencies" not in raw and "started_at" not in raw):
                yield Outcome(record.line, "rejected", "no log line of Kong")
                continue
            plugins = _plugins(raw)
            if not plugins:
                code = integer(mapping(raw.get("response")).get("status"))
                yield Outcome(record.line, "skipped", f"request without an AI plugin{', HTTP 429' if code == 429 else ''}")
            for place, name in enumerate(sorted(plugins, key=_rank)):
                yield _call(record.line, raw, name, plugins[name], context, nested=place > 0)


def _plugins(raw: Raw) -> dict[str, dict[str, Any]]:
    """What each AI plugin told; some shippers write nested names with dots."""
    found = {name: part for name, part in mapping(raw.get("ai")).items() if isinstance(part, dict) and ("usage" in part or "meta" in part)}
    for key, value in raw.items() if not found else ():
        parts = str(key).split(".")
        if parts[0] == "ai" and len(parts) == 4:
            found.setdefault(parts[1], {}).setdefault(parts[2], {})[parts[3]] = value
    return found


def _rank(name: str) -> tuple[bool, str]:
    return "proxy" not in name, name


def _call(line: int, raw: Raw, plugin: str, told: Raw, context: Context, nested: bool) -> Outcome:
    usage, meta, answer = mapping(told.get("usage")), mapping(told.get("meta")), mapping(raw.get("response"))
    headers = {str(name).lower(): str(value)[:500] for name, value in mapping(answer.get("headers")).items() if isinstance(value, (str, int, float))}
    issues: list[tuple[str, str, str]] = []
    row = _who(raw, plugin, meta, nested, context) | _cache(told)
    row |= _ended(raw, answer, headers) if not nested else {"status": "ok"}
    row |= _times(raw, usage, meta, nested) | _usage(usage, row, issues)
    charged = money(usage.get("cost"))
    row["reported_usd"] = None if charged == 0 and row["status"] != "ok" else charged
    tries = _tries(raw, told, row) if not nested else []
    row["attempts"] = len(tries) or None
    at = row.get("started_at")
    limits = [{"at": at, "provider": row.get("provider"), "model": row.get("request_model")} | limit for limit in _limits(headers, row)] if not nested else []
    rows = {"attempts": tries if len(tries) > 1 else [], "rate_limits": limits}
    call = {name: value for name, value in row.items() if value is not None and value != ""}
    return Outcome(line, "call", call=call, rows={table: found for table, found in rows.items() if found}, issues=issues, nested=nested)


def _who(raw: Raw, plugin: str, meta: Raw, nested: bool, context: Context) -> Row:
    identity = first_word(mapping(raw.get("request")).get("id"), raw.get("correlation_id"))
    places = {name: mapping(raw.get(name)) for name in ("route", "service", "consumer")}
    feature, basis = find_feature(places, context.feature_from)
    labels = {"route": places["route"].get("name"), "plugin": plugin if plugin != "proxy" else None}
    return {
        "call_id": f"{identity}:{plugin}" if nested and identity else identity,
        "operation_id": identity if nested else None,
        "operation": "embeddings" if "embed" in str(meta.get("request_model")) else "chat",
        "gateway": "kong",
        "provider": provider_id(first_word(meta.get("provider_name"))),
        "request_model": word(meta.get("request_model")),
        "response_model": word(meta.get("response_model")),
        "service": word(places["service"].get("name")),
        "user_id": first_word(places["consumer"].get("username"), places["consumer"].get("custom_id"), raw.get("authenticated_entity")),
        "team": word(raw.get("workspace_name")),
        "is_internal": True if nested else None,
        "feature": feature,
        "feature_basis": basis,
        "tags": labels_json({name: value for name, value in labels.items() if value}),
    }


def _times(raw: Raw, usage: Raw, meta: Raw, nested: bool) -> Row:
    started, spent = to_utc(raw.get("started_at")), mapping(raw.get("latencies"))
    model = duration_ms(meta.get("llm_latency"), "ms")
    waited = duration_ms(spent.get("request"), "ms") if not nested else model
    mode = str(meta.get("request_mode")).lower()
    row: Row = {"started_at": started, "duration_ms": waited, "server_ms": model, "stream": {"stream": True, "oneshot": False}.get(mode)}
    if not nested:
        row["gateway_ms"] = duration_ms(spent.get("kong"), "ms")
        row["ended_at"] = started + timedelta(milliseconds=waited) if started and waited is not None else None
    first = duration_ms(usage.get("time_to_first_token"), "ms")
    if row["stream"] and first:
        row |= {"ttft_ms": first, "ttft_basis": "client"}
    return row


def _usage(raw: Raw, row: Row, issues: list[tuple[str, str, str]]) -> Row:
    """Singular names are an older version's."""
    plain = {str(name).replace("_token", "_tokens") if str(name) in ("prompt_token", "completion_token") else name: value for name, value in raw.items()}
    plain.pop("cost", None)
    usage = read_usage(plain)
    if not usage.input and not usage.output:
        usage = Usage(issues=usage.issues)
    if row["status"] not in ("ok", "unknown") and usage.empty:
        return {"usage_status": "missing"}
    issues += usage.issues
    return usage.columns()


def _ended(raw: Raw, answer: Raw, headers: dict[str, str]) -> Row:
    code = integer(answer.get("status"))
    row = outcome(code)
    asked = bool(word(raw.get("upstream_status"))) or any(isinstance(entry, dict) and entry.get("ip") for entry in listed(raw.get("tries")))
    if code == 429 and not asked:
        row["status"] = "shed"
    if row["status"] != "ok":
        row["retry_after_ms"] = retry_after_ms(headers, to_utc(headers.get("date")))
    return row


def _tries(raw: Raw, told: Raw, row: Row) -> list[Row]:
    """The AI proxy's targets where there was more than one, else the balancer's tries."""
    targets = [entry for entry in listed(told.get("tried_targets")) if isinstance(entry, dict)]
    plain = [entry for entry in listed(raw.get("tries")) if isinstance(entry, dict)]
    entries = targets if len(targets) > 1 else plain
    rows: list[Row] = []
    for number, entry in enumerate(entries, start=1):
        final = number == len(entries)
        code = row.get("status_code") if final else integer(entry.get("code", entry.get("status_code")))
        wrong = (code or 0) >= 400 or (not final and entry.get("state") == "failed")
        rows.append(
            {
                "attempt": number, "provider": provider_id(word(entry.get("provider"))) or row.get("provider"), "status_code": code,
                "model": word(entry.get("model")) or row.get("request_model"), "error_class": classify(code, "") if wrong else None,
                "started_at": to_utc(entry.get("balancer_start")), "origin": "explicit", "is_final": final,
            }
        )  # fmt: skip
    return rows


def _cache(told: Raw) -> Row:
    cache = mapping(told.get("cache"))
    found = {"hit": "hit", "miss": "miss", "refresh": "miss", "bypass": "bypass"}.get(str(cache.get("cache_status")).lower())
    if found != "hit":
        return {"app_cache": found}
    return {"app_cache": "hit", "cache_kind": "semantic" if cache.get("embeddings_model") or cache.get("embeddings_latency") else "exact"}


def _limits(headers: dict[str, str], row: Row) -> list[Row]:
    return [limit | {"origin": "gateway" if limit["scope"] in OWN_WINDOWS else "provider"} for limit in limits_of(headers, None, row.get("provider"))]


SOURCE = Kong()
