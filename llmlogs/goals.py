"""The tables of the configuration that hold goals: [[budget]], [[slo]] and [[check]]. What each may say, and how it says no.

    budget = [                                                             # or as [[budget]] tables
        { name = "all", amount_usd = 2000 },                               # a calendar month; day and week, too
        { name = "search", amount_usd = 50, period = "week", feature = "search*", timezone = "Europe/Berlin" },
    ]
    slo = [{ name = "chat answers", feature = "chat", metric = "ttft", target_ms = 1500, share = 0.95, window_days = 28 }]
    check = [
        { question = "errors/by_class", max = 0.02 },                      # of its verdict row; see `llmlogs check --help`
        { name = "no call above 5 USD", sql = "select call_id from calls where cost_usd > 5" },
    ]

Filters (feature, team, model, provider, user, project) may hold `*`; all that are given must fit.
Budgets and SLOs reach a question as the temp tables of TABLES.
"""

from __future__ import annotations

import difflib
import math
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Entry = Mapping[str, Any]
Read = Callable[[object], Any]
MUST = object()  # the default of a key that has none


class GoalError(ValueError):
    """An entry that cannot be: which of its kind (from 0), which key, why, and what is allowed."""

    def __init__(self, number: int, key: str, why: str, allowed: str = "") -> None:
        super().__init__(why)
        self.number, self.key, self.why, self.allowed = number, key, why, allowed


@dataclass(frozen=True)
class Key:
    """One key: how it is read, what it says, and what holds without it. `column` and `sql` are its column in the table questions see."""

    read: Read
    meaning: str
    default: Any = MUST
    column: str = ""
    sql: str = "varchar"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be a text, found {value!r}")
    return value.strip()


def _number(low: float, high: float = math.inf, *, open_low: bool = False) -> Read:
    """A number of that range; a text is read, too, so that money can be written exactly."""
    word = f"above {low:g}" if open_low else f"at least {low:g}" if low > -math.inf else "finite"
    said = f"must be a number {word}" + (f" and at most {high:g}" if high < math.inf else "")

    def read(value: object) -> Decimal:
        try:
            number = Decimal(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or not low <= number <= high or (open_low and number == low):
            raise ValueError(f"{said}, found {value!r}")
        return number

    return read


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"must be a whole number above 0, found {value!r}")
    return value


def _one_of(*words: str) -> Read:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}, found {value!r}")
        return str(value)

    return read


def _zone(value: object) -> str:
    try:
        return zoneinfo.ZoneInfo(_text(value)).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {value!r}") from error


NAME = {"name": Key(_text, "what it is called")}
FILTERS = {
    "feature": Key(_text, "only this feature", None),
    "team": Key(_text, "only this team", None),
    "model": Key(_text, "only this model, as answered, else as asked for", None),
    "provider": Key(_text, "only this provider", None),
    "user": Key(_text, "only this user_id", None, "user_id"),
    "project": Key(_text, "only calls with this tag project", None),
}
ANY = _number(-math.inf)
BUDGET = NAME | {
    "amount_usd": Key(_number(0, 1e9, open_low=True), "what may be spent in a period, USD", sql="decimal(18,6)"),
    "period": Key(_one_of("day", "week", "month"), "of the calendar, in the time zone; a week begins on Monday", "month"),
    "timezone": Key(_zone, "where its days begin; that of the configuration", None, "zone"),
    **FILTERS,
}
SLO = NAME | {
    "metric": Key(_one_of("ttft", "duration"), "time to first token, or the caller's whole wait"),
    "target_ms": Key(_number(0, 1e9, open_low=True), "the longest that is good, ms", sql="double"),
    "share": Key(_number(0, 1, open_low=True), "share of calls that must be good", Decimal("0.95"), sql="double"),
    "window_days": Key(_whole, "days that are judged together", 28, sql="integer"),
    **FILTERS,
}
CHECK = {
    "name": Key(_text, "what it is called", None),
    "question": Key(_text, "id of a question, e.g. cost/by_feature", None),
    "result": Key(_text, "its result: the verdict row, or each row of evidence", "verdict"),
    "column": Key(_text, "column of that result", "value"),
    "sql": Key(_text, "a select: one number for max or min; without them, rows that must not be", None),
    "max": Key(ANY, "alarm above it", None),
    "min": Key(ANY, "alarm below it", None),
    "min_calls": Key(_whole, "with fewer calls behind the verdict it is unknown", None),
    "level": Key(_one_of("fail", "warn"), "what an alarm of it is", "fail"),
    "fail_on": Key(_one_of("fail", "warn", "unknown"), "from which verdict on this question alarms", None),
}
KINDS: dict[str, dict[str, Key]] = {"budget": BUDGET, "slo": SLO, "check": CHECK}
TABLES = {"stat_budgets": BUDGET, "stat_slos": SLO}  # temp tables that the runner fills for a question that names them


def read(kind: str, value: object) -> tuple[Entry, ...]:
    """The entries of one kind, every key filled. GoalError for the first that is wrong."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise GoalError(0, "", "must be tables", f"[[{kind}]]")
    entries = tuple(_entry(KINDS[kind], entry, number) for number, entry in enumerate(value))
    names = [entry["name"] for entry in entries]
    for number, name in enumerate(names):
        if name is not None and name in names[:number]:
            raise GoalError(number, "name", f"there is a {kind} {name!r} already", "every name once")
    if kind == "check":
        for number, entry in enumerate(entries):
            _whole_check(entry, number)
    return entries


def _entry(keys: Mapping[str, Key], entry: Entry, number: int) -> Entry:
    for key in entry:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, 1)
            raise GoalError(number, key, f"unknown key `{key}`", f"did you mean `{close[0]}`?" if close else f"allowed: {', '.join(keys)}")
    return {name: _of_key(key, name, entry, number) for name, key in keys.items()}


def _of_key(key: Key, name: str, entry: Entry, number: int) -> Any:
    if name not in entry:
        if key.default is MUST:
            raise GoalError(number, "", f"`{name}` is missing", key.meaning)
        return key.default
    try:
        return key.read(entry[name])
    except ValueError as error:
        raise GoalError(number, name, f"`{name}` {error}", key.meaning) from error


def _whole_check(entry: Entry, number: int) -> None:
    """What only the keys together can tell."""
    bounded = entry["max"] is not None or entry["min"] is not None
    if (entry["question"] is None) == (entry["sql"] is None):
        raise GoalError(number, "", "names a question, or has sql: one of the two", 'question = "cost/budgets"')
    if entry["sql"] is not None and (entry["name"] is None or entry["fail_on"] or entry["min_calls"]):
        raise GoalError(number, "", "with sql goes a name, max, min and level, nothing else", 'name = "dearest call"')
    if entry["question"] is not None and not bounded and not entry["fail_on"]:
        raise GoalError(number, "", "says nothing of its question", "max = ..., min = ..., or fail_on = ...")


def tables(kinds: Mapping[str, Sequence[Entry]], timezone: str) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each of TABLES, in the order of its keys; a budget without a time zone has that of the configuration."""
    rows = {"stat_budgets": kinds.get("budget", ()), "stat_slos": kinds.get("slo", ())}
    return {
        table: [tuple(timezone if name == "timezone" and entry[name] is None else entry[name] for name in TABLES[table]) for entry in entries]
        for table, entries in rows.items()
    }


def columns(table: str) -> dict[str, str]:
    """Columns of one of TABLES with their types."""
    return {key.column or name: key.sql for name, key in TABLES[table].items()}
