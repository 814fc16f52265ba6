"""The generated blocks of the Markdown files: what the program knows about itself is never written twice by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs import charts

ROOT = Path(__file__).resolve().parents[2]
FILES = ("README.md", "CONTRIBUTING.md", "llmlogs/schema/README.md", "reports/README.md")
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def commands() -> str:
    import typer
    from typer.main import get_command

    from llmlogs.cli import app

    root = get_command(app)
    context = typer.Context(root, info_name="llmlogs")
    rows = []
    for name in root.list_commands(context):  # type: ignore[attr-defined]
        command = root.get_command(context, name)  # type: ignore[attr-defined]
        subs = command.list_commands(context) if hasattr(command, "list_commands") else []
        first = (command.help or "").strip().split("\n")[0]
        rows.append((f"`llmlogs {name}`" + (f" {' '.join(f'`{s}`' for s in subs)}" if subs else ""), first))
    return table(("command", "what it does"), rows)


def sources() -> str:
    from llmlogs import sources as registry

    rows = [(f"`{s.name}`", f"[{s.title}]({s.docs})" if s.docs.startswith("http") else s.title, s.tokens) for s in registry.all_sources().values()]
    return table(("source", "what it reads", "what its token counts include"), sorted(rows))


def questions() -> str:
    from llmlogs import resources
    from llmlogs.pack.load import load

    rows = [(f"`{q.id}`", q.question) for q in load([resources.folder("queries")]).questions]
    return table(("question", "asks"), rows)


def settings() -> str:
    from llmlogs.config import MEANING

    return table(("setting", "meaning"), [(f"`{name}`", text) for name, text in MEANING.items()])


def exit_codes() -> str:
    from llmlogs.errors import Exit

    said = {
        Exit.DONE: "done; rejected records are included, they are shown",
        Exit.ALARM: "a check alarms, or records were rejected under `--strict`",
        Exit.USAGE: "wrong usage or configuration",
        Exit.NO_INPUT: "nothing could be read",
        Exit.LOCKED: "another process holds the database",
        Exit.STORAGE: "disk, permission, or a damaged database",
        Exit.INTERRUPTED: "interrupted",
    }
    return table(("code", "meaning"), [(str(int(code)), said[code]) for code in Exit])


def schema() -> str:
    from llmlogs.schema.ddl import TABLES

    parts = []
    for t in TABLES:
        rows = [(f"`{c.name}`", c.type, c.unit, c.meaning) for c in t.columns]
        parts.append(f"## {t.name}\n\n{t.meaning}\n\n" + table(("column", "type", "unit", "meaning"), rows))
    return "\n".join(parts)


def views() -> str:
    from llmlogs.schema.ddl import VIEWS

    rows = []
    for path in sorted(VIEWS.glob("*.sql")):
        comment = [line.removeprefix("--").strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("--")]
        rows.append((f"`{path.stem}`", " ".join(comment)))
    return table(("view", "what it gives"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "sources": sources,
    "questions": questions,
    "settings": settings,
    "exit_codes": exit_codes,
    "schema": schema,
    "views": views,
    "kinds_of_chart": charts.kinds,
    "units": charts.units,
}


def renewed(text: str) -> str:
    """The text with every generated block made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}{found[3]}", text)
