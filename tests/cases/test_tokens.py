"""Cases from real bugs of other tools, by their number: what was sent and generated, and what is not known. Each is read from a file as a user has it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.log import Logs

COUNTS = "input_tokens, cache_read_tokens, cache_write_tokens, output_tokens"
AT = "2026-06-01T10:00:%02dZ"


def openai(n: int = 1, **usage: Any) -> dict[str, Any]:
    """A logged answer of OpenAI's chat API."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done"}}
    body = {"id": f"chatcmpl-{n}", "object": "chat.completion", "created": 1_780_308_000, "model": "gpt-4o-2024-08-06", "choices": [choice]}
    return {"ts": AT % n, "response": body | ({"usage": usage} if usage else {})}


def anthropic(n: int = 1, model: str = "claude-sonnet-4-5-20250929", **usage: Any) -> dict[str, Any]:
    """A logged answer of Anthropic's API."""
    body = {"id": f"msg_{n}", "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": "done"}], "stop_reason": "end_turn"}
    return {"ts": AT % n, "response": body | {"usage": usage}}


def session(n: int, **more: Any) -> dict[str, Any]:
    """A line of a Claude Code session."""
    plain = {"isSidechain": False, "sessionId": "s1", "version": "2.0.80", "cwd": "/home/dev/shop", "uuid": f"u{n}", "type": "assistant", "timestamp": AT % n}
    return plain | more


def message(n: int, output: int, *, stop: str | None = "end_turn", text: str = "done") -> dict[str, Any]:
    return {
        "id": f"msg_{n}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "stop_reason": stop,
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 10, "output_tokens": output},
    }  # fmt: skip


def test_t01_cached_prompt_tokens_are_inside_the_prompt(logs: Logs) -> None:
    logs.read(openai(prompt_tokens=17_903, completion_tokens=10, total_tokens=17_913, prompt_tokens_details={"cached_tokens": 17_817}))
    assert logs.one("input_tokens, cache_read_tokens, input_tokens - cache_read_tokens") == (17_903, 17_817, 86)


def test_t02_exclusive_and_inclusive_input_meet(logs: Logs) -> None:
    """Anthropic's own response, and the same as OpenTelemetry's inclusive attributes."""
    logs.read(anthropic(input_tokens=5, cache_read_input_tokens=128_955, cache_creation_input_tokens=1_253, output_tokens=7))
    usage = {"gen_ai.usage.input_tokens": 130_213, "gen_ai.usage.cache_read.input_tokens": 128_955, "gen_ai.usage.cache_creation.input_tokens": 1_253}
    logs.read(otlp(span("a1", attributes=MODEL | usage | {"gen_ai.usage.output_tokens": 7})), name="logs/spans.jsonl")
    assert logs.ask(f"select {COUNTS} from calls") == [(130_213, 128_955, 1_253, 7)] * 2


def test_t06_a_split_that_says_less_than_the_whole_is_no_gift(logs: Logs) -> None:
    split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 31_490}
    logs.read(anthropic(input_tokens=0, cache_creation_input_tokens=184_457, cache_creation=split, output_tokens=1))
    assert logs.one("input_tokens, cache_write_tokens, cache_write_1h_tokens") == (184_457, 184_457, 31_490)
    assert logs.one("cost_usd > 184457 * 3.75 / 1e6")
    assert logs.ask("select count(*) > 0 from issues where column_name like 'cache_write%'") == [(True,)]


def test_t07_the_same_writes_told_twice_count_once(logs: Logs) -> None:
    split = {"ephemeral_5m_input_tokens": 900, "ephemeral_1h_input_tokens": 0}
    logs.read(anthropic(input_tokens=10, cache_creation_input_tokens=900, cache_creation=split, output_tokens=1))
    assert logs.one("input_tokens, cache_write_tokens") == (910, 900)


def test_t08_thoughts_of_gemini_are_output(logs: Logs) -> None:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 200, "thoughtsTokenCount": 5_000, "totalTokenCount": 5_210}
    part = {"content": {"role": "model", "parts": [{"text": "done"}]}, "finishReason": "STOP"}
    logs.read({"ts": AT % 1, "response": {"candidates": [part], "usageMetadata": usage, "modelVersion": "gemini-2.5-pro", "responseId": "r1"}})
    assert logs.one("input_tokens, output_tokens, reasoning_tokens") == (10, 5_200, 5_000)


META = {"id": "0f1e2d3c-0000-4000-8000-000000000001", "cwd": "/home/dev/shop", "originator": "codex_cli_rs", "cli_version": "0.80.0"}
CODEX = [
    {"timestamp": AT % 0, "type": "session_meta", "payload": META},
    {"timestamp": AT % 0, "type": "turn_context", "payload": {"cwd": "/home/dev/shop", "model": "gpt-5.2-codex"}},
]


def counter(second: int, total: tuple[int, int, int, int], last: tuple[int, int, int, int]) -> dict[str, Any]:
    """A token_count of Codex: (input, cached, output, reasoning) so far, and since the one before."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    usages = [dict(zip(names, counts, strict=True)) | {"total_tokens": counts[0] + counts[2]} for counts in (total, last)]
    info = {"total_token_usage": usages[0], "last_token_usage": usages[1], "model_context_window": 272_000}
    return {"timestamp": AT % second, "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def test_t09_reasoning_of_codex_is_inside_the_output(logs: Logs) -> None:
    counts = (16_845_360, 16_358_912, 63_820, 24_882)
    logs.read(*CODEX, counter(1, counts, counts), name="logs/rollout-2026-06-01T10-00-00-0f1e2d3c-0000-4000-8000-000000000001.jsonl")
    got = logs.ask("select sum(input_tokens - cache_read_tokens), sum(output_tokens), sum(reasoning_tokens), sum(input_tokens + output_tokens) from calls")
    assert got == [(486_448, 63_820, 24_882, 16_909_180)]


def test_t10_cumulative_counters_give_turns(logs: Logs) -> None:
    """A repeated row adds nothing, and a counter that starts again does not go backwards."""
    first, second = (1000, 400, 50, 10), (3000, 2000, 90, 20)
    logs.read(
        *CODEX,
        counter(1, first, first),
        counter(2, first, first),
        counter(3, second, (2000, 1600, 40, 10)),
        counter(4, (500, 0, 5, 0), (500, 0, 5, 0)),
        name="logs/rollout-2026-06-01T10-00-00-0f1e2d3c-0000-4000-8000-000000000001.jsonl",
    )
    assert logs.ask("select sum(input_tokens), sum(cache_read_tokens), sum(output_tokens) from calls") == [(3500, 2000, 95)]


def test_t11_two_observers_of_one_call_and_one_observer_of_two(logs: Logs) -> None:
    """The same answer in the logs of two programs is one call; two equal rows without an id in one log are two."""
    answer = openai(prompt_tokens=12, completion_tokens=3, total_tokens=15)
    logs.ingest(logs.write("logs/app.jsonl", answer), logs.write("logs/proxy.jsonl", answer | {"service": "proxy"}))
    assert logs.ask("select count(*) from calls") == [(1,)]
    nameless = {"format": "llmlogs/1", "timestamp": AT % 5, "model": "m", "input_tokens": 12}
    logs.read(nameless, nameless, name="logs/own.jsonl")
    assert logs.ask("select count(*) from calls where request_model = 'm'") == [(2,)]


def test_t12_of_streamed_lines_the_last_counts_once(logs: Logs) -> None:
    lines = [session(n, requestId="req_1", message=message(1, output, stop=None)) for n, output in ((1, 1), (2, 500), (3, 2000))]
    logs.read(*lines)
    assert logs.one("output_tokens") == 2000


def test_t13_the_delta_replaces_what_the_start_said(logs: Logs) -> None:
    start = {"type": "message_start", "message": message(1, 25, stop=None)}
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1500}}
    logs.read(
        {
            "ts": AT % 1,
            "response": [start, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}, delta, {"type": "message_stop"}],
        }
    )
    assert logs.one("input_tokens, output_tokens") == (10, 1500)


def test_t14_a_placeholder_is_no_count(logs: Logs) -> None:
    """832 characters cannot be two tokens: what was logged is a lower bound, and says so."""
    logs.read(session(1, version="2.1.20", requestId="req_1", message=message(1, 2, stop=None, text="a word " * 118 + "ending")))
    assert logs.one("usage_status, completion_chars, cost_status") == ("partial", 832, "lower_bound")


def test_t15_an_id_that_is_missing_drops_no_call(logs: Logs) -> None:
    """Without a request id the message id tells copies apart; without a message id every line is a call."""
    with_id = session(1, message=message(1, 7))
    nameless = message(1, 9) | {"id": None}
    logs.read(with_id, with_id | {"uuid": "u9"}, session(3, message=nameless), session(4, message=nameless))
    assert logs.ask("select count(*), sum(output_tokens) from calls") == [(3, 7 + 9 + 9)]


@pytest.mark.parametrize("form", ["spaces", "crlf", "bom", "gz", "long line", "torn"])
def test_t16_how_a_line_is_written_does_not_matter(logs: Logs, form: str) -> None:
    import json

    lines = [json.dumps(session(n, requestId=f"req_{n}", message=message(n, 7))) for n in (1, 2)]
    if form == "long line":
        lines[0] = json.dumps(session(1, requestId="req_1", message=message(1, 7, text="x" * 100_000)))
    text = "\n".join(lines) + "\n"
    text = {"spaces": text.replace('":', '" :  '), "crlf": text.replace("\n", "\r\n"), "bom": "\ufeff" + text, "torn": text + lines[0][:200]}.get(form, text)
    report = logs.read(text, name="logs/a.jsonl.gz" if form == "gz" else "logs/a.jsonl")
    assert logs.ask("select count(*), sum(output_tokens) from calls") == [(2, 14)]
    assert (report.total.rejected, report.total.pending_bytes) == (0, 200 if form == "torn" else 0)


def test_t17_a_replay_in_a_side_chain_is_a_copy(logs: Logs) -> None:
    logs.read(session(1, requestId="req_1", message=message(1, 7)), session(2, requestId="req_2", isSidechain=True, message=message(1, 7)))
    assert logs.ask("select count(*), sum(output_tokens) from calls") == [(1, 7)]


def test_t18_a_sub_agent_is_counted_once_and_told_apart(logs: Logs) -> None:
    own = session(2, requestId="req_2", isSidechain=True, agentId="a77", message=message(2, 5))
    logs.ingest(
        logs.write("projects/-home-dev-shop/s1.jsonl", session(1, requestId="req_1", message=message(1, 7))),
        logs.write("projects/-home-dev-shop/s1/subagents/agent-a77.jsonl", own),
    )
    assert logs.ask("select session_id, agent_name is not null as sub, count(*), sum(output_tokens) from calls group by all order by sub") == [
        ("s1", False, 1, 7),
        ("s1", True, 1, 5),
    ]


def test_t19_zero_is_a_count_and_absence_is_none(logs: Logs) -> None:
    logs.read(openai(1, prompt_tokens=0, completion_tokens=0, total_tokens=0), openai(2))
    assert logs.ask("select input_tokens, output_tokens, cost_usd is null from calls order by started_at") == [(0, 0, False), (None, None, True)]


def test_t20_a_stream_that_tells_no_usage_costs_an_unknown_amount(logs: Logs) -> None:
    chunk = {"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 1_780_308_000, "model": "gpt-4o-2024-08-06"}
    parts = [chunk | {"choices": [{"index": 0, "delta": {"content": "a"}}]}, chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    logs.read({"ts": AT % 1, "response": parts})
    assert logs.one("stream, input_tokens, output_tokens, usage_status, cost_usd, cost_status") == (True, None, None, "missing", None, "usage_missing")


@pytest.mark.parametrize("status", ["cancelled", "timeout"])
def test_t21_a_call_that_was_cut_short_is_billed_for_an_unknown_part(logs: Logs, status: str) -> None:
    logs.read({"format": "llmlogs/1", "timestamp": AT % 1, "model": "gpt-4o", "provider": "openai", "status": status, "stream": True, "duration_ms": 900})
    assert logs.one("status, cost_usd, cost_status") == (status, None, "usage_missing")
    assert logs.ask("select money from call_costs") == [("unfinished",)]


MODEL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06"}


def span(span_id: str, parent: str = "", *, name: str = "chat gpt-4o", attributes: dict[str, Any], start: int = 0, length: float = 1.0) -> dict[str, Any]:
    """A span of OTLP JSON."""
    begun = 1_780_308_000_000_000_000 + start * 1_000_000_000
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    pairs = [{"key": key, "value": {kinds[type(value)]: str(value) if type(value) is int else value}} for key, value in attributes.items()]
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": span_id.ljust(16, "0"), "parentSpanId": parent.ljust(16, "0") if parent else "", "name": name,
        "kind": 3, "startTimeUnixNano": str(begun), "endTimeUnixNano": str(begun + int(length * 1e9)), "attributes": pairs, "status": {},
    }  # fmt: skip


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    """One line of the collector's file exporter."""
    service = {"key": "service.name", "value": {"stringValue": "shop"}}
    return {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"scope": {"name": "made.by.hand"}, "spans": list(spans)}]}]}


def usage(given: int, made: int) -> dict[str, Any]:
    return {"gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": made}


def test_t22_a_sum_on_a_parent_is_not_counted_again(logs: Logs) -> None:
    """Also where a step stands between the agent that sums up and the calls."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support", "gen_ai.request.model": "gpt-4o"} | usage(300, 30)
    logs.read(
        otlp(
            span("aa", name="invoke_agent support", attributes=agent, length=9),
            span("bb", "aa", name="step", attributes={"gen_ai.operation.name": "execute_tool"}, length=8),
            span("c1", "bb", attributes=MODEL | usage(100, 10), start=1),
            span("c2", "bb", attributes=MODEL | usage(200, 20), start=3),
        )
    )
    assert logs.ask("select count(*), sum(input_tokens), sum(output_tokens) from calls") == [(2, 300, 30)]


def test_t23_a_wrapper_with_counts_and_children_with_models(logs: Logs) -> None:
    logs.read(otlp(span("aa", name="llm", attributes=usage(100, 10), length=3), span("c1", "aa", attributes=MODEL | usage(100, 10), start=1)))
    assert logs.ask("select count(*), sum(input_tokens), sum(output_tokens), count(cost_usd) from calls") == [(1, 100, 10, 1)]


def test_t42_a_call_inherits_the_feature_of_its_trace(logs: Logs) -> None:
    logs.read(
        otlp(span("aa", name="GET /checkout", attributes={"feature": "checkout"}, length=5), span("c1", "aa", attributes=MODEL | usage(100, 10), start=1))
    )
    assert logs.one("feature, feature_basis") == ("checkout", "trace")
