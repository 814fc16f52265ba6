"""Streams: all events in one record, or one event a line."""

import itertools
import json

import pytest
from provider_helpers import EPOCH_NOON, call, read, subset, table

from llmlogs.sources.base import Context
from llmlogs.sources.provider_responses.envelopes import parts_of
from llmlogs.sources.provider_responses.open_streams import OpenStreams

STREAMS = table("provider_streams")
CHUNKS = STREAMS["openai"]["events"]
EVENTS = STREAMS["T13 anthropic, the delta replaces"]["events"]
HEADERS = table("provider_envelopes")["flat"]["record"]["headers"]


def wrappings(events):
    """The ways one stream is logged in one record."""
    return {
        "list": {"stream": True, "chunks": events},
        "sse events": {"stream_events": [{"event": event.get("type"), "data": event} for event in events] + [{"event": None, "data": "[DONE]"}]},
        "sse text": {"response": {"status": 200, "body": "".join(f"event: e\ndata: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"}},
        "sse lines": {"lines": [f"data: {json.dumps(event)}" for event in events]},
        "timed": {"events": [{"ts": EPOCH_NOON + n, "chunk": event} for n, event in enumerate(events)]},
    }


@pytest.mark.parametrize("wrapping", wrappings([]))
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_in_one_record(name, wrapping):
    want = STREAMS[name]["want"]
    row = call(wrappings(STREAMS[name]["events"])[wrapping])
    assert subset(row, want) == want
    assert row["stream"] is True


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("wrap", [lambda event: event, lambda event: {"ts": EPOCH_NOON, "data": event}], ids=["bare", "wrapped"])
def test_a_stream_one_event_a_line(name, wrap):
    events = STREAMS[name]["events"]
    outcomes = read(*(wrap(event) for event in events))
    rows = [outcome.call for outcome in outcomes if outcome.kind == "call"]
    want = {key: value for key, value in STREAMS[name]["want"].items() if key != "started_at"}
    assert [subset(row, want) for row in rows] == [want]
    assert sorted(outcome.line for outcome in outcomes) == list(range(1, len(events) + 1))
    parts = [outcome for outcome in outcomes if outcome.kind == "merged"]
    assert {outcome.reason for outcome in parts} <= {"part"}
    assert {outcome.merged_into for outcome in parts} <= {rows[0].get("call_id") or rows[0]["response_id"]}


def test_streams_that_interleave_are_kept_apart():
    other = [chunk | {"id": "s2"} for chunk in CHUNKS[:3]]
    mixed = [*itertools.chain.from_iterable(zip(CHUNKS, other, strict=False)), CHUNKS[3]]
    rows = {outcome.call["response_id"]: outcome.call for outcome in read(*mixed) if outcome.kind == "call"}
    assert (rows["s1"]["input_tokens"], rows["s2"].get("input_tokens")) == (5, None)


def test_a_new_start_ends_an_unfinished_stream():
    outcomes = read(*EVENTS[:2], *EVENTS)
    assert [outcome.call.get("output_tokens") for outcome in outcomes if outcome.kind == "call"] == [None, 2000]


def test_two_equal_streams_without_an_id_are_two_calls():
    ollama = STREAMS["ollama"]["events"]
    ids = [outcome.call["call_id"] for outcome in read(*ollama, *ollama) if outcome.call]
    assert len(ids) == len(set(ids)) == 2
    assert ids == [outcome.call["call_id"] for outcome in read(*ollama, *ollama) if outcome.call]


def test_a_stream_of_many_parts_keeps_its_pauses():
    timed = [{"ts": EPOCH_NOON + at, "data": event} for at, event in zip((0, 1, 5, 6, 7), EVENTS, strict=True)]
    [row] = [outcome.call for outcome in read(*timed) if outcome.call]
    assert row["max_gap_ms"] == 4000


def test_converse_events_by_name():
    usage = {"usage": {"inputTokens": 5, "outputTokens": 6}, "metrics": {"latencyMs": 99}}
    row = call({"stream_events": [{"event": "messageStop", "data": {"stopReason": "tool_use"}}, {"event": "metadata", "data": usage}]})
    assert (row["input_tokens"], row["server_ms"], row["finish_reason"], row.get("tool_calls")) == (5, 99, "tool_use", None)


def test_a_body_beside_a_stream_says_the_same_again():
    final = {"id": "s1", "object": "chat.completion", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}
    row = call({"chunks": CHUNKS[:3], "final": final})
    assert (row["input_tokens"], row["output_tokens"], row["completion_chars"], row["stream"]) == (5, 2, 3, True)


@pytest.mark.parametrize("broken", ["data: {not json}\n", "data: [1, 2]\n", ": comment\n", 'data: {"cut": '])
def test_a_torn_event_falls_away(broken):
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in EVENTS)
    assert call({"body": text + broken, "ts": EPOCH_NOON})["output_tokens"] == 2000


def test_the_first_token_of_timed_events():
    row = call({"started_at": EPOCH_NOON, "events": [{"ts": EPOCH_NOON + at, "chunk": chunk} for at, chunk in zip((1, 2, 6, 7), CHUNKS, strict=True)]})
    assert (row["ttft_ms"], row["ttft_basis"], row["max_gap_ms"]) == (2000, "event", 4000)


def test_the_clients_own_first_token_wins():
    events = [{"ts": EPOCH_NOON + 1, "chunk": chunk} for chunk in CHUNKS]
    row = call({"started_at": EPOCH_NOON, "ttft_ms": 321, "headers": HEADERS, "events": events})
    assert (row["ttft_ms"], row["ttft_basis"]) == (321, "client")


def test_a_whole_answer_has_no_first_token():
    assert "ttft_ms" not in call({"ttft_ms": 321, "stream": False, "response": table("provider_bodies")["openai chat"]["record"]})


def test_a_header_of_a_stream_is_no_server_time():
    row = call({"headers": HEADERS, "chunks": CHUNKS, "duration_ms": 4000})
    assert (row.get("server_ms"), row.get("network_ms"), row["ttft_ms"], row["ttft_basis"]) == (None, None, 570, "server")


def test_headers_of_a_responses_stream_come_before_any_token():
    assert "ttft_ms" not in call({"headers": HEADERS, "chunks": STREAMS["responses"]["events"]})


def test_a_content_type_says_that_it_was_streamed():
    headers = {"content-type": "text/event-stream", "date": "Tue, 31 Mar 2026 12:00:01 GMT"}
    row = call({"url": "https://api.openai.com/v1/chat/completions", "status": 200, "response_headers": headers, "response": "data: torn"})
    assert (row["stream"], row["usage_status"]) == (True, "missing")


def test_chunks_without_an_id_do_not_join_a_stream_that_has_one():
    bare = [{name: value for name, value in chunk.items() if name != "id"} for chunk in CHUNKS]
    rows = [outcome.call for outcome in read(*CHUNKS[:3], *bare, *bare[:3], *bare) if outcome.call]
    found = [(row.get("response_id"), row.get("input_tokens")) for row in rows]
    assert sorted(found, key=str) == sorted([("s1", None), (None, 5), (None, None), (None, 5)], key=str)


def test_responses_that_interleave_are_told_by_the_id_inside():
    events = STREAMS["responses"]["events"]
    changes = (("resp_9", "resp_7"), ('"input_tokens": 3', '"input_tokens": 8'), ('"total_tokens": 7', '"total_tokens": 12'))
    text = json.dumps(events)
    for old, new in changes:
        text = text.replace(old, new)
    other = json.loads(text)
    rows = {outcome.call["response_id"]: outcome.call["input_tokens"] for outcome in read(events[0], other[0], events[2], other[2]) if outcome.call}
    assert rows == {"resp_9": 3, "resp_7": 8}


def test_a_stream_that_never_ends_is_closed_in_time(monkeypatch):
    monkeypatch.setattr("llmlogs.sources.provider_responses.open_streams.PATIENCE", 3)
    many = [CHUNKS[1] | {"id": f"n{number}"} for number in range(10)]
    outcomes = read(*many)
    assert [outcome.call["response_id"] for outcome in outcomes] == [f"n{number}" for number in range(10)]
    held = OpenStreams()
    for number, chunk in enumerate(many):
        list(held.take(number, parts_of(chunk), Context("x")))
    assert len(held._open) <= 3


def test_the_word_that_ends_a_stream_is_no_call():
    [outcome] = read("[DONE]")
    assert (outcome.kind, outcome.reason) == ("skipped", "end of a stream")
