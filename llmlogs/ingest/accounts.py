"""Proves, for every file, that each record ended in exactly one place. The count of records is taken apart from the count of outcomes."""

from __future__ import annotations

from llmlogs.ingest.report import Counts


def mismatch(counts: Counts, records_read: int, main_outcomes: int) -> str:
    """Why the accounts of a file do not close, or ''. A nested outcome is a record of its own; every record read has one main outcome."""
    if main_outcomes != records_read:
        return f"{records_read} records were read and {main_outcomes} were answered for"
    return "" if counts.balanced else f"records and what became of them differ: {counts.as_json()}"
