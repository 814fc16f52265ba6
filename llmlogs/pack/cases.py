"""Case files: rows in, verdict and numbers out. One .toml beside the tests for every question, under the same name."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmlogs import goals
from llmlogs.errors import UsageError
from llmlogs.pack import rows
from llmlogs.pack.model import Answer, Question
from llmlogs.pack.run import run
from llmlogs.pack.settings import Tables

MANDATORY = ("healthy", "near miss", "violation", "after the fix", "too few calls", "field missing")
KEYS = {"name", "tables", "like", "without", "parameters", "known", "settings", "want"}
WANTS = {"verdict", "values", "sentence", "reason", "evidence"}


@dataclass(frozen=True)
class Case:
    """One situation and what the question must say of it."""

    name: str
    tables: dict[str, list[dict[str, Any]]]
    want: dict[str, Any]
    parameters: dict[str, Any] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)  # other questions of the pack and their needs
    settings: Tables = field(default_factory=dict)  # budgets and SLOs, as the runner hands them over


@dataclass(frozen=True)
class Outcome:
    """What became of one case: no complaints means passed."""

    question: str
    case: str
    complaints: tuple[str, ...]


def read(path: Path) -> list[Case]:
    """The cases of a file. UsageError when it is not one, or a mandatory case is missing."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("case", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("not a case file", str(path), str(error)[:200]) from error
    for entry in entries:
        _check(entry, path)
    names = [entry["name"] for entry in entries]
    absent = [kind for kind in MANDATORY if not any(name.startswith(kind) for name in names)]
    if absent:
        raise UsageError("a case file lacks cases", str(path), ", ".join(absent), "each case's name begins with its kind")
    return [_case(entry, {e["name"]: e for e in entries}, path) for entry in entries]


def test(questions: Iterable[Question], folder: Path) -> list[Outcome]:
    """Run the case file of every question: in `folder`, or beside it; one that has none is told."""
    return [outcome for question in questions for outcome in _test_one(question, folder)]


def _test_one(question: Question, folder: Path) -> list[Outcome]:
    path = next((path for path in (question.path.with_suffix(".toml"), folder / f"{question.id}.toml") if path.is_file()), None)
    if path is None:
        return [Outcome(question.id, "", (f"it has no case file: {folder / question.id}.toml",))]
    return [Outcome(question.id, case.name, tuple(complaints(ask(question, case), case.want))) for case in read(path)]


def ask(question: Question, case: Case) -> Answer:
    """The question's answer on a database made of the case's rows."""
    con = rows.database()
    try:
        for table, compact in case.tables.items():
            rows.insert(con, table, compact)
        known = [question, *(replace(question, id=name, needs=tuple(needs)) for name, needs in case.known.items())]
        return run(con, [question], case.parameters, known=known, tables=case.settings)[0]
    finally:
        con.close()


def complaints(answer: Answer, want: Mapping[str, Any]) -> list[str]:
    """Every way in which the answer is not what the case wants."""
    found = []
    if answer.verdict != want["verdict"]:
        found.append(f"verdict is {answer.verdict}, not {want['verdict']}: {answer.sentence} {answer.reason}")
    found += _values(answer.values, want.get("values", {}), "")
    found += [f"sentence lacks {piece!r}: {answer.sentence}" for piece in _list(want.get("sentence", [])) if piece not in answer.sentence]
    found += [f"reason lacks {piece!r}: {answer.reason}" for piece in _list(want.get("reason", [])) if piece not in answer.reason]
    return found + _evidence(answer, want.get("evidence", []))


def _evidence(answer: Answer, wanted: list[dict[str, Any]]) -> list[str]:
    """The first rows of the evidence, each by the columns the case names."""
    result = answer.results.get("evidence")
    rows_there = [dict(zip(result.columns, row, strict=True)) for row in result.rows] if result else []
    found = [f"evidence has {len(rows_there)} rows, not at least {len(wanted)}"] if len(rows_there) < len(wanted) else []
    for number, (row, want) in enumerate(zip(rows_there, wanted, strict=False), 1):
        found += _values(row, want, f"evidence row {number}: ")
    return found


def _values(row: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> list[str]:
    absent = [f"{where}{name} is no column of it" for name in wanted if name not in row]
    return absent + [f"{where}{name} is {row[name]!r}, not {want!r}" for name, want in wanted.items() if name in row and not same(row[name], want)]


def same(value: Any, want: Any) -> bool:
    """Equal; `"null"` for NULL; `{about, within}` for a number, `{least}` and `{most}` for bounds."""
    if want == "null":
        return value is None
    if isinstance(want, dict):
        return value is not None and _bounded(float(value), want)
    if isinstance(value, Decimal | float) and isinstance(want, int | float):
        return math.isclose(float(value), want, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(value, dt.datetime) and isinstance(want, dt.datetime):
        return value == (want.astimezone(dt.UTC).replace(tzinfo=None) if want.tzinfo else want)
    return bool(value == want)


def _bounded(value: float, want: Mapping[str, float]) -> bool:
    if not want or not set(want) <= {"about", "within", "least", "most"} or ("about" in want) != ("within" in want):
        raise UsageError("not a wanted value", str(dict(want))[:80], "{about, within}, {least} or {most}")
    near = "about" not in want or abs(value - want["about"]) <= want["within"]
    return near and want.get("least", -math.inf) <= value <= want.get("most", math.inf)


def _list(value: Any) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


def _check(entry: dict[str, Any], path: Path) -> None:
    unknown = (set(entry) - KEYS) | (set(entry.get("want", {})) - WANTS)
    if unknown or not entry.get("name") or "verdict" not in entry.get("want", {}):
        why = f"unknown keys: {', '.join(sorted(unknown))}" if unknown else "it needs a name and want.verdict"
        raise UsageError("not a case", f"{path}: {entry.get('name', 'without a name')}", why)


def _case(entry: dict[str, Any], by_name: Mapping[str, dict[str, Any]], path: Path) -> Case:
    """`like = "healthy"` takes that case's tables and settings and adds its own rows; `without = ["calls.ttft_ms"]` leaves columns out."""
    tables: dict[str, list[dict[str, Any]]] = {}
    like = entry.get("like")
    if like and like not in by_name:
        raise UsageError("a case is like none there is", f"{path}: {entry['name']}", like)
    for part in (by_name[like].get("tables", {}) if like else {}, entry.get("tables", {})):
        for table, compact in part.items():
            tables.setdefault(table, []).extend(compact)
    settings = entry.get("settings", by_name[like].get("settings", {}) if like else {})
    for column in entry.get("without", []):
        table, _, name = column.partition(".")
        tables[table] = [{key: value for key, value in block.items() if key != name} for block in tables.get(table, [])]
    return Case(entry["name"], tables, entry["want"], entry.get("parameters", {}), entry.get("known", {}), _settings(settings, f"{path}: {entry['name']}"))


def _settings(kinds: Mapping[str, Any], where: str) -> Tables:
    """`settings = { budget = [{ name = "all", amount_usd = 100 }] }`: what llmlogs.toml would say, in UTC."""
    try:
        return goals.tables({kind: goals.read(kind, entries) for kind, entries in kinds.items()}, "UTC")
    except (goals.GoalError, KeyError) as error:
        raise UsageError("not the settings of a case", where, str(error)) from error
