"""Cumulative token counts of a session, and what each `token_count` line adds to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.usage import integer

# `input_tokens` includes the two cached parts, `output_tokens` includes reasoning; `total_tokens` repeats the sum and is no count of its own.
PARTS = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens")
COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
Counts = tuple[int | None, ...]


def counts_of(raw: Any) -> Counts | None:
    """The parts of a usage object; an absent part is None. None for what is no usage, or has a count that cannot be read."""
    if not isinstance(raw, dict):
        return None
    found = tuple(None if raw.get(name) is None else integer(raw[name]) for name in PARTS)
    broken = any(number is None and raw.get(name) is not None for name, number in zip(PARTS, found, strict=True))
    return None if broken or found[0] is None or found[3] is None else found


@dataclass(frozen=True, slots=True)
class Step:
    """What one line adds. `kind`: call, repeat (nothing new), none (no counts), full (the program declared the context full, no call was made)."""

    kind: str
    counts: Counts = ()
    gap: bool = False  # more was added than the line's own call used: a line between was lost

    def columns(self) -> Row:
        """Token columns of the call; what the log does not count stays absent."""
        return {column: number for column, number in zip(COLUMNS, self.counts, strict=True) if number is not None}


@dataclass(slots=True)
class Totals:
    """Where a session's counters stand. `era` counts how often they began anew."""

    total: Counts | None = None
    era: int = 0

    def add(self, total: Counts | None, last: Counts | None) -> Step:
        """Take a line's cumulative and own counts, either of which may be missing."""
        if total is None:
            return Step("call", last) if last is not None and any(last) else Step("none")
        before, self.total = self.total, total
        if before is None:
            return self._fresh(total, last)
        added = tuple(None if new is None else new - (old or 0) for new, old in zip(total, before, strict=True))
        if not any(added):
            return Step("repeat")
        if any(number is not None and number < 0 for number in added):
            self.era += 1
            return self._fresh(total, last)
        return Step("call", added, gap=last is not None and last != added)

    @staticmethod
    def _fresh(total: Counts, last: Counts | None) -> Step:
        """The first line of an era: its total may hold calls that stand elsewhere, so its own counts say what it added."""
        if not any(total) or (last is not None and not any(last)):
            return Step("full")
        return Step("call", total if last is None else last, gap=last is not None and last != total)

    def identity(self, last: Counts | None) -> str:
        """An id that copies of the line share and no other line of the same session has: the counters only rise within an era."""
        told = repr((self.era, self.total, last)).encode()
        return "codex-" + hashlib.blake2b(told, digest_size=12).hexdigest()
