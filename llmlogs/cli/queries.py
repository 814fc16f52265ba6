"""`llmlogs queries list | show | new | copy | lint | test`: the pack itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs import resources
from llmlogs.cli import talk
from llmlogs.cli.options import Json, settings
from llmlogs.errors import Exit

if TYPE_CHECKING:
    from llmlogs.pack.load import Pack
    from llmlogs.pack.model import Question

group = typer.Typer(help="The questions: list and show them, write your own, lint and test them.", rich_markup_mode=None, no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--queries", metavar="DIR", help="A folder with own questions, section/name.sql.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file of that name.")]
ForUser = Annotated[bool, typer.Option("--user", help="Into your own folder, for all projects, and not into ./.llmlogs.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Questions or whole sections.  [default: all]")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="queries")


def pack(folder: Path | None) -> Pack:
    """The questions that hold here; what was left out is told."""
    from llmlogs.pack.load import folders, load

    found = load(folders(folder or settings().queries))
    for warning in found.warnings:
        talk.note(f"left out: {warning}")
    return found


@group.command("list")
def list_(folder: Folder = None, as_json: Json = False) -> None:
    """List the questions with what they need.

    Example: llmlogs queries list --json
    """
    from llmlogs import text

    questions = pack(folder).questions
    if as_json:
        rows = [{"id": q.id, "question": q.question, "needs": list(q.needs), "min_calls": q.min_calls, "file": str(q.path)} for q in questions]
        typer.echo(json.dumps(rows, indent=1))
        return
    lines = text.terminal_table(("id", "question", "needs"), ("text",) * 3, [(q.id, q.question, ", ".join(q.needs)) for q in questions])
    typer.echo("\n".join(lines))


@group.command()
def show(question: Annotated[str, typer.Argument(metavar="ID")], folder: Folder = None) -> None:
    """Print the file of a question: it runs as it stands in a DuckDB 2.0 shell.

    Example: llmlogs queries show latency/by_model > mine.sql
    """
    typer.echo(pack(folder).find(question).sql, nl=False)


@group.command()
def new(question: Annotated[str, typer.Argument(metavar="SECTION/NAME")], user: ForUser = False, force: Force = False) -> None:
    """Write a question of your own to ./.llmlogs/queries, and its cases beside it: commented, and running as it stands.

    Example: llmlogs queries new cost/long_answers
    """
    from llmlogs.pack.new import new as written

    for path in written(question, _overlay(user), replace=force):
        typer.echo(path)
    talk.note(f"next: change it, then llmlogs queries lint {question} && llmlogs queries test {question} && llmlogs query {question}")


@group.command()
def copy(question: Annotated[str, typer.Argument(metavar="ID")], user: ForUser = False, force: Force = False, folder: Folder = None) -> None:
    """Copy a question to ./.llmlogs/queries to change it; there it stands for the one it was copied from.

    Example: llmlogs queries copy limits/rate_limit_bursts
    """
    from llmlogs.pack.new import copy as copied

    typer.echo(copied(pack(folder), question, _overlay(user), replace=force))


@group.command()
def lint(ids: Ids = None, folder: Folder = None) -> None:
    """Check question files against the rules of the pack.

    Example: llmlogs queries lint errors
    """
    from llmlogs.pack.lint import lint as complaints_of

    found = pack(folder)
    bad = [f"{q.path}: {complaint}" for q in chosen(found, ids) for complaint in complaints_of(q)]
    for line in [*found.warnings, *bad]:
        typer.echo(line)
    talk.note(f"{len(chosen(found, ids))} questions, {len(bad) + len(found.warnings)} complaints")
    if bad or found.warnings:
        raise typer.Exit(Exit.ALARM)


@group.command()
def test(
    ids: Ids = None,
    cases: Annotated[Path, typer.Option("--cases", metavar="DIR", help="Folder with the case files.")] = Path("tests/queries"),
    folder: Folder = None,
) -> None:
    """Run the case files of questions: section/name.toml beside the question or in the folder of cases.

    Example: llmlogs queries test cost/long_answers
    """
    from llmlogs.pack.cases import test as run_cases

    outcomes = run_cases(chosen(pack(folder), ids), cases)
    failed = [outcome for outcome in outcomes if outcome.complaints]
    for outcome in failed:
        typer.echo(f"{outcome.question} {outcome.case}: {'; '.join(outcome.complaints)}")
    talk.note(f"{len(outcomes)} cases, {len(failed)} failed")
    if failed:
        raise typer.Exit(Exit.ALARM)


def _overlay(user: bool) -> Path:
    """The folder of the project's own questions, or the user's."""
    own, project = resources.overlays("queries")
    return own if user else project


def chosen(found: Pack, ids: list[str] | None) -> list[Question]:
    """Questions named by id or section; all when none is named."""
    if not ids:
        return list(found.questions)
    return [q for name in ids for q in (found.section(name) or (found.find(name),))]
