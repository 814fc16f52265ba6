"""One family of errors a person can act on: what, where, why, what to do next; and the exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the process returns, the same for every command."""

    DONE = 0  # rejected records included: they are shown, not hidden
    ALARM = 1  # `check`, `--fail-on`, or rejected records under --strict
    USAGE = 2  # wrong usage or configuration
    NO_INPUT = 3  # nothing could be read
    LOCKED = 4  # another process holds the database
    STORAGE = 5  # disk, permission, or a damaged database
    INTERRUPTED = 130


@dataclass
class LlmlogsError(Exception):
    """A failure that is told to the user in one to four short lines, never as a traceback."""

    what: str
    where: str = ""
    why: str = ""
    next_step: str = ""
    code: Exit = Exit.USAGE

    def __str__(self) -> str:
        head = f"{self.what}: {self.where}" if self.where else self.what
        lines = [head, self.why, f"next: {self.next_step}" if self.next_step else ""]
        return "\n".join(line for line in lines if line)


class UsageError(LlmlogsError):
    """The command line or a file the user wrote (config, mapping, prices, question) is wrong."""


@dataclass
class NoInputError(LlmlogsError):
    """Nothing that was named could be read."""

    code: Exit = Exit.NO_INPUT


@dataclass
class LockedError(LlmlogsError):
    """Another process has the database open for writing."""

    code: Exit = Exit.LOCKED


@dataclass
class StorageError(LlmlogsError):
    """The disk, a permission, or the database file itself fails."""

    code: Exit = Exit.STORAGE
