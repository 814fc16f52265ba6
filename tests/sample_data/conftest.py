"""Each sample set is read once for all tests."""

import os
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmlogs.ingest import engine
from llmlogs.store import database

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"
SETS = sorted(path.parent.name for path in FOLDER.glob("*/truth.toml"))


@dataclass(frozen=True)
class Read:
    """A set in a database, the counters of its ingest, and what is true of it."""

    db: Path
    counts: dict[str, Any]
    truth: dict[str, Any]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Result of a query."""
        con = database.open_for_read(self.db)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from the name of a set to the set, ingested from inside its folder so that its own mapping file holds."""
    folder = tmp_path_factory.mktemp("sets")

    @cache
    def ingest(name: str) -> Read:
        home, db = folder / name, folder / f"{name}.duckdb"
        shutil.copytree(FOLDER / name, home)
        truth = tomllib.loads((home / "truth.toml").read_text(encoding="utf-8"))
        (home / "truth.toml").unlink()
        before = Path.cwd()
        try:
            os.chdir(home)
            return Read(db, engine.run(["."], db).as_json(), truth)
        finally:
            os.chdir(before)

    return ingest
