"""The file of a declared source: TOML, checked line by line. Every mistake names the file, the line, what is allowed and the closest match."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from llmlogs.errors import UsageError
from llmlogs.schema.calls import CALLS
from llmlogs.sources.base import Sample
from llmlogs.sources.declared.sql import Compiled

KEYS = ("title", "docs", "detect", "tokens", "answers", "columns", "units", "sample", "only")
NOT_MAPPED = {"source", "ingest_id", "file_id", "line", "cost_usd", "list_usd", "cost_status", "rate_id"}  # llmlogs' own to fill
COLUMNS = tuple(name for name in CALLS.names if name not in NOT_MAPPED)
ANCHORS = ("started_at", "ended_at", "request_model", "response_model")
UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 60e3}  # of a duration, in ms
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
    answers: tuple[str, ...]
    samples: tuple[Sample, ...]
    only: tuple[str, ...] = ()  # a record is a call only where one of these fields has a value

    def compile(self) -> Compiled:
        """Its expressions as SQL; UsageError names the line of one that is wrong."""
        compiled = Compiled()
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for column, text in self.columns.items():
            try:
                compiled.add(column, text, self.factors.get(column, 1))
            except ValueError as error:
                raise problem(self.path, lines, column, f"{column} = {text[:80]!r}", str(error)) from error
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
        _detect(path, lines, data, columns), {name: str(expression) for name, expression in columns.items()}, _factors(path, lines, data, columns),
        tuple(data.get("answers", ())), tuple(_samples(path, lines, data)),
        _only(path, lines, data),
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


def _only(path: Path, lines: list[str], data: dict[str, Any]) -> tuple[str, ...]:
    names = data.get("only", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise problem(path, lines, "only", "only is no list of fields", 'write only = ["model"]: without a value in one of them a record is no call')
    return tuple(names)


def _factors(path: Path, lines: list[str], data: dict[str, Any], columns: dict[str, Any]) -> dict[str, float]:
    factors = {}
    for column, unit in data.get("units", {}).items():
        _known(path, lines, [column], tuple(columns), "column (of this mapping)")
        table = UNITS if column.endswith("_ms") else MONEY if column.endswith("_usd") else {}
        if unit not in table:
            raise problem(path, lines, column, f"unknown unit {unit}", f"allowed for {column}: {', '.join(table) or 'none, it has no unit'}")
        factors[column] = table[unit]
    return factors


def _samples(path: Path, lines: list[str], data: dict[str, Any]) -> Iterable[Sample]:
    for sample in data.get("sample", ()):
        if "line" not in sample or not isinstance(sample.get("want"), dict):
            raise problem(path, lines, "[[sample]]", "a sample needs line and want", "line = '''{...}''' and want = { duration_ms = 776 }")
        try:
            orjson.loads(sample["line"])
        except orjson.JSONDecodeError as error:
            raise problem(path, lines, "line", "a sample's line is no JSON", str(error)) from error
        yield Sample(sample["line"], (sample["want"],), str(sample.get("note", "")))
