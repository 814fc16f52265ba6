"""The one configuration file, `llmlogs.toml`, and the environment variables that overrule it. Everything in it is optional."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from llmlogs import goals
from llmlogs.errors import UsageError

FILE_NAME = "llmlogs.toml"
PRICES_NAME = "llmlogs.prices.toml"
STORE_TEXT = ("none", "redacted", "full")


@dataclass(frozen=True)
class Config:
    """Validated settings. Relative paths are relative to the configuration file's folder."""

    database: Path = Path("llmlogs.duckdb")
    paths: tuple[str, ...] = ()
    timezone: str = "UTC"
    store_text: str = "none"
    sample_rate: float | None = None
    feature_from: tuple[str, ...] = ()
    prices: Path | None = None
    queries: Path | None = None
    title: str = ""
    currency: str = "USD"
    parameters: dict[str, Any] = field(default_factory=dict)
    budget: tuple[goals.Entry, ...] = ()
    slo: tuple[goals.Entry, ...] = ()
    check: tuple[goals.Entry, ...] = ()
    file: Path | None = None

    @property
    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Budgets and SLOs as questions read them."""
        return goals.tables({"budget": self.budget, "slo": self.slo}, self.timezone)

    @property
    def question_values(self) -> dict[str, Any]:
        """Values for the parameters of questions: those of [parameters], and the zone of days."""
        return {"timezone": self.timezone} | self.parameters


MEANING = {
    "database": "the DuckDB file (environment: LLMLOGS_DB)",
    "paths": "what `llmlogs ingest` reads when no path is given",
    "timezone": "zone of timestamps that name none, and of days in the report, e.g. Europe/Berlin",
    "store_text": "none, redacted or full: what is kept of prompts and answers",
    "sample_rate": "share of calls the logs hold, above 0 and at most 1",
    "feature_from": "where a feature is taken from, best first, e.g. tags.product",
    "prices": "file with own prices, aliases and discounts; llmlogs.prices.toml beside it is found without being named",
    "queries": "folder with own questions",
    "title": "title of the report",
    "currency": "what reports show money in, e.g. EUR; needs an [[fx]] rate in the price file",
    "parameters": "values for the parameters of questions, e.g. window_minutes = 10",
    "budget": "[[budget]] tables: name, amount_usd, period (day, week, month), and whose spend it is; see cost/budgets",
    "slo": "[[slo]] tables: name, metric (ttft, duration), target_ms, share, window_days, and of which calls",
    "check": "[[check]] tables: thresholds of `llmlogs check`, on a question's numbers or on SQL",
}


def load(folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration that holds in `folder` (default: here). UsageError names file, line, setting and what is allowed."""
    base = folder or Path.cwd()
    named = environment.get("LLMLOGS_CONFIG")
    path = Path(named) if named else base / FILE_NAME
    if named and not path.is_file():
        raise UsageError("no such configuration file", named, "LLMLOGS_CONFIG names it", "correct or unset LLMLOGS_CONFIG")
    settings = _read(path) if path.is_file() else {}
    if database := environment.get("LLMLOGS_DB"):
        settings["database"] = Path(database)
    elif "database" not in settings:
        settings["database"] = base / Config.database
    if "prices" not in settings and (base / PRICES_NAME).is_file():
        settings["prices"] = base / PRICES_NAME
    return Config(**settings, file=path if path.is_file() else None)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("the configuration is not TOML", str(path), str(error), "correct that line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot read the configuration", str(path), str(error)) from error
    return {name: _value(name, value, path, text) for name, value in raw.items()}


def _value(name: str, value: object, path: Path, text: str) -> Any:
    known = tuple(MEANING)
    where = f"{path}:{_line_of(name, text)}"
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean `{close[0]}`?" if close else f"allowed: {', '.join(known)}"
        raise UsageError(f"unknown setting `{name}`", where, hint)
    try:
        return CHECKS[name](value, path.parent)
    except goals.GoalError as mistake:
        where = f"{path}:{_line_of_key(name, mistake.number, mistake.key, text)}"
        raise UsageError(f"a [[{name}]] is wrong", where, mistake.why, mistake.allowed) from mistake
    except (TypeError, ValueError, KeyError) as error:
        reason = str(error.args[0]) if error.args else "not a value of that kind"
        raise UsageError(f"bad value for `{name}`", where, reason, MEANING[name]) from error


def _line_of(name: str, text: str) -> int:
    found = re.search(rf"^[ \t]*\[*[ \t]*\"?{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _line_of_key(name: str, number: int, key: str, text: str) -> int:
    """Line of a key in the number-th [[name]]; that of its head where the key is not there, of the first where it is written inline."""
    heads = list(re.finditer(rf"^[ \t]*\[\[[ \t]*{re.escape(name)}[ \t]*\]\]", text, re.MULTILINE))
    if number >= len(heads):
        return _line_of(name, text)
    start = heads[number].start()
    end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
    found = re.search(rf"^[ \t]*\"?{re.escape(key)}\b", text[start:end], re.MULTILINE) if key else None
    return text.count("\n", 0, start + (found.start() if found else 0)) + 1


def _goals(kind: str) -> Callable[[object, Path], tuple[goals.Entry, ...]]:
    return lambda value, _: goals.read(kind, value)


def _text(value: object, _: Path) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be a text, found {value!r}")
    return value


def _code(value: object, base: Path) -> str:
    code = _text(value, base).upper()
    if len(code) != 3 or not code.isalpha():
        raise ValueError(f"must be a code of three letters, found {value!r}")
    return code


def _texts(value: object, _: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"must be a list of texts, found {value!r}")
    return tuple(value)


def _file(value: object, base: Path) -> Path:
    return base / Path(_text(value, base)).expanduser()


def _paths(value: object, base: Path) -> tuple[str, ...]:
    return tuple(str(base / Path(item).expanduser()) for item in _texts(value, base))


def _choice(value: object, base: Path) -> str:
    if _text(value, base) not in STORE_TEXT:
        raise ValueError(f"must be one of {', '.join(STORE_TEXT)}, found {value!r}")
    return str(value)


def _zone(value: object, base: Path) -> str:
    try:
        return zoneinfo.ZoneInfo(_text(value, base)).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone {value!r}") from error


def _rate(value: object, _: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"must be a number above 0 and at most 1, found {value!r}")
    return float(value)


def _table(value: object, _: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("must be a table: [parameters]")
    return value


CHECKS: dict[str, Callable[[object, Path], Any]] = {
    "database": _file,
    "paths": _paths,
    "timezone": _zone,
    "store_text": _choice,
    "sample_rate": _rate,
    "feature_from": _texts,
    "prices": _file,
    "queries": _file,
    "title": _text,
    "currency": _code,
    "parameters": _table,
    "budget": _goals("budget"),
    "slo": _goals("slo"),
    "check": _goals("check"),
}
assert set(CHECKS) == set(MEANING) == {f.name for f in fields(Config)} - {"file"}  # noqa: S101 - the three lists are one
