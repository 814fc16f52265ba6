"""Options that several commands share, and the configuration behind their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmlogs.config import Config, load

Db = Annotated[Path | None, typer.Option("--db", metavar="FILE", help="The database. [default: llmlogs.duckdb here, LLMLOGS_DB, or llmlogs.toml]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def settings() -> Config:
    """The configuration of this folder."""
    return load()


def database(db: Path | None) -> Path:
    """The database the user named, or the configured one."""
    return db if db is not None else settings().database
