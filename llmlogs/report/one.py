"""One answer on its own: for `llmlogs query` and `llmlogs reconcile`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from llmlogs.pack.model import Answer
from llmlogs.report.build import card
from llmlogs.report.model import ICONS, WORDS
from llmlogs.report.render_json import OPTIONS, plain_value
from llmlogs.report.render_md import card_lines
from llmlogs.text import plain, plural, terminal_table


def as_json(answer: Answer) -> str:
    """The card as report.json has it, its tables also as objects under `results`."""
    one = card(answer)
    results = {t.name: [dict(zip((c.name for c in t.columns), row, strict=True)) for row in t.rows] for t in one.tables}
    body: dict[str, Any] = asdict(one) | {"results": results, "seconds": round(answer.seconds, 3)}
    return orjson.dumps(body, default=plain_value, option=OPTIONS).decode("utf-8")


def as_markdown(answer: Answer) -> str:
    """The card as the Markdown report has it."""
    return "\n".join(card_lines(card(answer))).rstrip("\n") + "\n"


def lines(answer: Answer, width: int, rows: int) -> list[str]:
    """Badge and sentence, then each table with at most `rows` rows, then why and what to do."""
    one = card(answer)
    found = [f"{ICONS[one.verdict]} {WORDS[one.verdict]}: {plain(one.sentence)}", *(plain(note) for note in one.notes)]
    for table in one.tables:
        if table.rows:
            labels, units = [c.label for c in table.columns], [c.unit for c in table.columns]
            found += ["", *terminal_table(labels, units, table.rows[:rows], width)]
            cut = table.total_rows - min(rows, len(table.rows))
            found += [f"… and {plural(cut, 'more row')}: --rows {table.total_rows}"] if cut else []
    advice = [f"Why: {one.why}", f"Fix: {one.fix}"] if one.verdict in ("fail", "warn") else []
    return [*found, *([""] if advice else []), *(plain(line) for line in advice)]
