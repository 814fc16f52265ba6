"""How much more than a plain load an ingest costs: CPU seconds of `llmlogs ingest` over those of a typed CREATE TABLE AS of the same fields.

    python tests/benchmarks/ingest_vs_ctas.py [LINES] [ROUNDS] [DIRTY_RATE]

Both sides are processes of their own, in turn, in one run: only their ratio says something. The log and the mapping are made here.
Prints the medians, the ratios and peak memory. It judges nothing: what is acceptable is for the reader to say.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAPPING = """
title = "benchmark"
detect = { all = ["ts", "id", "model"] }
[columns]
started_at = "ts"
call_id = "id"
trace_id = "trace"
request_model = "model"
provider = "vendor"
status_code = "code"
stream = "streamed"
duration_ms = "ms.all"
ttft_ms = "ms.first"
queue_ms = "ms.queue"
generation_ms = "ms.writing"
input_tokens = "tokens.sent"
output_tokens = "tokens.got"
cache_read_tokens = "tokens.cached"
error_type = "failure.kind"
error_template = "failure.text"
app_cache = "cache"
user_id = "who.user"
team = "who.team"
feature = "who.feature"
release = "who.release"
prompt_chars = "length(prompt)"
"""
PLAIN = """
import duckdb, sys
con = duckdb.connect(sys.argv[2])
con.execute("set enable_progress_bar = false")
con.execute('''create table calls as select ts, id, trace, model, vendor, code, streamed, unnest(ms), unnest(tokens),
    failure.kind as kind, failure.text as text,
    "cache", unnest(who), length(prompt) as prompt_chars
    from read_json($1, format = 'newline_delimited', ignore_errors = true, columns = {ts: 'TIMESTAMP', id: 'VARCHAR', trace: 'VARCHAR', model: 'VARCHAR',
    vendor: 'VARCHAR', code: 'INTEGER', streamed: 'BOOLEAN', ms: 'STRUCT("all" DOUBLE, first DOUBLE, queue DOUBLE, writing DOUBLE)',
    tokens: 'STRUCT(sent BIGINT, got BIGINT, cached BIGINT)', failure: 'STRUCT(kind VARCHAR, text VARCHAR)', "cache": 'VARCHAR',
    who: 'STRUCT(user VARCHAR, team VARCHAR, feature VARCHAR, release VARCHAR)', prompt: 'VARCHAR'})''', [sys.argv[1]])
con.close()
"""
MODELS = [("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-flash")]
WORDS = ("shipping", "invoice", "please", "the", "Über", "order", "late", "\n", "customer", "policy", "token")
DAMAGE = ("INFO started", "", "[1, 2]", '{"ts": ', '{"ts": "2026-03-01T10:00:00Z", "id": "x", "model": "m", "tokens": {"sent": "n/a"}}')


def write_log(path: Path, lines: int, dirty: float) -> None:
    """A made-up log of about 500 bytes a line."""
    rng = random.Random(11)
    with path.open("w", encoding="utf-8") as out:
        for n in range(lines):
            text = json.dumps(_record(rng, n), separators=(",", ":"), ensure_ascii=False)
            out.write((rng.choice(DAMAGE) if rng.random() < dirty else text) + "\n")


def _record(rng: random.Random, n: int) -> dict[str, object]:
    vendor, model = rng.choice(MODELS)
    code = 429 if rng.random() < 0.01 else 200
    writing = round(rng.expovariate(1 / 900), 1)
    failure = {"kind": "rate_limit", "text": f"limit of {rng.randrange(900)} reached"} if code == 429 else None
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1772359200 + n // 4))
    return {
        "ts": f"{clock}.{n % 4 * 250:03d}Z", "id": f"c{rng.getrandbits(96):024x}", "trace": f"{rng.getrandbits(96):024x}", "model": model, "vendor": vendor,
        "code": code, "streamed": rng.random() < 0.6, "ms": {"all": writing + 300, "first": 250.5, "queue": rng.randrange(90) / 2, "writing": writing},
        "tokens": {"sent": 100 + rng.randrange(4000), "got": 20 + rng.randrange(500), "cached": rng.randrange(90)}, "failure": failure,
        "cache": "hit" if rng.random() < 0.1 else "miss", "prompt": " ".join(rng.choices(WORDS, k=rng.randrange(5, 40))),
        "who": {"user": f"u{rng.randrange(9000)}", "team": f"t{rng.randrange(9)}", "feature": rng.choice("abcdef"), "release": "7.1"},
    }  # fmt: skip


def measured(command: list[str], folder: Path) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MiB of one process and those it started; a failed one ends the benchmark."""
    for old in folder.glob("bench.duckdb*"):
        old.unlink()
    begun = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak, looked = 0.0, begun
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        if time.perf_counter() > looked + 0.5:
            peak, looked = max(peak, _held(child.pid)), time.perf_counter()
        time.sleep(0.01)
    _, status, used = ended
    if status:
        sys.exit(f"failed: {command[1:4]}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, max(peak, used.ru_maxrss / 1024)


def _held(pid: int) -> float:
    """MiB of memory of a process and its children, where the system tells."""
    try:
        own = next(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines() if line.startswith("Pss:"))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (OSError, StopIteration):
        return 0.0
    return own / 1024 + sum(_held(int(child)) for child in children)


def main(lines: int = 1_000_000, rounds: int = 3, dirty: float = 0.0) -> None:
    """Run both sides in turn and print what they took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".llmlogs/sources").mkdir(parents=True)
        (folder / ".llmlogs/sources/benchmark.toml").write_text(MAPPING, encoding="utf-8")
        write_log(folder / "log.jsonl", lines, dirty)
        plain, ours = [], []
        for _ in range(rounds):
            plain.append(measured([sys.executable, "-c", PLAIN, "log.jsonl", "bench.duckdb"], folder))
            ours.append(measured([sys.executable, "-m", "llmlogs", "ingest", "log.jsonl", "--db", "bench.duckdb"], folder))
    cpu, wall = (statistics.median(o[i] / p[i] for o, p in zip(ours, plain, strict=True)) for i in (0, 1))
    sys.stdout.write(f"{lines:,} lines, {dirty:.1%} dirty: cpu {cpu:.2f}x, wall {wall:.2f}x of a plain load; peak {max(o[2] for o in ours):.0f} MiB\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(kind(text) for kind, text in zip((int, int, float), given, strict=False)))
