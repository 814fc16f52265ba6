"""The only writer to stderr: errors, notices and the progress bar. stdout is for data."""

from __future__ import annotations

import os
import sys
import time

from llmlogs.errors import Exit

REFRESH_S = 0.1


def error(message: str) -> None:
    """Say what failed."""
    _write(f"llmlogs: {message}\n")


def note(message: str) -> None:
    """Say something a person wants to know while a command runs."""
    _write(f"{message}\n")


def unexpected(failure: Exception) -> int:
    """Usage errors of the parser and disk faults in our words; anything else is our bug and shows its traceback."""
    show = getattr(failure, "show", None)  # the parser's own errors: UsageError, BadParameter, Abort ...
    if show is not None:
        show()
        return int(getattr(failure, "exit_code", Exit.USAGE))
    if type(failure).__name__ == "Abort":
        error("aborted")
        return Exit.INTERRUPTED
    if isinstance(failure, OSError):
        error(f"{failure.strerror or failure}: {failure.filename or ''}".rstrip(": "))
        return Exit.STORAGE
    raise failure


def close_stdout() -> None:
    """After a broken pipe: give stdout a place to go, so that the interpreter's own flush at exit stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
    sys.stderr.flush()


class Progress:
    """One line on a terminal with rate and time left; nothing at all where stderr is not one."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.drawn = 0.0
        self.shown = sys.stderr.isatty()

    def update(self, done_bytes: int, total_bytes: int, label: str = "") -> None:
        """Draw at most ten times a second."""
        now = time.monotonic()
        if not self.shown or now - self.drawn < REFRESH_S:
            return
        self.drawn = now
        share = min(done_bytes / max(total_bytes, 1), 1.0)
        rate = done_bytes / max(now - self.started, 0.001)
        left = (total_bytes - done_bytes) / rate if rate and share < 1 else 0.0
        filled = int(share * 24)
        bar = "█" * filled + "░" * (24 - filled)
        _write(f"\r\x1b[2K{bar} {share:4.0%}  {rate / 1e6:.0f} MB/s  {_clock(left)} left  {label[-40:]}")

    def done(self) -> None:
        """Remove the line."""
        if self.shown and self.drawn:
            _write("\r\x1b[2K")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
