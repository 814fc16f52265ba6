"""How much of what was planted was found under its own name, day by day, and how much was said that is not so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from bill_files import write_bill, write_log
from bill_maker import FULL, World

from llmlogs.ingest import engine
from llmlogs.ingest.options import IngestOptions
from llmlogs.stats import Inputs, reconciliation
from llmlogs.store.database import open_for_read


@dataclass
class Score:
    """Amounts: planted, of it found under the right name, and said beyond what is so; by cause."""

    planted: dict[str, float]
    found: dict[str, float]
    wrong: dict[str, float]

    @property
    def share(self) -> float:
        """Found of planted; 1 where nothing was."""
        whole = sum(self.planted.values())
        return sum(self.found.values()) / whole if whole else 1.0


def load(world: World, folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with the world's log and bill, read as a user would, and the tables of the method."""
    report = engine.run([str(path) for path in (*write_log(world, folder), *write_bill(world, folder))], folder / "world.duckdb", IngestOptions())
    assert not report.errors and not report.unknown, (report.errors, report.unknown)
    con = open_for_read(folder / "world.duckdb")
    con.execute("set TimeZone = 'UTC'")
    reconciliation.compute(con, Inputs())
    return con


def tokens(world: World, con: duckdb.DuckDBPyConnection) -> Score:
    """By bill's day, model and kind."""
    short = {name: model for model, full in FULL.items() for name in (full, model)}
    rows = con.execute(
        "select strftime(day, '%Y-%m-%d'), model, token_kind, cause, sum(tokens) from stat_reconcile where tokens is not null group by all"
    ).fetchall()
    said: dict[str, dict[Any, float]] = defaultdict(dict)
    for day, model, kind, cause, amount in rows:
        said[cause][day, short.get(model, model), kind] = amount
    return _score(world.tokens, said)


def money(world: World, con: duckdb.DuckDBPyConnection) -> Score:
    """By bill's day."""
    said: dict[str, dict[Any, float]] = defaultdict(dict)
    for day, cause, amount in con.execute(
        "select strftime(day, '%Y-%m-%d'), cause, sum(usd) from stat_reconcile where usd is not null group by all"
    ).fetchall():
        said[cause][day] = amount
    return _score(world.usd, said)


def _score(truth: Mapping[str, Mapping[Any, float]], said: Mapping[str, Mapping[Any, float]]) -> Score:
    planted, found, wrong = {}, {}, {}
    for cause in sorted({*truth, *said}):
        mine, theirs = truth.get(cause, {}), said.get(cause, {})
        planted[cause] = sum(abs(amount) for amount in mine.values())
        both = {key: (mine.get(key, 0.0), theirs.get(key, 0.0)) for key in {*mine, *theirs}}
        found[cause] = sum(min(abs(a), abs(b)) for a, b in both.values() if a * b > 0)
        wrong[cause] = sum(max(0.0, abs(b) - (abs(a) if a * b > 0 else 0.0)) for a, b in both.values())
    return Score(planted, found, wrong)
