"""AWS event streams (`application/vnd.amazon.eventstream`), as Bedrock streams its answers: binary frames with headers and a JSON payload each.

Layout of a frame: total length, length of the headers, checksum, headers, payload, checksum. A recorder that took the bytes for text has damaged lengths and
checksums but left names and JSON: then the events are found by those.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import orjson

_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # bytes of a header's value by its type; 6 and 7 carry their length
_NAMED = re.compile(rb":(?:event|exception)-type[\W_]{0,12}?([A-Za-z][A-Za-z-]+)")


def events_of_frames(raw: bytes) -> list[Any]:
    """The events in order as `{event, data}`; exceptions as `{error}`. Empty when there are none."""
    framed = [event for event in (_event(headers, payload) for headers, payload in _frames(raw)) if event is not None]
    return framed or [event for event in _loose(raw) if event is not None]


def _frames(raw: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    at = 0
    while at + 16 <= len(raw):
        total, width = struct.unpack_from(">II", raw, at)
        if total < 16 + width or total > len(raw) - at:
            return
        head = at + 12
        yield _headers(raw[head : head + width]), raw[head + width : at + total - 4]
        at += total


def _headers(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(raw):
        name = raw[at + 1 : at + 1 + raw[at]].decode("utf-8", "replace")
        at += 1 + raw[at]
        kind = raw[at] if at < len(raw) else -1
        at += 1
        if kind in (6, 7) and at + 2 <= len(raw):
            size = int.from_bytes(raw[at : at + 2], "big")
            found[name] = raw[at + 2 : at + 2 + size].decode("utf-8", "replace")
            at += 2 + size
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            break
    return found


def _event(headers: dict[str, str], payload: bytes) -> dict[str, Any] | None:
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    failed = headers.get(":exception-type") or headers.get(":error-code")
    if failed:
        return {"error": {"type": failed, **(data if isinstance(data, dict) else {})}}
    return {"event": headers.get(":event-type", ""), "data": _inner(data)}


def _inner(data: Any) -> Any:
    """InvokeModel wraps the vendor's own event as base64."""
    packed = data.get("bytes") if isinstance(data, dict) else None
    if not isinstance(packed, str):
        return data
    try:
        return orjson.loads(base64.b64decode(packed))
    except (binascii.Error, ValueError):
        return data


def _loose(raw: bytes) -> Iterator[dict[str, Any] | None]:
    decoder = json.JSONDecoder()
    for found in _NAMED.finditer(raw):
        brace = raw.find(b"{", found.end())
        if brace < 0:
            return
        following = _NAMED.search(raw, found.end())
        text = raw[brace : following.start() if following else len(raw)].decode("utf-8", "replace")
        try:
            data, _ = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        kind = ":exception-type" if b":exception" in found.group() else ":event-type"
        yield _event({kind: found.group(1).decode()}, orjson.dumps(data))
