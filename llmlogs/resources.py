"""Where the plain files of the project lie: beside the package in a checkout, inside it in a wheel; and where users lay their own."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PROJECT = Path(".llmlogs")


def folder(kind: str) -> Path:
    """The built-in `queries` or `reports` folder."""
    bundled = PACKAGE / "_data" / kind
    return bundled if bundled.is_dir() else PACKAGE.parent / kind


def overlays(kind: str) -> tuple[Path, ...]:
    """Folders with `sources`, `queries` or `reports` of one's own, the user's and the project's; a later one overrides an earlier one."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "llmlogs" / kind, PROJECT / kind
