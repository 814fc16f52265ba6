"""One .sql file into one Question: the TOML header in its first comment, the parameters in its body."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from llmlogs.errors import UsageError
from llmlogs.pack import parameters
from llmlogs.pack.model import Chart, Column, Question

HEADER = re.compile(r"\A/\*---[ \t]*\r?\n(?P<toml>.*?)---\*/[ \t]*\r?\n?", re.DOTALL)
TEXTS = ("question", "passes", "fails", "why", "fix")
OPTIONAL_TEXTS = ("unknown", "info", "method", "engine")
LISTS = ("needs", "results")
KEYS = (*TEXTS, *OPTIONAL_TEXTS, *LISTS, "min_calls", "chart", "columns")


class QuestionError(UsageError):
    """A question file that cannot be read or run."""


def parse(path: Path, question_id: str) -> Question:
    """The question in `path`. QuestionError names file and line."""
    try:
        sql = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError("a question cannot be read", str(path), str(error)[:200]) from error
    match = HEADER.match(sql)
    if not match:
        raise QuestionError("a question has no header", f"{path}:1", "the file begins with /*--- and TOML up to ---*/", "see queries/README.md")
    header = _toml(match["toml"], path)
    _require(header, match["toml"], path)
    return _question(header, question_id, path, sql, sql[match.end() :])


def body(question: Question) -> str:
    """The SQL behind the header."""
    match = HEADER.match(question.sql)
    return question.sql[match.end() :] if match else question.sql


def _question(header: dict[str, Any], question_id: str, path: Path, sql: str, code: str) -> Question:
    texts: dict[str, Any] = {key: str(header[key]).strip() for key in (*TEXTS, *OPTIONAL_TEXTS) if key in header}
    lists: dict[str, Any] = {key: tuple(header[key]) for key in LISTS if key in header}
    charts = header.get("chart", [])
    return Question(
        id=question_id,
        path=path,
        min_calls=header.get("min_calls", 0),
        charts=tuple(_chart(c) for c in ([charts] if isinstance(charts, dict) else charts)),
        columns={name: _column(name, spec) for name, spec in header.get("columns", {}).items()},
        parameters=parameters.declared(code),
        sql=sql,
        **texts,
        **lists,
    )


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = int(line[1]) + 1 if line else 1  # the header's text begins on the second line of the file
        raise QuestionError("a question's header is not TOML", f"{path}:{where}", str(error)[:200]) from error


def _require(header: dict[str, Any], text: str, path: Path) -> None:
    """Everything the header must have and nothing else, with the line at fault."""
    for key in header:
        if key not in KEYS:
            raise QuestionError("a question's header has an unknown key", f"{path}:{_line(text, key)}", key, f"known: {', '.join(KEYS)}")
    for key in TEXTS:
        if not str(header.get(key, "")).strip():
            raise QuestionError("a question's header lacks a text", f"{path}:1", f"{key} is missing or empty")
    for key, right in _types(header).items():
        if not right:
            raise QuestionError("a question's header has a wrong type", f"{path}:{_line(text, key)}", f"{key} = {header[key]!r}"[:120])


def _types(header: dict[str, Any]) -> dict[str, bool]:
    """Which of the keys that are there hold what they should."""
    right = {key: isinstance(header[key], str) for key in (*TEXTS, *OPTIONAL_TEXTS) if key in header}
    right |= {key: isinstance(header[key], list) and all(isinstance(v, str) for v in header[key]) for key in LISTS if key in header}
    if "min_calls" in header:
        right["min_calls"] = isinstance(header["min_calls"], int) and not isinstance(header["min_calls"], bool)
    if "columns" in header:
        right["columns"] = isinstance(header["columns"], dict) and all(_is_column(v) for v in header["columns"].values())
    if "chart" in header:
        charts = header["chart"] if isinstance(header["chart"], list) else [header["chart"]]
        right["chart"] = all(isinstance(c, dict) and isinstance(c.get("kind"), str) for c in charts)
    return right


def _is_column(spec: Any) -> bool:
    return isinstance(spec, dict) and set(spec) <= {"label", "unit", "help"} and all(isinstance(v, str) for v in spec.values())


def _line(text: str, key: str) -> int:
    """Line of the file that holds a key of the header."""
    pattern = re.compile(rf"^\s*(\[+\s*)?{re.escape(key)}\b")
    return next((n for n, line in enumerate(text.splitlines(), 2) if pattern.match(line)), 1)


def _column(name: str, spec: dict[str, str]) -> Column:
    return Column(name, spec.get("label") or name.replace("_", " "), spec.get("unit", ""), spec.get("help", ""))


def _chart(spec: dict[str, Any]) -> Chart:
    options = {key: value for key, value in spec.items() if key not in ("kind", "result", "title")}
    return Chart(spec["kind"], spec.get("result", "evidence"), spec.get("title", ""), options)
