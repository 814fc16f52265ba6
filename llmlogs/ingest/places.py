"""Where coding agents keep their logs on this computer. Each source says its own usual places; nothing is listed here.

A place is a path or glob; it may begin with `~`, or with `$NAME`, which stands for the paths of that variable (several are parted by commas or the
system's separator) and for nothing where it is not set.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmlogs.ingest import discover
from llmlogs.sources import all_sources

VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)(/.*)?\Z")


@dataclass(frozen=True)
class Place:
    """One usual place of one source: where it is here, and the paths it has."""

    source: str
    where: str
    paths: tuple[str, ...]

    @property
    def files(self) -> int:
        """How many files there are to read."""
        return len(discover.expand(list(self.paths))[0]) if self.paths else 0


def look(environment: Mapping[str, str] = os.environ) -> list[Place]:
    """Every place of every source, each once, in the order of the sources' names."""
    found: dict[str, Place] = {}
    for name, source in sorted(all_sources().items()):
        for pattern in getattr(source, "places", ()):
            for where in _expanded(pattern, environment):
                found.setdefault(where, Place(name, where, tuple(_existing(where))))
    return list(found.values())


def _expanded(pattern: str, environment: Mapping[str, str]) -> Iterator[str]:
    variable = VARIABLE.match(pattern)
    if not variable:
        yield str(Path(pattern).expanduser())
        return
    for folder in re.split(f"[,{re.escape(os.pathsep)}]", environment.get(variable.group(1), "")):
        if folder.strip():
            yield str(Path(folder.strip() + (variable.group(2) or "")).expanduser())


def _existing(where: str) -> list[str]:
    """Paths there are; an empty folder is none."""
    paths = sorted(glob.glob(where)) if glob.has_magic(where) else [where]  # noqa: PTH207 # the pattern may be absolute
    return [path for path in paths if Path(path).exists() and (not Path(path).is_dir() or any(Path(path).iterdir()))]
