"""What the engine asks of the fast reader: `llmlogs.ingest.fast.load(con, ingest_id, file_id, path, source, options) -> FastResult | None`.

It is asked for plain NDJSON of FAST_FROM bytes and more whose source has `columns`. It writes call_rows itself (hidden until the ingest is finished)
and returns what it found; None means that the careful reader shall take the file, and that nothing of the attempt is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FAST_FROM = 4 << 20


@dataclass
class FastResult:
    """records = calls + rejected + skipped; merging comes later. An unfinished last line is in none of them."""

    lines: int
    blank_lines: int
    records: int
    calls: int
    rejected: int
    read_bytes: int
    skipped: int = 0
    pending_bytes: int = 0
    unterminated: bool = False  # the last line that was read had no newline
    rejects: list[tuple[int, int, int, str, str]] = field(default_factory=list)  # (line, byte offset, length, reason, shape)
    issues: list[tuple[int, str, str, str, str]] = field(default_factory=list)  # (line, call_id, column, reason, type of the value found)
    skips: dict[str, int] = field(default_factory=dict)
    why: str = "fast"  # for files.reader
