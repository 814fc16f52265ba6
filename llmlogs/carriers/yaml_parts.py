"""Cuts a YAML cassette into its interactions by lines, so that none but the one at hand is held and a broken one costs only itself.

Three layouts: a list under `interactions:` or `http_interactions:`, a list at the top, or one interaction a document. Documents are parted by `---`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from llmlogs.carriers.base import MAX_RECORD
from llmlogs.carriers.parsing import BOM

_LIST = re.compile(rb"""["']?(?:http_)?interactions["']?\s*:\s*(.*)""")
_ITEM = re.compile(rb"( *)-(?:\s|\Z)")
_KEY = re.compile(rb"""["']?[\w-]+["']?\s*:""")
_SINGLE = re.compile(rb"""["']?(?:request|response|recorded_at)["']?\s*:""")
_BOUNDARY = re.compile(rb"(?:---|\.\.\.)(?:\s|\Z)")


@dataclass
class Part:
    """One interaction, or what stands around them. `text` is None beyond the limit; `closed` when something follows it that shows that it is whole."""

    what: str  # interaction | around
    offset: int
    length: int = 0
    text: bytes | None = b""
    closed: bool = False
    lines: list[bytes] = field(default_factory=list)

    def add(self, line: bytes) -> None:
        """A further line."""
        self.length += len(line)
        if self.length <= MAX_RECORD:
            self.lines.append(line)
        else:
            self.lines.clear()

    def finish(self, closed: bool) -> Part:
        """The part with its text."""
        self.closed = closed
        self.text = b"".join(self.lines) if self.length <= MAX_RECORD else None
        self.lines = []
        return self


def parts(stream: BinaryIO) -> Iterator[Part]:
    """All parts from the start of the stream, in order and without gaps; only the last may be unclosed."""
    cutter = _Cutter()
    while line := stream.readline(MAX_RECORD):
        done = cutter.take(line)
        if done is not None:
            yield done
    if cutter.part.length:
        yield cutter.part.finish(closed=cutter.part.what == "around" and bool(cutter.at))


class _Cutter:
    def __init__(self) -> None:
        self.at = 0
        self.part = Part("around", 0)
        self._listed = False  # inside a list of interactions
        self._indent: int | None = None

    def take(self, line: bytes) -> Part | None:
        """The part that ends before this line, if one does."""
        plain = (line.removeprefix(BOM) if self.at == 0 else line).rstrip(b"\r\n")
        done = self._turn(self._starts(plain)) if plain.strip() else None
        self.part.add(line)
        self.at += len(line)
        return done

    def _turn(self, what: str) -> Part | None:
        """Begin a part of that kind; '' goes on with the one at hand."""
        if not what or (what == "around" and self.part.what == "around"):
            return None
        done = self.part.finish(closed=True) if self.part.length else None
        self.part = Part(what, self.at)
        return done

    def _starts(self, line: bytes) -> str:
        """What begins with this line: an interaction, something else, or nothing new."""
        if _BOUNDARY.match(line) or line.startswith(b"%"):
            self._listed, self._indent = False, None
            return "around"
        listed = _LIST.match(line)
        if listed:
            self._listed, self._indent = True, None
            inline = listed.group(1).split(b" #")[0].strip()
            return "around" if inline in (b"", b"[]") or inline.startswith((b"&", b"#")) else "interaction"
        item = _ITEM.match(line)
        if item and (self._listed or (item.end(1) == 0 and self.part.what != "interaction")):
            self._listed = True
            if self._indent is None:
                self._indent = item.end(1)
            return "interaction" if item.end(1) == self._indent else ""
        if line[:1] in (b" ", b"\t", b"#"):
            return ""
        if not self._listed and _SINGLE.match(line):
            return "interaction" if self.part.what != "interaction" else ""
        if _KEY.match(line):
            single = self.part.what == "interaction" and not self._listed
            self._listed = False if not single else self._listed
            return "" if single else "around"
        return ""
