"""Rows against a bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from llmlogs.check.model import ALARMS, Finding, Kind, Threshold, Wanted
from llmlogs.errors import UsageError
from llmlogs.pack.model import Answer
from llmlogs.store.adhoc import Rows
from llmlogs.text import plain, plural

Row = Mapping[str, Any]
MOST_COUNTED = 1000  # rows that must not be; beyond it "at least" is said
SHOWN = 3


def of_answer(bound: Threshold, answer: Answer, wanted: Wanted) -> Finding:
    """A question's rows against the bound. What violates it alarms; what does not is clean only where the question could be answered."""
    if answer.verdict == "error":
        return _finding(bound, "threshold", "error", wanted, answer.sentence)
    n = int(answer.values.get("n") or 0)
    rows = list(_rows(bound, answer))
    if n < bound.min_calls:
        return _finding(bound, "threshold", "unknown", wanted, f"{plural(n, 'call')} of the {bound.min_calls} it takes", n=n)
    found = _judged(bound, "threshold", rows, wanted, n)
    if answer.verdict == "unknown" and found.verdict == "ok":
        return _finding(bound, "threshold", "unknown", wanted, f"cannot tell: {answer.reason}", n=n)
    return found


def of_sql(bound: Threshold, result: Rows, wanted: Wanted) -> Finding:
    """What SQL gave against the bound: each row's one number; without a bound there must be no row."""
    rows = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
    if bound.most is None and bound.least is None:
        bad = list(islice(rows, MOST_COUNTED))
        return _finding(bound, "sql", bound.level if bad else "ok", wanted, _listed(bad) if bad else "no rows")
    if len(result.columns) != 1:
        raise UsageError("a check with max or min selects one number", bound.name, f"it gives {', '.join(result.columns)}"[:120])
    return _judged(replace(bound, column=result.columns[0]), "sql", list(rows), wanted, None)


def _rows(bound: Threshold, answer: Answer) -> Iterator[Row]:
    result = answer.results.get(bound.result)
    known = {"verdict": tuple(answer.values)} | {name: r.columns for name, r in answer.results.items() if name != "verdict"}
    if bound.result not in known:
        raise UsageError("a question has no such result", bound.name, f"{bound.question} has {', '.join(known)}")
    if bound.column not in known[bound.result]:
        raise UsageError("a result has no such column", bound.name, f"{bound.question} {bound.result} has {', '.join(known[bound.result])}")
    if bound.result == "verdict" or result is None:
        yield answer.values
    else:
        yield from (dict(zip(result.columns, row, strict=True)) for row in result.rows)


def _judged(bound: Threshold, kind: Kind, rows: Sequence[Row], wanted: Wanted, n: int | None) -> Finding:
    known = [(value, row) for row in rows if (value := _number(row[bound.column], bound)) is not None]
    bad = [(value, row) for value, row in known if _outside(value, bound)]
    if not known:
        return _finding(bound, kind, "unknown", wanted, f"{bound.column} is not known", n=n)
    value, row = max(bad or known, key=lambda pair: _distance(pair[0], bound))
    where = _where(row, bound)
    more = f", and {plural(len(bad) - 1, 'more row')}" if len(bad) > 1 else ""
    sentence = f"{bound.column} is {_shown(value)}{where}{more}; wanted {bound.said}"
    return _finding(bound, kind, bound.level if bad else "ok", wanted, sentence, value=float(value), n=n)


def _finding(bound: Threshold, kind: Kind, verdict: str, wanted: Wanted, sentence: str, value: float | None = None, n: int | None = None) -> Finding:
    """A threshold that is broken always alarms when it is of level fail; of level warn it does from --fail-on warn on."""
    return Finding(bound.name, kind, verdict, verdict in ALARMS[wanted.fail_on], sentence, value=value, bound=bound.said, n=n)


def _number(value: Any, bound: Threshold) -> Decimal | None:
    if value is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return None
    if not isinstance(value, int | float | Decimal):
        raise UsageError("a bound is on a number", bound.name, f"{bound.column} is {plain(str(value))[:60]!r}")
    return Decimal(str(value)) if isinstance(value, float) else Decimal(value)


def _outside(value: Decimal, bound: Threshold) -> bool:
    return (bound.most is not None and value > bound.most) or (bound.least is not None and value < bound.least)


def _distance(value: Decimal, bound: Threshold) -> Decimal:
    """How far beyond the nearer bound; negative inside."""
    above = [value - bound.most] if bound.most is not None else []
    below = [bound.least - value] if bound.least is not None else []
    return max(above + below)


def _where(row: Row, bound: Threshold) -> str:
    """` (feature = chat)`: the first words of an evidence row."""
    words = [f"{name} = {plain(value)[:60]}" for name, value in row.items() if isinstance(value, str)] if bound.result != "verdict" else []
    return f" ({words[0]})" if words else ""


def _listed(rows: Sequence[Row]) -> str:
    count = f"at least {MOST_COUNTED} rows" if len(rows) == MOST_COUNTED else plural(len(rows), "row")
    return f"{count}: {'; '.join(_cells(row) for row in rows[:SHOWN])}{' ...' if len(rows) > SHOWN else ''}"


def _cells(row: Row) -> str:
    pairs: Iterable[tuple[str, Any]] = islice(row.items(), 4)
    return ", ".join(f"{plain(name)[:40]} = {plain(str(value))[:60]}" for name, value in pairs)


def _shown(value: Decimal) -> str:
    """Six digits, no exponent for what a person meets."""
    text = f"{value:.6g}"
    return text if "e" not in text.lower() else f"{float(value):.6g}"
