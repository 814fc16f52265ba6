"""OpenCode: `opencode.db` (tables message, part, session ...) and, before it, one file a message in `storage/message/ses_*/msg_*.json`; also its export.

Traps: token counts exclude each other (input without cache, output without reasoning) unless `total` says otherwise; times are epoch ms; a message of
several steps has the cost of all and the tokens of the last; cost is 0 for subscriptions and models without a price; a message that runs, or was broken
off, has zeros. Database and files hold the same messages under the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row
from llmlogs.sources.common.error_classes import fault_of
from llmlogs.sources.common.session_lines import folder, kind_of, known, objects, part, timed, wait_ms, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage, integer, money
from llmlogs.sources.opencode.samples import SAMPLES

PROVIDERS = {
    "amazon-bedrock": "aws", "google-vertex": "google", "google-vertex-anthropic": "google", "xai": "x-ai", "azure-cognitive-services": "azure",
    "vercel": "vercel-ai-gateway",
}  # fmt: skip
ABORTED = ("MessageAbortedError", "AbortError")
SESSION_KEYS = ({"projectID", "directory"}, {"worktree", "vcs"}, {"worktree", "time"})


class OpenCode:
    """Messages of OpenCode from its database, its files or its export."""

    name = "opencode"
    title = "OpenCode (database, message files, export)"
    docs = "https://github.com/sst/opencode/blob/dev/packages/opencode/src/session/message-v2.ts"
    tokens = "input, cache read, cache write, output and reasoning exclude each other (added here); cost 0 is a subscription or an unknown price"
    samples = SAMPLES
    answers = ("cost/by_feature", "cache/prefix_cache", "latency/slowest_calls", "errors/by_class", "data/coverage")
    places = tuple(
        f"{root}/{inner}"
        for root in ("$OPENCODE_DATA_DIR", "$XDG_DATA_HOME/opencode", "~/.local/share/opencode")
        for inner in ("opencode*.db", "storage/message", "project/*/storage/session/message")
    )

    def detect(self, head: Head) -> Detection | None:
        """Sure by the tables of its database, by the ids of a message or part, and by the shape of its export."""
        if {"message.data", "message.session_id", "part.message_id"} <= set(head.columns):
            return Detection(0.97, "a database with the tables of OpenCode")
        values = [value for value in head.values if isinstance(value, dict)]
        if values and all(_is_message(value) or _is_part(value) for value in values):
            return Detection(0.96, "a message or part with the ids of OpenCode")
        if values and all(_is_export(value) for value in values):
            return Detection(0.96, "an export of an OpenCode session")
        if values and all(str(value.get("id")).startswith(("ses_", "prj_")) or any(keys <= value.keys() for keys in SESSION_KEYS) for value in values):
            return Detection(0.9, "a session or project file of OpenCode")
        return None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every message of the assistant, spans for its tools, attempts for its retries."""
        for record in records:
            value = record.value
            if not isinstance(value, dict):
                yield Outcome(record.line, "rejected", "not an object")
            elif isinstance(value.get("row"), dict) and isinstance(value.get("table"), str):
                yield _row(record.line, value["table"], value["row"])
            elif _is_export(value):
                yield Outcome(record.line, "skipped", "session")
                yield from _exported(record.line, value["messages"])
            else:
                yield _one(record.line, value)


def _row(number: int, table: str, row: dict[str, Any]) -> Outcome:
    """A row of the database: what a file holds, with the ids in columns of their own."""
    if table not in ("message", "part"):
        return Outcome(number, "skipped", kind_of("table", table))
    try:
        data = orjson.loads(row["data"]) if isinstance(row.get("data"), str) else row.get("data")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return Outcome(number, "rejected", "data that is no JSON object")
    return _one(number, data | {"id": row.get("id"), "sessionID": row.get("session_id"), "messageID": row.get("message_id")}, table)


def _exported(number: int, messages: list[Any]) -> Iterator[Outcome]:
    for message in objects(messages):
        for value in (part(message, "info"), *objects(message.get("parts"))):
            outcome = _one(number, value)
            outcome.nested = True
            yield outcome


def _one(number: int, value: dict[str, Any], table: str = "") -> Outcome:
    if table == "part" or _is_part(value):
        return _part(number, value)
    if value.get("role") == "assistant":
        return _call(number, value)
    if isinstance(value.get("role"), str):
        return Outcome(number, "skipped", kind_of("message", value["role"]))
    if str(value.get("id")).startswith(("ses_", "prj_")) or any(keys <= value.keys() for keys in SESSION_KEYS):
        return Outcome(number, "skipped", "session or project")
    return Outcome(number, "rejected", "neither a message nor a part")


def _call(number: int, value: dict[str, Any]) -> Outcome:
    usage, error = _usage(part(value, "tokens")), part(value, "error")
    begun, ended = to_utc(part(value, "time").get("created")), to_utc(part(value, "time").get("completed"))
    project = folder(part(value, "path").get("root")) or folder(part(value, "path").get("cwd"))
    provider = word(value.get("providerID"))
    row: Row = timed(begun, ended) if ended is not None else {"started_at": begun}
    row |= usage.columns() | {
        "call_id": word(value.get("id")),
        "session_id": word(value.get("sessionID")),
        "trace_id": word(value.get("parentID")),
        "feature": project,
        "feature_basis": "project" if project else None,
        "agent_name": word(value.get("agent")) or word(value.get("mode")),
        "service": "opencode",
        "operation": "chat",
        "provider": PROVIDERS.get(provider or "", provider),
        "request_model": word(value.get("modelID")),
        "finish_reason": word(value.get("finish")),
        "reported_usd": money(value.get("cost")) or None,
        "is_internal": True if value.get("summary") is True else None,
        "stream": True,
        "status": "ok" if ended is not None else "unknown",
        "merge_growing": True,  # the database may be read again while a message runs
    }
    if error:
        row |= _error(error)
    return Outcome(number, "call", call=known(row), issues=usage.issues)


def _error(error: dict[str, Any]) -> Row:
    name, data = error.get("name"), part(error, "data")
    if name in ABORTED:
        return {"status": "cancelled"}
    if name == "MessageOutputLengthError":
        return {"finish_reason": "length"}
    status = integer(data.get("statusCode"))
    return fault_of(error | data).columns(status) | {"status": "error", "status_code": status}


def _usage(tokens: dict[str, Any]) -> Usage:
    """Zeros throughout are a message that runs or was broken off. A stated total tells whether reasoning stands beside output or inside."""
    usage, cache = Usage(), part(tokens, "cache")
    plain, made = usage.count(tokens, "input_tokens", "input"), usage.count(tokens, "output_tokens", "output")
    usage.reasoning = usage.count(tokens, "reasoning_tokens", "reasoning")
    usage.cache_read, usage.cache_write = usage.count(cache, "cache_read_tokens", "read"), usage.count(cache, "cache_write_tokens", "write")
    total = usage.count(tokens, "output_tokens", "total")
    if not any((plain, made, usage.reasoning, usage.cache_read, usage.cache_write)) and not usage.issues:
        return Usage()
    sent = None if plain is None else plain + (usage.cache_read or 0) + (usage.cache_write or 0)
    inside = total is not None and sent is not None and made is not None and total == sent + made
    usage.input = sent
    usage.output = made if inside or made is None else made + (usage.reasoning or 0)
    return usage


def _part(number: int, value: dict[str, Any]) -> Outcome:
    kind, state, message = value.get("type"), part(value, "state"), word(value.get("messageID"))
    if kind == "tool" and isinstance(part(state, "time").get("start"), (int, float)):
        begun, ended = to_utc(state["time"]["start"]), to_utc(state["time"].get("end"))
        status = {"completed": "ok", "error": "error"}.get(str(state.get("status")), "unknown")
        span: Row = {
            "span_id": word(value.get("callID")) or word(value.get("id")),
            "call_id": message,
            "kind": "tool",
            "name": word(value.get("tool")) or "unnamed",
        }
        span |= {"started_at": begun, "ended_at": ended, "duration_ms": wait_ms(begun, ended), "status": status}
        return Outcome(number, "other", rows={"spans": [span]})
    if kind == "retry":
        data = part(value, "error", "data")
        status_code = integer(data.get("statusCode"))
        columns = fault_of(part(value, "error") | data).columns(status_code)
        attempt: Row = {"call_id": message, "attempt": integer(value.get("attempt")), "started_at": to_utc(part(value, "time").get("created"))}
        attempt |= {"status_code": status_code, "error_class": columns["error_class"], "origin": "explicit", "is_final": False}
        return Outcome(number, "other", rows={"attempts": [attempt]})
    return Outcome(number, "skipped", kind_of("part", kind))


def _is_message(value: dict[str, Any]) -> bool:
    return isinstance(value.get("role"), str) and str(value.get("id")).startswith("msg_") and str(value.get("sessionID")).startswith("ses_")


def _is_part(value: dict[str, Any]) -> bool:
    return str(value.get("id")).startswith("prt_") and "messageID" in value and isinstance(value.get("type"), str)


def _is_export(value: dict[str, Any]) -> bool:
    messages = value.get("messages")
    return isinstance(value.get("info"), dict) and isinstance(messages, list) and all("info" in message and "parts" in message for message in objects(messages))


SOURCE = OpenCode()
