"""How values become text: units, numbers, times, clipping, hostile characters, tables. Every surface formats here and nowhere else."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DASH = "–"  # what NULL looks like: zero is 0, nothing recorded is an en dash
NOT_RECORDED = "not recorded"
_HUGE = Decimal("1e15")  # from here on digits say nothing: scientific notation
_CSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True)
class Unit:
    """One way to show a value. `exact` is the long form for title attributes; both get a finite number, or a value of the unit's own type."""

    show: Callable[[Any], str]
    exact: Callable[[Any], str]
    meaning: str
    number: bool = True

    @property
    def right(self) -> bool:
        """Aligned right: digits under digits."""
        return self.number


def show(value: Any, unit: str = "") -> str:
    """The value as a person reads it; an en dash for NULL and for numbers that are none. An unknown unit is a KeyError."""
    value, found = _usable(value, UNITS[unit])
    return DASH if value is None else found.show(value)


def exact(value: Any, unit: str = "") -> str:
    """The value with all its digits, for title attributes; `not recorded` for NULL."""
    value, found = _usable(value, UNITS[unit])
    return NOT_RECORDED if value is None else found.exact(value)


def right_aligned(unit: str) -> bool:
    """Whether a column of this unit is aligned right."""
    return UNITS[unit].right


def _usable(value: Any, unit: Unit) -> tuple[Any, Unit]:
    """NaN and infinity are not recorded; what came under a unit it cannot have is shown as what it is."""
    if isinstance(value, timedelta):
        return value / timedelta(milliseconds=1), UNITS["ms"]
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        return None, unit
    number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return value, unit if number or not unit.number else UNITS[""]


# --- numbers ---------------------------------------------------------------------------------------------------------------------------


def _grouped(value: Any, digits: int = 0) -> str:
    """Thousands grouped, halves rounded up; what is not zero never looks like zero; beyond all counting, scientific notation."""
    size, sign = _size(value)
    if size >= _HUGE:
        return f"{sign}{size:.2e}"
    step = Decimal(1).scaleb(-digits)
    rounded = size.quantize(step, ROUND_HALF_UP)
    if size and not rounded:
        return f">-{step}" if sign else f"<{step}"
    return f"{sign}{rounded:,f}" if size else "0"


def _size(value: Any) -> tuple[Decimal, str]:
    """Magnitude and sign, exact as the value prints."""
    number = Decimal(str(value))
    return abs(number), "-" if number < 0 else ""


def _significant(value: Any) -> str:
    """Three significant digits, no exponent for anything a person meets."""
    size, sign = _size(value)
    if not size or size == size.to_integral_value():
        return _grouped(value)
    if size < Decimal("1e-6"):
        return f"{sign}{size:.2e}"
    digits = 2 - Decimal(f"{size:.2e}").adjusted()  # after rounding: 99.96 has three digits before the point
    return _grouped(value, max(digits, 0))


def _milliseconds(value: Any) -> str:
    size, sign = _size(value)
    if size < Decimal("999.5"):
        digits = 0 if size >= Decimal("9.95") or size == int(size) else 1 if size >= Decimal("0.95") else 2
        return f"{_grouped(value, digits)} ms"
    if size < 59_995:
        return f"{sign}{_grouped(size / 1000, 2)} s"
    return sign + _long_time(round(size / 1000)) if size < _HUGE else f"{_grouped(value)} ms"


def _long_time(seconds: int) -> str:
    """Two neighbouring units: 2 min 05 s, 3 h 04 min, 5 d 02 h."""
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    minutes = round(seconds / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = round(seconds / 3600)
    return f"{hours // 24:,} d {hours % 24:02} h"


@dataclass(frozen=True)
class Money:
    """The currency money is shown in; everything is kept in US dollars."""

    sign: str = "$"
    usd: Decimal = Decimal(1)  # price of one unit
    note: str = ""


_shown = [Money()]  # not a context variable: questions may be answered by several threads


def money() -> Money:
    """The currency in force."""
    return _shown[-1]


@contextmanager
def money_in(shown: Money) -> Iterator[None]:
    """Show money in another currency while the block runs."""
    _shown.append(shown)
    try:
        yield
    finally:
        _shown.pop()


def _dollars(value: Any) -> str:
    """Cents from one dollar up, up to four decimals below it, four significant digits below one cent, never $0.00 for something."""
    size, sign, unit = *_size(value), money()
    size /= unit.usd
    if not size:
        return f"{unit.sign}0.00"
    if size >= Decimal("0.99995"):
        return f"{sign}{unit.sign}{_grouped(size, 2)}"
    if size < Decimal("0.0001"):
        return f">-{unit.sign}0.0001" if sign else f"<{unit.sign}0.0001"
    whole, _, cents = _grouped(size, max(4, 3 - size.adjusted())).partition(".")
    return f"{sign}{unit.sign}{whole}.{cents[:2]}{cents[2:].rstrip('0')}"


def _dollars_exact(value: Any) -> str:
    size, sign, unit = *_size(value), money()
    return f"{sign}{unit.sign}{_digits(size if unit.usd == 1 else round(size / unit.usd, 12))}"


def _scaled(steps: Sequence[str], glue: str = "") -> Callable[[Any], str]:
    """1234 as 1.2k: one decimal below a hundred, none above."""

    def scale(value: Any) -> str:
        size, sign = _size(value)
        if size < Decimal("999.5"):
            return f"{_significant(value)}{glue}{steps[0]}"
        power = 0
        while size >= Decimal("999.5") and power < len(steps) - 1:
            size, power = size / 1000, power + 1
        return f"{sign}{_grouped(size, 0 if size >= Decimal('99.95') else 1)}{glue}{steps[power]}"

    return scale


def _percent(digits: int) -> Callable[[Any], str]:
    """A share as percent: what is more than nothing is never 0 %, what is not all is never 100 %."""
    step = Decimal(1).scaleb(-digits)

    def percent(value: Any) -> str:
        share, sign = _size(value)
        size = share * 100
        if 0 < size < step:
            return f">-{step}%" if sign else f"<{step}%"
        if 100 - step < size < 100:
            return f"<-{100 - step}%" if sign else f">{100 - step}%"
        return f"{sign}{_grouped(size, 0 if size == 100 else digits)}%"

    return percent


def _percent_exact(value: Any) -> str:
    return f"{_digits(Decimal(str(value)) * 100)}%"


def _digits(value: Any) -> str:
    """Every digit the value has, without trailing zeros."""
    size, sign = _size(value)
    text = f"{size:,f}" if size < _HUGE else str(size)
    return sign + (text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text)


# --- times and words -------------------------------------------------------------------------------------------------------------------


def _instant(value: Any) -> str:
    """UTC with a Z; seconds only where there are some."""
    if not isinstance(value, datetime):
        return _day(value)
    utc = _utc(value)
    return f"{utc:%Y-%m-%d %H:%M}{f':{utc:%S}' if utc.second or utc.microsecond else ''}Z"


def _instant_exact(value: Any) -> str:
    return f"{_utc(value).isoformat(sep=' ')}Z" if isinstance(value, datetime) else _day(value)


def _day(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{_utc(value):%Y-%m-%d}"
    return value.isoformat() if isinstance(value, date) else clip(_words_exact(value), 200)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _words(value: Any) -> str:
    """Any value as words on one line; numbers that stand under no unit keep three digits."""
    return _significant(value) if isinstance(value, (float, Decimal)) else clip(_words_exact(value), 200)


def _words_exact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, (list, tuple, set)):
        return ", ".join(show(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else plain(clip(str(value), 10_000))


def _suffixed(suffix: str, meaning: str, form: Callable[[Any], str] = _significant) -> Unit:
    return Unit(lambda v: form(v) + suffix, lambda v: _digits(v) + suffix, meaning)


_TOKENS = _scaled(("", "k", "M", "B", "T"))
UNITS: dict[str, Unit] = {
    "": Unit(_words, _words_exact, "as it is", number=False),
    "text": Unit(_words, _words_exact, "text", number=False),
    "bool": Unit(_words, _words_exact, "yes or no", number=False),
    "time": Unit(_instant, _instant_exact, "instant, UTC", number=False),
    "date": Unit(_day, _day, "day, UTC", number=False),
    "ms": Unit(_milliseconds, lambda v: f"{_digits(v)} ms", "milliseconds"),
    "s": Unit(lambda v: _milliseconds(Decimal(str(v)) * 1000), lambda v: f"{_digits(v)} s", "seconds"),
    "min": Unit(lambda v: _milliseconds(Decimal(str(v)) * 60_000), lambda v: f"{_digits(v)} min", "minutes"),
    "h": Unit(lambda v: _milliseconds(Decimal(str(v)) * 3_600_000), lambda v: f"{_digits(v)} h", "hours"),
    "usd": Unit(_dollars, _dollars_exact, "US dollars"),
    "tok": Unit(_TOKENS, lambda v: f"{_digits(v)} tokens", "tokens"),
    "tok_s": _suffixed(" tok/s", "tokens per second"),
    "bytes": Unit(_scaled(("B", "kB", "MB", "GB", "TB"), " "), lambda v: f"{_digits(v)} bytes", "bytes"),
    "int": Unit(_grouped, _digits, "whole number"),
    "num": Unit(_significant, _digits, "number, three significant digits"),
    "num1": Unit(lambda v: _grouped(v, 1), _digits, "number, one decimal"),
    "num2": Unit(lambda v: _grouped(v, 2), _digits, "number, two decimals"),
    "ratio": _suffixed("×", "times as much"),
    "per_s": _suffixed("/s", "per second"),
    "per_min": _suffixed("/min", "per minute"),
    "per_h": _suffixed("/h", "per hour"),
    "pct": Unit(_percent(0), _percent_exact, "share as percent"),
    "pct0": Unit(_percent(0), _percent_exact, "share as percent"),
    "pct1": Unit(_percent(1), _percent_exact, "share as percent, one decimal"),
    "pct2": Unit(_percent(2), _percent_exact, "share as percent, two decimals"),
}

# --- hostile and long text -------------------------------------------------------------------------------------------------------------


def plural(count: int, word: str) -> str:
    """`1 call`, `3 calls`, `2 queries`."""
    many = f"{word[:-1]}ies" if word.endswith("ry") else f"{word}s"
    return f"{show(count, 'int')} {word if count == 1 else many}"


def clip(text: str, length: int) -> str:
    """At most `length` characters, the cut marked by an ellipsis."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def plain(text: str) -> str:
    """One harmless line: terminal codes dropped, white space made a blank, every other invisible, bidi or broken character written as an escape."""
    return "".join(_visible(char) for char in _CSI.sub("", text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace() and char not in "\x1c\x1d\x1e\x1f\x85":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def cell(text: str) -> str:
    """A text for a CSV cell: what a spreadsheet would run as a formula gets a leading quote."""
    return f"'{text}" if text[:1] in FORMULA and text else text


# --- tables ----------------------------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Terminal cells a line takes: wide characters two, combining ones none."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """The line cut or padded to exactly `cells` terminal cells."""
    if width(text) > cells:
        ends = itertools.accumulate(map(_cells, text))
        text = "".join(char for char, end in zip(text, ends, strict=True) if end < cells) + "…" * bool(cells)
    pad = " " * (cells - width(text))
    return pad + text if right else text + pad


def terminal_table(labels: Sequence[str], units: Sequence[str], rows: Sequence[Sequence[Any]], total_width: int = 0) -> list[str]:
    """Lines of a table aligned by unit. With `total_width`, the widest text columns shrink first; numbers are never cut."""
    shown = [[plain(label) for label in labels], *([show(v, u) for v, u in zip(row, units, strict=True)] for row in rows)]
    widths = [max(width(line[i]) for line in shown) for i in range(len(labels))]
    if total_width:
        widths = _shrunk(widths, [not right_aligned(u) for u in units], total_width)
    lines = ["  ".join(fit(text, w, right=right_aligned(u)) for text, w, u in zip(line, widths, units, strict=True)).rstrip() for line in shown]
    return [lines[0], "  ".join("─" * w for w in widths), *lines[1:]]


def _shrunk(widths: list[int], flexible: list[bool], total: int) -> list[int]:
    widths = list(widths)
    while sum(widths) + 2 * (len(widths) - 1) > total:
        candidates = [(w, i) for i, w in enumerate(widths) if flexible[i] and w > 8]
        if not candidates:
            break
        widths[max(candidates)[1]] -= 1
    return widths


def markdown_table(labels: Sequence[str], units: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of a Markdown table; nothing of a cell can end it or begin HTML."""
    head = [markdown(plain(label)) for label in labels]
    rule = ["---:" if right_aligned(u) else "---" for u in units]
    body = [[markdown(show(v, u)) for v, u in zip(row, units, strict=True)] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *body)]


def markdown(text: str) -> str:
    """The text with every character that Markdown or HTML would act on made inert."""
    return re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", plain(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
