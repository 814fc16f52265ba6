"""Claude Code sessions: what each line becomes. How lines of one call fold is tested with the engine in test_claude_code_merge.py."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.sources.base import Context, Head, Outcome, Record
from llmlogs.sources.claude_code import SOURCE

AT = "2026-03-02T10:00:{:02}.000Z"
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30, "output_tokens": 57}


def user(uuid: str, second: int, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "uuid": uuid,
        "parentUuid": parent,
        "sessionId": "s",
        "timestamp": AT.format(second),
        "message": {"role": "user", "content": "?"},
    } | more


def answer(uuid: str, second: int, parent: str | None, usage: Any = None, message: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    inner = {"id": "msg_1", "model": "claude-opus-4-5-20251101", "stop_reason": None, "content": [], "usage": USAGE if usage is None else usage} | (
        message or {}
    )
    line = {"type": "assistant", "uuid": uuid, "parentUuid": parent, "sessionId": "s", "requestId": "req_1", "timestamp": AT.format(second), "message": inner}
    return line | more


def error(uuid: str, second: int, parent: str, attempt: int, wait: float, body: Any) -> dict[str, Any]:
    line = {"type": "system", "subtype": "api_error", "uuid": uuid, "parentUuid": parent, "sessionId": "s", "timestamp": AT.format(second)}
    return line | {"retryAttempt": attempt, "maxRetries": 10, "retryInMs": wait, "error": body}


OVERLOADED = {"status": 529, "error": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}}


def read(*lines: Any, path: str = "s.jsonl") -> list[Outcome]:
    return list(SOURCE.read([Record(number, 0, 1, value) for number, value in enumerate(lines, 1)], Context(path)))


def call(*lines: Any, path: str = "s.jsonl") -> dict[str, Any]:
    found = [outcome.call for outcome in read(*lines, path=path) if outcome.kind == "call"]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


@pytest.mark.parametrize(
    ("usage", "want"),
    [
        pytest.param(USAGE, (240, 200, 30, None, 57), id="input excludes cache: all three are added"),
        pytest.param(
            {"input_tokens": 5, "cache_read_input_tokens": 128_955, "cache_creation_input_tokens": 1_253}, (130_213, 128_955, 1_253, None, None), id="T2"
        ),
        pytest.param({"input_tokens": 7, "output_tokens": 3}, (7, None, None, None, 3), id="no cache fields: NULL, not 0"),
        pytest.param({"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0}, (0, 0, None, None, 0), id="explicit zeros stay zeros"),
        pytest.param({"input_tokens": 7.0, "output_tokens": 3.0}, (7, None, None, None, 3), id="whole floats are numbers"),
        pytest.param({"output_tokens": 3}, (None, None, None, None, 3), id="input not logged"),
        pytest.param(
            {"input_tokens": 1, "cache_creation_input_tokens": 50, "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30}},
            (51, None, 50, 30, None),
            id="the split repeats the total: once",
        ),
        pytest.param(
            {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30}},
            (51, None, 50, 30, None),
            id="split without total",
        ),
        pytest.param(
            {"input_tokens": 1, "cache_creation_input_tokens": 50, "cache_creation": {}}, (51, None, 50, None, None), id="empty split keeps the total"
        ),
        pytest.param({"input_tokens": 1, "cache_creation_input_tokens": 50, "cache_creation": None}, (51, None, 50, None, None), id="null split"),
    ],
)
def test_tokens(usage: dict[str, Any], want: tuple[int | None, ...]) -> None:
    """Anthropic's counts in the one convention: input holds cache reads and writes."""
    row = call(answer("a", 1, None, usage))
    names = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens")
    assert tuple(row.get(name) for name in names) == want


@pytest.mark.parametrize("bad", ["many", True, -1, 1.5, [1], 10**30])
@pytest.mark.parametrize("field", ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"])
def test_a_part_that_cannot_be_read_leaves_no_sum(field: str, bad: Any) -> None:
    """A sum without the unreadable part would be too small: NULL, and the value is told as an issue without being shown."""
    (outcome,) = read(answer("a", 1, None, USAGE | {field: bad}))
    assert outcome.call is not None
    assert "input_tokens" not in outcome.call
    assert outcome.call["usage_status"] == "partial"
    assert [(reason, kind) for _, reason, kind in outcome.issues] in ([("not_a_number", type(bad).__name__)], [("out_of_range", "int")])


def test_a_split_that_contradicts_the_total_is_flagged_and_the_larger_kept() -> None:
    """T6: the remainder is tokens too."""
    usage = {"input_tokens": 0, "cache_creation_input_tokens": 184_457, "cache_creation": {"ephemeral_5m_input_tokens": 31_490}}
    (outcome,) = read(answer("a", 1, None, usage))
    assert outcome.call is not None
    assert outcome.call["cache_write_tokens"] == 184_457
    assert outcome.issues == [("cache_write_tokens", "inconsistent", "int")]


def test_output_without_a_stop_reason_is_a_placeholder() -> None:
    """T14: nobody may trust an output count that was written when the stream began."""
    assert call(answer("a", 1, None))["usage_status"] == "partial"
    assert call(answer("a", 1, None, message={"stop_reason": "end_turn"}))["usage_status"] == "reported"


def test_what_the_engine_needs_to_fold_a_call() -> None:
    """Id, try and copy of every snapshot."""
    row = call(answer("a", 1, None, isSidechain=True, agentId="ab12"))
    assert (row["response_id"], row["merge_try"], row["merge_copy"], row["merge_growing"]) == ("msg_1", "req_1", True, True)
    assert row["agent_name"] == "ab12"


def test_without_ids_a_call_is_kept() -> None:
    """T15: a missing id or request id is absent, never the text None."""
    row = call(answer("a", 1, None, message={"id": None}, requestId=None))
    assert "response_id" not in row
    assert "merge_try" not in row


def test_lines_of_a_call_that_follow_each_other_are_folded_at_once() -> None:
    lines = [user("u", 1), answer("a", 4, "u"), answer("b", 6, "a", USAGE | {"output_tokens": 90}, {"stop_reason": "end_turn"})]
    found = read(*lines)
    assert [(o.kind, o.reason) for o in found[1:]] == [("merged", "growing"), ("call", "")]
    assert found[2].call is not None
    assert (found[2].call["output_tokens"], found[2].call["usage_status"], found[2].call["duration_ms"]) == (90, "reported", 5000.0)


@pytest.mark.parametrize(
    "second",
    [
        answer("b", 6, "a", USAGE | {"output_tokens": 3}),
        answer("b", 6, "a", requestId="req_2"),
        answer("b", 6, "a", message={"id": "msg_2"}),
        answer("b", 6, "a", isSidechain=True),
        answer("b", 6, "a", {"input_tokens": 1000, "output_tokens": 60}),
        answer("b", 6, "a", timestamp="?"),
    ],
    ids=["it shrank", "another try", "another message", "a side chain", "it says less", "its time is broken"],
)
def test_what_is_not_certainly_the_same_call_is_left_to_the_engine(second: dict[str, Any]) -> None:
    assert [o.kind for o in read(user("u", 1), answer("a", 4, "u"), second)[1:]] == ["call", "call"]


def test_a_call_starts_at_the_question_and_ends_at_its_line() -> None:
    """The wait of the caller; the second line of a call starts where the first did, over hooks in between."""
    hook = {"type": "progress", "uuid": "h", "parentUuid": "u", "data": {"type": "hook_progress"}}
    first, second = (o.call for o in read(user("u", 1), hook, answer("a", 4, "h"), hook, answer("b", 6, "a")) if o.call)
    assert first["started_at"] == second["started_at"] == datetime(2026, 3, 2, 10, 0, 1)
    assert (first["duration_ms"], second["duration_ms"]) == (3000.0, 5000.0)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([answer("a", 4, "gone")], id="its question is in an earlier reading"),
        pytest.param([user("u", 5), answer("a", 4, "u")], id="clock ran backwards"),
        pytest.param([user("u", 5, timestamp="2026-03-01T10:00:00Z"), answer("a", 4, "u")], id="laptop slept"),
    ],
)
def test_a_start_that_is_not_known_is_not_guessed(lines: list[dict[str, Any]]) -> None:
    """No duration; the line's own time is the call's time."""
    row = call(*lines)
    assert "duration_ms" not in row
    assert row["started_at"] == row["ended_at"] == datetime(2026, 3, 2, 10, 0, 4)


def test_a_call_right_after_another_has_no_known_start() -> None:
    """Without a question between, the earlier question is not its start."""
    rows = [o.call for o in read(user("u", 1), answer("a", 4, "u"), answer("b", 9, "a", message={"id": "msg_2"}, requestId="req_2")) if o.call]
    assert [row.get("duration_ms") for row in rows] == [3000.0, None]


def test_a_time_that_cannot_be_read_is_an_issue() -> None:
    (outcome,) = read(answer("a", 1, None, timestamp="yesterday"))
    assert ("started_at", "not_a_time", "str") in outcome.issues


def test_a_nested_call_is_a_record_of_its_own() -> None:
    """The parent's line is skipped by kind, the call inside it counts, with its agent and its own question's time."""

    def nested(second: int, message: dict[str, Any]) -> dict[str, Any]:
        return {"type": "progress", "sessionId": "s", "version": "2.1.36", "data": {"type": "agent_progress", "agentId": "ab12", "message": message}}

    found = read(nested(1, user("n1", 1)), nested(5, answer("n2", 5, None)))
    assert [(o.line, o.kind, o.nested) for o in found] == [(1, "skipped", False), (2, "skipped", False), (2, "call", True)]
    row = found[-1].call
    assert row is not None
    assert (row["agent_name"], row["session_id"], row["release"], row["duration_ms"]) == ("ab12", "s", "2.1.36", 4000.0)


@pytest.mark.parametrize("message", [None, "x", {"type": "system"}, {"type": "assistant", "message": {"content": []}}])
def test_a_nested_message_without_usage_is_no_record(message: Any) -> None:
    """Only its outer line is counted."""
    line = {"type": "progress", "data": {"type": "agent_progress", "agentId": 5, "message": message}}
    assert [(o.kind, o.nested) for o in read(line)] == [("skipped", False)]


def test_the_roll_up_of_a_sub_agent_is_no_call() -> None:
    """Its calls are logged one by one; the sum in the tool result would count them again."""
    result = user("u", 9, message={"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}, toolUseResult={"totalTokens": 99, "usage": USAGE})
    assert [o.kind for o in read(result)] == ["skipped"]


def test_failed_tries_belong_to_the_call_they_end_in() -> None:
    """Two refusals, then an answer: one call of three attempts; each refusal is a record that made no call."""
    lines = [user("u", 0), error("e1", 2, "u", 1, 500, OVERLOADED), error("e2", 5, "e1", 2, 1000, OVERLOADED), answer("a", 9, "e2")]
    found = read(*lines)
    assert sorted((o.line, o.kind) for o in found) == [(1, "skipped"), (2, "other"), (3, "other"), (4, "call")]
    last = found[-1]
    assert last.call is not None
    assert (last.call["attempts"], last.call["status"], last.call["duration_ms"]) == (3, "ok", 9000.0)
    told = [
        (r["attempt"], r.get("status_code"), r.get("error_class"), r.get("duration_ms"), r.get("wait_before_ms"), r["is_final"]) for r in last.rows["attempts"]
    ]
    assert told == [(1, 529, "overloaded", 2000.0, None, False), (2, 529, "overloaded", 2500.0, 500.0, False), (3, None, None, None, 1000.0, True)]


def test_the_headers_of_a_refusal_tell_quotas_and_the_wait() -> None:
    """They belong to the call, and to the line that has them; no other header is kept."""
    headers = {"retry-after": "7", "anthropic-ratelimit-tokens-limit": "400000", "anthropic-ratelimit-tokens-remaining": "0", "x-api-key": "sk-ant-1", "odd": 3}
    last = read(
        user("u", 0), error("e1", 2, "u", 1, 500, {"status": 429, "headers": headers, "error": {"error": {"type": "rate_limit_error"}}}), answer("a", 9, "e1")
    )[-1]
    assert [(row["scope"], row["limit_value"], row["remaining"], row["line"]) for row in last.rows["rate_limits"]] == [("tokens", 400_000.0, 0.0, 2)]
    assert (last.rows["attempts"][0]["retry_after_ms"], last.rows["attempts"][0]["error_class"]) == (7000.0, "rate_limit")
    assert "sk-ant" not in repr(last)


def test_a_call_given_up_is_an_error() -> None:
    """The program's own message to the user stands for the failed call; it has no tokens, not 0."""
    told = answer("a", 9, "e1", {"input_tokens": 0}, {"model": "<synthetic>", "id": "x-1"}, isApiErrorMessage=True, error="unknown", requestId=None)
    row = call(user("u", 0), error("e1", 2, "u", 1, 500, OVERLOADED), told)
    assert (row["status"], row["status_code"], row["error_class"], row["attempts"]) == ("error", 529, "overloaded", 2)
    assert "input_tokens" not in row
    assert row["usage_status"] == "missing"


def test_an_error_without_retries_is_read_from_what_the_user_was_told() -> None:
    content = [{"type": "text", "text": 'API Error: 401 {"type":"error"} Please run /login'}]
    row = call(answer("a", 9, None, {"input_tokens": 0}, {"model": "<synthetic>", "content": content}, isApiErrorMessage=True, error="authentication_failed"))
    assert (row["status"], row["status_code"], row["error_class"]) == ("error", 401, "auth")


def test_tries_whose_answer_has_not_come_are_kept() -> None:
    """The file ends while the program still retries: the try is counted, and no call is made up."""
    (_, waiting) = read(user("u", 0), error("e1", 2, "u", 1, 500, OVERLOADED))
    assert (waiting.line, waiting.kind, len(waiting.rows["attempts"])) == (2, "other", 1)


def test_two_branches_claim_a_try_once() -> None:
    """A rewound session may branch after a failed try; the record is counted once."""
    lines = [user("u", 0), error("e1", 2, "u", 1, 500, OVERLOADED), answer("a", 9, "e1"), answer("b", 9, "e1", message={"id": "msg_2"})]
    assert sorted(o.line for o in read(*lines)) == [1, 2, 3, 4]


def test_a_tool_result_closes_its_span() -> None:
    """From the line that asked to the result; the tool's own clock is preferred."""
    asks = [answer("a", 2, "u", message={"content": [{"type": "tool_use", "id": f"toolu_{n}", "name": name}]}) for n, name in enumerate(("Bash", "Task"))]
    results = [
        user("r0", 8, "a", message={"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_0", "is_error": True}]}),
        user("r1", 9, "a", message={"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}, toolUseResult={"totalDurationMs": 4000}),
    ]
    spans = [row for o in read(user("u", 1), *asks, *results) for row in o.rows.get("spans", ())]
    told = [(s["kind"], s["name"], s["duration_ms"], s["status"], s["trace_id"], s["call_id"]) for s in spans]
    assert told == [("tool", "Bash", 6000.0, "error", "u", "msg_1"), ("agent", "Task", 4000.0, "ok", "u", "msg_1")]


def test_a_turn_is_a_span() -> None:
    turn = {"type": "system", "subtype": "turn_duration", "uuid": "t", "parentUuid": "a", "durationMs": 7000, "timestamp": AT.format(8)}
    (span,) = [row for o in read(user("u", 1), answer("a", 4, "u"), turn) for row in o.rows.get("spans", ())]
    assert (span["trace_id"], span["started_at"], span["duration_ms"]) == ("u", datetime(2026, 3, 2, 10, 0, 1), 7000.0)


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        (user("u", 1), "skipped", "user"),
        ({"type": "summary", "summary": "?", "leafUuid": "x"}, "skipped", "summary"),
        ({"type": "file-history-snapshot", "snapshot": {}}, "skipped", "file-history-snapshot"),
        ({"type": "system", "subtype": "compact_boundary", "uuid": "x"}, "skipped", "system/compact_boundary"),
        ({"type": "system", "subtype": "turn_duration", "durationMs": "long", "timestamp": AT.format(1)}, "skipped", "system/turn_duration"),
        ({"type": "progress", "data": {"type": "hook_progress"}}, "skipped", "progress/hook_progress"),
        ({"type": "<b>x</b>"}, "skipped", "unnamed"),
        (answer("a", 1, None, {"input_tokens": 0}, {"model": "<synthetic>"}), "skipped", "synthetic"),
        (answer("a", 1, None, {"input_tokens": 0}, {"model": "<synthetic>"}, isApiErrorMessage=True, error="max_output_tokens"), "skipped", "synthetic"),
        ({"type": "assistant", "message": {"content": "?"}}, "skipped", "assistant/without_usage"),
        ({"hello": 1}, "rejected", "neither a type nor a usage"),
        ([1], "rejected", "not an object"),
        (None, "rejected", "not an object"),
    ],
)
def test_lines_that_are_no_call(line: Any, kind: str, reason: str) -> None:
    """Every line ends in one place, by a name."""
    assert [(o.kind, o.reason) for o in read(line)] == [(kind, reason)]


@pytest.mark.parametrize(
    ("cwd", "path", "feature"),
    [
        ("/home/ann/shop", "x.jsonl", "shop"),
        ("/home/ann/shop/src/api", "projects/-home-ann-shop/s.jsonl", "shop"),
        ("/home/ann/shop/src", "projects/-home-ann-shop/s/subagents/agent-1.jsonl", "shop"),
        ("C:\\work\\my.shop", "projects\\C--work-my-shop\\s.jsonl", "my.shop"),
        ("/home/ann/Ann's shop (v2)", "s.jsonl", "Ann's shop (v2)"),
        ("/home/ann/\x1b[31mred", "s.jsonl", None),
        ("/home/ann/" + "x" * 200, "s.jsonl", None),
        (None, "projects/alpha/s.jsonl", "alpha"),
        (None, "s.jsonl", None),
    ],
)
def test_feature_is_the_project(cwd: str | None, path: str, feature: str | None) -> None:
    """A session that moved into a sub-folder still belongs to its project."""
    assert call(answer("a", 1, None, cwd=cwd), path=path).get("feature") == feature


@pytest.mark.parametrize(
    ("message", "column", "want"),
    [
        ({"id": "msg_bdrk_1"}, "provider", "aws"),
        ({"id": "msg_vrtx_1"}, "provider", "google"),
        ({}, "provider", "anthropic"),
        ({"model": "glm-4.7"}, "provider", None),
        ({"stop_reason": "refusal"}, "status", "blocked"),
        ({"usage": USAGE | {"speed": "fast", "service_tier": "standard"}}, "service_tier", "fast"),
        ({"usage": USAGE | {"speed": "standard", "service_tier": "priority"}}, "service_tier", "priority"),
        ({"usage": USAGE | {"inference_geo": "us"}}, "region", "us"),
        ({"usage": USAGE | {"inference_geo": "not_available"}}, "region", None),
        ({"usage": USAGE | {"server_tool_use": {"web_search_requests": 3}}}, "web_searches", 3),
        ({"usage": USAGE | {"output_tokens_details": {"thinking_tokens": 9}}}, "reasoning_tokens", 9),
    ],
)
def test_other_columns(message: dict[str, Any], column: str, want: Any) -> None:
    assert call(answer("a", 1, None, message=message)).get(column) == want


def test_old_versions_state_the_cost() -> None:
    assert call(answer("a", 1, None, costUSD=0.12))["reported_usd"] == 0.12


SESSION = [user("u", 0), error("e1", 2, "u", 1, 500, OVERLOADED), answer("a", 9, "e1", message={"content": [{"type": "tool_use", "id": "t", "name": "Bash"}]})]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_no_corrupt_line_raises_and_each_is_counted_once(data: st.DataObject) -> None:
    """Any value in any place of a real line: one outcome a record, nested ones apart, and NULL instead of a wrong number."""
    lines = []
    for original in SESSION:
        line = json.loads(json.dumps(original))
        holder = line
        while True:
            key = data.draw(st.sampled_from(sorted(holder)))
            if isinstance(holder[key], dict) and holder[key] and data.draw(st.booleans()):
                holder = holder[key]
                continue
            holder[key] = data.draw(JUNK)
            break
        lines.append(line)
    found = read(*lines)
    assert sorted(o.line for o in found if not o.nested) == [1, 2, 3]
    for outcome in found:
        row = outcome.call or {}
        assert (row.get("cache_read_tokens") or 0) <= row.get("input_tokens", 10**13)
    assert repr(found) == repr(read(*lines))  # NaN is not equal to itself, its text is


@pytest.mark.parametrize(
    ("values", "sure"),
    [
        ([user("u", 1), answer("a", 2, "u")], 0.95),
        ([{"type": "summary", "summary": "?", "leafUuid": "x"}], 0.95),
        ([{"timestamp": "2026-01-09T10:00:00Z", "message": {"usage": {"input_tokens": 1}}}], 0.6),
        ([user("u", 1) | {"usageMetadata": {}}], None),
        ([{"id": "x", "usage": {"input_tokens": 1}}], None),
        ([], None),
    ],
)
def test_detection(values: list[Any], sure: float | None) -> None:
    """Its own keys are certain, another agent's look-alike is refused."""
    found = SOURCE.detect(Head("s.jsonl", "ndjson", tuple(values)))
    assert (found.confidence if found else None) == sure
