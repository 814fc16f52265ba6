"""A field no record was asked for is listed, with how often it stands there; what was read is not, and no value is kept."""

import json
from typing import Any

import pytest
from tiny import Log

from llmlogs.carriers.base import Record
from llmlogs.ingest.unread import WATCHED, WATCHED_BYTES, Watch, Watched, beside


def unread(value: dict[str, Any], ask: Any) -> dict[str, str]:
    watch = Watch()
    ask(watch.over(Record(1, 0, 0, value)).value)
    return {row["path"]: row["kind"] for row in watch.unread()}


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda v: None, {"a": "number", "b": "object", "l": "array"}),
        (lambda v: v["a"], {"b": "object", "l": "array"}),
        (lambda v: v.get("b"), {"a": "number", "b.c": "string", "b.d": "null", "l": "array"}),
        (lambda v: v["b"]["c"], {"a": "number", "b.d": "null", "l": "array"}),
        (lambda v: [item.get("x") for item in v["l"]], {"a": "number", "b": "object", "l[].y": "boolean"}),
        (dict, {"b.c": "string", "b.d": "null", "l[].x": "number", "l[].y": "boolean"}),
        (lambda v: {**v}, {"b.c": "string", "b.d": "null", "l[].x": "number", "l[].y": "boolean"}),
        (lambda v: "a" in v, {"b": "object", "l": "array"}),
    ],
)
def test_what_was_asked_for(ask: Any, expected: dict[str, str]) -> None:
    assert unread({"a": 1, "b": {"c": "secret", "d": None}, "l": [{"x": 1, "y": True}, {"x": 2}]}, ask) == expected


def test_a_watched_record_is_the_record() -> None:
    value = {"a": [1, {"b": None}], "c": {"d": "x"}}
    assert Watched(value) == value
    assert json.loads(json.dumps(Watched(value))) == value


def test_a_field_read_in_one_record_is_known_in_all() -> None:
    watch = Watch()
    first, second = (watch.over(Record(n, 0, 0, {"a": n, "b": n})).value for n in (1, 2))
    first.get("a")
    second.get("c")
    assert watch.unread() == [{"path": "b", "kind": "number", "records": 2, "of": 2}]


def test_only_the_first_records_are_watched() -> None:
    watch = Watch()
    given = [watch.over(Record(n, 0, 0, {"a": n})).value for n in range(WATCHED + 5)]
    assert [type(value) is dict for value in given] == [False] * WATCHED + [True] * 5


def test_only_the_first_megabyte_is_watched() -> None:
    watch = Watch()
    given = [watch.over(Record(n, 0, WATCHED_BYTES, {"a": n})).value for n in range(3)]
    assert [type(value) is dict for value in given] == [False, False, True]


def test_a_key_that_is_no_name_is_not_kept() -> None:
    assert unread({"prices": {"someone@example.com?": 1, "ok": 2}}, lambda v: v["prices"]) == {"prices.*": "number", "prices.ok": "number"}


def test_beside_a_mapping() -> None:
    records = [{"t": 1, "u": {"in": 1, "out": 2}, "x": "y"}] * 3
    assert [row["path"] for row in beside(records, [("t",), ("u", "in")])] == ["u.out", "x"]


def test_an_ingest_keeps_them_by_file(log: Log) -> None:
    log.ingest(log.write("a.jsonl", '{"model": "m"}\n{"skip": 1, "new_field": {"deep": 1}}\n'))
    assert log.ask("select path, kind, records, \"of\" from unread_fields where path = 'new_field'") == [("new_field", "object", 1, 2)]
