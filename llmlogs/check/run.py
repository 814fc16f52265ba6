"""Run only the questions a check needs, and judge their verdicts and numbers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import duckdb

from llmlogs.check import bounds
from llmlogs.check.model import ALARMS, Finding, Outcome, Threshold, Wanted, of_entry
from llmlogs.errors import NoInputError, UsageError
from llmlogs.pack.load import Pack
from llmlogs.pack.model import Answer, Question
from llmlogs.pack.run import run
from llmlogs.pricing.coverage import coverage
from llmlogs.report import clean
from llmlogs.store import adhoc
from llmlogs.store.database import open_for_read
from llmlogs.text import show

EVERY_ROW = 1_000_000  # of a result: a bound on evidence holds for all its rows, not for those a report shows


def check(database: Path, pack: Pack, wanted: Wanted) -> Outcome:
    """The findings on a database. NoInputError where it holds no call: nothing seen is not clean. UsageError for a name or bound that cannot be."""
    judged, thresholds = _plan(pack, wanted)
    asked = {q.id: q for q in (*judged, *(pack.find(t.question) for t in thresholds if t.question))}
    con = open_for_read(database)
    try:
        _require_calls(con, database)
        known = {p.name for q in asked.values() for p in q.parameters}
        values = {name: value for name, value in wanted.parameters.items() if name in known}
        said = run(con, asked.values(), values, known=pack.questions, max_rows=EVERY_ROW, tables=wanted.tables)
        coverage = [_coverage(con, wanted.priced_floor)] if wanted.priced_floor is not None else []
    finally:
        con.close()
    answers = {answer.question.id: answer for answer in said}
    gates = {entry["question"]: entry["fail_on"] for entry in wanted.entries if entry["fail_on"]}
    found = [_of_verdict(answers[q.id], gates.get(q.id, wanted.fail_on)) for q in judged]
    found += [bounds.of_answer(t, answers[t.question], wanted) for t in thresholds if t.question]
    found += [_of_sql(database, t, wanted) for t in thresholds if t.sql]
    return Outcome((*found, *coverage))


def _plan(pack: Pack, wanted: Wanted) -> tuple[list[Question], list[Threshold]]:
    """Questions whose verdict counts, and thresholds. Without a name all of both; with bounds on the command line and no name only those."""
    for entry in wanted.entries:
        if entry["question"]:
            pack.find(entry["question"])  # a name that is wrong is told before anything runs
    own = [threshold for threshold in map(of_entry, wanted.entries) if threshold]
    if not wanted.names:
        return ([], list(wanted.bounds)) if wanted.bounds else (list(pack.questions), own)
    judged: dict[str, Question] = {}
    chosen: dict[str, Threshold] = {}
    for name in wanted.names:
        questions = [q for q in pack.questions if q.section == name or fnmatchcase(q.id, name)]
        named = [t for t in own if fnmatchcase(t.name, name) or t.question in {q.id for q in questions}]
        if not questions and not named:
            raise _no_such(pack, name)
        judged |= {q.id: q for q in questions}
        chosen |= {t.name: t for t in named}
    return list(judged.values()), [*chosen.values(), *wanted.bounds]


def _no_such(pack: Pack, name: str) -> UsageError:
    if any(sign in name for sign in "*?["):
        return UsageError("no question goes by this pattern", name[:80], next_step="llmlogs queries list")
    try:
        pack.find(name)
    except UsageError as error:
        return error
    raise AssertionError(name)


def _require_calls(con: duckdb.DuckDBPyConnection, database: Path) -> None:
    if not con.execute("select exists (from calls)").fetchall()[0][0]:
        raise NoInputError("there is nothing to check", str(database), "the database holds no call", "llmlogs ingest LOGS")


def _of_verdict(answer: Answer, gate: str) -> Finding:
    fix = clean.own(answer.question.fix) if answer.verdict in ("fail", "warn") else ""
    n = answer.values.get("n")
    return Finding(
        name=answer.question.id,
        kind="verdict",
        verdict=answer.verdict,
        alarm=answer.verdict in ALARMS[gate],
        sentence=clean.text(answer.sentence, 600),
        fix=fix,
        n=None if n is None else int(n),
        seconds=answer.seconds,
    )


def _of_sql(database: Path, bound: Threshold, wanted: Wanted) -> Finding:
    """SQL of the configuration runs as typed SQL does: read only, without files and network."""
    try:
        with adhoc.query(database, bound.sql, wanted.timeout_s) as rows:
            return bounds.of_sql(bound, rows, wanted)
    except UsageError as error:
        raise UsageError(f"the check {bound.name!r} cannot be made", error.what, error.why or error.where, error.next_step) from error


def _coverage(con: duckdb.DuckDBPyConnection, floor: float) -> Finding:
    """The share of calls and of tokens that have a price, the lower of which must reach the floor."""
    found, bound = coverage(con), f"at least {floor:g}"
    if found.share is None:
        return Finding("price coverage", "coverage", "ok", False, "no call may have cost anything", bound=bound)
    told = (
        f"{show(share, 'pct1')} of {what}" for share, what in ((found.priced_share, "the calls"), (found.priced_token_share, "the tokens")) if share is not None
    )
    sentence = f"{' and '.join(told)} have a price; wanted {show(floor, 'pct1')}"
    bad = found.share < floor
    fix = "llmlogs query cost/unpriced names what has none" if bad else ""
    return Finding("price coverage", "coverage", "fail" if bad else "ok", bad, sentence, fix, value=found.share, bound=bound)
