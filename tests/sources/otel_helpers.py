"""Makes OTLP exports for tests and reads them: attributes as a plain dict, times in milliseconds after a fixed instant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmlogs.sources import get
from llmlogs.sources.base import Context, Outcome, Record

START = 1_772_445_600_000_000_000  # 2026-03-02 10:00:00 UTC
TRACE = "a" * 32


def any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"arrayValue": {"values": [any_value(item) for item in value]}} if isinstance(value, list) else {"stringValue": value}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def span(own: str, parent: str = "", begin: float = 0, end: float = 1000, trace: str = TRACE, name: str = "", **more: Any) -> dict[str, Any]:
    """A span; `a` are its attributes, `error` its message, `events` pairs of (name, ms, attributes)."""
    made: dict[str, Any] = {
        "traceId": trace, "spanId": own.rjust(16, "0"), "name": name or own, "kind": 3,
        "startTimeUnixNano": str(START + int(begin * 1e6)), "endTimeUnixNano": str(START + int(end * 1e6)), "attributes": attributes(more.get("a", {})),
        "status": {"code": 2, "message": more["error"]} if "error" in more else {"code": more.get("code", 0)},
    }  # fmt: skip
    if parent:
        made["parentSpanId"] = parent.rjust(16, "0")
    made["events"] = [{"name": kind, "timeUnixNano": str(START + int(at * 1e6)), "attributes": attributes(told)} for kind, at, told in more.get("events", ())]
    return made


def export(*scoped: tuple[str, list[dict[str, Any]]], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    """One line of the file exporter."""
    groups = [{"scope": {"name": scope}, "spans": spans} for scope, spans in scoped]
    return {"resourceSpans": [{"resource": {"attributes": attributes(resource or {})}, "scopeSpans": groups}]}


def read(*values: Any, context: Context | None = None) -> list[Outcome]:
    return list(get("otel").read([Record(line, 0, 0, value) for line, value in enumerate(values, start=1)], context or Context("x")))


def calls(*values: Any, **more: Any) -> list[dict[str, Any]]:
    return [outcome.call for outcome in read(*values, **more) if outcome.call is not None]


def rows(table: str, outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    return [row for outcome in outcomes for row in outcome.rows.get(table, ())]


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5-mini"}


def chat(sent: int | None = None, made: int | None = None, found: str = "", **more: Any) -> dict[str, Any]:
    """Attributes of a model call in the current words."""
    told = dict(CHAT)
    counts = {"gen_ai.usage.input_tokens": sent, "gen_ai.usage.output_tokens": made, "gen_ai.response.id": found or None}
    return told | {key: value for key, value in counts.items() if value is not None} | more
