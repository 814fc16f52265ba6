"""What one `llmlogs ingest` did, in numbers that add up."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Counts:
    """records = calls + other + merged + skipped + rejected."""

    records: int = 0
    calls: int = 0
    other: int = 0
    merged: int = 0
    skipped: int = 0
    rejected: int = 0
    pending_bytes: int = 0

    @property
    def balanced(self) -> bool:
        return self.records == self.calls + self.other + self.merged + self.skipped + self.rejected

    def __add__(self, more: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(more, f.name) for f in fields(Counts)))

    def as_json(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(Counts)}


@dataclass
class FileReport:
    """What this run did with one file. `error` is a sentence for the user; `unknown` says what was seen in a file no source took."""

    path: str
    source: str = ""
    carrier: str = ""
    reader: str = ""
    why: str = ""
    counts: Counts = field(default_factory=Counts)
    already_ingested: bool = False
    error: str = ""
    unknown: str = ""
    reject_reasons: dict[str, int] = field(default_factory=dict)
    skip_kinds: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        said = {"source": self.source, "carrier": self.carrier, "already_ingested": int(self.already_ingested), "files": 1}
        extra = {"error": self.error, "unknown": self.unknown, "reject_reasons": self.reject_reasons, "skip_kinds": self.skip_kinds}
        return {"path": self.path} | self.counts.as_json() | said | {key: value for key, value in extra.items() if value}


@dataclass
class IngestReport:
    """The whole run."""

    files: list[FileReport] = field(default_factory=list)
    run_id: str = ""
    seconds: float = 0.0
    bytes: int = 0
    interrupted: bool = False

    @property
    def total(self) -> Counts:
        return sum((file.counts for file in self.files), Counts())

    @property
    def already_ingested(self) -> int:
        return sum(file.already_ingested for file in self.files)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(path, sentence) of files that could not be read, or not to their end."""
        return [(file.path, file.error) for file in self.files if file.error]

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """(path, what was seen) of files no source took."""
        return [(file.path, file.unknown) for file in self.files if file.unknown]

    @property
    def readable(self) -> bool:
        """Something could be read, or had been before."""
        return any(not file.unknown and (not file.error or file.counts.records) for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """The form `--json` prints: this run's counters, in total and per file."""
        named = {"files": len(self.files), "already_ingested": self.already_ingested}
        talk = {"seconds": round(self.seconds, 3), "bytes": self.bytes, "run_id": self.run_id}
        lists = {"errors": [{"path": p, "error": e} for p, e in self.errors], "unknown": [{"path": p, "seen": u} for p, u in self.unknown]}
        return self.total.as_json() | named | talk | lists | {"per_file": {file.path: file.as_json() for file in self.files}}
