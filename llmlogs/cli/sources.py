"""`llmlogs sources`: what can be read."""

from __future__ import annotations

import json

import typer

from llmlogs.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sources)


def sources(as_json: Json = False) -> None:
    """List the log formats that can be read.

    Example: llmlogs sources --json
    """
    from llmlogs import sources as registry
    from llmlogs import text

    found = sorted(registry.all_sources().values(), key=lambda source: source.name)
    if as_json:
        rows = [{"name": s.name, "title": s.title, "docs": s.docs, "tokens": s.tokens, "answers": list(s.answers)} for s in found]
        typer.echo(json.dumps(rows, indent=1))
        return
    typer.echo("\n".join(text.terminal_table(("name", "what it reads", "tokens"), ("text",) * 3, [(s.name, s.title, s.tokens) for s in found])))
