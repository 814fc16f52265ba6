"""`make truth`: the table of promises; exit 1 where one is not kept."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.truth import bench, scores


def main() -> int:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description="Streams with planted causes against the pack's questions.")
    parser.add_argument("--only", action="append", help="entries whose name or kind contains this (may be given again)")
    parser.add_argument("--seeds", type=int, help="streams an entry, instead of what bars.toml says")
    parser.add_argument("--held-out", action="store_true", help="seeds no detector was tuned on")
    parser.add_argument("--first-seed", type=int, help="begin at this seed (held-out seeds begin at 1,000,000)")
    parser.add_argument("--short", action="store_true", help="the few streams CI makes; a miss is then what chance cannot explain")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    entries = [e for e in bench.read() if not wish.only or any(word in e.name or word == e.kind for word in wish.only)]
    first = wish.first_seed if wish.first_seed is not None else bench.HELD_OUT if wish.held_out else 0
    started, rows = time.monotonic(), []
    for lines in bench.run(entries, first_seed=first, seeds=wish.seeds, short=wish.short):
        rows += lines
        for row in lines:
            sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {row.told}\n")
    sys.stdout.write((json.dumps(scores.as_json(rows), indent=1) if wish.json else scores.as_text(rows)) + "\n")
    return int(any(row.fails for row in rows))


if __name__ == "__main__":
    sys.exit(main())
