"""The report as Markdown, for a ticket or a repository."""

from __future__ import annotations

from llmlogs.report.model import ICONS, WORDS, Card, Gap, Header, Report, Section, Table, headline
from llmlogs.text import markdown, markdown_table, plural, show

ROWS = 20
BILLS_ONLY = "The provider's own reports were read; they are sums and stand in the table usage_buckets. Questions are asked of calls."


def render(report: Report) -> str:
    """The same order as the page: trust header, verdicts, cards, what passed, what cannot be measured."""
    made = f"Made {show(report.clock.generated_at, 'time')} by llmlogs {markdown(report.header.llmlogs_version)}"
    lines = [f"# {markdown(report.title)}", "", made, "", *_header(report.header), ""]
    if report.empty:
        return "\n".join(
            [
                *lines,
                *([BILLS_ONLY, ""] if report.header.bills else []),
                "No calls yet. Point llmlogs at the logs you have:",
                "",
                "    llmlogs ingest logs/",
                "    llmlogs report -o report.html",
                "",
            ]
        )
    lines += [f"## {headline(report)}", "", *_strip(report), ""]
    for section in report.sections:
        lines += _section(section)
    return "\n".join([*lines, *_gaps(report.gaps)]).rstrip("\n") + "\n"


def _header(header: Header) -> list[str]:
    span = f"{show(header.first_at, 'time')} to {show(header.last_at, 'time')}"
    bills = [f"- Provider's reports: {markdown(header.billed)}"] if header.bills else []
    return [
        f"- **{show(header.calls, 'int')} calls**, {span}",
        f"- **{show(header.spend_usd, 'usd')}**, {header.priced}, {markdown(header.price_book or 'no price book')}",
        f"- {accounts(header)}",
        f"- Sources: {_names([g.name for g in header.sources])}",
        f"- Models: {_names([g.name for g in header.models], header.models_total)}",
        *bills,
    ]


def accounts(header: Header) -> str:
    """What became of every record."""
    parts = [
        (header.call_records, "calls"),
        (header.other, "other"),
        (header.merged, "merged"),
        (header.skipped, "skipped"),
        (header.rejected, "rejected"),
    ]
    sums = " + ".join(f"{show(n, 'int')} {word}" for n, word in parts)
    doubt = "" if header.balanced else " (these do not add up)"
    return f"{plural(header.files, 'file')}, {plural(header.lines, 'line')}: {plural(header.records, 'record')} = {sums}{doubt}"


def _names(names: list[str], total: int = 0) -> str:
    more = f" and {total - len(names)} more" if total > len(names) else ""
    return (", ".join(markdown(name) for name in names) or "none") + more


def _strip(report: Report) -> list[str]:
    rows = [
        f"| {ICONS[i.verdict]} {WORDS[i.verdict]} | {markdown(i.title)} | {markdown(i.sentence)}{f' ({markdown(i.more)})' if i.more else ''} |"
        for i in report.strip
    ]
    return ["| | | |", "| --- | --- | --- |", *rows]


def _section(section: Section) -> list[str]:
    lines = [f"## {markdown(section.title)}", ""]
    for card in section.cards:
        lines += card_lines(card)
    lines += [f"- {ICONS[c.verdict]} {WORDS[c.verdict]}: {markdown(c.sentence)} (`{c.id}`)" for c in section.passed]
    lines += [f"- {ICONS[c.verdict]} {WORDS[c.verdict]}: {markdown(c.question)} (`{c.id}`)" for c in section.unanswered]
    return [*lines, ""] if section.passed or section.unanswered else lines


def card_lines(card: Card) -> list[str]:
    """One card."""
    lines = [f"### {ICONS[card.verdict]} {WORDS[card.verdict]}: {markdown(card.sentence)}", "", f"{markdown(card.question)} `{card.command}`", ""]
    lines += [line for note in card.notes for line in (f"> {markdown(note)}", "")]
    lines += [line for table in card.tables if table.rows for line in (*_table(table), "")]
    if card.verdict == "error":
        return [*lines, f"> {markdown(card.reason)}", ""]
    lines += [f"**Why it matters.** {markdown(card.why)}", ""]
    return [*lines, f"**How to fix it.** {markdown(card.fix)}", ""] if card.verdict in ("fail", "warn") else lines


def _table(table: Table) -> list[str]:
    lines = markdown_table([c.label for c in table.columns], [c.unit for c in table.columns], table.rows[:ROWS])
    more = ["", f"Showing {ROWS} of {show(table.total_rows, 'int')} rows."] if table.total_rows > ROWS else []
    return lines + more


def _gaps(gaps: tuple[Gap, ...]) -> list[str]:
    if not gaps:
        return []
    lines = ["## Not measurable", ""]
    for gap in gaps:
        head = f"Log {' and '.join(f'`{f}`' for f in gap.fields)} to answer:" if gap.fields else markdown(gap.reason)
        lines += [f"- {head}", *(f"  - {markdown(question)} (`{id_}`)" for id_, question in gap.questions)]
    return lines
