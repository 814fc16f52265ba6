"""`llmlogs prices`: what priced the calls, and one call's bill line by line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from llmlogs.cli.options import Db, Json, database, settings

group = typer.Typer(help="What priced the calls: show the plans, explain one call.", rich_markup_mode=None, no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="prices")


@group.command()
def explain(call_id: Annotated[str, typer.Argument(metavar="CALL_ID")], db: Db = None, as_json: Json = False) -> None:
    """Explain the price of one call: names as logged, rule matched, rate row, units times rate, total.

    Example: llmlogs prices explain chatcmpl-123
    """
    import orjson

    from llmlogs.pricing.explain import explain as explained
    from llmlogs.pricing.explain import render
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    try:
        found = explained(con, call_id)
    finally:
        con.close()
    typer.echo(orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode() if as_json else "\n".join(render(found)))


@group.command()
def show(db: Db = None, as_json: Json = False) -> None:
    """Show how each provider and model of the log was resolved, with its calls, tokens and money.

    Example: llmlogs prices show
    """
    from llmlogs.pricing.explain import plans
    from llmlogs.report import export
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    try:
        found = plans(con)
        columns, types = [str(c[0]) for c in found.description], [str(c[1]) for c in found.description]
        export.write(columns, types, found.fetchall(), "json" if as_json else "table", sys.stdout.buffer)
    finally:
        con.close()


@group.command()
def reprice(db: Db = None) -> None:
    """Price every call anew with the installed price book and your own prices; otherwise a call keeps the price it got.

    Example: llmlogs prices reprice
    """
    from llmlogs import text
    from llmlogs.pricing import load_overrides
    from llmlogs.pricing import reprice as price_anew
    from llmlogs.store.database import open_for_write

    config = settings()
    con = open_for_write(database(db))
    try:
        con.execute("begin")
        summary = price_anew(con, load_overrides(config.prices) if config.prices else None)
        con.execute("commit")
    finally:
        con.close()
    statuses = ", ".join(f"{name} {text.show(count, 'int')}" for name, count in sorted(summary.by_status.items()))
    typer.echo(f"{text.show(summary.calls, 'int')} calls, {text.show(summary.usd, 'usd')}: {statuses}")
