"""The only writer to stderr: errors, notices and the progress bar. stdout is for data."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from llmlogs.errors import Exit

REFRESH_S = 0.2


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


@contextmanager
def progress(look: Callable[[], tuple[float, int, str]]) -> Iterator[None]:
    """On a terminal one line with share, rate and time left, redrawn while the block runs. `look` gives (bytes done, bytes in all, label)."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    painter = threading.Thread(target=_paint, args=(look, over), daemon=True)
    painter.start()
    try:
        yield
    finally:
        over.set()
        painter.join()
        _write("\r\x1b[2K")


def _paint(look: Callable[[], tuple[float, int, str]], over: threading.Event) -> None:
    started, furthest = time.monotonic(), 0.0
    while not over.wait(REFRESH_S):
        done, total, label = look()
        furthest = done = max(done, furthest)  # a step that cannot tell how far it is says 0
        share = min(done / total, 1.0) if total else 0.0
        rate = done / (time.monotonic() - started)
        left = "finishing" if share == 1 else f"{_clock((total - done) / rate)} left" if rate else "…"
        filled = int(share * 24)
        name = "".join(char if char.isprintable() else "?" for char in label[-40:])
        _write(f"\r\x1b[2K{'█' * filled}{'░' * (24 - filled)} {share:4.0%}  {rate / 1e6:.0f} MB/s  {left}  {name}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
