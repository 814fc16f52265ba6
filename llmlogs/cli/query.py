"""`llmlogs query`: one question on the database."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated

import typer

from llmlogs.cli import currency, strict
from llmlogs.cli.options import Db, Json, database, settings
from llmlogs.cli.queries import Folder, pack
from llmlogs.errors import UsageError

HELP = """Ask one question of the database.

Examples:

  llmlogs query latency/slowest_calls

  llmlogs query limits/rate_limit_bursts --param window_minutes=10 --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(query)


def query(
    question: Annotated[str, typer.Argument(metavar="ID", help="Section and name; see `llmlogs queries list`.")],
    db: Db = None,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter; may be repeated.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of each table to show.")] = 20,
    folder: Folder = None,
    as_json: Json = False,
    *,
    strict_money: strict.Strict = False,
    min_priced: strict.MinPriced = None,
    in_currency: currency.Currency = None,
) -> None:
    """Ask one question of the database."""
    from llmlogs.pack import parameters
    from llmlogs.pack.run import run
    from llmlogs.report import one
    from llmlogs.store.database import open_for_read

    found = pack(folder)
    with currency.shown_in(in_currency, database(db)):
        con = open_for_read(database(db))
        try:
            asked = found.find(question)
            names = {p.name for p in asked.parameters}
            configured = {name: value for name, value in settings().question_values.items() if name in names}
            answer = run(con, [asked], configured | parameters.parse(param or []), known=found.questions, tables=settings().tables)[0]
            wrong = strict.complaint(con, strict_money, min_priced)
        finally:
            con.close()
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        typer.echo(one.as_json(answer) if as_json else "\n".join(one.lines(answer, width, rows)), nl=not as_json)
    if answer.verdict == "error":
        next_step = "look at the parameters given, or at the file if it is your own: llmlogs queries show ID"
        raise UsageError("the question could not be run", question, next_step=next_step)
    strict.finish(wrong)
