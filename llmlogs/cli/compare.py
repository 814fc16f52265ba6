"""`llmlogs compare`: two periods, releases, models or prompt versions against each other."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated

import typer

from llmlogs.cli.options import Db, Json, database
from llmlogs.cli.queries import Folder, pack

HELP = """Compare two periods, releases, models or prompt versions: what changed beyond the usual movement of the days.

Examples:

  llmlogs compare                                   (the last seven whole days against those before)

  llmlogs compare --before 2026-10-01..2026-10-14 --after 2026-10-15..2026-10-28

  llmlogs compare --before release=411 --after release=412

  llmlogs compare --before model=gpt-5 --after model=gpt-5-mini --json
"""
Side = typer.Option(metavar="SIDE", help="FROM..TO in UTC, both days included, or release=, prompt_version=, model=VALUE.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(compare)


def compare(
    before: Annotated[str | None, Side] = None,
    after: Annotated[str | None, Side] = None,
    db: Db = None,
    min_change: Annotated[float, typer.Option(min=0, help="Smallest change worth a word, as a share.")] = 0.05,
    rows: Annotated[int, typer.Option(min=1, help="Rows of each table to show.")] = 20,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Compare two sides."""
    from llmlogs.compare import QUESTION, sides
    from llmlogs.pack.run import run
    from llmlogs.report import one
    from llmlogs.store.database import open_for_read

    values = sides(before, after) | {"min_change": min_change}
    found = pack(folder)
    con = open_for_read(database(db))
    try:
        answer = run(con, [found.find(QUESTION)], values, known=found.questions)[0]
    finally:
        con.close()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    typer.echo(one.as_json(answer) if as_json else "\n".join(one.lines(answer, width, rows)), nl=not as_json)
