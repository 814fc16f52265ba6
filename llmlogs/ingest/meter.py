"""Where an ingest stands, in bytes on disk: written by the thread that reads, looked at by the one that draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _none() -> float:
    return 0.0


@dataclass
class Meter:
    """`part` gives the share (0..1) of the file being read; it may be called from another thread at any time."""

    total: int = 0
    done: int = 0
    label: str = ""
    size: int = 0
    part: Callable[[], float] = _none

    def begin(self, label: str, size: int) -> None:
        """The next file."""
        self.label, self.size, self.part = label, size, _none

    def end(self) -> None:
        """The file is read."""
        self.done, self.size, self.part = self.done + self.size, 0, _none

    @property
    def bytes(self) -> float:
        """Read so far."""
        return self.done + self.size * min(max(self.part(), 0.0), 1.0)
