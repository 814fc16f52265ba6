"""simonw/llm: both generations of its database, what it prints, counts in the words of each plugin."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from trace_helpers import Db, calls, closes, damaged, read, records_of

from llmlogs.sources.base import Context, Head
from llmlogs.sources.llm_cli import SOURCE

TURN = {
    "id": "t1", "thread_id": "th1", "tip_message_hash": "h1", "model": "mini", "resolved_model": None, "options_json": '{"max_tokens": 9}', "input_tokens": 10,
    "output_tokens": 2, "token_details": None, "duration_ms": 500, "datetime_utc": "2026-03-02T10:00:00+00:00",
    "response_json": '{"id": "chatcmpl-made-up-9", "model": "gpt-9-0101", "usage": {"prompt_tokens_details": {"$": "m.x"}}}',
}  # fmt: skip
RESPONSE = {
    "id": "r1", "model": "anthropic/claude-x", "prompt": "my secret", "system": None, "response": "a secret", "conversation_id": "c1", "duration_ms": 700,
    "datetime_utc": "2026-03-01T10:00:00",
    "response_json": '{"id": "msg_made_up_1", "model": "claude-x-0101", "usage": {"input_tokens": 5, "output_tokens": 6}}',
}  # fmt: skip
GOOD = (
    *records_of(*(sample.lines for sample in SOURCE.samples)),
    {"table": "turns", "row": TURN},
    {"table": "responses", "row": RESPONSE},
    {"table": "turn_search", "row": {"id": 1, "turn_id": "t1", "prompt": "?", "response": "!"}},
    {"table": "parts", "row": {"id": 1, "message_hash": "h1", "type": "tool_call"}},
)


def row(table: str, **columns: Any) -> dict[str, Any]:
    return {"table": table, "row": columns}


def turn(**more: Any) -> dict[str, Any]:
    return row("turns", **(TURN | more))


def database(path: Path, **tables: list[dict[str, Any]]) -> None:
    """A database with the columns of the rows; a table without rows has llm's own columns."""
    names = {"turns": TURN, "responses": RESPONSE}
    with closing(sqlite3.connect(path)) as con:
        for table, rows in tables.items():
            columns = list(rows[0] if rows else names[table])
            con.execute(f"create table {table} ({', '.join(columns)})")
            con.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", [tuple(one.values()) for one in rows])
        con.commit()


DETAILS = {
    "openai, cache inside": ({"prompt_tokens_details": {"cached_tokens": 8}}, (10, 8, None, 2, None)),
    "openai responses": ({"input_tokens_details": {"cached_tokens": 8}, "output_tokens_details": {"reasoning_tokens": 1}}, (10, 8, None, 2, 1)),
    "t2 anthropic, cache outside": ({"cache_read_input_tokens": 100, "cache_creation_input_tokens": 7}, (117, 100, 7, 2, None)),
    "t8 gemini, thoughts left out of the output": (
        {"candidatesTokenCount": 2, "thoughtsTokenCount": 30, "cachedContentTokenCount": 4},
        (10, 4, None, 32, 30),
    ),
    "none": (None, (10, None, None, 2, None)),
    "junk": ("nonsense", (10, None, None, 2, None)),
}


@pytest.mark.parametrize(("details", "want"), DETAILS.values(), ids=DETAILS)
def test_counts(details: Any, want: tuple[Any, ...]) -> None:
    (call,) = calls(SOURCE, turn(token_details=json.dumps(details) if details else None))
    assert tuple(call.get(f"{name}_tokens") for name in ("input", "cache_read", "cache_write", "output", "reasoning")) == want


def test_t8_gemini_of_newer_plugins_counts_the_thoughts_already() -> None:
    (call,) = calls(SOURCE, turn(output_tokens=32, token_details='{"candidatesTokenCount": 2, "thoughtsTokenCount": 30}'))
    assert call["output_tokens"] == 32


def test_gemini_without_the_count_of_its_answer_keeps_the_row_s() -> None:
    (call,) = calls(SOURCE, turn(token_details='{"cachedContentTokenCount": 4}'))
    assert (call["output_tokens"], call["cache_read_tokens"]) == (2, 4)


@pytest.mark.parametrize(("sent", "made"), [(0, 0), (None, None)])
def test_t20_no_usage_is_null(sent: Any, made: Any) -> None:
    (call,) = calls(SOURCE, turn(input_tokens=sent, output_tokens=made, response_json=None))
    assert ("input_tokens" in call, "output_tokens" in call, call["usage_status"]) == (False, False, "missing")


def test_a_row_from_before_tokens_were_kept_tells_them_in_its_answer() -> None:
    (call,) = calls(SOURCE, row("responses", **RESPONSE))
    assert (call["input_tokens"], call["output_tokens"], call["response_id"], call["response_model"]) == (5, 6, "msg_made_up_1", "claude-x-0101")
    assert (call["prompt_chars"], call["completion_chars"], call["session_id"], call["provider"]) == (9, 8, "c1", "anthropic")


def test_alias_and_real_model() -> None:
    (call,) = calls(SOURCE, turn())
    assert (call["request_model"], call["response_model"], call["provider"], call["max_tokens"]) == ("mini", "gpt-9-0101", "openai", 9)
    (call,) = calls(SOURCE, turn(model="gemini/gemini-x", resolved_model="gemini-x-001", response_json=None))
    assert (call["response_model"], call["provider"], call["call_id"]) == ("gemini-x-001", "gcp.gemini", "t1")


def test_an_answer_that_is_no_text_has_no_length() -> None:
    (call,) = calls(SOURCE, row("responses", **(RESPONSE | {"response": None, "prompt": None})))
    assert ("completion_chars" in call, "prompt_chars" in call) == (False, False)


def test_other_tables_tell_lengths_and_tool_calls() -> None:
    beside = [
        row("turn_search", id=1, turn_id="t1", prompt="my secret", response="a secret"),
        row("parts", id=1, message_hash="h1", type="tool_call"),
        row("parts", id=2, message_hash="h1", type="tool_call"),
        row("parts", id=3, message_hash="h1", type="text"),
    ]
    outcomes = read(SOURCE, *beside, turn())
    closes(outcomes, 5)
    call = outcomes[-1].call or {}
    assert (call["prompt_chars"], call["completion_chars"], call["tool_calls"]) == (9, 8, 2)
    assert "secret" not in str(outcomes)
    kept = read(SOURCE, *beside, turn(), context=Context("x", store_text="full"))[-1].call or {}
    assert (kept["prompt_text"], kept["completion_text"]) == ("my secret", "a secret")
    assert [o.reason for o in read(SOURCE, row("mine", id=1), row("threads", id="th1", name="private"))] == ["another table", "table threads"]


def test_both_generations_in_one_database(tmp_path: Path) -> None:
    """An upgraded database holds old responses beside new turns; a new one has the old table empty."""
    database(tmp_path / "both.db", conversations=[{"id": "c1", "name": "private", "model": "m"}], responses=[RESPONSE], turns=[TURN])
    db = Db(tmp_path, tmp_path / "both.db")
    assert db.report.files[0].source == "llm_cli"
    assert db.ask("select response_id, session_id from calls order by started_at") == [("msg_made_up_1", "c1"), ("chatcmpl-made-up-9", "th1")]
    counts = db.report.files[0].counts
    assert (counts.records, counts.calls, counts.skipped) == (3, 2, 1)
    for name, tables in {"old": {"responses": [RESPONSE]}, "new": {"responses": [], "turns": [TURN]}, "empty": {"responses": [], "turns": []}}.items():
        place = tmp_path / name
        place.mkdir()
        database(place / "logs.db", **tables)
        db = Db(place, place / "logs.db")
        assert db.report.files[0].source == "llm_cli", name
        assert db.one("select count(*) from calls") == (0 if name == "empty" else 1,), name


def test_another_database_is_not_taken(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute("create table responses (id, model, answer)")
        con.execute("insert into responses values (1, 'm', 'x')")
        con.commit()
    assert Db(tmp_path, tmp_path / "x.db").report.files[0].source != "llm_cli"


def test_detection() -> None:
    def sure(*values: Any) -> float:
        found = SOURCE.detect(Head("x", "json", values))
        return found.confidence if found else 0.0

    printed = records_of(SOURCE.samples[0].lines)[0]
    assert sure(printed) > 0.9
    assert sure({key: value for key, value in printed.items() if key != "options_json"}) > 0.9
    assert sure({"id": "x", "model": "m", "duration_ms": 3, "conversation_id": "c", "response_json": {}}) == 0
    assert sure("x", None) == 0


@given(damaged(GOOD))
def test_damaged_records_never_raise_and_are_all_accounted_for(values: list[Any]) -> None:
    closes(read(SOURCE, *values), len(values))


@pytest.mark.shared
def test_database_and_list_give_the_same_calls(shared: Path, tmp_path: Path) -> None:
    """The list is what llm itself printed from the database; the sums are taken from it without this source."""
    folder = shared / "corpus/app/simonw_llm"
    printed = json.loads((folder / "logs_list.json").read_text(encoding="utf-8"))
    details = [json.loads(one["token_details"] or "{}") for one in printed]
    want = (
        len(printed),
        sum(one["input_tokens"] for one in printed),
        sum(one["output_tokens"] for one in printed),
        sum(one.get("prompt_tokens_details", {}).get("cached_tokens", 0) for one in details),
        sum(one.get("completion_tokens_details", {}).get("reasoning_tokens", 0) for one in details),
        sum(one["duration_ms"] for one in printed),
    )
    seen = []
    for name in ("logs.db", "logs_list.json"):
        place = tmp_path / name
        place.mkdir()
        db = Db(place, folder / name)
        assert db.report.files[0].source == "llm_cli"
        got = db.one(
            "select count(*), sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_read_tokens)::bigint, sum(reasoning_tokens)::bigint, "
            "sum(duration_ms)::bigint from calls"
        )
        assert got == want
        left_out = ("prompt_hash", "prefix_hash", "line", "rate_id")
        seen.append([{key: value for key, value in call.items() if key not in left_out} for call in db.calls()])
        assert {call["response_id"] for call in seen[-1]} == {one["response_json"]["id"] for one in printed}
        assert {call["response_model"] for call in seen[-1]} == {one["response_json"]["model"] for one in printed}
    assert seen[0] == seen[1]
    both = tmp_path / "both"
    both.mkdir()
    assert Db(both, folder / "logs.db", folder / "logs_list.json").one("select count(*) from calls") == (len(printed),)
