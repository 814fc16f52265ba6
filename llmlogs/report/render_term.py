"""The report in a terminal: verdicts first, then only what needs action, with the rows that prove it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from llmlogs.pack.model import Verdict
from llmlogs.report.model import ALARMS, ICONS, WORDS, WORST_FIRST, Card, Report, StripItem, Table, headline
from llmlogs.report.render_md import BILLS_ONLY, accounts
from llmlogs.text import clip, fit, plain, plural, right_aligned, show, terminal_table
from llmlogs.text import width as width_of

COLOURS: dict[Verdict, str] = {"fail": "1;31", "warn": "1;33", "error": "1;31", "info": "1", "ok": "1;34", "unknown": "2"}
DIM, BOLD = "2", "1"
ROWS = 5
WIDTH = 100
NARROW = 72
TEXT = 28  # cells a text column needs to stay readable


def render(report: Report, width: int = WIDTH, *, color: bool = False) -> str:
    """Plain text of at most `width` cells a line; numbers are never cut."""
    pen = Pen(max(width, 40), color)
    lines = [pen.paint(plain(report.title), BOLD), *_header(report, pen), ""]
    if report.empty:
        bills = [*pen.wrap(BILLS_ONLY, 0), ""] if report.header.bills else []
        return "\n".join([*lines, *bills, "No calls yet. Next:", "  llmlogs ingest logs/", "  llmlogs report -o report.html", ""])
    lines += [*(pen.paint(line, BOLD) for line in pen.wrap(headline(report), 0)), *(line for item in report.strip for line in _strip_item(item, pen)), ""]
    alarms = [card for section in report.sections for card in section.cards if card.verdict in ALARMS]
    for card in sorted(alarms, key=lambda c: WORST_FIRST.index(c.verdict)):
        lines += _card(card, pen)
    return "\n".join([*lines, *_rest(report, pen)]).rstrip("\n") + "\n"


class Pen:
    """Width and colour of the terminal."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = width
        self.color = color

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where colour is wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color else text

    def badge(self, verdict: Verdict) -> str:
        """Icon and word, nine cells wide."""
        return self.paint(fit(f"{ICONS[verdict]} {WORDS[verdict]}", 9), COLOURS[verdict])

    def wrap(self, text: str, indent: int = 2) -> list[str]:
        """The text over as many lines as it takes."""
        pad = " " * indent
        return textwrap.wrap(plain(text), self.width, initial_indent=pad, subsequent_indent=pad, break_on_hyphens=False) or [""]


def _header(report: Report, pen: Pen) -> list[str]:
    h = report.header
    facts = f"{show(h.calls, 'int')} calls, {show(h.first_at, 'time')} to {show(h.last_at, 'time')}. {show(h.spend_usd, 'usd')}: {h.priced}."
    book = f"Prices: {h.price_book or 'no price book'}. Made {show(report.clock.generated_at, 'time')} by llmlogs {h.llmlogs_version}."
    bills = [f"Provider's reports: {h.billed}."] if h.bills else []
    return [line for text in (facts, f"{accounts(h)}.", *bills, book) for line in pen.wrap(text, 0)]


def _strip_item(item: StripItem, pen: Pen) -> list[str]:
    """Badge, title and sentence; the sentence goes on under itself, on a narrow terminal below."""
    sentence = f"{item.sentence} ({item.more})" if item.more else item.sentence
    badge = f"  {pen.badge(item.verdict)}  {fit(item.title, 12)}"
    if pen.width < NARROW:
        return [badge.rstrip(), *pen.wrap(sentence, 4)]
    first, *rest = pen.wrap(sentence, 26)
    return [f"{badge} {first.lstrip()}", *rest]


def _card(card: Card, pen: Pen) -> list[str]:
    lines = [f"{pen.badge(card.verdict).rstrip()} {pen.paint(card.id, DIM)}", *pen.wrap(card.sentence)]
    lines += [line for note in card.notes for line in pen.wrap(note)]
    table = next((t for t in card.tables if t.rows), None)
    lines += ["", *_table(table, card.command, pen)] if table else []
    advice = card.reason if card.verdict == "error" else card.fix
    return [*lines, "", *(line for text in advice.splitlines() for line in pen.wrap(text)), ""]


def _table(table: Table, command: str, pen: Pen) -> list[str]:
    """The first rows, as many columns as fit; a single row that does not fit goes down instead of across."""
    space = pen.width - 4
    kept = _fitting(table, space)
    if len(table.rows) == 1 and kept < len(table.columns):
        wide = max(len(c.label) for c in table.columns)
        return [f"    {fit(clip(c.label, wide), wide)}  {show(v, c.unit)}" for c, v in zip(table.columns, table.rows[0], strict=True)]
    columns = table.columns[:kept]
    lines = terminal_table([c.label for c in columns], [c.unit for c in columns], [row[:kept] for row in table.rows[:ROWS]], space)
    left = [f"{show(table.total_rows - ROWS, 'int')} more rows"] if table.total_rows > ROWS else []
    left += [f"{plural(len(table.columns) - kept, 'more column')}"] if kept < len(table.columns) else []
    return [*(f"    {line}" for line in lines), *(pen.wrap(f"{', '.join(left)}: {command}", 4) if left else [])]


def _fitting(table: Table, space: int) -> int:
    """How many columns fit when a text takes at most TEXT cells; never none."""
    used = 0
    for n, column in enumerate(table.columns):
        cells = max(len(column.label), *(width_of(show(row[n], column.unit)) for row in table.rows[:ROWS]))
        used += (cells if right_aligned(column.unit) else min(cells, TEXT)) + 2
        if used > space + 2:
            return max(n, 1)
    return len(table.columns)


def _rest(report: Report, pen: Pen) -> Iterable[str]:
    """What there is beside the alarms, named so that nothing is silent."""
    for gap in report.gaps:
        names = ", ".join(id_ for id_, _ in gap.questions)
        yield from pen.wrap(f"Log {' and '.join(gap.fields)} to answer {names}." if gap.fields else f"Not answered: {names}. {gap.reason}", 0)
    if report.gaps:
        yield ""
    yield from pen.wrap("All answers, charts and SQL: llmlogs report -o report.html", 0)
