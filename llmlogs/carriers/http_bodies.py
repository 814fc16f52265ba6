"""Bodies as recorders keep them: base64, hex, compressed, cut into a list of chunks, or framed by AWS. They become text, or the events of a stream."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from llmlogs.carriers.aws_events import events_of_frames
from llmlogs.carriers.base import MAX_RECORD

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]*={0,2}\s*\Z")
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
TOO_LARGE = f"a compressed body larger than {MAX_RECORD >> 20} MB"
BROTLI = "the body is compressed with br (Brotli), which cannot be read here; record it decompressed"


class UnreadableError(ValueError):
    """A body that cannot be turned into text; the message says why."""


def header(headers: Any, name: str) -> str:
    """A header's value in lower case, from a mapping (of texts or lists) or from HAR's list of pairs; '' when absent."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(headers, Mapping):
        pairs = headers.items()
    elif isinstance(headers, list):
        pairs = ((pair.get("name"), pair.get("value")) for pair in headers if isinstance(pair, Mapping))
    for key, value in pairs:
        if str(key).lower() == name:
            first = value[0] if isinstance(value, list) and value else value
            return str(first).lower() if isinstance(first, (str, int)) else ""
    return ""


def readable(body: Any, headers: Any, packed: str = "") -> Any:
    """The body as text, or as the list of events of an AWS stream; what is no text (audio, an image) becomes ''.

    `packed` is `base64`, `hex` or '' as the recorder says. UnreadableError when it is text that cannot be got at.
    """
    how = header(headers, "content-encoding")
    if isinstance(body, str):
        raw = _unpacked(body, packed, how)
        if raw is None:
            return body
    elif isinstance(body, (bytes, bytearray)):
        raw = bytes(body)
    else:
        return body
    raw = _decompressed(raw, how)
    if "eventstream" in header(headers, "content-type") or b":event-type" in raw[:400]:
        return events_of_frames(raw) or _text(raw, how)
    return _text(raw, how)


def _text(raw: bytes, how: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if "br" in how.split(","):
            raise UnreadableError(BROTLI) from None
    text = raw.decode("utf-8", "replace")
    return text if text.count("�") * 20 < len(text) else ""


def _unpacked(text: str, packed: str, how: str) -> bytes | None:
    """The bytes behind a text that stands for bytes; None when it is the body itself."""
    if packed or (how and text.startswith('["')):
        chunks = _chunks(text)
        if chunks is not None:
            raw = b"".join(_decoded(chunk, "hex" if packed != "base64" and all(map(_HEX.match, chunks)) else "base64") for chunk in chunks)
            return raw if packed or raw.startswith(_MAGIC) else None
        if packed:
            return _decoded(text, packed)
    if text.startswith("base64:") and _BASE64.match(text[7:]):  # dd-apm-test-agent marks it so
        return _decoded(text[7:], "base64")
    if text[:2] in ("\x1f\x8b", "\x1f\ufffd"):  # bytes that a recorder took for Latin-1, or for UTF-8
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            raise UnreadableError("a compressed body that was damaged when it was stored as text") from None
    return text.encode("latin-1", "replace") if ":event-type" in text[:400] else None


def _chunks(text: str) -> list[str] | None:
    """Polly.js keeps a compressed stream as a JSON list of encoded chunks."""
    if not text.startswith("["):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) and found and all(isinstance(chunk, str) and _BASE64.match(chunk) for chunk in found) else None


def _decoded(text: str, how: str) -> bytes:
    try:
        if how == "hex":
            return bytes.fromhex(text)
        plain = re.sub(r"\s+", "", text).translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (ValueError, binascii.Error):
        raise UnreadableError(f"the body is not the {how} it is said to be") from None


def _decompressed(raw: bytes, how: str) -> bytes:
    """By its first bytes, not by the header alone: recorders keep the header of what they have decompressed already. A cut end keeps what came."""
    if raw.startswith(b"\x1f\x8b"):
        return _inflated(raw, 31)
    if raw.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd(raw)
    if "deflate" in how and raw[:1] not in (b"{", b"[", b"d", b"e"):
        try:
            return _inflated(raw, 15)
        except UnreadableError:
            return _inflated(raw, -15)
    return raw


def _inflated(raw: bytes, window: int) -> bytes:
    engine = zlib.decompressobj(window)
    try:
        text = engine.decompress(raw, MAX_RECORD)
    except zlib.error:
        raise UnreadableError("a compressed body is damaged") from None
    if engine.unconsumed_tail:
        raise UnreadableError(TOO_LARGE)
    return text


def _zstd(raw: bytes) -> bytes:
    import zstandard

    try:
        text = zstandard.ZstdDecompressor().stream_reader(raw).read(MAX_RECORD + 1)
    except zstandard.ZstdError:
        raise UnreadableError("a compressed body is damaged") from None
    if len(text) > MAX_RECORD:
        raise UnreadableError(TOO_LARGE)
    return bytes(text)
