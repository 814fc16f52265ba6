"""The first half of the careful reader in a process of its own: it parses and understands while this one keeps and loads.

It runs the code of ingest/reading.py over the same file in the same order, so that the results are those of reading in one process. What it cannot do
(it does not start, it dies, a source has a fault) is `Lost`: nothing it told is kept, and the file is read again here, with the error it then has.
The other process holds no database and writes no file; it ends when its pipes close, however this one ended. It is a fresh interpreter and no fork:
a connection to DuckDB does not survive one, and a program that calls `llmlogs.api` need not guard its own main module.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import astuple, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, cast

from llmlogs.carriers import all_carriers, compression
from llmlogs.carriers.base import Position
from llmlogs.ingest.discover import Plan
from llmlogs.ingest.reading import Listener, Place, Reading, read
from llmlogs.sources import all_sources
from llmlogs.sources.base import Context, Outcome

WORTH = 32 << 20  # bytes still to be read that pay for starting another interpreter (some 0.3 s)
SMALL = 256 << 10  # a file below this is read sooner than handed over
TOGETHER = 512  # outcomes in one message, some 250 kB
WITH_TEXTS = 16  # where they carry texts of prompts and answers
WAITING = 32 << 20  # bytes of messages that may wait to be kept
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
UNPACKED = attrgetter(*(member.name for member in fields(Outcome)))
PROGRAM = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from llmlogs.ingest.apart import main; main()"


class Lost(Exception):  # noqa: N818 # no error of the user's: the file is read again
    """The other process did not read the file to its end."""


class Apart:
    """The other process, started when there is enough to read and ended on exit."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._usable = _cores() > 1 and Path(sys.executable or "").name.lower().startswith("python") and not getattr(sys, "frozen", False)
        self.consumed = 0  # bytes of the present file on disk

    def __enter__(self) -> Apart:
        return self

    def worth(self, plan: Plan, size: int, left: int) -> bool:
        """Whether a file of `size` bytes should be read apart, where `left` bytes are to be read in all, it included."""
        if not self._usable or size < SMALL or (self._process is None and left < WORTH):
            return False
        known = all_carriers().get(plan.carrier.name) is plan.carrier and all_sources().get(plan.source.name) is plan.source
        return known and self._start()

    def _start(self) -> bool:
        if self._process is None:
            command = [sys.executable, "-I", *(["-B"] if sys.dont_write_bytecode else []), "-c", PROGRAM]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            try:
                self._process = subprocess.Popen(command, bufsize=1 << 20, creationflags=NO_WINDOW, **pipes)  # type: ignore[call-overload] # noqa: S603 # ourselves
                self._send(sys.path)
            except (OSError, Lost):
                self.__exit__()
        return self._usable

    def read(self, plan: Plan, reading: Reading, context: Context, listener: Listener) -> tuple[list[dict[str, Any]], str]:
        """As ingest/reading.py's `read`. Lost when it was not read to its end: then the listener heard what must be forgotten."""
        self.consumed = 0
        self._send((str(plan.path), plan.shown, plan.carrier.name, plan.source.name, plan.compression, astuple(reading.position), context))
        while (message := self._hear())[0] == "told":
            for item in message[1]:
                if len(item) == 2:
                    listener.note(*item)
                else:
                    listener.take(Outcome(*item[:-1]), item[-1])
            self.consumed = max(self.consumed, message[2])
        if message[0] != "done":
            raise Lost
        _, position, reading.read, reading.error, unread, tail = message
        reading.position = Position(*position)
        return unread, tail

    def _send(self, message: Any) -> None:
        try:
            stdin = cast(BinaryIO, cast("subprocess.Popen[bytes]", self._process).stdin)
            pickle.dump(message, stdin)
            stdin.flush()
        except OSError as failure:
            self.__exit__()
            raise Lost from failure

    def _hear(self) -> Any:
        try:
            return pickle.load(cast(BinaryIO, cast("subprocess.Popen[bytes]", self._process).stdout))  # noqa: S301 # by our own process
        except Exception as failure:  # half a message of a process that died may look like anything
            self.__exit__()
            raise Lost from failure

    def __exit__(self, *_: object) -> None:
        self._usable = False
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what it will never read
                    cast(BinaryIO, pipe).close()


def _cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """The other process: reads one file after the other as it is told to, until nobody is there to tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what an interrupt ends
    post = _Post(os.fdopen(os.dup(1), "wb", buffering=0))
    os.dup2(2, 1)  # what a library prints must not come between the messages
    try:
        while True:
            _serve(pickle.load(sys.stdin.buffer), post)  # noqa: S301 # by the process that started this one
    except (EOFError, OSError):
        os._exit(0)  # not waiting for messages nobody will read


def _serve(order: tuple[Any, ...], post: _Post) -> None:
    path, shown, carrier, source, packed, position, context = order
    try:
        plan = Plan(Path(path), shown, all_carriers()[carrier], all_sources()[source], packed, "")
        reading = Reading(0, Position(*position))
        told = _Told(post, WITH_TEXTS if context.store_text != "none" else TOGETHER)
        unread, tail = read(plan, reading, context, told, told.watch)
        told.flush()
        post.send(("done", astuple(reading.position), reading.read, reading.error, unread, tail))
    except Exception:  # whatever it is, it will be told of when the file is read where it can be told
        post.send(("failed",))


class _Told:
    """Hears what becomes of the records, and passes it on in bundles."""

    def __init__(self, post: _Post, together: int) -> None:
        self._post, self._together = post, together
        self._bundle: list[tuple[Any, ...]] = []
        self._stream: BinaryIO | None = None

    def watch(self, stream: BinaryIO) -> None:
        """Where the reader stands is seen by the stream it reads."""
        self._stream = stream

    def take(self, outcome: Outcome, place: Place | None = None) -> None:
        self._bundle.append((*UNPACKED(outcome), place))
        if len(self._bundle) >= self._together:
            self.flush()

    def note(self, line: int, note: str) -> None:
        self._bundle.append((line, note))

    def flush(self) -> None:
        """Send what waits."""
        self._post.send(("told", self._bundle, compression.consumed(self._stream) if self._stream else 0))
        self._bundle = []


class _Post:
    """Sends messages from a thread of its own, so that reading goes on while the first process loads; WAITING bytes of them wait, and one more."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._room, self._bytes = out, threading.Condition(), 0
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def send(self, message: tuple[Any, ...]) -> None:
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._room:
            self._room.wait_for(lambda: self._bytes < WAITING)
            self._bytes += len(packed)
        self._waiting.put(packed)

    def _run(self) -> None:
        try:
            while True:
                packed = rest = memoryview(self._waiting.get())
                while rest:
                    rest = rest[self._out.write(rest) :]
                with self._room:
                    self._bytes -= len(packed)
                    self._room.notify()
        except OSError:  # nobody hears any more
            os._exit(0)
