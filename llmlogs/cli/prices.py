"""`llmlogs prices`: what priced the calls, one call's bill line by line, and what another book would change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database, settings

if TYPE_CHECKING:
    from llmlogs.pricing import Overrides

group = typer.Typer(help="What priced the calls: show the plans, explain one call, compare books, price again.", rich_markup_mode=None, no_args_is_help=True)
Book = Annotated[Path | None, typer.Option("--from", metavar="FILE", help="A price book: genai-prices' data.json, downloaded by you.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="prices")


@group.command()
def explain(call_id: Annotated[str, typer.Argument(metavar="CALL_ID")], db: Db = None, as_json: Json = False) -> None:
    """Explain the price of one call: names as logged, rule matched, rate row, units times rate, discount, total.

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
def show(runs: Annotated[bool, typer.Option("--runs", help="Show when calls were priced instead.")] = False, db: Db = None, as_json: Json = False) -> None:
    """Show how each provider and model of the log was resolved and by which book, with its calls, tokens and money.

    Example: llmlogs prices show
    """
    from llmlogs.pricing.explain import plans, pricing_runs
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    try:
        found = (pricing_runs if runs else plans)(con)
        columns, types = [str(c[0]) for c in found.description], [str(c[1]) for c in found.description]
        _print(columns, types, found.fetchall(), as_json)
        books = con.execute("select distinct book from priced_by where calls > 0 order by book").fetchall()
    finally:
        con.close()
    if len(books) > 1:
        talk.note(f"more than one price book priced these calls: {', '.join(book for (book,) in books)}; `llmlogs prices diff` tells them apart")


@group.command()
def new(path: Annotated[Path, typer.Argument(metavar="[FILE]")] = Path("llmlogs.prices.toml")) -> None:
    """Write a price file to fill in: every table, each with an example that is commented out.

    Example: llmlogs prices new
    """
    from llmlogs.errors import UsageError
    from llmlogs.pricing import EXAMPLE

    if path.exists():
        raise UsageError("the file is there already", str(path), next_step="name another one, or edit it")
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    talk.note(f"wrote {path}; `llmlogs prices check` reads it back")


@group.command()
def check(path: Annotated[Path | None, typer.Argument(metavar="[FILE]")] = None) -> None:
    """Check a price file: mistakes are told with line and what is allowed.

    Example: llmlogs prices check llmlogs.prices.toml
    """
    from llmlogs.errors import UsageError
    from llmlogs.pricing import load_overrides

    wanted = path or settings().prices
    if wanted is None:
        raise UsageError("no price file", why="there is no llmlogs.prices.toml here, and llmlogs.toml names none", next_step="llmlogs prices new")
    found = load_overrides(wanted)
    kinds = {kind: len(found.of(kind)) for kind in dict.fromkeys(entry.kind for entry in found.entries)}
    typer.echo(f"{wanted}: {', '.join(f'{count} {kind}' for kind, count in kinds.items()) or 'nothing in it'}")


@group.command()
def diff(book: Book = None, db: Db = None, as_json: Json = False) -> None:
    """Compare the book that priced the database with the installed one, or with a file: which names change, and how much of the log's money they have.

    Example: llmlogs prices diff --from data.json
    """
    from llmlogs.pricing import compare, pinned
    from llmlogs.pricing.book import identity
    from llmlogs.store.database import open_for_read

    con = open_for_read(database(db))
    try:
        pinned.read(book) if book else pinned.use_installed()
        found = compare.changes(con, _own())
        spent, names = con.execute("select (select sum(cost_usd) from calls), (select count(*) from price_plans where superseded_at is null)").fetchall()[0]
    finally:
        con.close()
    columns = [field.name for field in fields(compare.Change)]
    _print(columns, ["VARCHAR"] * len(columns), [tuple(asdict(row).values()) for row in found], as_json)
    share = f" with {sum(row.cost_usd or 0 for row in found) / spent:.1%} of the spend" if spent else ""
    talk.note(f"{len(found)} of {names} names change{share} under {identity()[0]}; `llmlogs prices reprice --diff` shows the money")


@group.command()
def update(
    book: Book = None,
    installed: Annotated[bool, typer.Option("--installed", help="Back to the book of the installed package.")] = False,
    db: Db = None,
) -> None:
    """Say which book is in use, or take another for names and calls to come; prices that calls have stay until `reprice`.

    Nothing is ever downloaded: upgrade the package (pip install -U genai-prices), or download the book yourself and name it with --from;
    it is then kept in the database and serves offline.

    Example: llmlogs prices update --from data.json
    """
    from llmlogs.pricing import pinned
    from llmlogs.store.database import open_for_read, open_for_write

    change = book is not None or installed
    con = (open_for_write if change else open_for_read)(database(db))
    try:
        if change:
            con.execute("begin")
            pinned.bring(con, book) if book else pinned.release(con)
            con.execute("commit")
        lines = pinned.told(con)
    finally:
        con.close()
    typer.echo("\n".join(lines))


@group.command()
def reprice(
    only_diff: Annotated[bool, typer.Option("--diff", help="Show what would change, and change nothing.")] = False,
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], metavar="DATE", help="Only calls from this UTC day on.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider; * stands for anything.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model, as asked or as answered; * stands for anything.")] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Price calls anew with the book in use and your own prices; otherwise a call keeps the price it got.

    Example: llmlogs prices reprice --diff --since 2026-11-01 --model "gpt-5*"
    """
    from llmlogs import text
    from llmlogs.pricing import Scope
    from llmlogs.pricing import reprice as price_anew
    from llmlogs.store.database import open_for_write

    scope = Scope(since.date() if since else None, provider and provider.lower(), model and model.lower())
    con, share = open_for_write(database(db)), [0.0]
    try:
        con.execute("begin")
        with talk.progress(lambda: (share[0], 1, "pricing")):
            summary = price_anew(con, _own(), scope, lambda done: share.__setitem__(0, done))
        found = con.execute(
            "select * from pricing_changes where changed_calls > 0 order by abs(coalesce(new_usd, 0) - coalesce(old_usd, 0)) desc, provider, model, month"
        )
        _print([str(c[0]) for c in found.description], [str(c[1]) for c in found.description], found.fetchall(), as_json)
        changed = con.execute("select coalesce(sum(changed_calls), 0), coalesce(sum(old_usd), 0) from pricing_changes").fetchall()[0]
        con.execute("rollback" if only_diff else "commit")
    finally:
        con.close()
    statuses = ", ".join(f"{name} {text.show(count, 'int')}" for name, count in sorted(summary.by_status.items()))
    would, money = "would change" if only_diff else "changed", f"{text.show(changed[1], 'usd')} -> {text.show(summary.usd, 'usd')}"
    talk.note(f"{text.show(changed[0], 'int')} of {text.show(summary.calls, 'int')} calls {would}: {money}; {statuses}")


def _own() -> Overrides | None:
    from llmlogs.pricing import load_overrides

    config = settings()
    return load_overrides(config.prices) if config.prices else None


def _print(columns: Sequence[str], types: Sequence[str], rows: Sequence[tuple[Any, ...]], as_json: bool) -> None:
    from llmlogs.report import export

    export.write(list(columns), list(types), list(rows), "json" if as_json else "table", sys.stdout.buffer)
