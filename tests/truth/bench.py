"""Make the streams of bars.toml, let the judges see them, two at a time."""

from __future__ import annotations

import importlib
import multiprocessing
import random
import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.truth import scores, world
from tests.truth.ask import BrokenError, NotBuiltError
from tests.truth.scores import Promise, Row, Score, Waived

HERE = Path(__file__).parent
HELD_OUT = 1_000_000  # the first held-out seed
WORKERS = 2


@dataclass(frozen=True)
class Entry:
    """An entry of bars.toml: streams of one kind and what is promised of them."""

    name: str
    kind: str
    cell: dict[str, Any]
    vary: dict[str, list[Any]]
    seeds: int
    short: int  # streams of the short form; 0 = too few would say nothing
    promises: tuple[Promise, ...]

    def of_seed(self, seed: int) -> dict[str, Any]:
        """The parameters of one stream: the fixed ones, and one of each list in `vary`, drawn by the seed."""
        return self.cell | {key: random.Random(f"{seed}/{key}").choice(values) for key, values in self.vary.items()}


def read(path: Path = HERE / "bars.toml") -> list[Entry]:
    """Every entry, in the order of the file."""
    return [_entry(raw) for raw in tomllib.loads(path.read_text(encoding="utf-8"))["streams"]]


def _entry(raw: dict[str, Any]) -> Entry:
    promises = tuple(Promise(id=f"{raw['name']}/{p['measure']}", **p) for p in raw["promise"])
    return Entry(raw["name"], raw["kind"], raw.get("cell", {}), raw.get("vary", {}), raw["seeds"], raw.get("short", 0), promises)


def waived(path: Path = HERE / "pending.toml") -> Waived:
    """What need not be there yet, and what CI may go on without."""
    return Waived(**tomllib.loads(path.read_text(encoding="utf-8")))


def run(entries: list[Entry], *, first_seed: int = 0, seeds: int | None = None, short: bool = False) -> Iterator[list[Row]]:
    """The lines of each entry, as they are done."""
    context = multiprocessing.get_context("spawn")
    known = waived()
    with ProcessPoolExecutor(WORKERS, context) as pool:
        plans = []
        for entry in entries:
            count = entry.short if short else seeds or entry.seeds
            if count:
                plans.append((entry, [pool.submit(one, entry, first_seed + seed) for seed in range(count)]))
        for entry, futures in plans:
            measured = [score for future in futures for score in future.result()]
            yield scores.collect(entry.promises, measured, len(futures), known, lenient=short)


def one(entry: Entry, seed: int) -> list[Score]:
    """One stream, made, judged and thrown away. What is not there is a score of its own."""
    make = importlib.import_module(f"tests.truth.streams.{entry.kind}").make
    judge = importlib.import_module(f"tests.truth.judges.{entry.kind}").judge
    con = world.database(seed)
    found: list[Score] = []
    try:
        truth = make(con, random.Random(seed), **entry.of_seed(seed))
        open_measures = [promise.measure for promise in entry.promises]
        for measures, measure in _parts(judge(con, truth), open_measures):
            found += _guarded(measures, measure)
            open_measures[:] = [name for name in open_measures if name not in measures]
    finally:
        con.close()
    return found


def _parts(judged: Iterator[Any], left: list[str]) -> Iterator[Any]:
    """The parts of a judge; where it cannot go on, a part that says so of all that is left."""
    try:
        yield from judged
    except (NotBuiltError, BrokenError) as error:
        yield list(left), partial(_again, error)


def _again(error: Exception) -> list[Score]:
    raise error


def _guarded(measures: Iterable[str], measure: Callable[[], Iterable[Any]]) -> list[Any]:
    """What `measure` gives; where it cannot be asked, all its measures as missing."""
    try:
        return list(measure())
    except NotBuiltError as error:
        return [Score(name, of=0, missing=f"not built: {error}") for name in measures]
    except BrokenError as error:
        return [Score(name, of=0, missing=f"broken: {error}") for name in measures]
