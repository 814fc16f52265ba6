"""SGLang's request log (`--log-requests --log-requests-format json`): `request.received` and `request.finished`, paired by `rid`.

Traps: `timestamp` is local time without a zone (`--tz` says which); a request that was received and never finished broke off with the server; with
SGLANG_LOG_REQUEST_EXCEEDED_MS only slow requests are in the log, and nothing in it says so. Lines of the server's own text log may stand between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmlogs.sources.base import Context, Detection, Head, Outcome, Record, Row, Sample
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.model_servers import sglang
from llmlogs.sources.model_servers.values import ANSWERS, Raw, mapping, text, without_nulls

MOST_OPEN = 50_000  # requests under way at once; the oldest beyond them is taken for lost


class SglangRequests:
    """Two lines a request; the call stands at the line that finished it."""

    name = "sglang_requests"
    title = "SGLang request log (--log-requests-format json)"
    docs = "https://docs.sglang.ai/advanced_features/observability.html"
    tokens = "prompt_tokens includes cached_tokens, completion_tokens includes reasoning_tokens"
    answers = ANSWERS
    samples = (
        Sample(
            '{"timestamp": "2026-03-31T12:00:00.100000", "event": "request.received", "rid": "r1", "obj": {"stream": false}}\n'
            '{"timestamp": "2026-03-31T12:00:00.200000", "event": "request.received", "rid": "r2", "obj": {}}\n'
            '{"timestamp": "2026-03-31T12:00:02.600000", "event": "request.finished", "rid": "r1", "obj": {"stream": false}, "out": {"meta_info":'
            ' {"id": "r1", "finish_reason": {"type": "length"}, "prompt_tokens": 9, "completion_tokens": 5, "cached_tokens": 0, "e2e_latency": 2.5}}}',
            (
                {"response_id": "r1", "input_tokens": 9, "output_tokens": 5, "duration_ms": 2500.0, "finish_reason": "length", "status": "ok"},
                {"response_id": "r2", "status": "unknown", "usage_status": "missing"},
            ),
            note="received and finished are one call; what never finished is a call nobody saw the end of",
            counts={"records": 3, "calls": 2, "merged": 1},
        ),
    )

    def detect(self, head: Head) -> Detection | None:
        """By its events and request ids."""
        records = [value for value in head.values if isinstance(value, dict)]
        own = sum(_is_own(record) for record in records)
        return Detection(0.96, f"{own} of the first {len(records)} records are events of SGLang's request log") if own and own * 2 >= len(records) else None

    def read(self, records: Iterable[Record], context: Context) -> Iterator[Outcome]:
        """A call at the line that finished a request, its first line merged into it."""
        waiting: dict[str, tuple[int, Raw]] = {}
        for record in records:
            if not isinstance(record.value, dict) or not _is_own(record.value):
                yield Outcome(record.line, "rejected", "no event of SGLang's request log")
                continue
            rid = str(record.value["rid"])[:200]
            if record.value["event"] == "request.received" and not mapping(record.value.get("out")):
                if rid in waiting:
                    yield Outcome(waiting[rid][0], "merged", "part", merged_into=rid)
                waiting[rid] = (record.line, record.value)
                if len(waiting) > MOST_OPEN:
                    yield _lost(*waiting.pop(next(iter(waiting))), context)
                continue
            first = waiting.pop(rid, None)
            yield _finished(record.line, record.value, first[1] if first else {}, context)
            if first:
                yield Outcome(first[0], "merged", "part", merged_into=rid)
        for line, value in waiting.values():
            yield _lost(line, value, context)


def _is_own(record: Raw) -> bool:
    event = record.get("event")
    return isinstance(event, str) and event.startswith("request.") and isinstance(record.get("rid"), (str, int)) and ("obj" in record or "out" in record)


def _finished(line: int, value: Raw, first: Raw, context: Context) -> Outcome:
    out = mapping(value.get("out"))
    row = sglang.columns(mapping(out.get("meta_info")), {**mapping(first.get("obj")), **mapping(value.get("obj"))})
    came = to_utc(first.get("timestamp"), context.timezone)
    row["started_at"] = row["started_at"] or came
    row["ended_at"] = row["ended_at"] or to_utc(value.get("timestamp"), context.timezone)
    return Outcome(line, "call", call=_identified(row, value))


def _lost(line: int, value: Raw, context: Context) -> Outcome:
    row = sglang.columns({}, mapping(value.get("obj")))
    row |= {"started_at": to_utc(value.get("timestamp"), context.timezone), "status": "unknown", "operation": None}
    return Outcome(line, "call", call=_identified(row, value))


def _identified(row: Row, value: Raw) -> Row:
    """A later part of the log may bring the end of a request that this one only saw begin."""
    row["response_id"] = row["response_id"] or text(str(value["rid"]))
    return without_nulls(row) | {"merge_growing": True}


SOURCE = SglangRequests()
