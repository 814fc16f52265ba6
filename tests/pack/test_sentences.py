"""A sentence is its template filled from the verdict row."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from llmlogs.pack import sentences
from llmlogs.pack.model import Column
from llmlogs.pack.parse import QuestionError

COLUMNS = {"share": Column("share", "Share", "pct1"), "plain": Column("plain", "Plain")}


@pytest.mark.parametrize(
    ("template", "row", "sentence"),
    [
        ("{n:int} calls", {"n": 1200}, "1,200 calls"),
        ("{n:call|calls}", {"n": 1}, "1 call"),
        ("{n:call|calls}", {"n": 0}, "0 calls"),
        ("{share}", {"share": 0.1234}, "12.3%"),
        ("{plain} {n} {x} {at}", {"plain": 3, "n": 1000, "x": 1.5, "at": datetime(2026, 1, 5, 14, 2)}, "3 1,000 1.50 2026-01-05 14:02Z"),
        ("{who}, {ok}, {nothing}", {"who": "a {n} b", "ok": True, "nothing": None}, "a {n} b, yes, –"),
        ("a[ by {who}] b[, {n:int}]", {"who": None, "n": 2}, "a b, 2"),
        ("a [b] {{c}}", {}, "a [b] {c}"),
        ("{usd:usd}", {"usd": Decimal("1.5")}, "$1.50"),
    ],
)
def test_fill(template: str, row: dict[str, Any], sentence: str) -> None:
    assert sentences.fill(template, row, COLUMNS) == sentence


def test_placeholders_are_those_of_optional_parts_too() -> None:
    assert sentences.placeholders("{a} [b {c:int}] {{d}}") == [("a", ""), ("c", "int")]


def test_what_cannot_be_filled_is_told() -> None:
    with pytest.raises(QuestionError, match="lacks: n"):
        sentences.fill("{n}", {}, {})
    with pytest.raises(QuestionError, match="not a sentence template"):
        sentences.fill("{n", {"n": 1}, {})
    with pytest.raises(QuestionError, match="unknown unit: n:inch"):
        sentences.fill("{n:inch}", {"n": 1}, {})
