"""`llmlogs export`: files for finance and for other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, database
from llmlogs.errors import Exit, UsageError

if TYPE_CHECKING:
    import duckdb

    from llmlogs.exports.focus import Left

HELP = """Write a file others can read: CSV or Parquet, by the name's end.

WHAT is focus (spend as FOCUS 1.2, for finance), features (spend by month and feature), any table or view such as calls or spans, or all (each as Parquet into
a folder). In CSV, a text that a spreadsheet would run as a formula begins with a quote.

Examples:

  llmlogs export focus -o costs.csv --month 2026-10

  llmlogs export features -o features.csv

  llmlogs export calls -o calls/ --part-by day
"""


class Granularity(StrEnum):
    """What `--granularity` takes."""

    DAY = "day"
    HOUR = "hour"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(export)


def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="focus, features, all, or the name of a table or view.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Ends in .csv or .parquet; a folder for all and --part-by.")],
    *,
    db: Db = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only this month, UTC; for focus and features.")] = None,
    granularity: Annotated[Granularity | None, typer.Option(help="Of focus' charge periods.  [default: day]")] = None,
    tags: Annotated[str | None, typer.Option(metavar="NAMES", help="Of focus: which of feature,team,environment,user.  [default: all of them]")] = None,
    part_by: Annotated[str | None, typer.Option("--part-by", metavar="COLUMN", help="Parquet in folders by a column, or by day or month.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when calls without a price or a time are not in focus.")] = False,
) -> None:
    """Write a file others can read."""
    from llmlogs.exports import files, focus, tables

    _check(what, month, granularity, tags, part_by)
    files.check(output, folder=what == "all" or part_by is not None)
    first, last = _month(month) if month else (None, None)
    with _opened(database(db)) as con:
        if what == "focus":
            scope = focus.Scope(first, last, (granularity or Granularity.DAY).value, _tags(tags))
            rows, left = focus.write(con, output, scope)
            _tell(left)
        elif what == "features":
            rows, left = tables.write_features(con, output, focus.Scope(first, last).where), None
        elif what == "all":
            output.mkdir(exist_ok=True)
            rows, left = sum(tables.write_all(con, output).values()), None
        else:
            rows, left = tables.write_table(con, what, output, part_by or ""), None
    talk.note(f"wrote {output}: {rows:,} rows")
    if strict and left and (left.calls or left.timeless):
        raise typer.Exit(Exit.ALARM)


def _check(what: str, month: str | None, granularity: Granularity | None, tags: str | None, part_by: str | None) -> None:
    """Every option is of use for what is exported, and there is such a thing."""
    from llmlogs.exports import tables

    known = tables.names()
    if what not in ("focus", "features", "all", *known):
        raise UsageError("nothing to export by that name", what[:80], f"focus, features, all, or one of {', '.join(known)}")
    idle = {"--month": month and what not in ("focus", "features"), "--granularity": granularity and what != "focus", "--tags": tags and what != "focus"}
    idle["--part-by"] = part_by and what not in known
    for option, useless in idle.items():
        if useless:
            raise UsageError(f"{option} does not go with {what}", next_step="llmlogs export --help")


def _month(text: str) -> tuple[datetime, datetime]:
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if not match or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) < 9999:
        raise UsageError("not a month", text[:40], next_step="for instance --month 2026-10")
    year, number = int(match[1]), int(match[2])
    return datetime(year, number, 1), datetime(year + number // 12, number % 12 + 1, 1)


def _tags(text: str | None) -> tuple[str, ...]:
    from llmlogs.exports.focus import TAGS

    chosen = tuple(TAGS) if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in chosen if name not in TAGS]
    if unknown:
        raise UsageError("no such tag", ", ".join(unknown)[:80], f"known: {', '.join(TAGS)}")
    return chosen


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    from llmlogs.store.database import open_for_read

    con = open_for_read(path)
    try:
        yield con
    finally:
        con.close()


def _tell(left: Left) -> None:
    """What FOCUS has no row for is said, never written as 0."""
    if left.calls:
        talk.note(f"not in the file: {left.calls:,} calls with {left.tokens:,} tokens that have no price; `llmlogs query cost/unpriced` names them")
    if left.timeless:
        talk.note(f"not in the file: {left.timeless:,} priced calls without a time, {left.timeless_usd} USD")
