"""`llmlogs report`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs import __version__
from llmlogs.cli import currency, strict, talk
from llmlogs.cli.options import Db, database, settings
from llmlogs.cli.queries import Folder, chosen, pack
from llmlogs.errors import UsageError

if TYPE_CHECKING:
    from llmlogs.report.model import Report

HELP = """Answer every question and write the report: HTML, and with -o also JSON, Markdown or text.

With files, they are read into a database that is not kept.

Examples:

  llmlogs report --open

  llmlogs report logs/*.jsonl -o report.html -o report.json

  llmlogs report -o - --only cost --only latency/by_model
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(report)


def report(
    files: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Logs to read first, into a database that is not kept.")] = None,
    db: Db = None,
    output: Annotated[
        list[str] | None, typer.Option("--output", "-o", metavar="FILE", help="Ends in .html, .json, .md or .txt; - is text on stdout.  [default: report.html]")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ID", help="A question or a section; may be repeated.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    folder: Folder = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    *,
    strict_money: strict.Strict = False,
    min_priced: strict.MinPriced = None,
    in_currency: currency.Currency = None,
) -> None:
    """Answer every question and write the report."""
    from llmlogs.report import write

    wanted = output or ["report.html"]
    for name in wanted:
        if name != "-":
            write.check(Path(name))
    if files and db is not None:
        raise UsageError("files and --db at once", next_step="`llmlogs ingest FILES --db FILE` keeps them; then `llmlogs report --db FILE`")
    with _source(files, db) as path, currency.shown_in(in_currency, path):
        made = _make(path, folder, only, title)
        wrong = _complaint(path, strict_money, min_priced)
        for name in wanted:
            _emit(made, name)
    pages = [Path(name) for name in wanted if name.endswith((".html", ".htm"))]
    if open_it and pages:
        typer.launch(pages[0].resolve().as_uri())
    strict.finish(wrong)


def _complaint(path: Path, strict_money: bool, min_priced: float | None) -> str | None:
    from llmlogs.store.database import open_for_read

    con = open_for_read(path)
    try:
        return strict.complaint(con, strict_money, min_priced)
    finally:
        con.close()


@contextmanager
def _source(files: list[str] | None, db: Path | None) -> Iterator[Path]:
    """The database the report is made of; for files one in a temporary folder."""
    if not files:
        yield database(db)
        return
    from llmlogs.cli import ingest
    from llmlogs.ingest.options import IngestOptions

    config = settings()
    options = IngestOptions(sample_rate=config.sample_rate, timezone=config.timezone, feature_from=config.feature_from, prices=str(config.prices or ""))
    with tempfile.TemporaryDirectory(prefix="llmlogs-") as scratch:
        path = Path(scratch) / "report.duckdb"
        read = ingest.run(files, path, options)
        for place, sentence in [*read.errors, *read.unknown]:
            talk.note(f"{place}: {sentence}")
        ingest.finish(read, strict=False)
        yield path


def _make(path: Path, folder: Path | None, only: list[str] | None, title: str | None) -> Report:
    from llmlogs.pack.run import run
    from llmlogs.report.build import build
    from llmlogs.store.database import open_for_read

    found = pack(folder)
    questions = chosen(found, only)
    con = open_for_read(path)
    try:
        known = {p.name for q in questions for p in q.parameters}
        values = {name: value for name, value in settings().question_values.items() if name in known}
        answers = run(con, questions, values, known=found.questions, tables=settings().tables)
        return build(con, answers, now=datetime.now(UTC).replace(tzinfo=None), version=__version__, title=title or settings().title)
    finally:
        con.close()


def _emit(made: Report, name: str) -> None:
    if name == "-":
        from llmlogs.report.render_term import render

        terminal = sys.stdout.isatty()
        typer.echo(render(made, shutil.get_terminal_size().columns if terminal else 100, color=terminal), nl=False)
        return
    from llmlogs.report.write import write

    write(made, Path(name))
    talk.note(f"wrote {name}")
