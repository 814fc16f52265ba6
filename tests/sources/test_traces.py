"""Public workload traces and web servers' access logs, read by the mappings that ship."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bills import broken

from llmlogs import sources
from llmlogs.sources.base import Context, Head, Outcome, Record

SINCE = datetime(2000, 1, 1)
NAMES = ("azure_llm_trace", "mooncake_trace", "bailian_trace", "burstgpt_trace", "nginx_json_log", "caddy_json_log")


def read(name: str, *values: Any) -> list[Outcome]:
    return list(sources.get(name).read([Record(n, 0, 0, value) for n, value in enumerate(values, 1)], Context("x", b"secret")))


def call(name: str, value: Any) -> dict[str, Any]:
    (outcome,) = read(name, value)
    assert outcome.kind == "call", outcome
    return outcome.call or {}


def micros(when: datetime) -> int:
    return round((when - datetime(1970, 1, 1)) / timedelta(microseconds=1))


BURST_1 = {"Timestamp": "5", "Model": "ChatGPT", "Request tokens": "472", "Response tokens": "18", "Total tokens": "490", "Log Type": "Conversation log"}
BURST_3 = {"Timestamp": "6.5", "Session ID": "s1",
           "Elapsed time": "2.5", "Model": "GPT-4", "Request tokens": "30", "Response tokens": "9", "Total tokens": "39",
           "Log Type": "API log"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ({}, {"input_tokens": 472, "output_tokens": 18, "status": "ok", "duration_ms": None}),
        ({"Response tokens": "0"}, {"input_tokens": 472, "output_tokens": 0, "status": "error"}),  # failed
        ({"Request tokens": "0", "Response tokens": "0"}, {"input_tokens": None, "output_tokens": None, "status": "error"}),  # nothing was counted
        ({"Response tokens": None}, {"input_tokens": 472, "output_tokens": None, "status": "unknown"}),
    ],
)
def test_burstgpt_a_response_of_nothing_is_a_failure(change: dict[str, Any], want: dict[str, Any]) -> None:
    found = call("burstgpt_trace", BURST_1 | change)
    assert {name: found.get(name) for name in want} == want


def test_burstgpt_both_orders_of_columns(tmp_path: Path) -> None:
    from llmlogs.ingest.engine import run
    from llmlogs.store import database

    for name, rows in (("one", [BURST_1]), ("three", [BURST_3])):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    report = run([str(tmp_path / "one.csv"), str(tmp_path / "three.csv")], tmp_path / "out.duckdb")
    assert [(file.source, file.counts.calls) for file in report.files] == [("burstgpt_trace", 1), ("burstgpt_trace", 1)]
    con = database.open_for_read(tmp_path / "out.duckdb")
    told = con.execute("select request_model, input_tokens, output_tokens, duration_ms, session_id, started_at from calls order by started_at").fetchall()
    con.close()
    assert told == [("ChatGPT", 472, 18, None, None, SINCE + timedelta(seconds=5)), ("GPT-4", 30, 9, 2500, "s1", SINCE + timedelta(seconds=6.5))]


def test_relative_times_count_from_a_day_nobody_takes_for_real() -> None:
    line = {"timestamp": 27000, "input_length": 10, "output_length": 2, "hash_ids": [0, 1]}
    assert call("mooncake_trace", line)["started_at"] == micros(SINCE + timedelta(seconds=27))
    chat = {"chat_id": 1, "parent_chat_id": -1, "timestamp": 27.25, "input_length": 10, "output_length": 2, "type": "search", "turn": 1, "hash_ids": [0, 1]}
    assert call("bailian_trace", chat)["started_at"] == micros(SINCE + timedelta(seconds=27.25))
    (wrong,) = read("mooncake_trace", line | {"timestamp": -1})
    assert wrong.kind == "rejected"  # no time and no model


def test_equal_blocks_are_an_equal_prefix() -> None:
    line = {"timestamp": 0, "input_length": 10, "output_length": 2, "hash_ids": [0, 1]}
    one, other, none = (call("mooncake_trace", line | {"hash_ids": blocks}) for blocks in ([0, 1], [0, 2], []))
    assert one["prefix_hash"] == other["prefix_hash"]
    assert one["prompt_hash"] != other["prompt_hash"]
    assert "prefix_hash" not in none
    assert "prompt_hash" not in none


NGINX = {"msec": "1767607203.250", "request_id": "r1", "request_method": "POST",
         "uri": "/v1/chat/completions", "status": "200", "request_time": "1.250",
         "upstream_status": "200", "upstream_response_time": "1.200", "llm_model": "gpt-5-mini", "llm_prompt_tokens": "90",
         "llm_completion_tokens": "10"}  # fmt: skip
CADDY: dict[str, Any] = {
    "level": "info", "ts": 1767607203.25, "logger": "http.log.access", "msg": "handled request",
    "request": {"remote_ip": "192.0.2.1", "method": "POST", "host": "llm.example.com", "uri": "/v1/messages", "headers": {}},
    "bytes_read": 9, "user_id": "", "duration": 1.25, "size": 30, "status": 529, "resp_headers": {"Content-Type": ["application/json"]},
}  # fmt: skip


def test_the_time_of_a_web_server_is_the_end() -> None:
    end = datetime(2026, 1, 5, 10, 0, 3, 250000)
    for name, record in (("nginx_json_log", NGINX), ("caddy_json_log", CADDY)):
        found = call(name, record)
        assert (found["ended_at"], found["started_at"]) == (micros(end), micros(end - timedelta(seconds=1.25))), name


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ({"upstream_status": "429, 429, 200"}, {"attempts": 3, "status": "ok"}),
        ({"upstream_status": "-", "status": "502"}, {"attempts": None, "status": "error", "status_code": 502}),
        ({"upstream_status": "200 : 200"}, {"attempts": 1}),  # an internal redirect is no retry
        ({"status": "504"}, {"status": "timeout"}),
        ({"status": "499"}, {"status": "cancelled"}),
        ({"llm_prompt_tokens": "-", "llm_completion_tokens": "", "llm_model": "-"}, {"input_tokens": None, "output_tokens": None, "request_model": None}),
        ({"uri": None, "request": "POST /v1beta/models/gemini-2.5-flash:generateContent?key=x HTTP/2.0", "llm_model": None},
         {"request_model": "gemini-2.5-flash", "operation": "chat", "endpoint": "/v1beta/models/gemini-2.5-flash:generateContent"}),
        ({"uri": "/openai/deployments/prod/embeddings"}, {"deployment": "prod", "operation": "embeddings"}),
        ({"uri": "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse", "llm_model": None}, {"operation": "chat"}),
        ({"sent_http_content_type": "text/event-stream; charset=utf-8"}, {"stream": True}),
        ({"msec": None, "time_local": "05/Jan/2026:11:00:03 +0100"}, {"ended_at": micros(datetime(2026, 1, 5, 10, 0, 3))}),
        ({"msec": None, "time_iso8601": "2026-01-05T11:00:03+01:00"}, {"ended_at": micros(datetime(2026, 1, 5, 10, 0, 3))}),
    ],
)  # fmt: skip
def test_nginx(change: dict[str, Any], want: dict[str, Any]) -> None:
    found = call("nginx_json_log", NGINX | change)
    assert {name: found.get(name) for name in want} == want


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/chat/completions", "call"), ("/v1/chat/completions?x=1", "call"), ("/v1/responses", "call"), ("/v1/embeddings", "call"), ("/api/chat", "call"),
        ("/v1/audio/speech", "call"), ("/generate", "call"), ("/llm/v1/messages", "call"), ("/invocations", "call"), ("/v1/rerank", "call"),
        ("/", "skipped"), ("/v1/models", "skipped"), ("/assets/chat.js", "skipped"), ("/chat", "skipped"),
        ("/messages", "skipped"), ("/api/users/generate-key", "skipped"),
        ("/v1/files", "skipped"), ("/search?q=/v1/chat", "skipped"),
    ],
)  # fmt: skip
def test_only_paths_of_models_are_calls(path: str, kind: str) -> None:
    assert [outcome.kind for outcome in read("nginx_json_log", NGINX | {"uri": path})] == [kind]
    assert [outcome.kind for outcome in read("caddy_json_log", {**CADDY, "request": {**CADDY["request"], "uri": path}})] == [kind]


def test_a_poll_or_a_preflight_is_no_call() -> None:
    for method in ("GET", "OPTIONS"):
        (outcome,) = read("nginx_json_log", NGINX | {"request_method": method, "uri": "/v1/responses"})
        assert (outcome.kind, outcome.reason) == ("skipped", "not a call: GET, HEAD, OPTIONS or DELETE")


def test_caddy() -> None:
    found = call("caddy_json_log", CADDY)
    assert (found["status"], found["status_code"], found["stream"], found["error_class"]) == ("error", 529, False, "overloaded")
    gone = call("caddy_json_log", CADDY | {"status": 0})
    assert (gone["status"], gone.get("status_code")) == ("cancelled", None)


EXAMPLES: list[tuple[str, Any]] = [
    ("azure_llm_trace", {"TIMESTAMP": "2023-11-16 18:17:03.9799600", "ContextTokens": "4808", "GeneratedTokens": "10"}),
    ("mooncake_trace", {"timestamp": 0, "input_length": 10, "output_length": 2, "hash_ids": [0, 1]}),
    (
        "bailian_trace",
        {"chat_id": 1, "parent_chat_id": -1, "timestamp": 2.5, "input_length": 10, "output_length": 2, "type": "text", "turn": 1, "hash_ids": [0]},
    ),
    ("burstgpt_trace", BURST_1),
    ("burstgpt_trace", BURST_3),
    ("nginx_json_log", NGINX),
    ("caddy_json_log", CADDY),
]


@pytest.mark.parametrize(("name", "record"), EXAMPLES)
def test_each_is_known_for_sure_and_nonsense_never_stops_it(name: str, record: dict[str, Any]) -> None:
    source, detection = sources.find(Head("x", "ndjson", (record,), tuple(record)))[0]
    assert (source.name, detection.confidence >= 0.9) == (name, True)
    damaged = [*broken(record), None, 3, "x", [], {}]
    assert len(read(name, *damaged)) == len(damaged)


@pytest.mark.parametrize(
    "record",
    [
        {"timestamp": "2026-01-05T10:00:00Z", "model": "gpt-5", "status": "ok", "request_time": 1.5, "input_tokens": 5},
        {"ts": "2026-01-05T10:00:00Z", "status": 200, "duration": 3, "model": "gpt-5", "path": "/v1/chat/completions"},
    ],
)
def test_home_made_logs_are_left_alone(record: dict[str, Any]) -> None:
    assert not {source.name for source, _ in sources.find(Head("x", "ndjson", (record,)))} & set(NAMES)


@pytest.mark.shared
def test_azure_traces_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    from llmlogs.ingest.engine import run
    from llmlogs.store import database

    for name, rows in (("code", 8819), ("conv", 19366)):
        path = shared / f"corpus/provider/traces_azure/AzureLLMInferenceTrace_{name}.csv"
        with path.open() as file:
            listed = list(csv.DictReader(file))
        assert len(listed) == rows
        db = tmp_path / f"{name}.duckdb"
        assert run([str(path)], db).total.calls == rows
        con = database.open_for_read(db)
        told = con.execute(
            "select sum(input_tokens)::bigint, sum(output_tokens)::bigint, min(started_at), max(started_at), count(request_model), "
            "count_if(status = 'ok') from calls"
        ).fetchall()
        con.close()
        first, last = (datetime.fromisoformat(listed[place]["TIMESTAMP"][:26]) for place in (0, -1))
        made = sum(int(row["GeneratedTokens"]) > 0 for row in listed)
        assert told == [(sum(int(row["ContextTokens"]) for row in listed), sum(int(row["GeneratedTokens"]) for row in listed), first, last, 0, made)]


@pytest.mark.shared
def test_mooncake_traces_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    from llmlogs.ingest.engine import run
    from llmlogs.store import database

    for path in sorted((shared / "corpus/provider/traces_mooncake").glob("*.jsonl")):
        listed = [json.loads(line) for line in path.read_text().splitlines()]
        db = tmp_path / f"{path.stem}.duckdb"
        assert run([str(path)], db).total.calls == len(listed)
        con = database.open_for_read(db)
        told = con.execute(
            "select sum(input_tokens)::bigint, sum(output_tokens)::bigint, epoch_ms(max(started_at) - min(started_at)), count(distinct prefix_hash) from calls"
        ).fetchall()
        con.close()
        times = [line["timestamp"] for line in listed]
        firsts = {line["hash_ids"][0] for line in listed if line["hash_ids"]}
        assert told == [(sum(x["input_length"] for x in listed), sum(x["output_length"] for x in listed), max(times) - min(times), len(firsts))]


@pytest.mark.shared
def test_nginx_against_the_truth(shared: Path, tmp_path: Path) -> None:
    from llmlogs.ingest.engine import run
    from llmlogs.store import database

    folder = shared / "corpus/app/synthetic"
    truth = json.loads((folder / "truth.json").read_text())
    db = tmp_path / "out.duckdb"
    report = run([str(folder / "nginx_json_access.log")], db)
    assert (report.files[0].source, report.total.calls) == ("nginx_json_log", report.total.records)
    con = database.open_for_read(db)
    told = con.execute("select ended_at, duration_ms, status_code, attempts, request_model, input_tokens, output_tokens from calls").fetchall()
    con.close()
    made = [
        (datetime.fromisoformat(t["en"]).replace(tzinfo=None), (datetime.fromisoformat(t["en"]) - datetime.fromisoformat(t["st"])) / timedelta(milliseconds=1),
         t["code"], t["retries"] + 1, t["model"], t["inp"] if t["ok"] else None, t["out"] if t["ok"] else None)
        for t in truth
    ]  # fmt: skip
    unmatched = list(made)
    for end, duration, *rest in told:  # the log keeps whole milliseconds
        match = next((t for t in unmatched if abs(t[0] - end) <= timedelta(milliseconds=2) and abs(t[1] - duration) <= 2 and list(t[2:]) == rest), None)
        assert match, (end, duration, rest)
        unmatched.remove(match)
    assert len(told) + len(unmatched) == len(made)
