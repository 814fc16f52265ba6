"""Nothing of a prompt, an answer, a header or a key comes out anywhere: planted words are looked for in every column, every report and everything said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmlogs.store import database
from tests.cli.conftest import Done, Run, llmlogs

__all__ = ["llmlogs"]

KEY = "sk-canary-4f9d8a7b6c5e4d3c2b1a0f9e8d7c6b5a"
SECRETS = (KEY, "Bearer canary-token-77", "canary.person@example.com", "PROMPTCANARY", "ANSWERCANARY", "TOOLCANARY", "ERRORCANARY-9f8e")
HEADERS = {"authorization": "Bearer canary-token-77", "x-api-key": KEY, "cookie": f"session={KEY}", "x-ratelimit-limit-requests": "500"}
PROMPT = f"PROMPTCANARY write to canary.person@example.com with {KEY}"
URL = "https://api.openai.com/v1/chat/completions"
FAULT = f"Incorrect API key provided: {KEY}. Mail canary.person@example.com: 'ERRORCANARY-9f8e'"
ANSWER = "ANSWERCANARY certainly, canary.person@example.com"

OPENAI = {
    "ts": "2026-11-01T10:00:00Z",
    "request": {"url": URL, "headers": HEADERS, "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": PROMPT}]}},
    "response": {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
    },
    "headers": HEADERS, "status": 200,
}  # fmt: skip
REFUSED = {
    "ts": "2026-11-01T10:00:05Z",
    "request": {"url": URL, "headers": HEADERS, "body": {"model": "gpt-4o", "messages": PROMPT}},
    "response": {
        "error": {
            "message": f"Incorrect API key provided: {KEY}. Mail canary.person@example.com: 'ERRORCANARY-9f8e'",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
    },
    "status": 401,
}
ANTHROPIC = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": ANSWER}, {"type": "tool_use", "id": "t", "name": "search", "input": {"q": "TOOLCANARY"}}],
    "usage": {"input_tokens": 3, "output_tokens": 4},
}  # fmt: skip
OWN = {
    "format": "llmlogs/1", "timestamp": "2026-11-01T10:00:00Z", "model": "gpt-4o", "provider": "openai", "call_id": "own-1",
    "prompt": PROMPT, "response": ANSWER,
    "messages": [{"content": PROMPT}], "api_key": KEY, "headers": HEADERS, "notes": PROMPT, "error_template": FAULT,
    "status": "error", "authorization": HEADERS["authorization"],
}  # fmt: skip
SESSION = {"isSidechain": False, "sessionId": "s1", "version": "2.1.0", "cwd": "/home/dev/shop"}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "TOOLCANARY " + KEY}
CLAUDE = [
    SESSION | {"type": "user", "uuid": "u1", "timestamp": "2026-11-01T10:00:00Z", "message": {"role": "user", "content": PROMPT}},
    SESSION | {"type": "assistant", "uuid": "u2", "parentUuid": "u1", "timestamp": "2026-11-01T10:00:02Z", "requestId": "req_1", "message": ANTHROPIC},
    SESSION | {"type": "user", "uuid": "u3", "parentUuid": "u2", "timestamp": "2026-11-01T10:00:03Z", "message": {"role": "user", "content": [RESULT]}},
]
BROKEN = '{"prompt": "PROMPTCANARY", "key": "' + KEY + '", '
MAPPING = """title = "ours"
detect = { all = ["zeit", "modell"] }
[columns]
started_at = "zeit"
request_model = "modell"
call_id = "nr"
prompt_chars = "length(frage)"
error_template = "fehler"
"""
OURS = {
    "zeit": "2026-11-01T10:00:00Z",
    "modell": "gpt-4o",
    "nr": "m-1",
    "frage": PROMPT,
    "fehler": FAULT,
    "kopf": HEADERS,
}

LOGS: dict[str, list[Any]] = {
    "provider": [OPENAI, REFUSED, ANTHROPIC],
    "own": [OWN],
    "claude": CLAUDE,
    "mapped": [OURS],
    "unknown": [{"what": PROMPT, "key": KEY, "mail": "canary.person@example.com"}],
}


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def everything(path: Path) -> str:
    """Every value of every column of every table."""
    con = database.open_for_read(path)
    tables = [row[0] for row in con.execute("select table_name from duckdb_tables() where table_name <> 'meta'").fetchall()]
    found = [repr(con.execute(f'select * from "{table}"').fetchall()) for table in tables]
    con.close()
    return "\n".join(found)


@pytest.mark.parametrize("name", LOGS)
def test_planted_words_come_out_nowhere(llmlogs: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / ".llmlogs" / "sources").mkdir(parents=True)
    (tmp_path / ".llmlogs" / "sources" / "ours.toml").write_text(MAPPING)
    log = tmp_path / f"{name}.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in LOGS[name]) + BROKEN + "\n")
    said: list[Done] = [llmlogs("ingest", log), llmlogs("ingest", log, "--json"), llmlogs("rejects", "list")]
    if name != "unknown":
        assert "1 rejected" in said[0].out
        said += [
            llmlogs("report", "-o", "r.html", "-o", "r.json", "-o", "r.md", "-o", "-"),
            llmlogs("sql", "from calls", "-f", "json"),
            llmlogs("query", "errors/by_class"),
        ]
        assert leaks(everything(tmp_path / "llmlogs.duckdb")) == []
        assert [leaks((tmp_path / page).read_text(encoding="utf-8")) for page in ("r.html", "r.json", "r.md")] == [[], [], []]
    assert [leaks(done.out + done.err) for done in said] == [[] for _ in said]


@pytest.mark.parametrize(("kept", "hidden"), [("redacted", (KEY, "canary.person@example.com")), ("full", ())])
@pytest.mark.parametrize("name", ["own", "provider", "claude"])
def test_texts_are_kept_only_where_they_were_asked_for(llmlogs: Run, tmp_path: Path, name: str, kept: str, hidden: tuple[str, ...]) -> None:
    log = tmp_path / f"{name}.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in LOGS[name]))
    llmlogs("ingest", log, "--store-text", kept)
    con = database.open_for_read(tmp_path / "llmlogs.duckdb")
    texts = con.execute("select t.part, t.content, t.redacted, c.call_id is not null from texts t left join calls c using (call_id)").fetchall()
    con.close()
    words = " ".join(content for _, content, _, _ in texts)
    assert "ANSWERCANARY" in words
    assert ("PROMPTCANARY" in words) == (name != "claude")
    assert [secret for secret in hidden if secret in words] == []
    assert hidden or "canary.person@example.com" in words
    assert {(redacted, known) for _, _, redacted, known in texts} == {(kept == "redacted", True)}
    con = database.open_for_read(tmp_path / "llmlogs.duckdb")
    others = [row[0] for row in con.execute("select table_name from duckdb_tables() where table_name not in ('meta', 'texts')").fetchall()]
    rest = "".join(repr(con.execute(f'select * from "{table}"').fetchall()) for table in others)
    con.close()
    assert leaks(rest) == []
