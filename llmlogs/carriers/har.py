"""HTTP archives (HAR 1.2): browsers' developer tools, proxies, Polly.js. Each entry of `log.entries` is a record, its bodies as text.

What the tools add to an entry in members of their own (`_initiator` has URLs of scripts) is left out. Times are told by the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from llmlogs.carriers.base import Position, Record
from llmlogs.carriers.http_bodies import UnreadableError, readable
from llmlogs.carriers.inner_lists import inner_records
from llmlogs.carriers.parsing import BOM

_START = re.compile(rb'\s*\{(?:\s*"[^"]*"\s*:\s*(?:"[^"]*"|[\d.]+|null|true|false)\s*,)*\s*"log"\s*:\s*\{')
_SIGNS = (b'"entries"', b'"creator"', b'"pages"', b'"startedDateTime"')
KEPT = ("startedDateTime", "time", "request", "response", "timings", "serverIPAddress", "comment")


class Har:
    """The exchanges of an archive in their order; one beyond the limit is stepped over. Archives one after the other are read as one."""

    name = "har"

    def sniff(self, head: bytes, path: str) -> float:
        if not _START.match(head.removeprefix(BOM)):
            return 0.0
        signs = sum(sign in head for sign in _SIGNS)
        return 0.96 if signs >= 2 or (signs and path.lower().endswith(".har")) else 0.0

    def records(self, stream: BinaryIO, position: Position) -> Iterator[Record]:
        yield from inner_records(stream, position, (("log", "entries"),), _entry)


def _entry(entry: dict[str, Any]) -> tuple[Any, str]:
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, dict):
        return None, "a HAR entry without a request"
    try:
        kept = {name: entry[name] for name in KEPT if name in entry}
        kept["request"] = _request(request)
        if isinstance(response, dict):
            kept["response"] = _response(response)
    except UnreadableError as why:
        return None, str(why)
    if entry.get("_webSocketMessages") is not None or entry.get("_resourceType") == "websocket":
        kept["webSocket"] = True
    return kept, ""


def _request(request: dict[str, Any]) -> dict[str, Any]:
    sent = request.get("postData")
    if not isinstance(sent, dict) or not isinstance(sent.get("text"), str):
        return request
    return {**request, "postData": {**sent, "text": readable(sent["text"], (), _packed(sent))}}


def _response(response: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in response.items() if not name.startswith("_") or name == "_error"}
    content = response.get("content")
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        plain["content"] = {"mimeType": content.get("mimeType"), "text": readable(content["text"], response.get("headers"), _packed(content))}
    return plain


def _packed(content: dict[str, Any]) -> str:
    """How the recorder says that it keeps bytes: Chrome and Polly.js 5 as base64, Polly.js before as hex."""
    if content.get("encoding") == "base64":
        return "base64"
    return "hex" if content.get("_isBinary") or content.get("encoding") == "hex" else ""


CARRIER = Har()
