"""Numbers are the product: every rule of how a value is shown, as a table of cases and as properties."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlogs.text import (
    DASH,
    NOT_RECORDED,
    UNITS,
    cell,
    clip,
    exact,
    fit,
    markdown,
    markdown_table,
    plain,
    plural,
    right_aligned,
    show,
    terminal_table,
    width,
)

SHOWN = [
    ("ms", 0, "0 ms"), ("ms", 0.001, "<0.01 ms"), ("ms", -0.001, ">-0.01 ms"), ("ms", 0.42, "0.42 ms"), ("ms", 3.21, "3.2 ms"), ("ms", 9.96, "10 ms"),
    ("ms", 812, "812 ms"), ("ms", 999.4, "999 ms"), ("ms", 999.6, "1.00 s"), ("ms", 4812, "4.81 s"), ("ms", -4812, "-4.81 s"), ("ms", 59_994, "59.99 s"),
    ("ms", 59_996, "1 min 00 s"), ("ms", 125_000, "2 min 05 s"), ("ms", 3_599_600, "1 h 00 min"), ("ms", 11_040_000, "3 h 04 min"),
    ("ms", 86_399_999, "1 d 00 h"), ("ms", 1e9, "11 d 14 h"), ("ms", 1e20, "1.00e+20 ms"), ("s", 4.812, "4.81 s"), ("min", 2.5, "2 min 30 s"),
    ("h", 1.5, "1 h 30 min"), ("usd", 0, "$0.00"), ("usd", Decimal("0.000000000001"), "<$0.0001"), ("usd", -1e-9, ">-$0.0001"),
    ("usd", 0.001234567, "$0.001235"), ("usd", Decimal("0.00012345"), "$0.0001235"), ("usd", 0.00999999, "$0.01"), ("usd", 0.0123, "$0.0123"),
    ("usd", 0.5, "$0.50"), ("usd", 0.99996, "$1.00"), ("usd", 1234.567, "$1,234.57"), ("usd", -3, "-$3.00"), ("usd", -0.002, "-$0.002"), ("tok", 0, "0"),
    ("tok", 999, "999"), ("tok", 2.5, "2.50"), ("tok", 1234, "1.2k"), ("tok", 99_960, "100k"), ("tok", 999_949, "1.0M"), ("tok", 3.4e6, "3.4M"),
    ("tok", -1234, "-1.2k"), ("tok", 5e12, "5.0T"), ("tok", 5e15, "5,000T"), ("pct", 0, "0%"), ("pct", 0.004, "<1%"), ("pct", 0.9996, ">99%"),
    ("pct", 1, "100%"), ("pct0", 0.505, "51%"), ("pct0", 1.2, "120%"), ("pct0", -0.003, ">-1%"), ("pct0", -0.999, "<-99%"), ("pct1", 0.0004, "<0.1%"),
    ("pct1", 0.1234, "12.3%"), ("pct1", 0.9996, ">99.9%"), ("pct1", 0.999, "99.9%"), ("pct2", 0.12345, "12.35%"), ("int", 1284, "1,284"), ("int", 2.5, "3"),
    ("int", 0.2, "<1"), ("int", -0.2, ">-1"), ("int", -0.0, "0"), ("num", 0.123, "0.123"), ("num", 99.96, "100"), ("num", 1234.5, "1,235"),
    ("num", 0.00012, "0.000120"), ("num", -1e-7, "-1.00e-7"), ("num", 5.0, "5"), ("num1", 12.34, "12.3"), ("num1", 0.01, "<0.1"), ("num2", 1, "1.00"),
    ("ratio", 3.2, "3.20×"), ("per_s", 12, "12/s"), ("per_min", 0.5, "0.500/min"), ("per_h", 7, "7/h"), ("tok_s", 45.67, "45.7 tok/s"),
    ("bytes", 812, "812 B"), ("bytes", 1234, "1.2 kB"), ("bytes", 2_500_000, "2.5 MB"), ("time", datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04Z"),
    ("time", datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05Z"),
    ("time", datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2))), "2026-01-02 01:04Z"), ("time", date(2026, 1, 2), "2026-01-02"),
    ("time", "soon", "soon"), ("date", datetime(2026, 1, 2, 3, 4), "2026-01-02"), ("date", date(2026, 1, 2), "2026-01-02"), ("", None, DASH),
    ("", True, "yes"), ("bool", False, "no"), ("", 12345, "12,345"), ("", 0.12345, "0.123"), ("", Decimal("3.1"), "3.10"), ("", "a", "a"),
    ("", [1, "a", None], "1, a, –"), ("", datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04Z"), ("ms", "a word", "a word"), ("ms", True, "yes"),
    ("s", timedelta(seconds=2), "2.00 s"), ("", timedelta(milliseconds=5), "5 ms"), ("ms", float("nan"), DASH), ("usd", Decimal("NaN"), DASH),
    ("num", math.inf, DASH),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "value", "expected"), SHOWN)
def test_show(unit: str, value: object, expected: str) -> None:
    """A value reads as its unit's rule says."""
    assert expected == show(value, unit)


EXACT = [
    ("ms", 4812.5, "4,812.5 ms"), ("ms", 1e9, "1,000,000,000 ms"), ("usd", Decimal("0.001234567000"), "$0.001234567"), ("usd", -2, "-$2"), ("usd", 0, "$0"),
    ("tok", 1234567, "1,234,567 tokens"), ("pct0", 0.9996, "99.96%"), ("num", 1e20, "1E+20"), ("s", 1.5, "1.5 s"), ("min", 2, "2 min"), ("h", 2, "2 h"),
    ("bytes", 5, "5 bytes"), ("time", datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02 03:04:05.000006Z"), ("time", date(2026, 1, 2), "2026-01-02"),
    ("date", date(2026, 1, 2), "2026-01-02"), ("ratio", 3.25, "3.25×"), ("usd", None, NOT_RECORDED), ("", 0.12345, "0.12345"), ("ms", "x", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "value", "expected"), EXACT)
def test_exact(unit: str, value: object, expected: str) -> None:
    """The title attribute keeps every digit."""
    assert expected == exact(value, unit)


def test_an_unknown_unit_is_an_error() -> None:
    """A misspelt unit must not pass as text."""
    with pytest.raises(KeyError):
        show(1, "mss")


NUMBERS = [name for name, unit in UNITS.items() if unit.number]


@given(st.sampled_from(NUMBERS), st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_not_zero_never_looks_like_zero(unit: str, value: float) -> None:
    """A silent zero is the worst number there is."""
    text = show(value, unit)
    assert any(c in "123456789" for c in text) == (value != 0)
    assert len(text) < 40


@given(st.sampled_from(["pct", "pct0", "pct1", "pct2"]), st.floats(0, 1))
def test_a_part_is_never_all(unit: str, share: float) -> None:
    """99.96 % never reads as 100 %, and 100 % is 100 %."""
    assert (show(share, unit) == "100%") == (share == 1)


@given(st.sampled_from(["ms", "s", "min", "h", "usd", "num", "num1", "int"]), st.decimals(0, 10**9, places=6))
def test_a_shown_number_is_near_the_value(unit: str, value: Decimal) -> None:
    """Shown dollars are within a cent or one in a thousand of the value, read back by an independent parser."""
    text = show(value, unit).replace(",", "")
    if unit == "usd" and not text.startswith("<"):
        assert abs(Decimal(text[1:]) - value) <= max(Decimal("0.005"), value / 1000)
    if unit == "int" and text != "<1":
        assert abs(Decimal(text) - value) <= Decimal("0.5")


@given(st.text())
def test_plain_leaves_nothing_a_terminal_acts_on(text: str) -> None:
    """No control, bidi, zero-width or broken character survives, and a second pass changes nothing."""
    out = plain(text)
    assert out.isprintable()
    assert out == plain(out)
    out.encode("utf-8")


def test_plain_shows_what_it_disarms() -> None:
    """Terminal codes go; what else is invisible becomes a visible escape."""
    hostile = "a\x1b[31mb\x1b]0;title\x07c\x00\u202ed\ud800e\n\tf\U000e0041\x85"
    assert plain(hostile) == "abc\\x00\\u202ed\\ud800e  f\\U000e0041\\x85"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1"])
def test_a_formula_is_quoted(text: str) -> None:
    """A spreadsheet must not run a cell."""
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "1-1", " x"])
def test_an_ordinary_cell_stays(text: str) -> None:
    """Nothing else is touched."""
    assert cell(text) == text


@pytest.mark.parametrize(("count", "word", "expected"), [(0, "call", "0 calls"), (1, "call", "1 call"), (1284, "query", "1,284 queries"), (2, "day", "2 days")])
def test_plural(count: int, word: str, expected: str) -> None:
    """One is one."""
    assert expected == plural(count, word)


@pytest.mark.parametrize(("text", "length", "expected"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abc", 0, "…"), ("", 0, "")])
def test_clip(text: str, length: int, expected: str) -> None:
    """A cut is marked."""
    assert expected == clip(text, length)


def test_a_huge_text_is_cut() -> None:
    """A megabyte of text is one short line."""
    assert show("x" * 1_000_000) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("text", "cells", "right", "expected"),
    [
        ("ab", 4, False, "ab  "),
        ("ab", 4, True, "  ab"),
        ("日本語", 5, False, "日本…"),
        ("日本語", 4, False, "日… "),
        ("abc", 0, False, ""),
        ("e\u0301x", 2, False, "e\u0301x"),
    ],
)
def test_fit(text: str, cells: int, right: bool, expected: str) -> None:
    """Terminal cells are counted, not characters."""
    assert expected == fit(text, cells, right=right)
    assert width(expected) == cells


def test_terminal_table_shrinks_text_and_never_numbers() -> None:
    """A narrow terminal cuts words; a cut number would be a wrong number."""
    lines = terminal_table(["Name", "Cost"], ["text", "usd"], [["a" * 50, 1234.5], [None, 0]], 24)
    assert lines == ["Name                Cost", "──────────────  ─────────", "aaaaaaaaaaaaa…  $1,234.50", "–                   $0.00"] or all(
        width(x) <= 24 for x in lines
    )
    assert lines[2].endswith("$1,234.50")
    assert max(map(width, terminal_table(["n"], ["int"], [[10**14]], 5))) == 19


def test_terminal_table_without_a_width_cuts_nothing() -> None:
    """In a file there is no edge."""
    assert "a" * 50 in terminal_table(["Name"], ["text"], [["a" * 50]])[2]


def test_markdown_table_is_inert() -> None:
    """A cell can neither end the cell nor begin markup."""
    lines = markdown_table(["a|b", "n"], ["text", "int"], [["<script>|`*_[x](y)", 5], ["a\nb", None]])
    assert lines == ["| a\\|b | n |", "| --- | ---: |", "| &lt;script&gt;\\|\\`\\*\\_\\[x\\](y) | 5 |", "| a b | – |"]
    assert markdown("a & b") == "a &amp; b"


def test_numbers_stand_right_and_words_left() -> None:
    """Alignment follows the unit."""
    assert [right_aligned(u) for u in ("usd", "text", "time", "pct1")] == [True, False, False, True]


def test_every_unit_explains_itself() -> None:
    """The list of units is part of the documentation of a question file."""
    assert all(unit.meaning for unit in UNITS.values())
    assert datetime.now(UTC).strftime("%Y-%m-%d") == show(datetime.now(UTC), "date")
