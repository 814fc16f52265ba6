"""From a verdict row to an answer. A judge may withhold a verdict or soften one; it never changes a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from llmlogs.pack.model import VERDICTS, Answer, Need, Question, Result, Verdict
from llmlogs.pack.needs import said
from llmlogs.pack.parse import QuestionError
from llmlogs.pack.sentences import fill
from llmlogs.stats.benjamini_hochberg import adjust
from llmlogs.text import show

FIXED_COLUMNS = ("verdict", "n", "value", "lo", "hi", "basis", "min_effect", "p_value")
FALSE_DISCOVERY_RATE = 0.05


def judge(question: Question, results: Mapping[str, Result], needs: tuple[Need, ...]) -> Answer:
    """The answer a question's results give. QuestionError when the verdict row is not one."""
    if "verdict" not in results:
        raise QuestionError("a question has no verdict among its results", ", ".join(results))
    row = verdict_row(results["verdict"])
    verdict = cast(Verdict, row["verdict"])
    reason = _withheld(question, row, needs)
    if reason:
        verdict = "unknown"
    elif verdict == "unknown":
        reason = str(row.get("reason") or "these rows do not settle it")
    sentence = _sentence(question, verdict, row, reason)
    if verdict != "unknown":
        sentence += _partly(needs)
    return Answer(question, verdict, sentence, row, dict(results), needs, reason=reason)


def broken(question: Question, message: str, needs: tuple[Need, ...] = ()) -> Answer:
    """The answer of a question that could not be run."""
    reason = message.strip().split("\n", 1)[0][:200]
    return Answer(question, "error", f"The question could not be run: {reason}", {}, {}, needs, reason=reason)


def verdict_row(result: Result) -> dict[str, Any]:
    """The one row of the verdict result, by column."""
    if len(result.rows) != 1:
        raise QuestionError("a verdict is one row", f"there are {len(result.rows)}")
    row = dict(zip(result.columns, result.rows[0], strict=True))
    missing = [name for name in FIXED_COLUMNS if name not in row]
    if missing:
        raise QuestionError("the verdict row lacks columns", ", ".join(missing))
    if row["verdict"] not in VERDICTS:
        raise QuestionError("not a verdict", str(row["verdict"])[:40], f"one of {', '.join(VERDICTS)}")
    return row


def _withheld(question: Question, row: Mapping[str, Any], needs: tuple[Need, ...]) -> str:
    """Why no verdict may be given, or nothing. What to log comes before how many more calls."""
    missing = [need for need in needs if need.state == "missing"]
    n = row["n"] or 0
    if all(not need.of for need in missing) and not n:
        missing = [need for need in missing if not need.field.startswith("calls.")]
    if missing:
        return "log " + " and ".join(said(need.field) for need in missing)
    if row["verdict"] == "unknown" and row.get("reason"):
        return str(row["reason"])  # the question knows better than a count what would settle it
    if n < question.min_calls:
        return f"{show(int(n), 'int')} of the {show(question.min_calls, 'int')} calls it takes to judge"
    return ""


def _sentence(question: Question, verdict: Verdict, row: Mapping[str, Any], reason: str) -> str:
    templates = {"ok": question.passes, "info": question.info or question.passes, "unknown": question.unknown}
    template = templates.get(verdict, question.fails)
    if not template:
        return f"Cannot tell: {reason}."
    return fill(template, {**row, "reason": reason}, question.columns)


def _partly(needs: tuple[Need, ...]) -> str:
    """Says which share of the log the answer rests on."""
    parts = [f"{said(need.field)} is logged on {show(need.filled, 'pct')}" for need in needs if need.state == "partly"]
    return f" Told by a part of the log: {', '.join(parts)} of the rows that need it." if parts else ""


def correct(answers: list[Answer]) -> list[Answer]:
    """Benjamini-Hochberg over each section: what chance explains among so many tests is shown, not alarmed."""
    adjusted: dict[str, float] = {}
    for section in {a.question.section for a in answers}:
        tested = [a for a in answers if a.question.section == section and a.values.get("p_value") is not None]
        p_values = adjust([float(a.values["p_value"]) for a in tested])
        adjusted |= {a.question.id: p for a, p in zip(tested, p_values, strict=True)}
    return [_soften(a, adjusted.get(a.question.id)) for a in answers]


def _soften(answer: Answer, p: float | None) -> Answer:
    if p is None:
        return answer
    if p <= FALSE_DISCOVERY_RATE or answer.verdict not in ("fail", "warn"):
        return replace(answer, adjusted_p=p)
    reason = f"may be chance: p = {p:.2g} after correcting for every test of this section"
    return replace(answer, adjusted_p=p, verdict="info", sentence=f"{answer.sentence} This {reason}.", reason=reason)
