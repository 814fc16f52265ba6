"""JSON objects behind a prefix: the time of a CloudWatch export, the stream of a container runtime."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.carriers import all_carriers, candidates
from llmlogs.carriers.base import Position, Record


def read(content: bytes, position: Position | None = None) -> list[Record]:
    return list(all_carriers()["prefixed_ndjson"].records(io.BytesIO(content), position or Position()))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'2026-03-31T12:00:00.000Z {"a": 1}', {"a": 1}),
        (b'2026-03-31T12:00:00.123456789Z stdout F {"a": {"b": 1}}', {"a": {"b": 1}}),
        (b'INFO:     proxy: {"a": 1}', {"a": 1}),
        (b'{"a": 1}', {"a": 1}),
        (b"no object at all", "not JSON"),
        (b"2026 {broken", "invalid JSON: unexpected character, expected a double quote"),
    ],
)
def test_a_line(line: bytes, expected: Any) -> None:
    position = Position()
    [record] = read(line + b"\n", position)
    if isinstance(expected, str):
        assert record.value is None
        assert record.error
    else:
        assert record.value == expected
    assert (record.offset, record.length, position.offset) == (0, len(line), len(line) + 1)


def test_a_last_line_without_its_end_waits() -> None:
    position = Position()
    assert read(b'x {"a": 1}\nx {"a"', position)[0].value == {"a": 1}
    assert position.pending == 6
    assert [record.value for record in read(b'x {"a": 1}\nx {"a": 2}\n', position)] == [{"a": 2}]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'2026-03-31T12:00:00Z {"a": 1}\n2026-03-31T12:00:01Z {"a": 2}\n', "prefixed_ndjson"),
        (b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        (b"just prose\nand more {of} it\n", ""),
        (b'{\n "a": {}\n}\n', "json_stream"),
    ],
)
def test_prefixed_lines_are_told_from_others(content: bytes, name: str) -> None:
    found = candidates(content, "x.log")
    assert (found[0].name if found else "") == name


@given(st.binary(max_size=80))
def test_no_bytes_upset_it_and_none_are_lost(content: bytes) -> None:
    position = Position()
    read(content, position)
    assert position.offset + position.pending == len(content)
