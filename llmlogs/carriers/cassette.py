"""Recordings of HTTP calls (VCR's family) in YAML or JSON: vcrpy, pydantic-ai, Ruby's and R's VCR, go-vcr. Each interaction is a record.

An interaction becomes `{request: {method, uri, headers, body}, response: {status: {code}, headers, body}, recorded_at}`, its bodies as text or values,
whatever the recorder calls them. Traps: bodies as `!!binary`, compressed, or AWS frames; header names behind Python tags; no durations (but go-vcr's).
YAML is cut into interactions by its lines: they are items of a block list, and no line inside one begins as far left as its dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from llmlogs.carriers.base import MAX_RECORD, Position, Record
from llmlogs.carriers.inner_lists import inner_records
from llmlogs.carriers.interactions import interaction
from llmlogs.carriers.parsing import BOM
from llmlogs.carriers.yaml_parts import Part, parts

if TYPE_CHECKING:
    from yaml.nodes import Node

_LISTED = re.compile(rb"""(?m)^["']?(?:http_)?interactions["']?\s*:""")
_REQUEST = re.compile(rb"""(?m)^\s*(?:- )?\s*["']?request(?:_sample)?["']?\s*:""")
_BARE = re.compile(rb"""(?m)^(?:- )?["']?request["']?\s*:\s*$""")
_RESPONSE = re.compile(rb"""(?m)^\s+["']?(?:uri|url)["']?\s*:|^(?:  )?["']?response["']?\s*:""")
_JSON = re.compile(rb'\s*\{(?:\s*"[^"]*"\s*:\s*(?:"[^"]*"|[\d.]+|null|true|false)\s*,)*\s*"(?:http_)?interactions"\s*:\s*\[')
PLACES = (("interactions",), ("http_interactions",))
MOST_ANCHORS = 10_000


class Cassette:
    """Interactions in their order; a broken one is rejected alone, a last one that was cut short waits."""

    name = "cassette"

    def sniff(self, head: bytes, path: str) -> float:  # the contract names the path; the bytes say enough
        start = head.removeprefix(BOM)
        if start.lstrip()[:1] in (b"{", b"["):
            return 0.96 if _JSON.match(start) else 0.0
        if _LISTED.search(start) and (_REQUEST.search(start) or len(start) < 200):
            return 0.97
        return 0.93 if _BARE.search(start) and _RESPONSE.search(start) else 0.0

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        stream.seek(0)
        start = stream.read(64)
        stream.seek(0)
        if start.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
            yield from inner_records(stream, position, PLACES, interaction)
        else:
            yield from _yaml_records(stream, position)


def _yaml_records(stream: BinaryIO, position: Position) -> Iterator[Record]:
    first = position.offset
    anchors: dict[str, Node] = {}
    end = 0
    for part in parts(stream):
        end = part.offset + part.length
        if part.what != "interaction" or part.offset < first:
            if part.closed:
                position.offset = max(position.offset, end)
            continue
        if len(anchors) > MOST_ANCHORS:
            anchors.clear()
        found = _values(part, anchors)
        if not part.closed and any(error or not _whole(part, value) for value, error in found):
            break  # the file ends in the middle of it
        position.offset = end
        for value, error in found:
            position.line += 1
            yield Record(position.line, part.offset, part.length, None if error else value, error)
    position.pending = max(0, end - position.offset)


def _whole(part: Part, value: Any) -> bool:
    """Whether a last interaction with nothing behind it looks finished: half a block of YAML is YAML too."""
    if part.text is None or not part.text.endswith(b"\n") or not isinstance(value, dict):
        return False
    response = value.get("response")
    return "protobuf_recording" in value or (isinstance(response, dict) and ("status" in response or "body" in response))


def _values(part: Part, anchors: dict[str, Node]) -> list[tuple[Any, str]]:
    """The interactions of a part: one, or those of a list written in one flow (`interactions: [{...}, {...}]`)."""
    from llmlogs.carriers.yaml_values import NotYamlError, load_part  # PyYAML loads for cassettes alone

    if part.text is None:
        return [(None, f"longer than {MAX_RECORD >> 20} MB")]
    try:
        value = load_part(part.text, anchors)
    except NotYamlError as why:
        return [(None, str(why))]
    if isinstance(value, dict) and len(value) == 1 and "request" not in value:
        value = next(iter(value.values()))
    return [interaction(item) for item in (value if isinstance(value, list) and value else [value])]


CARRIER = Cassette()
