"""The file of a declared source: TOML, checked line by line. Every mistake names the file, the line, what is allowed and the closest match."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from llmlogs.errors import UsageError
from llmlogs.schema.calls import CALLS
from llmlogs.sources.base import Sample
from llmlogs.sources.declared.sql import Compiled

KEYS = ("title", "docs", "detect", "tokens", "answers", "absent", "columns", "units", "skip", "sample")
NOT_MAPPED = {"source", "ingest_id", "file_id", "line", "cost_usd", "list_usd", "cost_status", "rate_id"}  # llmlogs' own to fill
COLUMNS = tuple(name for name in CALLS.names if name not in NOT_MAPPED)
ANCHORS = ("started_at", "ended_at", "request_model", "response_model")
UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 60e3}  # of a duration, in ms
SINCE = re.compile(r"(?P<unit>ns|us|ms|s|min) since (?P<day>\d{4}-\d\d-\d\d)")  # of a time that counts from a day of the mapping's own choice
MONEY = {"usd": 1.0, "cents": 0.01, "micro_usd": 1e-6}


@dataclass(frozen=True)
class Mapping:
    """A parsed and checked mapping file."""

    name: str
    path: Path
    title: str
    docs: str
    tokens: str
    detect: dict[str, tuple[str, ...]]
    columns: dict[str, str]
    factors: dict[str, float]
    origins: dict[str, int]  # epoch µs of the day a relative time counts from
    skips: dict[str, str]
    absent: tuple[str, ...]
    answers: tuple[str, ...]
    samples: tuple[Sample, ...]

    def compile(self) -> Compiled:
        """Its expressions as SQL; UsageError names the line of one that is wrong."""
        compiled = Compiled(absent=self.absent)
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for column, text in self.columns.items():
            try:
                compiled.add(column, text, self.factors.get(column, 1), self.origins.get(column))
            except ValueError as error:
                raise problem(self.path, lines, column, f"{column} = {text[:80]!r}", str(error)) from error
        for kind, text in self.skips.items():
            try:
                compiled.add_skip(kind, text)
            except ValueError as error:
                raise problem(self.path, lines, kind, f"{kind} = {text[:80]!r}", str(error)) from error
        return compiled


def read(path: Path) -> Mapping:
    """The mapping in `path`, or a UsageError with its line."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("not valid TOML", str(path), str(error), 'a mapping is TOML: [columns] started_at = "ts"') from error
    _known(path, lines, data, KEYS, "key")
    columns = _table(path, lines, data, "columns")
    _known(path, lines, columns, COLUMNS, "column")
    if not set(ANCHORS) & set(columns):
        raise problem(path, lines, "[columns]", "no time and no model", f"map at least one of {', '.join(ANCHORS)}")
    return Mapping(
        path.stem, path, str(data.get("title", path.stem)), str(data.get("docs", "")), str(data.get("tokens", "")),
        _detect(path, lines, data, columns), {name: str(expression) for name, expression in columns.items()}, *_units(path, lines, data, columns),
        _table(path, lines, data, "skip") if "skip" in data else {}, _absent(path, lines, data),
        tuple(data.get("answers", ())), tuple(_samples(path, lines, data)),
    )  # fmt: skip


def problem(path: Path, lines: list[str], key: str, what: str, why: str) -> UsageError:
    """An error at the line where `key` stands."""
    pattern = re.compile(rf'\s*"?{re.escape(key)}"?\s*(=|$)')
    line = next((n for n, text in enumerate(lines, 1) if pattern.match(text)), 1)
    return UsageError(what, f"{path}:{line}", why, "llmlogs source check NAME FILE shows what a mapping reads")


def _known(path: Path, lines: list[str], given: Iterable[str], allowed: tuple[str, ...], noun: str) -> None:
    for name in given:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, 1, 0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            shown = ", ".join(difflib.get_close_matches(name, allowed, 8, 0.3) if len(allowed) > 20 else allowed)
            raise problem(path, lines, name, f"unknown {noun} {name}", f"{hint}allowed: {shown}{' ...' if len(allowed) > 20 else ''}")


def _table(path: Path, lines: list[str], data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key)
    if not isinstance(table, dict) or not table:
        raise problem(path, lines, key, f"no [{key}]", 'a mapping needs it: [columns] started_at = "ts"')
    for name, value in table.items():
        if not isinstance(value, str):
            raise problem(path, lines, name, f"{name} is no text", f"an expression over the record in quotes is expected, found {type(value).__name__}")
    return table


def _detect(path: Path, lines: list[str], data: dict[str, Any], columns: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    rules = data.get("detect", {})
    if not isinstance(rules, dict):
        raise problem(path, lines, "detect", "detect is no table", 'write detect = { all = ["a_key", "another.key"] }')
    _known(path, lines, rules, ("all", "any", "none"), "detect rule")
    return {rule: tuple(str(key) for key in keys) for rule, keys in rules.items()}


def _units(path: Path, lines: list[str], data: dict[str, Any], columns: dict[str, Any]) -> tuple[dict[str, float], dict[str, int]]:
    """Factor of each column that has a unit, and the day a relative time counts from."""
    factors, origins = {}, {}
    for column, unit in data.get("units", {}).items():
        _known(path, lines, [column], tuple(columns), "column (of this mapping)")
        table = UNITS if column.endswith("_ms") else MONEY if column.endswith("_usd") else {}
        relative = SINCE.fullmatch(str(unit)) if CALLS.column(column).type == "TIMESTAMP" else None
        if relative:
            factors[column], origins[column] = UNITS[relative["unit"]], _micros(path, lines, column, relative["day"])
        elif unit in table:
            factors[column] = table[unit]
        else:
            allowed = "ms since 2000-01-01" if CALLS.column(column).type == "TIMESTAMP" else ", ".join(table) or "none, it has no unit"
            raise problem(path, lines, column, f"unknown unit {unit}", f"allowed for {column}: {allowed}")
    return factors, origins


def _micros(path: Path, lines: list[str], column: str, day: str) -> int:
    try:
        return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**6
    except ValueError as error:
        raise problem(path, lines, column, f"no day {day}", str(error)) from error


def _absent(path: Path, lines: list[str], data: dict[str, Any]) -> tuple[str, ...]:
    """Words the log writes where it has nothing."""
    words = data.get("absent", [])
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise problem(path, lines, "absent", "absent is no list of words", 'write absent = ["-"]')
    return tuple(words)


def _samples(path: Path, lines: list[str], data: dict[str, Any]) -> Iterable[Sample]:
    for sample in data.get("sample", ()):
        if "line" not in sample or not isinstance(sample.get("want"), dict):
            raise problem(path, lines, "[[sample]]", "a sample needs line and want", "line = '''{...}''' and want = { duration_ms = 776 }")
        try:
            orjson.loads(sample["line"])
        except orjson.JSONDecodeError as error:
            raise problem(path, lines, "line", "a sample's line is no JSON", str(error)) from error
        skipped = sample.get("skipped", "")
        if skipped and skipped not in data.get("skip", {}):
            raise problem(path, lines, "skipped", f"no skip rule {skipped}", f"[skip] has: {', '.join(data.get('skip', {})) or 'none'}")
        counts = {"skipped": 1} if skipped else {}
        yield Sample(sample["line"], () if skipped else (sample["want"],), str(sample.get("note", "")), counts)
