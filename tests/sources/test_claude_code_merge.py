"""Lines of one Claude Code call become one row, over lines, files and ingests."""

import gzip
import itertools
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmlogs.ingest import engine
from llmlogs.sources.claude_code import SOURCE
from llmlogs.store import database

AT = "2026-03-02T10:00:{:02}.000Z"
MODEL = "claude-opus-4-5-20251101"
COLUMNS = "response_id, input_tokens, cache_read_tokens, output_tokens, usage_status, finish_reason, started_at, ended_at, duration_ms, session_id, agent_name"


def user(uuid: str, second: int, session: str = "s", **more: Any) -> dict[str, Any]:
    head = {"type": "user", "uuid": uuid, "parentUuid": None, "sessionId": session, "isSidechain": False}
    return head | {"timestamp": AT.format(second), "message": {"role": "user", "content": "?"}} | more


def answer(uuid: str, second: int, parent: str | None, output: int, stop: str | None = None, name: str = "msg_1", **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 200, "output_tokens": output}
    message = {"id": name, "model": MODEL, "stop_reason": stop, "content": [], "usage": usage}
    head = {"type": "assistant", "uuid": uuid, "parentUuid": parent, "sessionId": "s", "isSidechain": False, "requestId": "req_1"}
    return head | {"timestamp": AT.format(second), "message": message} | more


def nested(agent: str, line: dict[str, Any]) -> dict[str, Any]:
    inner = {key: line[key] for key in ("type", "uuid", "timestamp", "message", "requestId") if key in line}
    return {"type": "progress", "sessionId": "s", "data": {"type": "agent_progress", "agentId": agent, "message": inner}}


CALL = [user("u", 1), answer("a", 3, "u", 2), answer("b", 5, "a", 40), answer("c", 6, "b", 57, "end_turn")]


def put(path: Path, *lines: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def ingest(db: Path, *paths: Path) -> dict[str, Any]:
    counts = engine.run([str(path) for path in paths], db).as_json()
    assert counts["records"] == sum(counts[kind] for kind in ("calls", "other", "merged", "skipped", "rejected"))
    return counts


def rows(db: Path, what: str = COLUMNS) -> list[tuple[Any, ...]]:
    con = database.open_for_read(db)
    try:
        return con.execute(f"select {what} from calls order by all").fetchall()
    finally:
        con.close()


def test_the_last_snapshot_counts_once(tmp_path: Path) -> None:
    """T12, T13: not the sum, not the first; the wait is from the question to the last line."""
    counts = ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *CALL))
    assert (counts["calls"], counts["merged"], counts["skipped"]) == (1, 2, 1)
    ((_, tokens, read, output, status, stop, _, _, wait, *_),) = rows(tmp_path / "d")
    assert (tokens, read, output, status, stop, wait) == (210, 200, 57, "reported", "end_turn", 5000.0)


def test_a_stop_reason_that_comes_without_more_tokens_still_ends_the_call(tmp_path: Path) -> None:
    """The final line may repeat the count of the one before."""
    for order in itertools.permutations([*CALL[1:3], answer("c", 6, "b", 40, "end_turn")]):
        db = tmp_path / str(hash(repr(order)))
        ingest(db, put(db.with_suffix(".jsonl"), CALL[0], *order))
        assert [row[3:5] for row in rows(db)] == [(40, "reported")]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_message_that_goes_on_in_a_later_ingest(tmp_path: Path, cut: int) -> None:
    """However the growing file was cut between ingests, the row is that of reading it in one go."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    ingest(whole, put(tmp_path / "one" / "s.jsonl", *CALL))
    ingest(parts, put(tmp_path / "two" / "s.jsonl", *CALL[:cut]))
    ingest(parts, put(tmp_path / "two" / "s.jsonl", *CALL))
    assert rows(parts) == rows(whole)


def test_a_resumed_session_repeats_calls(tmp_path: Path) -> None:
    """T11: the same message in the file of the resumed session is the same call, and both files together have one."""
    copy = [line | {"sessionId": "s2"} for line in CALL]
    more = answer("d", 20, "c", 9, "end_turn", "msg_2", requestId="req_2", sessionId="s2")
    counts = ingest(tmp_path / "d", put(tmp_path / "s1.jsonl", *CALL), put(tmp_path / "s2.jsonl", *copy, more))
    assert (counts["calls"], counts["merged"]) == (2, 5)
    assert [row[:4] for row in rows(tmp_path / "d")] == [("msg_1", 210, 200, 57), ("msg_2", 210, 200, 9)]


def test_tools_of_copies_that_both_grow_are_counted_once(tmp_path: Path) -> None:
    """The span of a tool has the tool's id, in whichever file and ingest it comes again."""
    asks = [{"type": "tool_use", "id": f"toolu_{n}", "name": "Bash"} for n in range(2)]
    lines = [
        user("u", 1),
        answer("a", 3, "u", 5),
        user("r0", 4, parentUuid="a"),
        answer("b", 6, "r0", 7, name="msg_2", requestId="req_2"),
        user("r1", 7, parentUuid="b"),
    ]
    for number, (asking, told) in enumerate(((1, 2), (3, 4))):
        lines[asking]["message"]["content"] = [asks[number]]
        lines[told]["message"] = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"toolu_{number}"}]}
    own, copy = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    ingest(tmp_path / "d", put(own, *lines))
    put(own, *lines, user("v", 30))
    ingest(tmp_path / "d", put(copy, user("w", 0), *lines[:3]))
    ingest(tmp_path / "d", own, put(copy, user("w", 0), *lines))
    con = database.open_for_read(tmp_path / "d")
    assert con.execute("select span_id, count(*) from spans group by all order by all").fetchall() == [("toolu_0", 1), ("toolu_1", 1)]
    con.close()


def test_t18_a_sub_agent_told_twice_is_one_call(tmp_path: Path) -> None:
    """T18: in its parent's lines and in its own file; its parent's session, its own name; the larger snapshot wins whichever has it."""
    own = [line | {"isSidechain": True, "agentId": "ab12"} for line in (user("n", 1), answer("n1", 4, "n", 30, "end_turn"))]
    parent = put(tmp_path / "s.jsonl", user("u", 0), nested("ab12", user("n", 1)), nested("ab12", answer("n1", 4, "n", 3)))
    ingest(tmp_path / "d", parent, put(tmp_path / "s" / "subagents" / "agent-ab12.jsonl", *own))
    ((name, tokens, _, output, status, _, _, _, wait, session, agent),) = rows(tmp_path / "d")
    assert (name, tokens, output, status, wait, session, agent) == ("msg_1", 210, 30, "reported", 3000.0, "s", "ab12")


def test_t17_a_replay_in_a_side_chain_has_a_new_request_id(tmp_path: Path) -> None:
    """T17: the parent's own line is the call, the copy is dropped."""
    copy = answer("x", 9, None, 57, "end_turn", requestId="req_9", isSidechain=True)
    counts = ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *CALL), put(tmp_path / "t.jsonl", copy))
    assert (counts["calls"], counts["merged"]) == (1, 3)


def test_the_same_message_id_of_two_requests_is_two_calls(tmp_path: Path) -> None:
    """A proxy may reuse ids: with a request id of its own and no side chain, each was sent and billed."""
    other = answer("x", 9, None, 7, "end_turn", requestId="req_9")
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *CALL, other))
    assert sorted(row[0] for row in rows(tmp_path / "d", "output_tokens")) == [7, 57]


def test_t15_without_a_message_id_every_line_is_kept(tmp_path: Path) -> None:
    """T15: nothing says that they are one."""
    lines = [answer(uuid, 3, None, 5, None, requestId=None) for uuid in "ab"]
    for line in lines:
        line["message"]["id"] = None
    assert ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *lines))["calls"] == 2
    ingest(tmp_path / "d", put(tmp_path / "copy.jsonl", *lines))
    assert len(rows(tmp_path / "d")) == 2


def test_spaces_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    """T16: JSON is JSON however it is written."""
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(json.dumps(line, separators=(" , ", " : ")) for line in CALL).encode() + b"\r\n")
    ingest(tmp_path / "d", path)
    assert [row[:4] for row in rows(tmp_path / "d")] == [("msg_1", 210, 200, 57)]


def test_files_in_any_order_give_the_same_calls(tmp_path: Path) -> None:
    """Seeded shuffles of files that copy each other, one ingest each."""
    files = [
        put(tmp_path / f"{name}.jsonl", *lines)
        for name, lines in (("a", CALL[:3]), ("b", CALL), ("c", [answer("x", 9, None, 57, requestId="q", isSidechain=True)]))
    ]
    seen = set()
    for number in range(6):
        db = tmp_path / f"{number}.db"
        random.Random(number).shuffle(files)
        for path in files:
            ingest(db, path)
        seen.add(tuple(rows(db, "response_id, input_tokens, output_tokens, usage_status, duration_ms")))
    assert len(seen) == 1


def test_the_hour_long_cache_write_is_priced_as_such(tmp_path: Path) -> None:
    """Pricing an hour's write at the price of five minutes loses 37 % of it."""
    line = answer("a", 3, None, 0, "end_turn")
    line["message"]["usage"] = {
        "input_tokens": 0,
        "cache_creation_input_tokens": 1_000_000,
        "output_tokens": 0,
        "cache_creation": {"ephemeral_1h_input_tokens": 1_000_000},
    }
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", line))
    assert rows(tmp_path / "d", "cost_usd, cache_write_1h_tokens") == [(Decimal(10), 1_000_000)]


VISIBLE = "x" * 832
ESTIMATE = "output_tokens, usage_status, completion_chars, estimated_output_low, estimated_output_tokens, estimated_output_high"


def wrote(line: dict[str, Any], *texts: str) -> dict[str, Any]:
    message = line["message"] | {"content": [{"type": "text", "text": text} for text in texts]}
    return line | {"message": message}


def test_t14_a_placeholder_is_flagged_and_estimated_as_a_range(tmp_path: Path) -> None:
    """The logged count stays a lower bound, the estimate stands apart, and no price is made of it."""
    lines = [user("u", 1), wrote(answer("a", 3, "u", 2), VISIBLE[:400]), wrote(answer("b", 4, "a", 2), VISIBLE[400:])]
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *lines))
    assert rows(tmp_path / "d", ESTIMATE) == [(2, "partial", 832, 139, 208, 277)]
    priced = rows(tmp_path / "d", "cost_status, (cost_usd < 0.001)")
    assert priced == [("lower_bound", True)]


def test_t14_a_count_that_is_right_is_not_estimated(tmp_path: Path) -> None:
    lines = [user("u", 1), wrote(answer("a", 3, "u", 2), VISIBLE), wrote(answer("b", 4, "a", 250, "end_turn"), "y")]
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *lines))
    assert rows(tmp_path / "d", ESTIMATE) == [(250, "reported", 833, None, None, None)]


def test_t14_a_line_told_again_writes_nothing_more(tmp_path: Path) -> None:
    """In a copy, and inside the parent's file."""
    lines = [user("u", 1), wrote(answer("a", 3, "u", 2), VISIBLE), wrote(answer("a", 3, "u", 2), VISIBLE)]
    paths = [put(tmp_path / "s1.jsonl", *lines), put(tmp_path / "s2.jsonl", *lines, user("v", 9))]
    ingest(tmp_path / "d", *paths)
    assert rows(tmp_path / "d", ESTIMATE) == [(2, "partial", 832, 139, 208, 277)]


def test_t12_growing_snapshots_count_the_last(tmp_path: Path) -> None:
    lines = [user("u", 1), answer("a", 3, "u", 1), answer("b", 4, "a", 500), answer("c", 5, "b", 2000, "end_turn")]
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", *lines))
    assert rows(tmp_path / "d", "output_tokens, usage_status") == [(2000, "reported")]


LONG = json.dumps(wrote(CALL[3], "z" * 70_000))
FORMS = {
    "spaces": "\n".join(json.dumps(line, separators=(" , ", " : ")) for line in CALL) + "\n",
    "CRLF": "\r\n".join(json.dumps(line) for line in CALL) + "\r\n",
    "BOM": "\ufeff" + "".join(json.dumps(line) + "\n" for line in CALL),
    "a line beyond 64 KiB": "".join(json.dumps(line) + "\n" for line in CALL[:3]) + LONG + "\n",
    "a torn last line": "".join(json.dumps(line) + "\n" for line in CALL) + '{"type":"assistant","message":{"usage":{"output',
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("form", FORMS)
def test_t16_however_it_is_written(form: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("s.jsonl.gz" if packed else "s.jsonl")
    content = FORMS[form].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    counts = ingest(tmp_path / "d", path)
    assert (counts["calls"], counts["rejected"], counts["pending_bytes"] > 0) == (1, 0, form == "a torn last line")
    assert rows(tmp_path / "d", "input_tokens, output_tokens, usage_status") == [(210, 57, "reported")]


def test_counts_beside_the_message_are_read_too(tmp_path: Path) -> None:
    line = {"type": "assistant", "uuid": "m", "timestamp": AT.format(1), "message": {"content": "?", "model": MODEL}, "costUSD": 0.05}
    ingest(tmp_path / "d", put(tmp_path / "s.jsonl", line | {"inputTokens": 200, "outputTokens": 100, "cacheReadInputTokens": 50}))
    assert rows(tmp_path / "d", "input_tokens, cache_read_tokens, output_tokens, reported_usd::double") == [(250, 50, 100, 0.05)]


@pytest.mark.parametrize("sample", SOURCE.samples, ids=lambda sample: sample.note)
def test_samples(sample: Any, tmp_path: Path) -> None:
    """What the source says of itself holds."""
    path = tmp_path / "s.jsonl"
    path.write_text(sample.lines.strip() + "\n", encoding="utf-8")
    counts = ingest(tmp_path / "d", path)
    assert {name: counts[name] for name in sample.counts} == sample.counts
    for want, got in zip(sample.want, rows(tmp_path / "d", ", ".join(sample.want[0])), strict=True):
        assert dict(zip(want, got, strict=True)) == want
