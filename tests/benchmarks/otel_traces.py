"""Traces as the collector's file exporter writes them: requests of an app with an agent, steps of chains, tools, retrieval and model calls."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 64  # spans a line
MODELS = (("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("gcp.gemini", "gemini-2.5-flash"))
WORDS = ("shipping", "invoice", "please", "order", "late", "customer", "policy", "token", "lamp", "blue", "return", "within", "days")
START = 1_772_359_200_000_000_000


def value(raw: Any) -> dict[str, Any]:
    """An AnyValue."""
    if isinstance(raw, bool):
        return {"boolValue": raw}
    if isinstance(raw, int):
        return {"intValue": str(raw)}
    if isinstance(raw, float):
        return {"doubleValue": raw}
    return {"arrayValue": {"values": [value(item) for item in raw]}} if isinstance(raw, list) else {"stringValue": raw}


class Writer:
    """Makes requests one after the other."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = random.Random(seed)
        self.now = START

    def text(self, words: int) -> str:
        return " ".join(self.rng.choices(WORDS, k=words))

    def span(self, trace: str, parent: str, name: str, begin: int, length: int, attributes: dict[str, Any], failed: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = {
            "traceId": trace, "spanId": f"{self.rng.getrandbits(64):016x}", "parentSpanId": parent, "flags": 257, "name": name, "kind": 3,
            "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + length),
            "attributes": [{"key": key, "value": value(item)} for key, item in attributes.items()],
            "status": {"code": 2, "message": "Error code: 429"} if failed else {},
        }  # fmt: skip
        return made

    def call(self, trace: str, parent: str, begin: int, agent: str) -> dict[str, Any]:
        rng = self.rng
        provider, model = rng.choice(MODELS)
        sent, made = rng.randrange(200, 9000), rng.randrange(20, 600)
        messages = [
            {"role": "system", "parts": [{"type": "text", "content": self.text(30)}]},
            {"role": "user", "parts": [{"type": "text", "content": self.text(90)}]},
        ]
        answer = [{"role": "assistant", "parts": [{"type": "text", "content": self.text(60)}], "finish_reason": "stop"}]
        attributes = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model, "gen_ai.response.model": model,
            "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(96):024x}", "gen_ai.request.max_tokens": 1024, "gen_ai.request.temperature": 0.2,
            "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": sent, "gen_ai.usage.output_tokens": made,
            "gen_ai.usage.cache_read.input_tokens": sent // 3, "gen_ai.agent.name": agent, "server.address": "api.example.com", "server.port": 443,
            "gen_ai.input.messages": json.dumps(messages), "gen_ai.output.messages": json.dumps(answer),
        }  # fmt: skip
        return self.span(trace, parent, f"chat {model}", begin, rng.randrange(300, 4000) * 1_000_000, attributes, failed=rng.random() < 0.01)

    def request(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Spans of one request, children first as they end, with the scope of each."""
        rng = self.rng
        self.now += rng.randrange(50, 900) * 1_000_000
        trace, agent, begin = f"{rng.getrandbits(128):032x}", rng.choice(("helper", "planner", "critic")), self.now
        people = {"user.id": f"u-{rng.randrange(9000)}", "session.id": f"s-{rng.randrange(90000)}", "app.feature": rng.choice(("faq", "rag", "chat"))}
        root = self.span(
            trace,
            "",
            "POST /answer",
            begin,
            9_000_000_000,
            {"http.request.method": "POST", "http.route": "/answer", "http.response.status_code": 200, **people},
        )
        run = self.span(trace, root["spanId"], f"invoke_agent {agent}", begin + 1000, 8_900_000_000,
                        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent, "gen_ai.system_instructions": self.text(60)})  # fmt: skip
        for step in range(rng.randrange(1, 4)):
            at = begin + 2000 + step * 2_900_000_000
            yield (
                "app",
                self.span(
                    trace,
                    run["spanId"],
                    "retrieval kb",
                    at,
                    80_000_000,
                    {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "kb", "note": self.text(40)},
                ),
            )
            yield "pydantic-ai", self.call(trace, run["spanId"], at + 90_000_000, agent)
            found = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "search",
                "gen_ai.tool.call.arguments": self.text(30),
                "gen_ai.tool.call.result": self.text(120),
            }
            yield "pydantic-ai", self.span(trace, run["spanId"], "execute_tool search", at + 2_200_000_000, 200_000_000, found)
        yield "pydantic-ai", run
        yield "app", root


def write_traces(path: Path, size: int) -> int:
    """An OTLP file of about `size` bytes; the number of its spans."""
    writer, spans, waiting = Writer(), 0, []
    resource = {"attributes": [{"key": "service.name", "value": value("lampshop")}, {"key": "deployment.environment.name", "value": value("prod")}]}
    with path.open("w", encoding="utf-8") as out:
        while out.tell() < size:
            while len(waiting) < BATCH:
                waiting += writer.request()
            scopes: dict[str, list[dict[str, Any]]] = {}
            for scope, span in waiting:
                scopes.setdefault(scope, []).append(span)
            spans += len(waiting)
            waiting = []
            line = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": name}, "spans": made} for name, made in scopes.items()]}]}
            out.write(json.dumps(line, separators=(",", ":")) + "\n")
    return spans
