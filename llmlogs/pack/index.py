"""The table of questions in queries/README.md, made from the files: `python -m llmlogs.pack.index` writes it anew."""

from __future__ import annotations

from pathlib import Path

from llmlogs import resources
from llmlogs.pack.load import Pack, load
from llmlogs.pack.model import Question
from llmlogs.pack.needs import said

BEGIN, END = "<!-- questions: made by python -m llmlogs.pack.index -->", "<!-- end of questions -->"


def table(pack: Pack) -> str:
    """One row per question: what it answers, what it needs, what can be set."""
    rows = ["| id | question | needs | parameters |", "|---|---|---|---|", *(_row(q) for q in pack.questions)]
    return "\n".join(rows)


def renewed(text: str, pack: Pack) -> str:
    """The README with its table as the files are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(pack)}\n{END}{after}"


def write(folder: Path) -> None:
    """Renew the README of a folder of questions."""
    readme = folder / "README.md"
    readme.write_text(renewed(readme.read_text(encoding="utf-8"), load([folder])), encoding="utf-8")


def _row(question: Question) -> str:
    needs = "; ".join(said(need) for need in question.needs)
    settings = "; ".join(f"`{p.name}` = {p.default}: {p.meaning}" for p in question.parameters)
    cells = (f"`{question.id}`", question.question, needs, settings)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    write(resources.folder("queries"))
