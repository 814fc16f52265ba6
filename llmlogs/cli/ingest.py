"""`llmlogs ingest`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database, settings
from llmlogs.errors import Exit, NoInputError, UsageError

if TYPE_CHECKING:
    from llmlogs.ingest.options import IngestOptions
    from llmlogs.ingest.report import IngestReport

HELP = """Read log files into the database: files, folders, globs, or - for stdin.

Reading the same thing again adds nothing. Exit code 3 when nothing could be read.

Examples:

  llmlogs ingest logs/

  llmlogs ingest app-*.jsonl.gz --sample-rate 0.1

  llmlogs ingest export.json --format provider-responses --json

  llmlogs ingest --agents
"""


class StoreText(StrEnum):
    """What `--store-text` takes."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(ingest)


def ingest(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="[default: `paths` of llmlogs.toml]")] = None,
    *,
    agents: Annotated[bool, typer.Option("--agents", help="Find the sessions of coding agents in their usual places.")] = False,
    db: Db = None,
    as_json: Json = False,
    form: Annotated[str | None, typer.Option("--format", metavar="NAME", help="Read as this source instead of detecting; see `llmlogs sources`.")] = None,
    sample_rate: Annotated[float | None, typer.Option(help="Share of calls these logs hold; every number is weighted by its inverse.")] = None,
    store_text: Annotated[StoreText | None, typer.Option(help="What is kept of prompts and answers.  [default: none]")] = None,
    no_merge: Annotated[bool, typer.Option("--no-merge", help="Keep records that repeat a call: the raw picture.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a record was rejected.")] = False,
) -> None:
    """Read log files into the database."""
    config = settings()
    wanted = [*(paths or []), *_of_agents()] if agents else paths or list(config.paths)
    if not wanted:
        raise UsageError("nothing to read", why="no path was given, and llmlogs.toml names none", next_step="llmlogs ingest logs/")
    rate = sample_rate if sample_rate is not None else config.sample_rate
    if rate is not None and not 0 < rate <= 1:
        raise UsageError("bad --sample-rate", why=f"{rate:g} is not above 0 and at most 1", next_step="--sample-rate 0.1 for one call in ten")
    from llmlogs.ingest.options import IngestOptions

    text = store_text.value if store_text else config.store_text
    options = IngestOptions(
        format=form or "",
        sample_rate=rate,
        store_text=text,
        merge=not no_merge,
        strict=strict,
        timezone=config.timezone,
        feature_from=config.feature_from,
        prices=str(config.prices or ""),
    )
    report = run(wanted, database(db), options)
    tell(report, database(db), as_json)
    finish(report, strict)


def _of_agents() -> list[str]:
    """Paths of coding agents' sessions here; where they were found, and where they were looked for, is told."""
    from llmlogs.ingest import places

    looked = places.look()
    found = [place for place in looked if place.files]
    for place in found:
        talk.note(f"{place.source}: {place.files} files in {place.where}")
    elsewhere = ", ".join(place.where for place in looked if not place.files)
    if not found:
        raise NoInputError("no sessions of coding agents here", why=f"looked in {elsewhere}", next_step="name their folder: llmlogs ingest PATH")
    talk.note(f"nothing in {elsewhere}")
    return [path for place in found for path in place.paths]


def run(paths: list[str], path: Path, options: IngestOptions) -> IngestReport:
    """Ingest with a progress line on a terminal; mappings of the user's own that had to be left out are told."""
    from llmlogs import sources
    from llmlogs.ingest import engine
    from llmlogs.ingest.meter import Meter

    for problem in sources.problems():
        talk.note(f"left out: {'; '.join(str(problem).splitlines())}")
    meter = Meter()
    with talk.progress(lambda: (meter.bytes, meter.total, meter.label)):
        return engine.run(paths, path, options, meter=meter)


def tell(report: IngestReport, path: Path, as_json: bool) -> None:
    """What was read on stdout, what was not on stderr, and the next step."""
    for place, sentence in [*report.errors, *report.unknown]:
        talk.note(f"{place}: {sentence}")
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1))
        return
    if not report.readable:
        return
    from llmlogs.report.trust import lines_after_ingest

    for line in lines_after_ingest(report, path):
        typer.echo(line)


def finish(report: IngestReport, strict: bool) -> None:
    """The exit code of a finished ingest."""
    if report.interrupted:
        raise KeyboardInterrupt
    if not report.readable:
        raise NoInputError("nothing could be read", why="see the lines above", next_step="`llmlogs sources` lists what can be read")
    if strict and report.total.rejected:
        raise typer.Exit(Exit.ALARM)
