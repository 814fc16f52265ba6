"""Fields that a source never looks at: what a new version of a format brought, or what a mapping leaves out. Seen on the first records of a file.

Nothing has to be declared: the first records are handed to the source as dicts that remember which of their keys were asked for. A key that no record
was asked for is unread. Keys are kept, values never; a key that is no plain name (an id, an address used as a key) counts as `*`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from llmlogs.carriers.base import Record

WATCHED = 50  # records of a file
WATCHED_BYTES = 1 << 20  # and no more than this of them, after the first: a record may hold thousands of things
DEEPEST = 6
MOST = 200  # fields of a file
NAME = re.compile(r"[A-Za-z_@$][A-Za-z0-9_.:/@$ -]{0,63}")
Path = tuple[str, ...]


class Watched(dict[str, Any]):
    """A dict that remembers which keys were asked for, and asked for all when it was gone through."""

    def __init__(self, given: Mapping[str, Any], depth: int = 0) -> None:
        super().__init__((key, _watch(value, depth + 1)) for key, value in given.items())
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        self.asked.add(key)
        return super().pop(key, *default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self.asked.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:  # a view's type is the interpreter's own
        self.asked.update(super().keys())
        return super().keys()

    def items(self) -> Any:
        self.asked.update(super().keys())
        return super().items()

    def values(self) -> Any:
        self.asked.update(super().keys())
        return super().values()

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[()]]:
        """On its way to another process only its kind counts: no column holds a dict, and going through it would ask for all."""
        return dict, ()

    def unread(self) -> Iterator[tuple[str, Any, bool]]:
        """(key, value, whether it was asked for), without asking."""
        return ((key, value, key in self.asked) for key, value in dict.items(self))


def _watch(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth <= DEEPEST:
        return Watched(value, depth)
    return [_watch(item, depth) for item in value] if isinstance(value, list) else value


class Watch:
    """What was and was not asked for in the first records of one file."""

    def __init__(self) -> None:
        self._seen: list[Watched] = []
        self._bytes = 0

    def over(self, record: Record) -> Record:
        """The record as the source may have it."""
        if len(self._seen) >= WATCHED or self._bytes > WATCHED_BYTES or not isinstance(record.value, dict):
            return record
        self._bytes += record.length
        value = Watched(record.value)
        self._seen.append(value)
        return Record(record.line, record.offset, record.length, value, record.error, record.note)

    def unread(self) -> list[dict[str, Any]]:
        """Rows of unread_fields: the topmost fields nobody asked for, in how many of the records seen."""
        found: Counter[Path] = Counter()
        read: set[Path] = set()
        kinds: dict[Path, str] = {}
        for value in self._seen:
            here: set[Path] = set()
            _collect(value, (), here, read, kinds)
            found.update(here)
        left = [path for path in found if path not in read and not any(above in found and above not in read for above in _above(path))]
        rows = [{"path": ".".join(path), "kind": kinds[path], "records": found[path], "of": len(self._seen)} for path in sorted(left)]
        return rows[:MOST]


def _above(path: Path) -> Iterator[Path]:
    """The fields a field stands in."""
    return ((*path[: n - 1], path[n - 1].removesuffix("[]")) for n in range(1, len(path)))


def beside(records: Iterable[dict[str, Any]], paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The same for a mapping, whose fields are known: what the first records have beside them."""
    watch = Watch()
    wanted = list(paths)
    for value in islice(records, WATCHED):
        seen = watch.over(Record(0, 0, 0, value)).value
        for path in wanted:
            _ask(seen, path)
    return watch.unread()


def _ask(value: Any, path: Path) -> None:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None


def _collect(value: Any, path: Path, unread: set[Path], read: set[Path], kinds: dict[Path, str]) -> None:
    if isinstance(value, Watched):
        for key, item, asked in value.unread():
            here = (*path, key if NAME.fullmatch(key) else "*")
            (read if asked else unread).add(here)
            kinds.setdefault(here, _kind(item))
            _collect(item, here, unread, read, kinds)
    elif isinstance(value, list):
        for item in value[:WATCHED]:
            _collect(item, (*path[:-1], f"{path[-1]}[]") if path else path, unread, read, kinds)


def _kind(value: Any) -> str:
    names = {Watched: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")
