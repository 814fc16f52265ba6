"""Where the plain files of the project lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder(kind: str) -> Path:
    """The built-in `queries` or `reports` folder."""
    bundled = PACKAGE / "_data" / kind
    return bundled if bundled.is_dir() else PACKAGE.parent / kind
