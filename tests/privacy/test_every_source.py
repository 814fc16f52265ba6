"""A key, an authorization header and an e-mail address in any text field of any source never reach a row: planted in one field of a sample after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmlogs import sources
from llmlogs.carriers.base import Record
from llmlogs.ingest.keeping import Keeper
from llmlogs.ingest.reading import Reading
from llmlogs.ingest.spool import Spool
from llmlogs.privacy import label
from llmlogs.sources.base import Context, Source

KEY = "sk-canary-4f9d8a7b6c5e4d3c2b1a0f9e8d7c6b5a"
PLANTED = (KEY, f"Authorization: Bearer {KEY}", "canary.person@example.com", f"Bearer canary-token-77 of canary.person@example.com, {KEY}")
LOOKED_FOR = (KEY, "canary-token-77", "canary.person@example.com", "canary.person")
Place = tuple[Any, ...]


def texts(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where texts stand in a record."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(item, (*place, key))


def planted(records: list[Any], place: Place, text: str) -> list[Any]:
    copy = json.loads(json.dumps(records))
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = text
    return list(copy)


def kept(source: Source, records: list[Any], folder: Path) -> str:
    """Every row that comes of the records, in every table."""
    with Spool() as spool:
        reading: Any = Reading(1, position=None)  # type: ignore[arg-type] # nothing is read from a stream here
        keeper = Keeper(source.name, reading, spool, Context("log.jsonl", b"0123456789abcdef"), lambda: None)
        for outcome in source.read([Record(n, 0, 0, value) for n, value in enumerate(records, start=1)], Context("log.jsonl", b"0123456789abcdef")):
            keeper.take(outcome)
        spool.flush()
        return "".join(path.read_text(encoding="utf-8") for path in sorted(spool.folder.glob("*.ndjson"))) + repr(reading)


def records_of(source: Source) -> list[list[Any]]:
    """The records of each sample that is made of JSON lines."""
    found = []
    for sample in source.samples:
        try:
            found.append([json.loads(line) for line in sample.lines.splitlines() if line.strip()])
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("name", sorted(sources.all_sources()))
def test_no_field_lets_a_secret_in(name: str, tmp_path: Path) -> None:
    source = sources.get(name)
    leaks = [
        (place, text)
        for records in records_of(source)
        for place in texts(records)
        for text in PLANTED
        if any(word in kept(source, planted(records, place, text), tmp_path) for word in LOOKED_FOR)
    ]
    assert leaks == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search", "search"),
        ("sk-team", "sk-team"),
        ("ask-anything-about-the-manual", "ask-anything-about-the-manual"),
        ("a@b", "a@b"),
        (KEY, "<key>"),
        (f"Bearer {KEY}", "Bearer <key>"),
        ("bearer abc", "bearer <key>"),
    ],
)
def test_labels(text: str, expected: str) -> None:
    assert label(text, b"k") == expected


def test_a_user_stays_one_user() -> None:
    one, same, other = (label(text, b"k") for text in ("Ann@Example.com", "ann@example.com", "bob@example.com"))
    assert one == same != other
    assert label("team:ann@example.com", b"k") == f"team:{one}"
    assert label("ann@example.com", b"another") != one
