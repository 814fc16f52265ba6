"""Write logs, ingest them for real, and ask the database."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb

from llmlogs.ingest.engine import run
from llmlogs.ingest.options import IngestOptions
from llmlogs.ingest.report import IngestReport


class Logs:
    """A folder of log files and one database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "calls.duckdb"

    def write(self, name: str, *records: Any) -> Path:
        """JSON lines; a text is written as it is, and what ends in .gz is packed."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(record if isinstance(record, str) else json.dumps(record) + "\n" for record in records).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def ingest(self, *paths: Path, **options: Any) -> IngestReport:
        report = run([str(path) for path in paths or (self.folder / "logs",)], self.db, IngestOptions(**options))
        assert not report.errors
        assert not report.unknown
        return report

    def read(self, *records: Any, name: str = "logs/a.jsonl") -> IngestReport:
        """Write and ingest one file."""
        return self.ingest(self.write(name, *records))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.db), read_only=True) as con:
            return con.execute(sql).fetchall()

    def one(self, columns: str, where: str = "true") -> Any:
        """Columns of the only call there is; a single one as itself."""
        (row,) = self.ask(f"select {columns} from calls where {where}")
        return row[0] if len(row) == 1 else row
