"""`llmlogs show`: one call or trace as a tree."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from llmlogs.cli.options import Db, Json, database

HELP = """Show one call or trace as a tree with times, tokens and cost; no text of it was kept.

Examples:

  llmlogs show chatcmpl-123

  llmlogs show 4bf92f3577b34da6a3ce929d0e0e4736 --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(show)


def show(wanted: Annotated[str, typer.Argument(metavar="CALL|TRACE", help="Id of a call or a trace.")], db: Db = None, as_json: Json = False) -> None:
    """Show one call or trace as a tree."""
    from llmlogs.report import show_tree
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    try:
        node = show_tree.find(con, wanted)
    finally:
        con.close()
    typer.echo(show_tree.as_json(node) if as_json else "\n".join(show_tree.as_lines(node, shutil.get_terminal_size((120, 24)).columns)), nl=True)
