"""Arrays, concatenated objects, pages and CSV: every value in its place, debris rejected, what is cut short waits."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.carriers import all_carriers, candidates, scan
from llmlogs.carriers.base import Position, Record

TRICKY = b'[{"a":"x\\\\","b":"\\"}{["},{"c":"\xc3\xa9\\u00e9"}, {"d":[[{}]]}]'


def read(name: str, content: bytes, position: Position | None = None) -> list[Record]:
    return list(all_carriers()[name].records(io.BytesIO(content), position or Position()))


def seen(records: list[Record]) -> list[Any]:
    return [record.error or record.value for record in records]


@pytest.mark.parametrize(
    ("content", "expected", "pending"),
    [
        (b"[]", [], 0),
        (b'[{"a":1},{"a":2}]\n', [{"a": 1}, {"a": 2}], 0),
        (b'\xef\xbb\xbf [ {"a":1} , {"a":2} , ]', [{"a": 1}, {"a": 2}], 0),
        (b'[{"a":1},{"a":}]', [{"a": 1}, "invalid JSON: unexpected character, expected a JSON value"], 0),
        (b'[1,"x",[2],{"a":1}]', ["not an object: number", "not an object: string", "not an object: array", {"a": 1}], 0),
        (b'[{"a":1},{"a":2', [{"a": 1}], 6),
        (b'[{"a":1}', [{"a": 1}], 0),
        (b'[{"a":1}] x', [{"a": 1}, "not JSON"], 0),
    ],
)
def test_an_array(content: bytes, expected: list[Any], pending: int) -> None:
    position = Position()
    assert seen(read("json", content, position)) == expected
    assert (position.pending, position.line) == (pending, len(expected))
    assert position.offset + pending == len(content)


@pytest.mark.parametrize(
    ("content", "expected", "pending"),
    [
        (b'{"a":1}{"b":\n 2}\n\n{"c":3}', [{"a": 1}, {"b": 2}, {"c": 3}], 0),
        (b'{\n  "a": 1\n}\n{\n  "a": ', [{"a": 1}], 9),
        (b'{"a":1} debris\n{"b":2}', [{"a": 1}, "not JSON", {"b": 2}], 0),
        (b'{"a":1}}{"b":2}', [{"a": 1}, "not JSON", {"b": 2}], 0),
        (b'{"a":1},\n{"b":2},\n', [{"a": 1}, {"b": 2}], 0),
    ],
)
def test_objects_one_after_the_other(content: bytes, expected: list[Any], pending: int) -> None:
    position = Position()
    assert seen(read("json_stream", content, position)) == expected
    assert position.pending == pending


def test_concatenated_objects_go_on_where_they_stopped() -> None:
    position = Position()
    read("json_stream", b'{"a":1}\n{"b":', position)
    assert [(r.line, r.value) for r in read("json_stream", b'{"a":1}\n{"b":2}\n', position)] == [(2, {"b": 2})]


@pytest.mark.parametrize("size", range(1, len(TRICKY) + 1))
def test_no_cut_between_two_reads_matters(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "BLOCK", size)
    assert seen(read("json", TRICKY)) == json.loads(TRICKY)


def test_offsets_point_at_the_values() -> None:
    for record in read("json", TRICKY):
        assert json.loads(TRICKY[record.offset : record.offset + record.length]) == record.value


JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=5), st.sampled_from([None, 2]))
def test_any_array_of_objects_is_read_as_json_reads_it(values: list[Any], indent: int | None) -> None:
    assert seen(read("json", json.dumps(values, indent=indent).encode())) == values
    assert seen(read("json_stream", "\n".join(json.dumps(v, indent=indent) for v in values).encode())) == values


@given(st.binary(max_size=80), st.sampled_from(["json", "json_stream", "csv", "ndjson", "json_page"]))
def test_no_bytes_upset_a_carrier_and_none_are_lost(content: bytes, name: str) -> None:
    position = Position()
    records = read(name, b"[" + content if name == "json" else content, position)
    assert position.offset + position.pending == len(content) + (name == "json")
    assert all(record.error or isinstance(record.value, dict) for record in records)


def test_an_element_too_large_is_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MAX_RECORD", 50)
    records = read("json", b'[{"a":1},{"a":"' + b"x" * 100 + b'"},{"a":2}]')
    assert [bool(r.error) for r in records] == [False, True, False]
    assert records[1].length == 108


def test_a_page_gives_its_elements() -> None:
    assert seen(read("json_page", b'{"data":[{"a":1},2],"has_more":false}{"b":1}')) == [{"a": 1}, "not an object", {"b": 1}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n", [(2, {"a": "1", "b": "2"})]),
        (b"\xef\xbb\xbfa;b\r\n1;\r\n", [(2, {"a": "1", "b": None})]),
        (b'a,b\n"x\ny",3\n4,5', [(2, {"a": "x\ny", "b": "3"}), (4, {"a": "4", "b": "5"})]),
        (b'a,b\n"say ""hi""",3\n', [(2, {"a": 'say "hi"', "b": "3"})]),
        (b"a,b\n1,2,3\n\n4,5\n", [(2, "3 columns instead of 2"), (4, {"a": "4", "b": "5"})]),
        (b"a\tb\n1\t2\n", [(2, {"a": "1", "b": "2"})]),
        (b"a,a\n1,2\n", [(2, {"a": "1", "a_2": "2"})]),
        (b"a,b\n\xff,2\n", [(2, {"a": "\ufffd", "b": "2"})]),
    ],
)
def test_csv(content: bytes, expected: list[tuple[int, Any]]) -> None:
    assert [(r.line, r.error or r.value) for r in read("csv", content)] == expected


def test_csv_goes_on_behind_its_header() -> None:
    position = Position()
    read("csv", b"a,b\n1,2\n3", position)
    assert position.pending == 1
    assert [(r.line, r.value) for r in read("csv", b"a,b\n1,2\n3,4\n", position)] == [(3, {"a": "3", "b": "4"})]


def test_a_quote_that_never_closes_gives_up_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlogs.carriers.csv_rows.LONGEST_ROW", 20)
    good = [r.value for r in read("csv", b'a,b\n1,"2\n' + b"3,4\n" * 10) if not r.error]
    assert {"a": "3", "b": "4"} in good


@pytest.mark.parametrize(
    ("content", "path", "name"),
    [
        (b'{"a":1}\n{"a":2}\n', "x", "ndjson"),
        (b'{"a":1}', "x.json", "ndjson"),
        (b'{\n "a": 1\n}', "x.json", "json_stream"),
        (b'[{"a":1}]', "x.json", "json"),
        (b"model,ms\na,1\n", "x.csv", "csv"),
        (b'garbage\n{"a":1}\n', "x", "ndjson"),
    ],
)
def test_the_container_is_told_from_the_bytes(content: bytes, path: str, name: str) -> None:
    assert candidates(content, path)[0].name == name


def test_the_row_numbers_of_pandas_are_a_column_without_a_name() -> None:
    carrier = all_carriers()["csv"]
    content = b",id,model\n0,a,m\n1,b,m\n"
    assert carrier.sniff(content, "x.csv") > 0
    assert [record.value for record in carrier.records(io.BytesIO(content), Position())] == [
        {"index": "0", "id": "a", "model": "m"},
        {"index": "1", "id": "b", "model": "m"},
    ]
    assert carrier.sniff(b",,model\n", "x.csv") == 0
