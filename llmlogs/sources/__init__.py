"""One file per log format, found by folder: a module with `SOURCE` (or `SOURCES`), or a `.toml` mapping, ours or the user's."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from llmlogs.carriers.base import Head
from llmlogs.errors import UsageError
from llmlogs.sources.base import Detection, Source

SURE_ENOUGH = 0.5
PROJECT = Path(".llmlogs/sources")
USER = Path.home() / ".config/llmlogs/sources"


@cache
def coded() -> tuple[Source, ...]:
    """Sources written as Python modules of this folder."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    named = [[module.SOURCE] if hasattr(module, "SOURCE") else list(getattr(module, "SOURCES", ())) for module in modules]
    return tuple(source for group in named for source in group)


def all_sources() -> dict[str, Source]:
    """Every source by name; a mapping of the project wins over the user's, and that over a built-in one of the same name."""
    found = {source.name: source for source in coded()}
    for folder in (Path(__file__).parent, USER, PROJECT):
        found |= {source.name: source for source in mapped(folder)}
    return found


def mapped(folder: Path) -> list[Source]:
    """Sources written as `.toml` mappings in `folder`."""
    paths = sorted(folder.glob("*.toml"))
    stated = [path for path in paths if _is_mapping(path)]
    if not stated:
        return []
    mappings = importlib.import_module(f"{__name__}.declared")
    return [mappings.load(path) for path in stated]


def get(name: str) -> Source:
    """The source of that name; UsageError names those there are."""
    known = all_sources()
    if name not in known:
        raise UsageError("no such format", name, f"known: {', '.join(sorted(known))}", "leave --format away to let llmlogs find out")
    return known[name]


def find(head: Head) -> list[tuple[Source, Detection]]:
    """Sources that may read the file, the surest first; a mapping of the user's own before a built-in one of the same confidence."""
    own = {source.name for folder in (USER, PROJECT) for source in mapped(folder)}
    sure = []
    for source in all_sources().values():
        detection = source.detect(head)
        if detection and detection.confidence > 0:
            sure.append((source, detection))
    return sorted(sure, key=lambda x: (-x[1].confidence, x[0].name not in own, x[0].name))


def _is_mapping(path: Path) -> bool:
    return "[columns]" in path.read_text(encoding="utf-8", errors="replace")
