"""Writes the sample logs: `python sample_data/generate.py` makes all of them again, byte for byte.

python sample_data/generate.py --set healthy --days 28 --calls-per-day 2000 --out DIR
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from maker.files import Made, Scale, write  # noqa: E402 # the folder of this script must be known first

MARKS = ("<!-- sets: made by generate.py -->", "<!-- end of sets -->")


def names() -> list[str]:
    """Every set there is."""
    return sorted(path.stem for path in (HERE / "maker" / "sets").glob("*.py") if path.stem != "__init__")


def made(name: str, scale: Scale | None = None) -> Made:
    """One set in memory."""
    module = importlib.import_module(f"maker.sets.{name}")
    result: Made = module.make(scale or Scale())
    return result


def table() -> str:
    """The README's table: each set in the words of its own file, and the questions that have to find its fault."""
    rows = ["| set | what it is | has to warn |", "|---|---|---|"]
    for name in names():
        result = made(name)
        about = importlib.import_module(f"maker.sets.{name}").__doc__.strip()
        rows.append(f"| `{name}` | {about} | {', '.join(result.truth['must_warn']) or 'nothing'} |")
    return "\n".join(rows)


def fill_readme() -> str:
    """The README with its table renewed."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    head, _, rest = text.partition(MARKS[0])
    return f"{head}{MARKS[0]}\n{table()}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


def main() -> None:
    """Read the command line, write the sets."""
    parser = argparse.ArgumentParser(description="Write the sample logs.")
    parser.add_argument("--set", choices=names(), action="append", help="only this one (may be given again)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets one folder a set")
    parser.add_argument("--days", type=int)
    parser.add_argument("--calls-per-day", type=float)
    parser.add_argument("--seed", type=int)
    wish = parser.parse_args()
    for name in wish.set or names():
        set_made = made(name, Scale(wish.days, wish.calls_per_day, wish.seed))
        write(set_made, wish.out / name)
        size = sum(map(len, set_made.files.values()))
        print(f"{name}: {len(set_made.files)} files, {size:,} bytes")
    if wish.out == HERE:
        (HERE / "README.md").write_text(fill_readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
