"""`llmlogs sql` and `llmlogs connect`."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmlogs.cli.options import Db, database

SQL_HELP = """Run SQL on the database: read only, no files, no network.

Examples:

  llmlogs sql "select feature, sum(cost_usd) from calls group by all"

  llmlogs sql "select * from rejects" --format csv > rejects.csv

  echo "from calls limit 5" | llmlogs sql -"""


class Format(StrEnum):
    """What `--format` takes."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MD = "md"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help=SQL_HELP)(sql)
    app.command()(connect)


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The SQL, or - to read it from stdin.")],
    db: Db = None,
    form: Annotated[Format | None, typer.Option("--format", "-f", help="[default: table on a terminal, csv in a pipe]")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of stdout.")] = None,
    timeout: Annotated[float, typer.Option(help="Stop the query after so many seconds.", min=0.001)] = 60.0,
    raw: Annotated[bool, typer.Option("--raw", help="CSV without the quote that keeps a spreadsheet from running a cell that begins with = + - or @.")] = False,
) -> None:
    """Run SQL on the database."""
    from llmlogs.report import export
    from llmlogs.store import adhoc

    text = sys.stdin.read() if query == "-" else query
    chosen = form.value if form else export.format_for(output, sys.stdout.isatty())
    with adhoc.query(database(db), text, timeout) as rows, export.target(output, chosen) as stream:
        export.write(rows.columns, rows.types, rows.rows, chosen, stream, guard=not raw)


def connect(db: Db = None) -> None:
    """Print the line that opens the database in a DuckDB shell of your own, with every table and view of llmlogs.

    Example: eval "$(llmlogs connect)"
    """
    from llmlogs.store.database import open_for_read

    path = database(db)
    open_for_read(path).close()
    typer.echo(f"duckdb -readonly {shlex.quote(str(path))}")
