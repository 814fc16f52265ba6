"""The order of a report: reports/<name>/report.toml. Templates, style and script stand beside it; a folder of the user's overrides file by file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.resources import folder, overlays


@dataclass(frozen=True)
class Topic:
    """One section as report.toml names it. `lead` is the question that speaks for it when nothing is wrong."""

    id: str
    title: str
    asks: str
    lead: str = ""
    strip: bool = False


@dataclass(frozen=True)
class Layout:
    """A report folder: its title, its sections in order, and where its files are looked for."""

    title: str
    topics: tuple[Topic, ...]
    folders: tuple[Path, ...]

    def topic(self, section: str) -> Topic:
        """The topic of a section; a section that report.toml does not name gets its own name as title."""
        return next((t for t in self.topics if t.id == section), Topic(section, section.capitalize(), ""))


def load(name: str = "default", places: tuple[Path, ...] | None = None) -> Layout:
    """The layout of that name out of folders like `reports`, the strongest last; what they lack is taken from the built-in default."""
    roots = [*reversed(overlays("reports") if places is None else places), folder("reports")]
    folders = [root / name for root in roots if (root / name).is_dir()]
    if not folders:
        known = sorted({p.name for root in roots if root.is_dir() for p in root.iterdir() if p.is_dir()})
        raise UsageError("no such report", name, next_step=f"one of: {', '.join(known)}")
    default = folder("reports") / "default"
    search = tuple(dict.fromkeys([*folders, default]))
    path = next(place / "report.toml" for place in search if (place / "report.toml").is_file())
    return _layout(_toml(path), search, path)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("a report's order cannot be read", str(path), str(error)[:200]) from error


def _layout(content: dict[str, Any], search: tuple[Path, ...], path: Path) -> Layout:
    sections = content.get("section", [])
    for section in sections:
        if not {"id", "title"} <= set(section) <= set(Topic.__dataclass_fields__):
            known = ", ".join(Topic.__dataclass_fields__)
            raise UsageError("a section of a report is not understood", str(path), f"it has {', '.join(section)}", f"id and title are needed; known: {known}")
    topics = tuple(Topic(**{"asks": "", **section}) for section in sections)
    return Layout(str(content.get("title", "LLM call report")), topics, search)
