"""`llmlogs source new | check`: a mapping file for a log of one's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Json
from llmlogs.cli.queries import pack

if TYPE_CHECKING:
    from llmlogs.sources.declared.check import CheckReport

group = typer.Typer(help="A mapping file for a log of your own: write one, check one.", rich_markup_mode=None, no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="source")


@group.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the source.")],
    file: Annotated[Path, typer.Option("--from", metavar="FILE", help="A log to guess the mapping from: JSON lines, JSON or CSV.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a mapping of that name.")] = False,
) -> None:
    """Guess a mapping from a log and write it to ./.llmlogs/sources/NAME.toml, with what was guessed and why.

    Example: llmlogs source new my-app --from app.log
    """
    from llmlogs.sources.declared import new as declared_new
    from llmlogs.sources.declared.text import render

    proposed = declared_new.propose(name, file)
    path = declared_new.write(proposed, render(proposed), replace=force)
    typer.echo(f"wrote {path}: {len(proposed.guesses)} columns guessed, {len(proposed.left)} fields left")
    typer.echo(f"next: read it, correct it, then llmlogs source check {name} {file}")


@group.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the source.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log to read with it; nothing is stored.")],
    as_json: Json = False,
) -> None:
    """Show what a source makes of a file: fill per column, rejects, and which questions become answerable.

    Example: llmlogs source check my-app app.log
    """
    from llmlogs import sources
    from llmlogs.pack.needs import fields_of
    from llmlogs.sources.declared.check import check as checked

    questions = pack(None).questions
    needs = {q.id: tuple(" | ".join(f"{table}.{column}" for table, column in fields_of(need)) for need in q.needs) for q in questions}
    report = checked(sources.get(name), file, needs)
    if as_json:
        typer.echo(json.dumps(_plain(report), indent=1, default=str))
        return
    typer.echo("\n".join(_lines(report)))
    if report.rejects:
        talk.note(
            "rejected: " + ", ".join(f"{reason} {count} (first at line {report.first_reject[reason]})" for reason, count in report.rejects.most_common(8))
        )


def _plain(report: CheckReport) -> dict[str, object]:
    body = asdict(report)
    body["issues"] = [{"column": c, "reason": r, "found": k, "records": n} for (c, r, k), n in report.issues.items()]
    return body


def _lines(report: CheckReport) -> list[str]:
    from llmlogs import text

    seen = f"detected: {report.detection.confidence:.2f}, {report.detection.why}" if report.detection else "not detected: name it with --format"
    kinds = ", ".join(f"{text.show(n, 'int')} {kind}" for kind, n in report.kinds.most_common())
    rows = [(column, count, count / max(report.calls, 1)) for column, count in sorted(report.filled.items(), key=lambda x: (-x[1], x[0]))]
    lines = [f"{report.source}; {seen}", f"{text.show(report.records, 'int')} records: {kinds}", ""]
    lines += text.terminal_table(("column", "filled", "share of calls"), ("text", "int", "pct1"), rows)
    for (column, reason, found), count in report.issues.most_common(12):
        lines.append(f"issue: {column} {reason} ({found}) in {text.show(count, 'int')} records")
    lines += ["", f"answerable: {', '.join(report.answerable) or 'none'}"]
    return [*lines, *(f"not answerable: {question}, log {' and '.join(fields)}" for question, fields in sorted(report.missing.items()))]
