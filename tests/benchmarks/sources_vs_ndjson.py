"""How fast the formats with a reader of their own are read, beside plain NDJSON of the same size: `llmlogs ingest` of each, in turn.

    python -m tests.benchmarks.sources_vs_ndjson [MEGABYTES] [ROUNDS] [FORMAT ...]

Every run is a process of its own with a new database. Only ratios within a round say something: a busy machine slows both sides. Prints medians, and
judges nothing: what is acceptable is for the reader to say (the project's aim is a fifth of the plain path's megabytes a second, at a gigabyte).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.benchmarks import claude_sessions, litellm_payloads, otel_traces
from tests.benchmarks.ingest_vs_ctas import MAPPING, measured, write_log

LINE_BYTES = 527  # of the plain log, about
PLAIN = "plain.jsonl"
WRITERS: dict[str, Callable[[Path, float], object]] = {
    PLAIN: lambda path, megabytes: write_log(path, int(megabytes * 1e6 / LINE_BYTES), 0),
    "otlp.jsonl": lambda path, megabytes: otel_traces.write_traces(path, int(megabytes * 1e6)),
    "claude_code": claude_sessions.write_tree,
    "litellm.jsonl": lambda path, megabytes: litellm_payloads.write(path, int(megabytes * 1e6)),
}


def size_of(path: Path) -> float:
    """Megabytes of a file, or of all below a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()) / 1e6


def main(megabytes: float = 1000, rounds: int = 2, *only: str) -> None:
    """Write the logs, run them in turn and print what each took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".llmlogs/sources").mkdir(parents=True)
        (folder / ".llmlogs/sources/benchmark.toml").write_text(MAPPING, encoding="utf-8")
        logs = [log for log in WRITERS if log == PLAIN or not only or any(log.startswith(one) for one in only)]
        for log in logs:
            WRITERS[log](folder / log, megabytes)
        runs: dict[str, list[tuple[float, float, float]]] = {log: [] for log in logs}
        rows = {}
        for _ in range(rounds):
            for log in logs:
                runs[log].append(measured([sys.executable, "-m", "llmlogs", "ingest", log, "--db", "bench.duckdb"], folder))
                with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as con:
                    (rows[log],) = con.execute("select sum(records) from files").fetchall()[0]
        sizes = {log: size_of(folder / log) for log in logs}
    for log, found in runs.items():
        cpu, wall, peak = (statistics.median(column) for column in zip(*found, strict=True))
        told = f"{log}: {sizes[log]:.0f} MB, {sizes[log] / wall:.1f} MB/s, {rows[log] / wall:,.0f} rows/s, {cpu:.1f} s of cpu, peak {peak:.0f} MiB"
        speed = [[sizes[each] / run[place] for run in runs[each]] for each in (log, PLAIN) for place in (1, 0)]
        wall_ratio, cpu_ratio = (statistics.median(a / b for a, b in zip(*pair, strict=True)) for pair in (speed[::2], speed[1::2]))
        sys.stdout.write(f"{told}; {wall_ratio:.2f} of plain NDJSON by wall, {cpu_ratio:.2f} by cpu\n")
    sys.stdout.write(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]), *sys.argv[3:])
