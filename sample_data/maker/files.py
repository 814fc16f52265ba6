"""Writes a set: its log lines, gzipped where it is long, and truth.toml beside them."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from maker.world import Call, World, stamp


@dataclass
class Scale:
    """What the command line may change; None keeps the set's own size."""

    days: int | None = None
    calls_per_day: float | None = None
    seed: int | None = None

    def plan(self, plan: Any) -> Any:
        """The plan with what was asked for."""
        for name in ("days", "calls_per_day", "seed"):
            if getattr(self, name) is not None:
                setattr(plan, name, getattr(self, name))
        return plan


@dataclass
class Made:
    """One set: bytes by file name, and what is true of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """NDJSON."""
    return "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False, default=_plain) + "\n" for row in rows).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(type(value))


def packed(data: bytes) -> bytes:
    """Gzip without a clock in its header."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(data)
    return buffer.getvalue()


def own_log(calls: Iterable[Call]) -> Iterable[dict[str, Any]]:
    """Calls in llmlogs' own call log."""
    for call in calls:
        row = {"format": "llmlogs/1", "timestamp": call["started_at"], "model": call.get("request_model")} | call
        for name in ("started_at", "request_model"):
            row.pop(name)
        yield row


def own_files(world: World) -> dict[str, bytes]:
    """A world in llmlogs' own format: calls, and what was logged beside them."""
    return {
        "calls.jsonl.gz": packed(lines(own_log(world.calls))),
        "events.jsonl.gz": packed(lines({"format": "llmlogs/1"} | row for row in world.events)),
        "feedback.jsonl.gz": packed(lines({"format": "llmlogs/1"} | row for row in world.feedback)),
    }


def write(made: Made, folder: Path) -> None:
    """Put a set on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (folder / "truth.toml").write_text(toml(made.truth), encoding="utf-8")


def toml(truth: dict[str, Any], head: str = "") -> str:
    """The little TOML that truth needs: plain values first, then tables."""
    out = [f"{_key(key)} = {_value(value)}" for key, value in truth.items() if not isinstance(value, dict)]
    for key, value in truth.items():
        if isinstance(value, dict):
            name = f"{head}{_key(key)}"
            out += ["", f"[{name}]", toml(value, f"{name}.").strip()]
    return "\n".join(out) + "\n"


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
