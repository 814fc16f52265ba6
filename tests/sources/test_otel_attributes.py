"""The table of attributes, and every dialect's words for one call."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from typing import Any

import pytest

from llmlogs.sources.otel.attributes import TABLE, Attributes, provider_of
from tests.sources.otel_helpers import calls, chat, export, read, rows, span


def test_every_attribute_stands_once() -> None:
    fields = tomllib.loads(TABLE.read_text(encoding="utf-8"))["fields"]
    assert [name for name, n in Counter(name for names in fields.values() for name in names).items() if n > 1] == []


def test_unknown_names_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.sources.otel.attributes.MOST_NAMES", 1)
    table = Attributes()
    before = len(table)
    assert table["whatever.x"] is None
    assert len(table) == before


def langfuse(**counts: int) -> dict[str, Any]:
    return {"langfuse.observation.usage_details": json.dumps(counts)}


USAGE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("old names", {"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 2}, {"input_tokens": 9, "output_tokens": 2}),
    ("OpenInference", {"llm.token_count.prompt": 9, "llm.token_count.completion": 2, "llm.token_count.prompt_details.cache_read": 4,
                       "llm.token_count.completion_details.reasoning": 1},
     {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 4, "reasoning_tokens": 1}),
    ("OpenLLMetry", {"llm.usage.prompt_tokens": 9, "llm.usage.completion_tokens": 2, "llm.usage.total_tokens": 11}, {"input_tokens": 9, "output_tokens": 2}),
    ("AI SDK 4", {"ai.usage.promptTokens": 9, "ai.usage.completionTokens": 2}, {"input_tokens": 9, "output_tokens": 2}),
    ("AI SDK 6", {"ai.usage.inputTokens": 9, "ai.usage.outputTokens": 2, "ai.usage.inputTokenDetails.cacheReadTokens": 4,
                  "ai.usage.inputTokenDetails.noCacheTokens": 5},
     {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 4}),
    ("cache_write of today", {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_write.input_tokens": 4}, {"input_tokens": 9, "cache_write_tokens": 4}),
    ("cache_creation of yesterday", {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_creation.input_tokens": 4}, {"cache_write_tokens": 4}),
    ("the first of two names wins", {"gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.input_tokens": 9}, {"input_tokens": 9}),
    ("lifetimes of cache writes", {"gen_ai.usage.input_tokens": 9, "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 3,
                                   "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 2}, {"cache_write_tokens": 5, "cache_write_1h_tokens": 2}),
    ("raw usage of logfire", {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.raw": '{"input_tokens":2,"cache_read_input_tokens":7,"output_tokens":3}'},
     {"input_tokens": 9, "cache_read_tokens": 7, "output_tokens": 3}),
    ("Langfuse, raw", {"langfuse.observation.usage_details": '{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}'},
     {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 4}),
    ("Langfuse's own words", {"langfuse.observation.usage_details": '{"input":5,"input_cached_tokens":4,"output":2,"total":11}'},
     {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 4}),
    ("Langfuse, without a total", {"langfuse.observation.usage_details": '{"input":5,"output":2}'}, {"input_tokens": 5, "output_tokens": 2}),
    ("Langfuse, all parts apart", langfuse(input=5, input_cached_tokens=4, output=2, output_reasoning_tokens=3, total=14),
     {"input_tokens": 9, "output_tokens": 5}),
    ("Langfuse, the cache apart", langfuse(input=5, input_cached_tokens=4, output=5, output_reasoning_tokens=3, total=14),
     {"input_tokens": 9, "output_tokens": 5}),
    ("Langfuse, the reasoning apart", langfuse(input=9, input_cached_tokens=4, output=2, output_reasoning_tokens=3, total=14),
     {"input_tokens": 9, "output_tokens": 5}),
    ("Langfuse, reasoning apart", {"langfuse.observation.usage_details": '{"input":5,"output":2,"output_reasoning_tokens":3,"total":10}'},
     {"input_tokens": 5, "output_tokens": 5}),
    ("no JSON", {"langfuse.observation.usage_details": "{broken", "gen_ai.usage.input_tokens": 9}, {"input_tokens": 9}),
    ("a number as text", {"gen_ai.usage.input_tokens": "9"}, {"input_tokens": 9}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "told", "want"), USAGE, ids=[case[0] for case in USAGE])
def test_counts_of_every_dialect(what: str, told: dict[str, Any], want: dict[str, Any]) -> None:
    (call,) = calls(export(("x", [span("a", a=chat() | told)])))
    assert {name: call.get(name) for name in want} == want


def test_t1_cached_tokens_are_inside_the_input() -> None:
    told = {
        "gen_ai.usage.input_tokens": 17903,
        "gen_ai.usage.cache_read.input_tokens": 17817,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.total_tokens": 17908,
    }
    (call,) = calls(export(("x", [span("a", a=chat() | told)])))
    assert (call["input_tokens"], call["cache_read_tokens"]) == (17903, 17817)


@pytest.mark.parametrize("sent", [5, 130213])
def test_t2_the_same_call_as_the_provider_and_as_opentelemetry_counts_it(sent: int) -> None:
    told = {"gen_ai.usage.input_tokens": sent, "gen_ai.usage.cache_read_input_tokens": 128955, "gen_ai.usage.cache_creation_input_tokens": 1253}
    (call,) = calls(export(("x", [span("a", a=chat(made=7) | told)])))
    assert (call["input_tokens"], call["cache_read_tokens"], call["cache_write_tokens"]) == (130213, 128955, 1253)


def test_a_total_proves_that_the_cache_was_left_out() -> None:
    told = {"gen_ai.usage.input_tokens": 50, "gen_ai.usage.cache_read_input_tokens": 20, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.total_tokens": 75}
    (call,) = calls(export(("strands.telemetry.tracer", [span("a", a=chat() | told)])))
    assert call["input_tokens"] == 70


@pytest.mark.parametrize("version", ["v4", "v5", "v6"])
def test_the_vercel_ai_sdk_counts_anthropics_cache_from_v6_on(version: str) -> None:
    metadata = '{"anthropic":{"usage":{"input_tokens":50,"cache_creation_input_tokens":300,"cache_read_input_tokens":1800},"cacheCreationInputTokens":300}}'
    told = {
        "v4": {"ai.usage.promptTokens": 50, "ai.usage.completionTokens": 4},
        "v5": {"ai.usage.inputTokens": 50, "ai.usage.outputTokens": 4, "ai.usage.cachedInputTokens": 1800},
        "v6": {"ai.usage.inputTokens": 2150, "ai.usage.outputTokens": 4, "ai.usage.cachedInputTokens": 1800, "ai.usage.inputTokenDetails.noCacheTokens": 50,
               "ai.usage.inputTokenDetails.cacheReadTokens": 1800, "ai.usage.inputTokenDetails.cacheWriteTokens": 300},
    }[version]  # fmt: skip
    ai = {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.id": "claude-sonnet-4-5",
        "ai.model.provider": "anthropic.messages",
        "ai.response.providerMetadata": metadata,
    }
    (call,) = calls(export(("ai", [span("a", a=ai | told)])))
    assert (call["input_tokens"], call["cache_read_tokens"], call["cache_write_tokens"], call["provider"]) == (2150, 1800, 300, "anthropic")


def test_a_provider_that_counts_the_cache_is_left_alone() -> None:
    """Metadata beside counts of the Vercel AI SDK that already include the cache."""
    ai = {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-5", "ai.model.provider": "openai.chat", "ai.usage.inputTokens": 50}
    told = {"ai.usage.cachedInputTokens": 20, "ai.response.providerMetadata": '{"openai":{"reasoningTokens":0}}'}
    (call,) = calls(export(("ai", [span("a", a=ai | told)])))
    assert (call["input_tokens"], call["cache_read_tokens"]) == (50, 20)


@pytest.mark.parametrize(
    ("told", "error", "want"),
    [
        ({}, None, (None, None, "missing")),
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, None, (None, None, "missing")),  # T19, T20: a stream whose usage nobody asked for
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 7}, None, (None, 7, "partial")),
        ({"gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 0}, None, (9, 0, "reported")),
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, "Error code: 500", (0, 0, "reported")),  # a refused request read nothing
        ({"gen_ai.usage.input_tokens": 9}, None, (9, None, "partial")),
        ({"gen_ai.usage.input_tokens": True, "gen_ai.usage.output_tokens": [1]}, None, (None, None, "missing")),
    ],
)
def test_t19_t20_zero_and_absent(told: dict[str, Any], error: str | None, want: tuple[Any, ...]) -> None:
    more = {"error": error} if error else {}
    (call,) = calls(export(("x", [span("a", a=chat(**told), **more)])))
    assert (call.get("input_tokens"), call.get("output_tokens"), call["usage_status"]) == want


def test_an_embedding_has_no_output() -> None:
    (call,) = calls(export(("ai", [span("a", a={"ai.operationId": "ai.embed.doEmbed", "ai.model.id": "text-embedding-3-small", "ai.usage.tokens": 7})])))
    assert (call["operation"], call["input_tokens"], call.get("output_tokens"), call["usage_status"]) == ("embeddings", 7, None, "reported")


KINDS = [
    ({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "x"}, "agent"),
    ({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}, "tool"),
    ({"openinference.span.kind": "RETRIEVER"}, "retrieval"),
    ({"openinference.span.kind": "RERANKER"}, "rerank"),
    ({"openinference.span.kind": "GUARDRAIL"}, "guardrail"),
    ({"traceloop.span.kind": "workflow"}, "chain"),
    ({"langfuse.observation.type": "retriever"}, "retrieval"),
    ({"ai.operationId": "ai.toolCall"}, "tool"),
    ({"http.request.method": "GET"}, "http"),
    ({"rpc.system": "grpc"}, "http"),
    ({"gen_ai.tool.name": "t"}, "tool"),
    ({"haystack.component.type": "InMemoryBM25Retriever"}, "retrieval"),
    ({"haystack.component.type": "PromptBuilder"}, "chain"),
    ({"db.system": "postgresql"}, "other"),
    ({"db.system": "chroma", "db.vector.query.response.documents": "[1]"}, "retrieval"),
    ({"gen_ai.operation.name": "brand new"}, "app"),
    ({}, "app"),
]


@pytest.mark.parametrize(("told", "kind"), KINDS, ids=[str(n) for n in range(len(KINDS))])
def test_steps_around_a_call(told: dict[str, Any], kind: str) -> None:
    outcomes = read(export(("x", [span("s", begin=0, end=5, a=told, name="step"), span("c", "s", a=chat(9, 1))])))
    (step,) = rows("spans", outcomes)
    assert (step["kind"], step["duration_ms"], step["status"]) == (kind, 5.0, "ok")


WEAK = [
    ({"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 9}, "chat"),
    ({"llm.model_name": "gpt-5", "llm.token_count.prompt": 9}, "chat"),
    ({"gen_ai.response.model": "text-embedding-3-small", "gen_ai.request.model": "text-embedding-3-small", "gen_ai.provider.name": "openai"}, "embeddings"),
    ({"haystack.component.type": "OpenAIChatGenerator"}, "chat"),
    ({"traceloop.span.kind": "task", "llm.request.type": "chat", "gen_ai.request.model": "gpt-5"}, "chat"),  # LlamaIndex under OpenLLMetry
]


@pytest.mark.parametrize(("told", "operation"), WEAK, ids=[str(n) for n in range(len(WEAK))])
def test_calls_without_a_word_for_it(told: dict[str, Any], operation: str) -> None:
    (call,) = calls(export(("x", [span("a", a=told)])))
    assert call["operation"] == operation
    assert tokens_of(calls(export(("x", [span("a", a=told), span("b", "a", 100, 900, a=chat(3, 1)), span("c", "a", 910, 950, a=chat(4, 1))])))) in (
        [3, 4],
        [3, 4, None],
    )


def tokens_of(found: list[dict[str, Any]]) -> list[int | None]:
    return sorted((call.get("input_tokens") for call in found), key=lambda count: (count is None, count))


def test_an_agents_run_of_pydantic_ai_1_is_no_call() -> None:
    run = {"model_name": "gpt-5", "agent_name": "helper", "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 2}
    line = export(("pydantic-ai", [span("a", a=run, name="agent run"), span("b", "a", a=chat(9, 2), name="chat gpt-5")]))
    assert [(call["input_tokens"], call["agent_name"], call["feature"]) for call in calls(line)] == [(9, "helper", "helper")]


def test_counts_rolled_up_under_their_own_name_are_no_call() -> None:
    assert calls(export(("x", [span("a", a=chat() | {"gen_ai.aggregated_usage.input_tokens": 9})]))) == []


def test_steps_of_a_trace_without_a_model_are_kept_where_they_say_something() -> None:
    outcomes = read(export(("x", [span("a", a={"http.request.method": "GET"}), span("b", trace="b" * 32, a={"openinference.span.kind": "RETRIEVER"})])))
    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == [("skipped", "span of a trace without a model"), ("other", "")]


@pytest.mark.parametrize(
    ("told", "want"),
    [
        ({"retrieval.documents.0.document.id": "x", "retrieval.documents.1.document.id": "y", "retrieval.documents.1.document.score": 0.5}, 2),
        ({"gen_ai.retrieval.documents": '[{"id":1},{"id":2},{"id":3}]'}, 3),
        ({}, None),
    ],
)
def test_documents_are_counted(told: dict[str, Any], want: int | None) -> None:
    (row,) = rows("spans", read(export(("x", [span("a", a={"openinference.span.kind": "RETRIEVER"} | told)]))))
    assert row.get("document_count") == want


@pytest.mark.parametrize(
    ("logged", "want"),
    [("openai.chat", "openai"), ("anthropic.messages", "anthropic"), ("OpenAI", "openai"), ("aws.bedrock", "aws.bedrock"), ("amazon-bedrock", "aws.bedrock"),
     ("gcp.vertex_ai", "gcp.vertex_ai"), ("google.generative-ai", "gcp.gemini"), ("azure.ai.openai", "azure"), ("strands-agents", None), ("Langchain", None),
     ("groq", "groq")],
)  # fmt: skip
def test_providers_have_one_name(logged: str, want: str | None) -> None:
    assert provider_of(logged) == want
