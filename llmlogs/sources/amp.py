"""Amp threads: `~/.local/share/amp/threads/T-<uuid>.json`, one object a thread.

Traps: older threads keep a `usageLedger` whose events have input and output only, while the cache's part stands in the usage of the message the event
leads to; newer ones have the usage in their messages alone. Both at once are one call. Input excludes cache reads and writes. Credits are no dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.endpoints import guess_provider
from llmlogs.sources.common.session_lines import known, objects, part, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage

PLAIN, MADE = ("inputTokens", "input"), ("outputTokens", "output")


class Amp:
    """Threads of Amp."""

    name = "amp"
    title = "Amp threads (JSON)"
    docs = "https://ampcode.com/manual"
    tokens = "input excludes cache reads and writes (added here); the ledger of a thread and its messages tell the same calls"
    answers = ("cost/by_feature", "cache/prefix_cache", "data/coverage")
    places = ("$AMP_DATA_DIR/threads", "$XDG_DATA_HOME/amp/threads", "~/.local/share/amp/threads")
    samples = (
        Sample(
            note="usage in the messages",
            lines='{"v":3,"id":"T-1","created":1772445600000,"messages":[{"role":"user","messageId":0,"content":[]},{"role":"assistant","messageId":1,'
            '"content":[],"usage":{"model":"claude-sonnet-4-5","inputTokens":10,"outputTokens":20,"cacheCreationInputTokens":30,"cacheReadInputTokens":400,'
            '"credits":1.5,"timestamp":"2026-03-02T10:00:05Z"}}]}\n',
            want=(
                {
                    "call_id": "T-1/1", "session_id": "T-1", "service": "amp", "provider": "anthropic", "request_model": "claude-sonnet-4-5",
                    "input_tokens": 440, "cache_read_tokens": 400, "cache_write_tokens": 30, "output_tokens": 20, "usage_status": "reported",
                },
            ),
            counts={"records": 3, "calls": 1, "other": 0, "merged": 0, "skipped": 2, "rejected": 0},
        ),
        Sample(
            note="a ledger, with the cache of the message it leads to; a call that leads to none stands alone",
            lines='{"id":"T-2","created":1772445600000,"messages":[{"role":"assistant","messageId":1,"usage":{"cacheCreationInputTokens":30,'
            '"cacheReadInputTokens":400}}],"usageLedger":{"events":[{"id":"e1","timestamp":"2026-03-02T10:00:05Z","model":"claude-sonnet-4-5",'
            '"tokens":{"input":10,"output":20},"toMessageId":1},{"id":"e2","timestamp":"2026-03-02T10:00:09Z","model":"gpt-5-mini",'
            '"tokens":{"input":5,"output":6}}]}}\n',
            want=(
                {"call_id": "T-2/1", "input_tokens": 440, "output_tokens": 20},
                {"call_id": "T-2/e2", "input_tokens": 5, "output_tokens": 6, "provider": "openai"},
            ),
            counts={"records": 4, "calls": 2, "other": 0, "merged": 0, "skipped": 2, "rejected": 0},
        ),
    )  # fmt: skip

    def detect(self, head: Head) -> Detection | None:
        """By the ids of threads and the numbers of their messages."""
        values = [value for value in head.values if isinstance(value, dict)]
        return Detection(0.96, "a thread of Amp") if values and all(_is_thread(value) for value in values) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call for every event of the ledger, or for every message with usage where there is no ledger."""
        for record in records:
            if not isinstance(record.value, dict) or not isinstance(record.value.get("messages"), list):
                yield Outcome(record.line, "rejected", "not a thread")
                continue
            yield Outcome(record.line, "skipped", "thread")
            yield from _thread(record.line, record.value)


def _thread(number: int, thread: dict[str, Any]) -> Iterator[Outcome]:
    messages, events = objects(thread["messages"]), objects(part(thread, "usageLedger").get("events"))
    usages = {str(message.get("messageId")): part(message, "usage") for message in messages if part(message, "usage")}
    for event in events:
        target = str(event.get("toMessageId"))
        yield _call(number, thread, {**usages.get(target, {}), **event}, part(event, "tokens"), target if target in usages else event.get("id"))
    for message in messages:
        usage = part(message, "usage")
        if usage and not events:
            yield _call(number, thread, {"timestamp": message.get("timestamp"), **usage}, usage, message.get("messageId"))
        else:
            yield Outcome(number, "skipped", "message", nested=True)


def _call(number: int, thread: dict[str, Any], told: dict[str, Any], counts: dict[str, Any], name: Any) -> Outcome:
    usage, thread_id, model = Usage(), word(thread.get("id")), word(told.get("model"))
    plain, usage.output = usage.count(counts, "input_tokens", *PLAIN), usage.count(counts, "output_tokens", *MADE)
    usage.cache_read = usage.count(told, "cache_read_tokens", "cacheReadInputTokens")
    usage.cache_write = usage.count(told, "cache_write_tokens", "cacheCreationInputTokens")
    usage.input = None if plain is None else plain + (usage.cache_read or 0) + (usage.cache_write or 0)
    row: Row = usage.columns() | {
        "call_id": f"{thread_id}/{name}" if thread_id and name is not None else None,
        "session_id": thread_id,
        "service": "amp",
        "operation": "chat",
        "provider": guess_provider(None, "", model),
        "request_model": model,
        "started_at": to_utc(told.get("timestamp")) or to_utc(thread.get("created")),
        "status": "ok",
        "merge_growing": True,  # a thread's file is written anew as it grows
    }
    return Outcome(number, "call", call=known(row), issues=usage.issues, nested=True)


def _is_thread(value: dict[str, Any]) -> bool:
    return str(value.get("id")).startswith("T-") and isinstance(value.get("messages"), list) and ("created" in value or "usageLedger" in value)


SOURCE = Amp()
