"""Values a message of Gemini CLI gives: usage, tool spans, where it belongs."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson

from llmlogs.sources.base import Row
from llmlogs.sources.common.session_lines import objects, part, wait_ms, word
from llmlogs.sources.common.times import to_utc
from llmlogs.sources.common.usage import Usage, read_usage

NAMES = {
    "input": "promptTokenCount", "output": "candidatesTokenCount", "cached": "cachedContentTokenCount", "thoughts": "thoughtsTokenCount",
    "tool": "toolUsePromptTokenCount", "total": "totalTokenCount",
}  # fmt: skip
ASKED = re.compile(r"-(\d{13})-[0-9a-f]+\Z")  # the end of a tool's id: when the answer asked for it
HASH = re.compile(r"[0-9a-f]{64}\Z")


def body_of(text: str) -> Any:
    """An API's answer told as JSON, or the text itself."""
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def usage_of(tokens: Any) -> Usage:
    """Counts in the API's own words; zeros throughout are an answer that was broken off, not one that was free."""
    raw = {NAMES[name]: value for name, value in part(tokens).items() if name in NAMES}
    usage = read_usage(raw)
    return Usage() if not usage.issues and not any((usage.input, usage.output, usage.total)) else usage


def asked_at(tool: dict[str, Any]) -> datetime | None:
    """When the answer asked for a tool: its id ends with the millisecond."""
    found = ASKED.search(str(tool.get("id")))
    return to_utc(int(found.group(1))) if found else None


def tool_span(tool: dict[str, Any], name: str | None, ended: datetime | None) -> Row:
    """A tool, from being asked for to its result."""
    begun, done = asked_at(tool) or ended, to_utc(tool.get("timestamp"))
    status = {"success": "ok", "error": "error", "cancelled": "cancelled"}.get(str(tool.get("status")), "unknown")
    span = {"span_id": word(tool.get("id")), "kind": "tool", "name": word(tool.get("name")) or "unnamed", "call_id": name, "status": status}
    return span | {"started_at": begun, "ended_at": done, "duration_ms": wait_ms(begun, done)}


def length_of(content: Any) -> int | None:
    """Characters of a text or of its parts."""
    if isinstance(content, str):
        return len(content)
    texts = [item["text"] for item in objects(content) if isinstance(item.get("text"), str)]
    return sum(map(len, texts)) if texts else None


def project_of(path: str) -> Row:
    """Newer versions name the project in the path, older ones hash it."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    name = parts[parts.index("chats") - 1] if "chats" in parts[1:] else ""
    return {} if not name or HASH.match(name) or word(name) is None else {"feature": name, "feature_basis": "path"}
