"""`llmlogs ingest --agents`: sessions are found where each agent keeps them, and what was found and where it was looked for is said."""

import json
from pathlib import Path

from tests.cli.conftest import Run

AT = "2026-03-02T10:00:00Z"
CLAUDE = {"type": "assistant", "uuid": "a", "sessionId": "s", "timestamp": AT, "message": {"id": "msg_%s", "model": "claude-opus-4-5",
    "stop_reason": "end_turn", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}  # fmt: skip
CODEX = [
    {"timestamp": AT, "type": "session_meta", "payload": {"id": "s", "model_provider": "openai"}},
    {"timestamp": AT, "type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"input_tokens": 5, "output_tokens": 1}}}},
]
GEMINI = {"sessionId": "g", "projectHash": "p", "startTime": AT, "messages": [
    {"id": "m", "type": "gemini", "timestamp": AT, "content": "", "model": "gemini-2.5-pro", "tokens": {"input": 7, "output": 1, "total": 8}}]}  # fmt: skip
OPENCODE = {"id": "msg_1", "sessionID": "ses_1", "role": "assistant", "modelID": "m", "providerID": "x", "time": {"created": 1772445600000},
    "tokens": {"input": 11, "output": 1}}  # fmt: skip
PI = {"type": "message", "timestamp": AT, "message": {"role": "assistant", "model": "m", "provider": "x", "stopReason": "stop", "timestamp": 1772445600000,
    "usage": {"input": 13, "output": 1, "cacheRead": 0, "cacheWrite": 0}}}  # fmt: skip


def put(path: Path, *lines: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def claude(name: str) -> object:
    return json.loads(json.dumps(CLAUDE) % name)


def test_all_are_found_in_their_usual_places(llmlogs: Run, tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    put(home / ".claude/projects/-home-ann-shop/s.jsonl", claude("home"))
    put(other / "one/projects/p/s.jsonl", claude("one"))
    put(other / "two/projects/p/s.jsonl", claude("two"))
    put(home / ".codex/sessions/2026/03/02/rollout-x.jsonl", *CODEX)
    put(home / ".gemini/tmp/abc/chats/session-x.json", GEMINI)
    put(other / "data/opencode/storage/message/ses_1/msg_1.json", OPENCODE)
    put(home / ".pi/agent/sessions/p/x.jsonl", PI)
    environment = {"HOME": str(home), "CLAUDE_CONFIG_DIR": f"{other / 'one'},{other / 'two'}", "XDG_DATA_HOME": str(other / "data")}
    done = llmlogs("ingest", "--agents", "--json", **environment)
    assert done.code == 0, done.err
    assert json.loads(done.out)["calls"] == 7
    for words in ("claude_code: 1 files in " + str(other / "two/projects"), "codex: 1 files in " + str(home / ".codex/sessions"), "nothing in "):
        assert words in done.err
    asked = llmlogs("sql", "select sum(input_tokens)::bigint as n from calls", "--format", "json")
    assert json.loads(asked.out) == [{"n": 3 * 3 + 5 + 7 + 11 + 13}]


def test_nothing_there(llmlogs: Run, tmp_path: Path) -> None:
    done = llmlogs("ingest", "--agents", HOME=str(tmp_path / "home"), CLAUDE_CONFIG_DIR="", CODEX_HOME=str(tmp_path / "codex"))
    assert (done.code, done.out) == (3, "")
    assert "no sessions of coding agents here" in done.err
    assert str(tmp_path / "codex/sessions") in done.err
    assert not (tmp_path / "llmlogs.duckdb").exists()
