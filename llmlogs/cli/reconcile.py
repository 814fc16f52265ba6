"""`llmlogs reconcile`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database, settings
from llmlogs.cli.queries import Folder, pack
from llmlogs.errors import Exit, UsageError

HELP = """Compare the provider's usage and cost reports with the log: tokens, then prices, then money; every difference with its cause.

With files, they are read into the database first: usage and costs of OpenAI and Anthropic, FOCUS, AWS CUR, LiteLLM, OpenRouter and others.
Without, what was read before is compared. Reading a newer download of a report takes the place of the older one.

Exit code 0 when the causes add up to the difference, 1 when more than --max-unexplained of the bill has none, 3 when nothing could be compared.

Examples:

  llmlogs reconcile usage.json costs.json

  llmlogs reconcile --db prod.duckdb --max-unexplained 0.02 --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(reconcile)


def reconcile(
    files: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Reports (and logs) to read into the database first.")] = None,
    *,
    db: Db = None,
    max_unexplained: Annotated[float | None, typer.Option(help="Share of the bill that may stay without a cause.  [default: 0.01]")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of each table to show.")] = 20,
    folder: Folder = None,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown on stdout.")] = False,
) -> None:
    """Compare the provider's reports with the log."""
    if max_unexplained is not None and not 0 <= max_unexplained <= 1:
        raise UsageError(
            "bad --max-unexplained", why=f"{max_unexplained:g} is not between 0 and 1", next_step="--max-unexplained 0.02 for two percent of the bill"
        )
    if as_json and as_markdown:
        raise UsageError("--json and --markdown at once", next_step="choose one")
    if files:
        _read(files, db)
    from llmlogs import reconcile as task
    from llmlogs.report import one

    configured = settings().parameters.get("max_unexplained") if max_unexplained is None else max_unexplained
    answer = task.reconcile(database(db), pack(folder), configured)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    text = one.as_json(answer) if as_json else one.as_markdown(answer) if as_markdown else "\n".join(one.lines(answer, width, rows)) + "\n"
    typer.echo(text, nl=False)
    code = task.exit_code(answer)
    if code is Exit.NO_INPUT:
        talk.note("nothing was compared: read the report and the log of the same days (llmlogs ingest logs/ usage.json costs.json)")
    if code is not Exit.DONE:
        raise typer.Exit(code)


def _read(files: list[str], db: Path | None) -> None:
    from llmlogs.cli import ingest
    from llmlogs.ingest.options import IngestOptions

    config = settings()
    options = IngestOptions(sample_rate=config.sample_rate, timezone=config.timezone, feature_from=config.feature_from, prices=str(config.prices or ""))
    read = ingest.run(files, database(db), options)
    for place, sentence in [*read.errors, *read.unknown]:
        talk.note(f"{place}: {sentence}")
    ingest.finish(read, strict=False)
