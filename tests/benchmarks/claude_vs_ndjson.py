"""How fast Claude Code sessions are read: megabytes a second of `llmlogs ingest` over those of the plain NDJSON path.

    python -m tests.benchmarks.claude_vs_ndjson [MEGABYTES] [ROUNDS]

Both sides are processes of their own, in turn, in one run, over about as many bytes: only their ratio says something. Sessions and log are made here.
Prints medians. It judges nothing: what is acceptable is for the reader to say (the project's aim is a fifth, at a gigabyte).
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from tests.benchmarks.ingest_vs_ctas import MAPPING, measured, write_log

LINE_BYTES = 500  # of the plain log, about
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


def main(megabytes: float = 200, rounds: int = 3) -> None:
    """Run both sides in turn and print what they took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".llmlogs/sources").mkdir(parents=True)
        (folder / ".llmlogs/sources/benchmark.toml").write_text(MAPPING, encoding="utf-8")
        write_log(folder / "log.jsonl", int(megabytes * 1e6 / LINE_BYTES), 0)
        sizes = {"log.jsonl": (folder / "log.jsonl").stat().st_size, "tree": write_tree(folder / "tree", megabytes)}
        rates: dict[str, list[tuple[float, float]]] = {what: [] for what in sizes}
        peak = 0.0
        for _ in range(rounds):
            for what, size in sizes.items():
                cpu, wall, memory = measured([sys.executable, "-m", "llmlogs", "ingest", what, "--db", "bench.duckdb"], folder)
                rates[what].append((size / 1e6 / cpu, size / 1e6 / wall))
                peak = max(peak, memory) if what == "tree" else peak
    for place, clock in enumerate(("CPU", "wall")):
        shown = ", ".join(f"{what} {statistics.median(pair[place] for pair in found):.1f}" for what, found in rates.items())
        ratio = statistics.median(tree[place] / log[place] for tree, log in zip(rates["tree"], rates["log.jsonl"], strict=True))
        sys.stdout.write(f"{megabytes:g} MB, MB per {clock} second: {shown}; sessions {ratio:.2f}x of the plain path; peak {peak:.0f} MiB\n")


if __name__ == "__main__":
    main(*(float(argument) for argument in sys.argv[1:2]), *(int(argument) for argument in sys.argv[2:3]))
