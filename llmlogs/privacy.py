"""What may be kept of a text: lengths, keyed hashes, templates and shapes, never the text itself."""

from __future__ import annotations

import hashlib
from typing import Any


def keyed_hash(text: str, secret: bytes) -> str:
    """16 hex digits of a keyed BLAKE2b: equal texts of one database stay equal, and nobody can test a guess without the key."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=secret[:64], digest_size=8).hexdigest()


def shape(value: Any, depth: int = 2) -> str:
    """Keys and types of a parsed record, without its values: `{id: str, usage: {…}}`."""
    if isinstance(value, dict):
        if depth == 0:
            return "{…}"
        inner = ", ".join(f"{str(key)[:40]}: {shape(item, depth - 1)}" for key, item in list(value.items())[:20])
        return "{" + inner + (", …" if len(value) > 20 else "") + "}"
    if isinstance(value, list):
        return f"[{shape(value[0], depth - 1) if value and depth else ''}] × {len(value)}"
    return "null" if value is None else type(value).__name__
