"""Gemini CLI, Qwen Code, OpenCode, pi, Kimi Code and what lies beside: their traps. What a line of each becomes stands in their samples."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs import sources
from llmlogs.ingest import engine
from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.common.usage import read_usage
from llmlogs.store import database

AGENTS = ("amp", "gemini_cli", "qwen_code", "opencode", "pi_agent", "kimi_code", "agent_files", "codex", "claude_code")
CORPUS = "corpus/provider/coding_agents"
Line = dict[str, Any]


def read(name: str, *lines: Any, path: str = "x.jsonl") -> list[Outcome]:
    return list(sources.get(name).read([Record(number, 0, 1, value) for number, value in enumerate(lines, 1)], Context(path)))


def calls(name: str, *lines: Any) -> list[Line]:
    return [outcome.call for outcome in read(name, *lines) if outcome.call is not None]


def ask(db: Path, sql: str) -> list[tuple[Any, ...]]:
    con = database.open_for_read(db)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


# --- usage ----------------------------------------------------------------------------------------------------------------------------------


def gemini(**tokens: Any) -> Line:
    return {"id": "m", "type": "gemini", "timestamp": "2026-03-02T10:00:00Z", "content": "x", "model": "gemini-2.5-pro", "tokens": tokens}


def opencode(**tokens: Any) -> Line:
    head = {"id": "msg_1", "sessionID": "ses_1", "role": "assistant", "modelID": "m", "time": {"created": 1772445600000, "completed": 1772445601000}}
    return head | {"tokens": tokens}


def pi(stop: str = "stop", **usage: Any) -> Line:
    message = {"role": "assistant", "model": "m", "stopReason": stop, "timestamp": 1772445600000, "usage": usage}
    return {"type": "message", "timestamp": "2026-03-02T10:00:01Z", "message": message}


COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "usage_status")


@pytest.mark.parametrize(
    ("name", "line", "want"),
    [
        ("gemini_cli", gemini(input=100, output=5, cached=90, thoughts=7, tool=3, total=115), (103, 90, None, 12, 7, "reported")),
        ("gemini_cli", gemini(input=100, output=5, cached=90, thoughts=7, total=202), (190, 90, None, 12, 7, "reported")),
        ("gemini_cli", gemini(input=100, output=5), (100, None, None, 5, None, "reported")),
        ("gemini_cli", gemini(input=0, output=0, cached=0, thoughts=0, tool=0, total=0), (None, None, None, None, None, "missing")),
        ("gemini_cli", gemini() | {"tokens": None}, (None, None, None, None, None, "missing")),
        ("opencode", opencode(input=10, output=5, reasoning=2, cache={"read": 100, "write": 20}), (130, 100, 20, 7, 2, "reported")),
        ("opencode", opencode(input=10, output=5, reasoning=2, total=135, cache={"read": 100, "write": 20}), (130, 100, 20, 5, 2, "reported")),
        ("opencode", opencode(input=10, output=5), (10, None, None, 5, None, "reported")),
        ("opencode", opencode(input=0, output=0, reasoning=0, cache={"read": 0, "write": 0}), (None, None, None, None, None, "missing")),
        ("pi_agent", pi(input=3, output=5, cacheRead=100, cacheWrite=20), (123, 100, 20, 5, None, "reported")),
        ("pi_agent", pi(input=0, output=0, cacheRead=0, cacheWrite=0), (None, None, None, None, None, "missing")),
        ("pi_agent", pi("aborted", input=3, output=1, cacheRead=100, cacheWrite=0), (103, 100, 0, 1, None, "partial")),
    ],
)
def test_what_includes_what(name: str, line: Line, want: tuple[Any, ...]) -> None:
    (call,) = calls(name, line)
    assert tuple(call.get(column) for column in COUNTS) == want


@pytest.mark.parametrize("bad", ["many", -1, 1.5, True, [], {}])
@pytest.mark.parametrize("make", [("gemini_cli", gemini), ("opencode", opencode), ("pi_agent", pi)], ids=lambda pair: pair[0])
def test_a_count_that_is_no_number_is_null_and_told(make: tuple[str, Any], bad: Any) -> None:
    (outcome,) = [found for found in read(make[0], make[1](input=bad, output=5)) if found.call is not None]
    assert outcome.call is not None
    assert "input_tokens" not in outcome.call
    assert outcome.issues


def test_thoughts_inside_candidates_are_not_added_again() -> None:
    usage = read_usage({"promptTokenCount": 500, "candidatesTokenCount": 20, "thoughtsTokenCount": 15, "totalTokenCount": 520})
    assert (usage.output, usage.reasoning, usage.issues) == (20, 15, [])


# --- one call once --------------------------------------------------------------------------------------------------------------------------


def test_a_message_of_opencode_in_the_database_and_in_a_file_is_one(tmp_path: Path) -> None:
    message = opencode(input=10, output=5) | {"cost": 0.25}
    with closing(sqlite3.connect(tmp_path / "opencode.db")) as con:
        con.execute("create table message (id text, session_id text, time_created integer, data text)")
        con.execute("create table part (id text, message_id text, session_id text, data text)")
        con.execute("create table session (id text, title text)")
        con.execute("insert into session values ('ses_1', 't')")
        inner = {key: value for key, value in message.items() if key not in ("id", "sessionID")}
        con.execute("insert into message values ('msg_1', 'ses_1', 1, ?), ('msg_0', 'ses_1', 1, ?)", [json.dumps(inner), json.dumps({"role": "user"})])
        state = {"status": "completed", "time": {"start": 1772445600100, "end": 1772445600300}}
        con.execute("insert into part values ('prt_1', 'msg_1', 'ses_1', ?)", [json.dumps({"type": "tool", "tool": "ls", "callID": "c", "state": state})])
        con.commit()
    (tmp_path / "msg_1.json").write_text(json.dumps(message, indent=2), encoding="utf-8")
    counts = engine.run([str(tmp_path / "opencode.db"), str(tmp_path / "msg_1.json")], tmp_path / "d").as_json()
    assert [counts[name] for name in ("records", "calls", "other", "merged", "skipped", "rejected")] == [5, 1, 1, 1, 2, 0]
    assert ask(tmp_path / "d", "select call_id, session_id, input_tokens, reported_usd::double, duration_ms from calls") == [("msg_1", "ses_1", 10, 0.25, 1000)]
    assert ask(tmp_path / "d", "select name, call_id, duration_ms from spans") == [("ls", "msg_1", 200)]


def test_a_branched_session_of_pi_repeats_calls_that_count_once(tmp_path: Path) -> None:
    line = pi(input=3, output=5, cacheRead=100, cacheWrite=20)
    for name in ("one", "two"):
        lines = [{"type": "session", "id": name, "cwd": "/home/ann/shop", "timestamp": "2026-03-02T10:00:00Z"}, line]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines), encoding="utf-8")
    engine.run([str(tmp_path / "one.jsonl"), str(tmp_path / "two.jsonl")], tmp_path / "d")
    assert ask(tmp_path / "d", "select count(*), sum(input_tokens)::bigint from calls") == [(1, 123)]


def test_a_message_of_gemini_that_grew_is_the_last_of_its_lines() -> None:
    first, last = gemini(input=5, output=1), gemini(input=3, output=9)
    found = read("gemini_cli", first, last, {"$set": {"messages": [last]}})
    assert [(outcome.kind, outcome.nested, (outcome.call or {}).get("output_tokens")) for outcome in found] == [
        ("merged", False, None), ("skipped", False, None), ("merged", False, None), ("call", True, 9),
    ]  # fmt: skip


def test_a_failed_request_of_gemini_is_a_call_that_failed() -> None:
    user = {"id": "u", "type": "user", "timestamp": "2026-03-02T10:00:00Z", "content": "?"}
    error = {"id": "e", "type": "error", "timestamp": "2026-03-02T10:00:02Z", "content": '[API Error: {"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]'}
    other = {"id": "f", "type": "error", "timestamp": "2026-03-02T10:00:03Z", "content": "no such command"}
    (call,) = calls("gemini_cli", user, error, other)
    assert (call["status"], call["error_class"], call["duration_ms"], call["usage_status"]) == ("error", "rate_limit", 2000.0, "missing")


def test_a_tool_of_gemini_runs_from_its_id_to_its_time() -> None:
    asked = int(datetime.fromisoformat("2026-03-02T10:00:03+00:00").timestamp() * 1000)
    tool = {"id": f"ls-{asked}-ab", "name": "ls", "status": "error", "timestamp": "2026-03-02T10:00:05Z"}
    user = {"id": "u", "type": "user", "timestamp": "2026-03-02T10:00:00Z", "content": "?"}
    answer = gemini(input=5, output=1) | {"timestamp": "2026-03-02T10:00:05Z", "toolCalls": [tool]}
    after = gemini(input=6, output=1) | {"id": "n", "timestamp": "2026-03-02T10:00:09Z"}
    found = read("gemini_cli", user, answer, after)
    assert [outcome.call["duration_ms"] for outcome in found if outcome.call] == [3000.0, 4000.0]
    assert [(span["name"], span["duration_ms"], span["status"]) for outcome in found for span in outcome.rows.get("spans", [])] == [("ls", 2000.0, "error")]


def test_an_error_of_qwen_without_an_answer_is_a_failed_call() -> None:
    event = {"event.name": "qwen-code.api_error", "model": "m", "duration_ms": 900, "status_code": 500, "error": "boom"}
    lines = [{"uuid": str(n), "sessionId": "s", "type": "system", "timestamp": "2026-03-02T10:00:02Z", "systemPayload": {"uiEvent": event}} for n in (1, 2)]
    found = read("qwen_code", *lines)
    assert sorted((outcome.line, outcome.kind) for outcome in found) == [(1, "other"), (2, "call")]
    (call,) = [outcome.call for outcome in found if outcome.call]
    assert (call["status"], call["error_class"], call["attempts"], call["duration_ms"]) == ("error", "server_error", 2, 900.0)


def test_a_sub_agent_of_kimi_stands_inside_its_parents_line() -> None:
    update = {"type": "StatusUpdate", "payload": {"token_usage": {"input_other": 1, "output": 2, "input_cache_read": 3, "input_cache_creation": 4}}}
    (call,) = calls("kimi_code", {"timestamp": 1772445600.5, "message": {"type": "SubagentEvent", "payload": {"task_tool_call_id": "t", "event": update}}})
    assert (call["input_tokens"], call["output_tokens"], call["agent_name"]) == (8, 2, "t")


# --- damage and neighbours ------------------------------------------------------------------------------------------------------------------

SCRAP = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({}) | st.just("2026-03-02T10:00:00Z")
KEYS = (
    "type", "role", "id", "message", "messages", "tokens", "usage", "usageMetadata", "timestamp", "time", "info", "parts", "$set", "systemPayload", "uiEvent",
    "event.name", "payload", "token_usage", "content", "toolCalls", "sessionID", "messageID", "state", "error", "data", "row", "table", "cost", "cache",
    "stopReason", "errorMessage", "toolCallId", "tool_call_id", "duration_ms", "status_code", "path", "cwd", "usedPercent", "accountKey", "windowMinutes",
    "sampledAt", "input",
)  # fmt: skip
WORDS = st.sampled_from(["gemini", "user", "error", "assistant", "message", "part", "tool", "retry", "StatusUpdate", "ToolCall", "ToolResult", "SubagentEvent",
    "qwen-code.api_response", "qwen-code.api_error", "qwen-code.tool_call", "toolResult", "session", "msg_1", "ses_1", "prt_1"])  # fmt: skip
DEEP = st.recursive(SCRAP | WORDS, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=6) | st.lists(inner, max_size=3), max_leaves=20)


@pytest.mark.parametrize("name", AGENTS)
@given(lines=st.lists(st.dictionaries(st.sampled_from(KEYS), DEEP, max_size=8) | SCRAP, max_size=8))
def test_no_line_raises_and_every_line_is_accounted_for(name: str, lines: list[Any]) -> None:
    found = [outcome for outcome in read(name, *lines) if not outcome.nested]
    assert sorted(outcome.line for outcome in found) == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("claude_code", {"type": "assistant", "sessionId": "s", "uuid": "u", "message": {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        ("claude_code", {"type": "user", "timestamp": "2026-03-02T10:00:00Z", "message": {"content": "?"}, "cwd": "/home/ann"}),
        ("qwen_code", {"type": "user", "sessionId": "s", "uuid": "u", "message": {"role": "user", "parts": [{"text": "?"}]}}),
        ("gemini_cli", gemini(input=3, output=1)),
        ("gemini_cli", {"sessionId": "s", "projectHash": "p", "startTime": "2026-03-02T10:00:00Z", "messages": []}),
        ("gemini_cli", {"sessionId": "s", "messageId": 0, "type": "user", "message": "?", "timestamp": "2026-03-02T10:00:00Z"}),
        ("opencode", opencode(input=3, output=1)),
        ("opencode", {"id": "prt_1", "messageID": "msg_1", "sessionID": "ses_1", "type": "text", "text": "?"}),
        ("pi_agent", pi(input=3, output=1, cacheRead=0, cacheWrite=0)),
        ("kimi_code", {"timestamp": 1772445600.5, "message": {"type": "TurnBegin"}}),
        ("agent_files", {"custom_title": "", "title_generated": False, "wire_mtime": None}),
        ("agent_files", {"session_id": "s", "transcript_path": "x", "workspace": {}, "cost": {"total_cost_usd": 1}}),
        ("agent_files", {"ts": 1, "event": "ux.terminal.write", "data": {"bytes": ""}}),
        ("agent_files", {"display": "?", "pastedContents": {}, "timestamp": 1, "project": "/home/ann"}),
    ],
)
def test_detection(name: str, line: Line) -> None:
    assert sources.find(Head("x", "ndjson", (line,)))[0][0].name == name


# --- real sessions --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_gemini_sessions_against_ccusage(shared: Path, tmp_path: Path) -> None:
    """Per session and to the token; the price too. ccusage shows thoughts in the total alone."""
    engine.run([str(shared / CORPUS / "gemini_cli")], tmp_path / "d")
    sums = "sum(input_tokens - cache_read_tokens), sum(cache_read_tokens), sum(output_tokens - reasoning_tokens), sum(input_tokens + output_tokens)"
    found = ask(tmp_path / "d", f"select session_id, {sums}, round(sum(cost_usd)::double, 9) from calls group by all order by 1")
    printed = json.loads((shared / CORPUS / "expected_ccusage_20.0.24/gemini_session.json").read_text(encoding="utf-8"))["sessions"]
    names = ("sessionId", "inputTokens", "cacheReadTokens", "outputTokens", "totalTokens")
    assert found == sorted((*(row[name] for name in names), round(row["totalCost"], 9)) for row in printed)


@pytest.mark.shared
def test_pi_sessions_against_their_own_sums_and_prices(shared: Path, tmp_path: Path) -> None:
    """Pi states what it thinks each call cost: our price is the same to the last digit."""
    engine.run([str(shared / CORPUS / "pi_agent")], tmp_path / "d")
    want = [0, 0, 0, 0]
    for path in (shared / CORPUS / "pi_agent").glob("*.jsonl"):
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            usage = line.get("message", {}).get("usage")
            if usage:
                want = [want[0] + usage["input"] + usage["cacheRead"] + usage["cacheWrite"], want[1] + usage["output"], want[2] + 1, want[3]]
                want[3] += usage["cost"]["total"] > 0
    sums = "sum(input_tokens)::bigint, sum(output_tokens)::bigint, count(*), count(reported_usd), count(*) filter (abs(reported_usd - cost_usd) > 1e-9)"
    assert ask(tmp_path / "d", f"select {sums} from calls") == [(*want, 0)]


@pytest.mark.shared
def test_every_file_of_the_other_agents_is_known(shared: Path, tmp_path: Path) -> None:
    paths = [str(path) for path in sorted((shared / CORPUS / "misc").rglob("*.json*")) if path.is_file()]
    report = engine.run([*paths, str(shared / CORPUS / "codex_codexbar/codex-historical-usage-real-legacy.jsonl")], tmp_path / "d")
    assert [file.path for file in report.files if file.unknown or file.error] == []
    assert len(report.files) == len(paths) + 1
