"""One line at a time: what is a record, what is rejected and why, what waits; and the neighbours always survive."""

import io

import pytest

from llmlogs.carriers import ndjson
from llmlogs.carriers.base import Position, Record

GOOD = b'{"model":"m"}'
DEEP = 2000

REJECTED: list[tuple[bytes, str]] = [
    (b'{"a":1', "invalid JSON"),
    (b'{"a":', "invalid JSON"),
    (b'{"a"', "invalid JSON"),
    (b"{", "invalid JSON"),
    (b"}", "not JSON"),
    (b'"a":1}', "two values on a line"),
    (b'{"a":1}}', "two values on a line"),
    (b'{"a":1}{"b":2}', "two values on a line"),
    (b'{"a":1} {"b":2}', "two values on a line"),
    (b'{"a":1},', "two values on a line"),
    (b'{"a":1},{"b":2}', "two values on a line"),
    (b'{"a":1} trailer', "two values on a line"),
    (b'{"a":1};', "two values on a line"),
    (b'{"a":1,}', "invalid JSON"),
    (b'{"a":1,,"b":2}', "invalid JSON"),
    (b"{'a':1}", "invalid JSON"),
    (b"{a:1}", "invalid JSON"),
    (b'{"a":01}', "invalid JSON"),
    (b'{"a":+1}', "invalid JSON"),
    (b'{"a":.5}', "invalid JSON"),
    (b'{"a":5.}', "invalid JSON"),
    (b'{"a":0x10}', "invalid JSON"),
    (b'{"a":1e}', "invalid JSON"),
    (b'{"a":True}', "invalid JSON"),
    (b'{"a":None}', "invalid JSON"),
    (b'{"a":undefined}', "invalid JSON"),
    (b'{"a":"x}', "invalid JSON"),
    (b'{"a":"\\x41"}', "invalid JSON"),
    (b'{"a":"\\u12"}', "invalid JSON"),
    (b'{"a":"tab\there"}', "invalid JSON"),
    (b'{"a":"\x01"}', "invalid JSON"),
    (b'{"a":"\x00"}', "NUL byte"),
    (b'{"a"\x00:1}', "NUL byte"),
    (b'{"a":1 /* note */}', "invalid JSON"),
    (b'// {"a":1}', "not JSON"),
    (b'# {"a":1}', "not JSON"),
    (b'data: {"a":1}', "not JSON"),
    (b'INFO {"a":1}', "not JSON"),
    (b'2026-01-02 {"a":1}', "two values on a line"),
    (b"INFO worker-3 started pid=12", "not JSON"),
    (b"Traceback (most recent call last):", "not JSON"),
    (b"<html>", "not JSON"),
    (b"null", "not an object: null"),
    (b"true", "not an object: boolean"),
    (b"42", "not an object: number"),
    (b"-1.5e3", "not an object: number"),
    (b'"text"', "not an object: string"),
    (b"[]", "not an object: array"),
    (b"[1,2,3]", "not an object: array"),
    (b'[{"a":1}]', "not an object: array"),
    (b"NaN", "not an object: null"),
    (b"nope", "invalid JSON"),
    (b"[1,2", "invalid JSON"),
    (b"\xff\xfe\xfd", "not JSON"),
    (b'{"k\xff":1}', "invalid UTF-8 in a key"),
    (b'{"a":{"k\xc3":1}}', "invalid UTF-8 in a key"),
    (b'{"\\ud800":1}', "invalid UTF-8 in a key"),
    (b'\xff{"a":1}', "not JSON"),
    (b'{"a":\xff}', "invalid JSON"),
    (b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}", "nested too deeply"),
    (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested too deeply"),
    (b'{"a":' + b"[" * 100_000, "nested too deeply"),
    (b'{"a":1', "invalid JSON"),
    (b'{"a":1]', "invalid JSON"),
    (b'["a":1]', "invalid JSON"),
]

ACCEPTED: list[tuple[bytes, object, str]] = [
    (b"{}", {}, ""),
    (b'  {"a":1}\t', {"a": 1}, ""),
    (b'{"a":1}\r', {"a": 1}, ""),
    (b'\xef\xbb\xbf{"a":1}', {"a": 1}, ""),
    (b'\x00\x00{"a":1}\x00', {"a": 1}, ""),
    (b'\x1e{"a":1}', {"a": 1}, ""),
    (b'{"a":1,"a":2}', {"a": 2}, ""),
    (b'{"a":NaN}', {"a": None}, "not_a_number"),
    (b'{"a":[Infinity,-Infinity]}', {"a": [None, None]}, "not_a_number"),
    (b'{"a":1e400}', {"a": None}, "not_a_number"),
    (b'{"a":"\xff"}', {"a": "\ufffd"}, "encoding"),
    (b'{"a":"\\ud800"}', {"a": "\ufffd"}, "encoding"),
    (b'{"a":"caf\xc3\xa9 \\ud83d\\ude00"}', {"a": "café 😀"}, ""),
    (b'{"a":9223372036854775807}', {"a": 9223372036854775807}, ""),
    (b'{"a":18446744073709551616}', {"a": 18446744073709551616.0}, ""),
    (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", None, ""),
]


def read(content: bytes, position: Position | None = None) -> list[Record]:
    return list(ndjson.CARRIER.records(io.BytesIO(content), position or Position()))


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_a_bad_line_is_rejected_alone_and_in_its_place(line: bytes, reason: str) -> None:
    before, bad, after = read(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    assert bad.error.startswith(reason)
    assert (bad.line, bad.offset, bad.length, bad.value) == (2, len(GOOD) + 1, len(line), None)
    assert (before.value, after.value, after.line) == ({"model": "m"}, {"model": "m"}, 3)


@pytest.mark.parametrize(("line", "value", "note"), ACCEPTED)
def test_a_line_that_can_be_read_is_read_and_repairs_are_noted(line: bytes, value: object, note: str) -> None:
    _, record, _ = read(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    assert (record.error, record.note) == ("", note)
    assert value is None or record.value == value


@pytest.mark.parametrize("blank", [b"", b"  ", b"\t", b"\r", b"\x00\x00\x00", b"\x1e"])
def test_a_blank_line_is_counted_and_is_no_record(blank: bytes) -> None:
    position = Position()
    assert [record.line for record in read(GOOD + b"\n" + blank + b"\n" + GOOD + b"\n", position)] == [1, 3]
    assert (position.line, position.blank) == (3, 1)


@pytest.mark.parametrize("tail", [b"{", b'{"model":"m"', b"4", b"nope", b"   ", b"\x00\x00", b"[1]"])
def test_an_unfinished_last_line_waits(tail: bytes) -> None:
    position = Position()
    assert len(read(GOOD + b"\n" + tail, position)) == 1
    assert (position.offset, position.pending) == (len(GOOD) + 1, len(tail))


def test_a_last_line_without_newline_is_read_when_it_is_an_object() -> None:
    position = Position()
    assert len(read(GOOD + b"\n" + GOOD, position)) == 2
    assert (position.pending, position.unterminated) == (0, True)


@pytest.mark.parametrize(
    ("more", "lines", "blanks"), [(b"\n" + GOOD + b"\n", [2], 0), (b"\r\n\n" + GOOD, [3], 1), (b"", [], 0), (b"\n", [], 0), (GOOD, [2], 0)]
)
def test_the_newline_that_was_missing_is_no_blank_line(more: bytes, lines: list[int], blanks: int) -> None:
    position = Position()
    read(GOOD, position)
    assert [record.line for record in read(GOOD + more, position)] == lines
    assert position.blank == blanks


def test_a_giant_line_is_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "MAX_RECORD", 64)
    giant = b'{"a":"' + b"x" * 1000 + b'"}'
    _, bad, after = read(GOOD + b"\n" + giant + b"\n" + GOOD + b"\n")
    assert bad.error.startswith("line longer than")
    assert (bad.offset, bad.length) == (len(GOOD) + 1, len(giant))
    assert (after.line, after.offset) == (3, len(GOOD) + len(giant) + 2)


def test_a_giant_unfinished_line_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "MAX_RECORD", 64)
    position = Position()
    assert len(read(GOOD + b"\n" + b"x" * 1000, position)) == 1
    assert (position.offset, position.pending) == (len(GOOD) + 1, 1000)


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b'{"a":"' + b"x" * ndjson.CUT, 0.6),  # a line that goes on: lines are read faster than documents
        (b'{\n"a":"' + b"x" * ndjson.CUT, 0.1),
        (b"[1," + b"1," * ndjson.CUT, 0.0),
        (b'{"a":1', 0.1),
    ],
)
def test_a_head_that_ends_within_its_first_line(head: bytes, sure: float) -> None:
    assert ndjson.CARRIER.sniff(head, "x") == sure
