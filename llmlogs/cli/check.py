"""`llmlogs check`: a gate for cron and CI."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database, settings
from llmlogs.cli.queries import Folder, pack
from llmlogs.errors import StorageError, UsageError

HELP = """Check budgets, thresholds and verdicts: exit code 0 when clean, 1 on an alarm. No report is made, and only what is asked is computed.

Without a name every question counts, and every [[check]] of llmlogs.toml.

Examples:

  llmlogs check cost/budgets errors --fail-on warn

  llmlogs check --max errors/by_class=0.02 --max cost/by_feature.evidence.spend=500

  llmlogs check 'cost/*' --param as_of=2026-10-31 --json

In llmlogs.toml:

\b
  [[check]]
  question = "errors/by_class"   # column = "value" of its verdict row; result = "evidence" for every row
  max = 0.02                     # or min; fail_on = "warn" lets its verdict alarm from there on

\b
  [[check]]
  name = "no call above 5 USD"
  sql = "select call_id, cost_usd from calls where cost_usd > 5"   # no row may come; or one number, with max or min

In GitHub Actions: llmlogs check --strict --junit check.xml --markdown >> "$GITHUB_STEP_SUMMARY"
"""
FLOOR = 0.99


class FailOn(StrEnum):
    """What `--fail-on` takes, each with all before it."""

    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=HELP)(check)


Bounds = list[str] | None
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Questions, sections, globs such as 'cost/*', or names of [[check]]s.  [default: all]")
]


def check(
    names: Names = None,
    *,
    db: Db = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="The mildest verdict that alarms; unknown is the strictest.")] = FailOn.FAIL,
    most: Annotated[Bounds, typer.Option("--max", metavar="ID[.COLUMN]=N", help="Alarm above it; ID.evidence.COLUMN for every row. May be repeated.")] = None,
    least: Annotated[Bounds, typer.Option("--min", metavar="ID[.COLUMN]=N", help="Alarm below it.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help=f"Alarm when less than {FLOOR:.0%} of the calls or tokens have a price.")] = False,
    floor: Annotated[float | None, typer.Option("--min-priced", min=0, max=1, metavar="SHARE", help="Another share for --strict; implies it.")] = None,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter; may be repeated.")] = None,
    folder: Folder = None,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown on stdout.")] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML as well.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print what does not alarm, too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing when clean.")] = False,
) -> None:
    """Check budgets, thresholds and verdicts."""
    if as_json and as_markdown:
        raise UsageError("--json and --markdown at once", next_step="one of them; --junit goes with either")
    from llmlogs.check import outputs
    from llmlogs.check.model import Wanted, of_options
    from llmlogs.check.run import check as checked
    from llmlogs.pack import parameters

    config, questions = settings(), pack(folder)
    given = parameters.parse(param or [])
    parameters.check(given, questions.questions)
    wanted = Wanted(
        names=tuple(names or ()),
        entries=config.check,
        bounds=of_options(most or (), least or ()),
        fail_on=fail_on.value,
        priced_floor=floor if floor is not None else FLOOR if strict else None,
        parameters=config.question_values | given,
        tables=config.tables,
    )
    outcome = checked(database(db), questions, wanted)
    if junit:
        _write(junit, outputs.as_junit(outcome))
    if as_json or as_markdown:
        typer.echo(outputs.as_json(outcome) if as_json else outputs.as_markdown(outcome), nl=as_json)
    elif outcome.alarms or verbose or not quiet:
        typer.echo("\n".join(outputs.lines(outcome, verbose=verbose)))
    raise typer.Exit(outcome.code)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError("cannot write", str(path), error.strerror or str(error)) from error
    talk.note(f"wrote {path}")
