"""What a source may judge a file by: its first objects, and of a table without rows the names of its columns."""

from __future__ import annotations

from typing import Any

from llmlogs.carriers.base import Head


def objects(head: Head) -> list[dict[str, Any]]:
    """The first records that are objects; of a table with a header alone one row of NULLs."""
    found = [value for value in head.values if isinstance(value, dict)]
    return found or ([dict.fromkeys(head.columns)] if head.columns else [])
