"""`llmlogs sources`: what can be read, and what one format holds and leaves unread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmlogs.cli import talk
from llmlogs.cli.options import Db, Json, database

if TYPE_CHECKING:
    from llmlogs.sources.base import Source

group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the group; without a command it lists."""
    app.add_typer(group, name="sources", help="List the log formats that can be read; `show` tells all about one.")


@group.callback()
def listing(context: typer.Context, as_json: Json = False) -> None:
    """List the log formats that can be read; `show` tells all about one.

    Example: llmlogs sources --json
    """
    if context.invoked_subcommand:
        return
    from llmlogs import sources as registry
    from llmlogs import text

    for problem in registry.problems():
        talk.note(f"left out: {'; '.join(str(problem).splitlines())}")
    found = sorted(registry.all_sources().values(), key=lambda source: source.name)
    if as_json:
        typer.echo(json.dumps([_facts(source) for source in found], indent=1))
        return
    typer.echo("\n".join(text.terminal_table(("name", "what it reads", "tokens"), ("text",) * 3, [(s.name, s.title, s.tokens) for s in found])))


@group.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the source.")], db: Db = None, as_json: Json = False) -> None:
    """Show one format: what it is, what its token counts include, and in this database its files, how full each column is, and fields it never looks at.

    Example: llmlogs sources show claude_code
    """
    from llmlogs import sources as registry

    told = _facts(registry.get(name)) | _in_database(database(db), name)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    typer.echo("\n".join(_lines(told)))


def _facts(source: Source) -> dict[str, Any]:
    return {"name": source.name, "title": source.title, "docs": source.docs, "tokens": source.tokens, "answers": list(source.answers)}


FILLED = 'select column_name, filled, "of" from field_coverage where source = $1 and table_name = \'calls\' and filled > 0 order by filled / "of" desc, 1'
UNREAD = """select u.path, any_value(u.kind), sum(u.records)::bigint as records, sum(u."of")::bigint as looked_at, count(*)
    from unread_fields u join files f using (file_id) where f.source = $1 group by 1 order by records desc, 1"""


def _in_database(path: Path, name: str) -> dict[str, Any]:
    """What this database knows of the source; nothing where there is no database yet."""
    if not path.exists():
        return {"files": 0, "columns": [], "unread_fields": []}
    from llmlogs.store.database import open_for_read

    con = open_for_read(path)
    try:
        files = con.execute("select count(*) from files where source = $1", [name]).fetchall()[0][0]
        columns = [dict(zip(("column", "filled", "of"), row, strict=True)) for row in con.execute(FILLED, [name]).fetchall()]
        unread = [dict(zip(("path", "kind", "records", "of", "files"), row, strict=True)) for row in con.execute(UNREAD, [name]).fetchall()]
    finally:
        con.close()
    return {"files": files, "columns": columns, "unread_fields": unread}


def _lines(told: dict[str, Any]) -> list[str]:
    from llmlogs import text

    lines = [told["title"], "", f"name     {told['name']}", f"docs     {told['docs']}", f"tokens   {told['tokens']}"]
    lines.append(f"answers  {', '.join(told['answers']) or 'what its columns allow'}")
    lines += ["", f"{told['files']} files in this database"]
    if told["columns"]:
        rows = [(column["column"], column["filled"], column["filled"] / column["of"]) for column in told["columns"]]
        lines += ["", *text.terminal_table(("column", "filled", "share"), ("text", "int", "pct0"), rows)]
    if told["unread_fields"]:
        unread = [(field["path"], field["kind"], field["records"], field["of"]) for field in told["unread_fields"]]
        lines += [
            "",
            "fields it never looks at, in the first records of each file",
            *text.terminal_table(("field", "type", "in", "of"), ("text", "text", "int", "int"), unread),
        ]
    return lines
