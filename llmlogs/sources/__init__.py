"""One file per log format, found by folder: a module or package with `SOURCE` (or `SOURCES`), or a `.toml` mapping, ours or the user's.

`common` holds what several formats share, `declared` reads the mappings; both are no formats themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from llmlogs.carriers.base import Head
from llmlogs.errors import LlmlogsError, UsageError
from llmlogs.resources import overlays
from llmlogs.sources.base import Detection, Source

SURE_ENOUGH = 0.5


@cache
def coded() -> tuple[Source, ...]:
    """Sources written as Python modules of this folder."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    named = [[module.SOURCE] if hasattr(module, "SOURCE") else list(getattr(module, "SOURCES", ())) for module in modules]
    return tuple(source for group in named for source in group)


def all_sources() -> dict[str, Source]:
    """Every source by name; a mapping of the project wins over the user's, and that over a built-in one of the same name."""
    found = {source.name: source for source in coded()}
    for folder in (Path(__file__).parent, *overlays("sources")):
        found |= {source.name: source for source in _mapped(folder)[0]}
    return found


def problems() -> list[LlmlogsError]:
    """What is wrong with mapping files that were left out: the rest works without them."""
    return [problem for folder in overlays("sources") for problem in _mapped(folder)[1]]


def get(name: str) -> Source:
    """The source of that name; UsageError names those there are, or what is wrong with its file."""
    known = all_sources()
    if name in known:
        return known[name]
    broken = next((problem for problem in problems() if Path(problem.where.split(":")[0]).stem == name), None)
    raise broken or UsageError(
        "no such format", name, f"known: {', '.join(sorted(known))}", "`llmlogs sources` tells more; without --format llmlogs finds out itself"
    )


def find(head: Head) -> list[tuple[Source, Detection]]:
    """Sources that may read the file, the surest first; of equals a mapping of the user's own."""
    own = {source.name for folder in overlays("sources") for source in _mapped(folder)[0]}
    sure: list[tuple[Source, Detection]] = []
    for source in sorted(all_sources().values(), key=_surest, reverse=True):
        if sure and max(found.confidence for _, found in sure) > _surest(source):
            continue  # it could not win, and those that claim much look longest
        if (seen := source.detect(head)) and seen.confidence > 0:
            sure.append((source, seen))
    return sorted(sure, key=lambda x: (-x[1].confidence, x[0].name not in own, x[0].name))


def _surest(source: Source) -> float:
    """The highest confidence a source ever states."""
    return float(getattr(source, "surest", 1.0))


def _mapped(folder: Path) -> tuple[list[Source], list[LlmlogsError]]:
    """Sources written as `.toml` mappings in `folder`, and the mistakes in those that are none."""
    good: list[Source] = []
    bad: list[LlmlogsError] = []
    for path in sorted(folder.glob("*.toml")):
        told = path.stat()
        found = _load(path, told.st_mtime_ns, told.st_size)
        if isinstance(found, LlmlogsError):
            bad.append(found)
        else:
            good.append(found)
    return good, bad


@cache
def _load(path: Path, modified: int, size: int) -> Source | LlmlogsError:
    """A mapping file, read again when it changes."""
    from llmlogs.sources.declared import load

    try:
        return load(path)
    except LlmlogsError as problem:
        return problem
