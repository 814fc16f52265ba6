"""`llmlogs rejects`: what was not understood, and its bytes from the user's own files."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database

group = typer.Typer(help="Records that were not understood: list them, or read them back from your files.", rich_markup_mode=None, no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="rejects")


@group.command("list")
def list_(db: Db = None, as_json: Json = False) -> None:
    """List rejected records by file and line, with the reason and their shape (keys and types, never values).

    Example: llmlogs rejects list --json
    """
    import json

    from llmlogs import text
    from llmlogs.ingest import rejects
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    found = rejects.listed(con)
    con.close()
    if as_json:
        typer.echo(json.dumps([asdict(reject) for reject in found], indent=1))
        return
    rows = [(r.path, r.line, r.byte_offset, r.length, r.reason, r.shape) for r in found]
    typer.echo("\n".join(text.terminal_table(("file", "line", "byte", "length", "reason", "shape"), ("text", "int", "int", "int", "text", "text"), rows)))


@group.command()
def export(db: Db = None, output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="[default: stdout]")] = None) -> None:
    """Write the rejected records themselves, one after the other as they stand in your files.

    Example: llmlogs rejects export > rejected.jsonl
    """
    from llmlogs.ingest import rejects
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    found = rejects.listed(con)
    con.close()
    gone = 0
    with output.open("wb") if output else sys.stdout.buffer as stream:
        for _, content in rejects.exported(found):
            gone += content is None
            stream.write((content or b"").rstrip(b"\r\n") + b"\n" if content is not None else b"")
    if gone:
        talk.note(f"{gone} of {len(found)} could not be read back: the file is gone, shorter or damaged there, or it is a row of a table")
