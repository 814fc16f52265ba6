"""From a database and the answers of the pack to a Report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from llmlogs.pack.model import SECTIONS, Answer, Column, Need, Question, Result
from llmlogs.pack.needs import said
from llmlogs.pack.parse import QuestionError
from llmlogs.pack.sentences import fill
from llmlogs.report import clean, layout
from llmlogs.report.header import read_coverage, read_header
from llmlogs.report.model import WORDS, WORST_FIRST, Card, Chart, Clock, Gap, Report, Section, StripItem, Table
from llmlogs.report.trend import of_card
from llmlogs.text import UNITS, plural


def build(
    con: duckdb.DuckDBPyConnection,
    answers: Sequence[Answer],
    *,
    now: datetime,
    version: str,
    title: str = "",
    order: layout.Layout | None = None,
) -> Report:
    """The report of one database. `now` and `version` are arguments, so that the same input gives the same bytes."""
    order = order or layout.load()
    cards = [card(answer) for answer in answers]
    asked = {_section_of(one) for one in cards}
    sections = tuple(_section(topic, cards) for topic in _topics(order, cards) if topic.id in asked)
    return Report(
        title=clean.text(title) or order.title,
        header=read_header(con, version),
        strip=tuple(_strip_item(order.topic(s.id), s) for s in sections if order.topic(s.id).strip),
        sections=sections,
        gaps=_gaps(cards, answers),
        coverage=read_coverage(con),
        clock=Clock(now, {a.question.id: round(a.seconds, 3) for a in answers}),
    )


def _topics(order: layout.Layout, cards: Sequence[Card]) -> list[layout.Topic]:
    """report.toml's sections, then those only the pack knows."""
    named = {t.id for t in order.topics}
    found = {_section_of(c) for c in cards}
    rest = [s for s in SECTIONS if s in found - named] + sorted(found - named - set(SECTIONS))
    return [*order.topics, *(order.topic(s) for s in rest)]


def _section_of(one: Card) -> str:
    return one.id.split("/", 1)[0]


def _section(topic: layout.Topic, cards: Sequence[Card]) -> Section:
    own = [c for c in cards if _section_of(c) == topic.id]
    own.sort(key=lambda c: (WORST_FIRST.index(c.verdict), c.id != topic.lead, c.id))
    open_cards = tuple(c for c in own if c.verdict not in ("ok", "unknown"))
    passed = tuple(c for c in own if c.verdict == "ok")
    return Section(topic.id, topic.title, topic.asks, open_cards, passed, tuple(c for c in own if c.verdict == "unknown"))


# --- cards -----------------------------------------------------------------------------------------------------------------------------


def card(answer: Answer) -> Card:
    """One answer as a card: values made harmless, columns labelled, charts bound to their tables."""
    question = answer.question
    tables = tuple(_table(result, question) for name, result in answer.results.items() if name != "verdict")
    sentence = clean.text(answer.sentence, 600) or clean.text(answer.reason, 600) or clean.text(question.question)
    return Card(
        id=question.id,
        verdict=answer.verdict,
        sentence=sentence,
        question=clean.text(question.question),
        why=clean.own(question.why),
        fix=clean.own(question.fix),
        values={name: clean.value(v) for name, v in answer.values.items()},
        charts=tuple(Chart(c.kind, c.result, _chart_title(c.title, answer, sentence), c.options) for c in question.charts),
        tables=tables,
        notes=_notes(answer),
        sql=clean.own(question.sql),
        parameters={p.name: clean.text(str(answer.parameters.get(p.name, p.default))) for p in question.parameters},
        adjusted_p=answer.adjusted_p,
        reason=clean.text(answer.reason, 600),
    )


def _chart_title(title: str, answer: Answer, sentence: str) -> str:
    """The chart's title is the finding, unless the question names what the chart shows."""
    return clean.text(fill(title, answer.values, answer.question.columns)) if title else sentence


def _table(result: Result, question: Question) -> Table:
    columns = tuple(_column(question.columns.get(name) or Column(name, name.replace("_", " "))) for name in result.columns)
    return Table(result.name, columns, tuple(tuple(clean.value(v) for v in row) for row in result.rows), result.total_rows)


def _column(column: Column) -> Column:
    """A unit nobody knows is shown as it is rather than failing the whole report."""
    return Column(column.name, clean.text(column.label), column.unit if column.unit in UNITS else "", clean.text(column.help))


def _notes(answer: Answer) -> tuple[str, ...]:
    """What bounds the number where the sentence does not say it."""
    basis = answer.values.get("basis")
    return (f"The number is {basis}, not measured.",) if basis in ("reconstructed", "estimated", "bounded") else ()


def _field(need: Need) -> str:
    """The need as a reader hears it."""
    try:
        return clean.text(said(need.field))
    except QuestionError:  # a need no rule knows is said as it stands
        return clean.text(need.field)


# --- the verdict strip -----------------------------------------------------------------------------------------------------------------


def _strip_item(topic: layout.Topic, section: Section) -> StripItem:
    """A section in one sentence: its worst problem; its lead question when nothing is wrong."""
    alarms = [c for c in section.cards if c.verdict in ("fail", "warn")]
    broken = [c for c in section.cards if c.verdict == "error"]
    every = (*section.cards, *section.passed, *section.unanswered)
    lead = next((c for c in every if c.id == topic.lead and c.verdict != "unknown"), None)
    speaker = alarms[0] if alarms else lead or every[0]
    return StripItem(
        section=section.id,
        title=topic.title,
        asks=topic.asks,
        verdict=speaker.verdict,
        sentence=speaker.sentence,
        more=_more([c for c in (*alarms, *broken) if c is not speaker]),
        target=section.id,
        trend=of_card(speaker),
    )


def _more(rest: Sequence[Card]) -> str:
    """`also 2 problems, 1 warning`."""
    words = [plural(n, WORDS[v].lower()) for v in WORST_FIRST if (n := sum(c.verdict == v for c in rest))]
    return f"also {', '.join(words)}" if words else ""


# --- what cannot be answered -----------------------------------------------------------------------------------------------------------


def _gaps(cards: Sequence[Card], answers: Sequence[Answer]) -> tuple[Gap, ...]:
    """Unanswered questions grouped by what is missing; the group that would answer most first."""
    groups: dict[tuple[tuple[str, ...], str], list[tuple[str, str]]] = {}
    for one, answer in zip(cards, answers, strict=True):
        if answer.verdict == "unknown":
            fields = tuple(sorted(_field(n) for n in answer.needs if n.state == "missing"))
            groups.setdefault((fields, "" if fields else one.sentence), []).append((one.id, one.question))
    found = [Gap(fields, reason, tuple(questions)) for (fields, reason), questions in groups.items()]
    return tuple(sorted(found, key=lambda g: (not g.fields, -len(g.questions), g.fields, g.reason)))
