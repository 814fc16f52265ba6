"""A folder of Claude Code sessions: prompts and results of tools, and answers in one to three lines each."""

from __future__ import annotations

import json
import random
import time
import uuid
from pathlib import Path
from typing import Any

SESSION_BYTES = 2 << 20
WORDS = ("def", "return", "self", "error:", "ok", "tests/unit", "import", "->", "None", "=", "README", "{", "}", "für", "\n", "    ")
TOOLS = ("Bash", "Read", "Edit", "Grep")


def write_tree(root: Path, megabytes: float) -> int:
    """A folder of sessions; what was written in bytes."""
    rng = random.Random(5)
    text = " ".join(rng.choices(WORDS, k=40_000))
    made = number = 0
    while made < megabytes * 1e6:
        path = root / f"projects/-home-ann-p{number % 20:02}" / f"{_id(rng)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in _session(rng, text, number))
        path.write_text(content, encoding="utf-8")
        made, number = made + len(content.encode()), number + 1
    return made


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _session(rng: random.Random, text: str, number: int) -> list[dict[str, Any]]:
    """Turns of a prompt or a tool's result and an answer in one to three lines."""
    lines: list[dict[str, Any]] = []
    session, parent, clock, made, context = _id(rng), None, 1_772_359_200.0 + number * 9000, 0, 12_000
    while made < SESSION_BYTES:
        clock += rng.expovariate(1 / 20)
        size = min(int(rng.paretovariate(1.1) * 500), 100_000)
        turn = [
            (
                "user",
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"toolu_{rng.getrandbits(96):024x}", "content": _cut(rng, text, size)}]},
            )
        ]
        context = min(context + size // 4, 180_000)
        turn += [("assistant", message) for message in _answer(rng, text, context)]
        request = f"req_{rng.getrandbits(80):020x}"
        for kind, message in turn:
            clock += 0.8
            line = {"parentUuid": parent, "isSidechain": False, "cwd": "/home/ann/p", "sessionId": session, "version": "2.1.7", "gitBranch": "main"}
            line |= {"type": kind, "uuid": _id(rng), "timestamp": _stamp(clock), "message": message} | ({"requestId": request} if kind == "assistant" else {})
            parent = line["uuid"]
            lines.append(line)
            made += 700 + (size if kind == "user" else 0)
    return lines


def _answer(rng: random.Random, text: str, context: int) -> list[dict[str, Any]]:
    name, blocks, output = f"msg_{rng.getrandbits(88):022x}", rng.randrange(1, 4), int(rng.paretovariate(1.2) * 60)
    messages = []
    for block in range(blocks):
        last = block == blocks - 1
        content: dict[str, Any] = {"type": "text", "text": _cut(rng, text, 300)}
        if last:
            content = {"type": "tool_use", "id": f"toolu_{rng.getrandbits(96):024x}", "name": rng.choice(TOOLS), "input": {"command": _cut(rng, text, 400)}}
        usage = {"input_tokens": 4, "cache_creation_input_tokens": 300, "cache_read_input_tokens": context, "output_tokens": output if last else 2}
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 300}  # type: ignore[assignment] # as the API writes it
        head = {"id": name, "type": "message", "role": "assistant", "model": "claude-opus-4-5-20251101", "stop_reason": "tool_use" if last else None}
        messages.append(head | {"content": [content], "usage": usage})
    return messages


def _cut(rng: random.Random, text: str, size: int) -> str:
    begin = rng.randrange(max(1, len(text) - size))
    return text[begin : begin + size]


def _stamp(clock: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(clock)) + f".{int(clock * 1000) % 1000:03d}Z"
