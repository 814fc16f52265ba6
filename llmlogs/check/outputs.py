"""What a check found, for a terminal, a program, a job's summary and a test reporter."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from llmlogs.check.model import Finding, Outcome
from llmlogs.text import markdown, plain, plural

WORDS = {"verdict": "question", "threshold": "threshold", "sql": "SQL check", "coverage": "coverage"}


def summary(outcome: Outcome) -> str:
    """One line: `clean: 19 questions, 2 thresholds; 3 unknown`."""
    kinds = [plural(n, word) for kind, word in WORDS.items() if (n := sum(f.kind == kind for f in outcome.findings))]
    alarms = len(outcome.alarms)
    head = f"{plural(alarms, 'alarm')} in" if alarms else "clean:"
    quiet = [f"{n} {word}" for word in ("warn", "unknown") if (n := sum(f.verdict == word and not f.alarm for f in outcome.findings))]
    return f"{head} {', '.join(kinds)}" + (f"; {', '.join(quiet)}" if quiet else "")


def lines(outcome: Outcome, *, verbose: bool = False) -> list[str]:
    """The alarms, each with what to do, then the summary; with `verbose` everything that was looked at."""
    shown = outcome.findings if verbose else outcome.alarms
    return [line for finding in shown for line in _lines(finding)] + [summary(outcome)]


def _lines(finding: Finding) -> list[str]:
    head = f"{finding.verdict.upper():8}{plain(finding.name)}: {plain(finding.sentence)}"
    return [head, f"        fix: {plain(finding.fix)}"] if finding.fix and finding.alarm else [head]


def as_json(outcome: Outcome) -> str:
    """Everything, with the exit code."""
    body: dict[str, Any] = {
        "clean": not outcome.alarms,
        "exit_code": int(outcome.code),
        "alarms": len(outcome.alarms),
        "counts": {verdict: outcome.count(verdict) for verdict in ("fail", "warn", "error", "unknown", "info", "ok")},
        "findings": [asdict(finding) | {"seconds": round(finding.seconds, 3)} for finding in outcome.findings],
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False)


def as_markdown(outcome: Outcome) -> str:
    """For the summary of a job: the alarms as a table, the rest folded."""
    mark = "❌" if outcome.alarms else "✅"
    parts = [f"### {mark} llmlogs check: {markdown(summary(outcome))}", ""]
    if outcome.alarms:
        parts += [*_table(outcome.alarms), ""]
    rest = [finding for finding in outcome.findings if not finding.alarm]
    if rest:
        parts += ["<details><summary>no alarm</summary>", "", *_table(rest), "", "</details>", ""]
    return "\n".join(parts)


def _table(findings: list[Finding] | tuple[Finding, ...]) -> list[str]:
    rows = [f"| {f.verdict} | {markdown(f.name)} | {markdown(f.sentence)}{'<br>' + markdown(f.fix) if f.fix and f.alarm else ''} |" for f in findings]
    return ["| verdict | check | says |", "| --- | --- | --- |", *rows]


def as_junit(outcome: Outcome) -> str:
    """One test case a finding: an alarm is a failure (an error where the question broke), an unknown that does not alarm is skipped."""
    broken = sum(f.alarm and f.verdict == "error" for f in outcome.findings)
    skipped = sum(_skipped(f) for f in outcome.findings)
    counts = {"tests": len(outcome.findings), "failures": len(outcome.alarms) - broken, "errors": broken, "skipped": skipped}
    numbers = {name: str(count) for name, count in counts.items()} | {"time": f"{sum(f.seconds for f in outcome.findings):.3f}"}
    top = ElementTree.Element("testsuites", {"name": "llmlogs check"} | numbers)
    suite = ElementTree.SubElement(top, "testsuite", {"name": "llmlogs check"} | numbers)
    for finding in outcome.findings:
        _case(suite, finding)
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def _skipped(finding: Finding) -> bool:
    return finding.verdict == "unknown" and not finding.alarm


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    names = {"classname": f"llmlogs.{finding.kind}", "name": plain(finding.name), "time": f"{finding.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", names)
    said = plain(finding.sentence)
    if finding.alarm:
        kind = "error" if finding.verdict == "error" else "failure"
        ElementTree.SubElement(case, kind, {"type": finding.verdict, "message": said}).text = plain(finding.fix) or said
    elif _skipped(finding):
        ElementTree.SubElement(case, "skipped", {"message": said})
    else:
        ElementTree.SubElement(case, "system-out").text = f"{finding.verdict}: {said}"
