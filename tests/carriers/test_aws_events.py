"""AWS event streams: frames with their JSON, and what a recorder that took them for text left of them."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.carriers.aws_events import events_of_frames
from llmlogs.carriers.http_bodies import readable

STREAM = {"Content-Type": ["application/vnd.amazon.eventstream"]}


def frame(payload: Any, **named: str) -> bytes:
    headers = b"".join(
        bytes([len(name) + 1]) + b":" + name.replace("_", "-").encode() + b"\x07" + struct.pack(">H", len(text)) + text.encode() for name, text in named.items()
    )
    body = json.dumps(payload).encode()
    return struct.pack(">III", 16 + len(headers) + len(body), len(headers), 7) + headers + body + struct.pack(">I", 9)


DELTA = frame({"delta": {"text": "Hi"}, "p": "abc"}, event_type="contentBlockDelta", content_type="application/json", message_type="event")
META = frame({"usage": {"inputTokens": 3, "outputTokens": 5}}, event_type="metadata", content_type="application/json", message_type="event")
CHUNK = frame({"bytes": base64.b64encode(b'{"type":"message_stop"}').decode(), "p": "abcd"}, event_type="chunk", message_type="event")
FAILED = frame({"message": "slow down"}, exception_type="throttlingException", message_type="exception")
EVENTS = [
    {"event": "contentBlockDelta", "data": {"delta": {"text": "Hi"}, "p": "abc"}},
    {"event": "metadata", "data": {"usage": {"inputTokens": 3, "outputTokens": 5}}},
    {"event": "chunk", "data": {"type": "message_stop"}},
    {"error": {"type": "throttlingException", "message": "slow down"}},
]
WHOLE = DELTA + META + CHUNK + FAILED


def test_frames() -> None:
    assert events_of_frames(WHOLE) == EVENTS


def test_a_stream_that_breaks_off_keeps_what_came() -> None:
    assert events_of_frames(WHOLE[:-5]) == EVENTS[:3]


@pytest.mark.parametrize("damage", [lambda raw: raw.decode("utf-8", "replace"), lambda raw: raw.decode("latin-1"), lambda raw: raw[4:]])
def test_frames_that_were_stored_as_text_are_found_by_their_names(damage: Any) -> None:
    assert readable(damage(WHOLE), STREAM) == EVENTS


def test_frames_in_base64() -> None:
    assert readable(base64.b64encode(WHOLE).decode(), STREAM, "base64") == EVENTS
    assert readable("base64:" + base64.b64encode(WHOLE).decode(), STREAM) == EVENTS


@given(st.binary(max_size=60), st.integers(0, len(WHOLE)))
def test_no_bytes_upset_it(content: bytes, at: int) -> None:
    events_of_frames(content)
    events_of_frames(WHOLE[:at] + content + WHOLE[at:])
